"""`Term`: a part of a simulated network, in Brian2's terms and between them."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from horn_neuro.simulator.tapes import Tape

__all__ = ["Sizes", "Term"]


@dataclass(frozen=True)
class Sizes:
    """Sizes of a simulation.

    Parameters
    ----------
    n_units, n_inputs, n_trials, n_steps : int
        Of the network and of what is simulated.
    step : float
        Seconds per step.
    every : int
        A sample is recorded every so many steps.
    dtype : str
        'float64' or 'float32'.
    """

    n_units: int
    n_inputs: int
    n_trials: int
    n_steps: int
    step: float
    every: int = 1
    dtype: str = "float64"

    @property
    def size(self):
        """Number of units of all trials (int)."""
        return self.n_units * self.n_trials

    @property
    def n_samples(self):
        """Number of recorded samples (int)."""
        return -(-self.n_steps // self.every)

    @property
    def itemsize(self):
        """Bytes of a number (int)."""
        return np.dtype(self.dtype).itemsize

    def each_unit(self, values):
        """Lay out one value, or one for each unit, over the units of all trials."""
        return np.repeat(np.broadcast_to(np.asarray(values, float), self.n_units), self.n_trials)

    def values_of(self, state, *names):
        """Lay out arrays of a state, shape (n_trials, n_units), as values of Brian2's units."""
        return {f"horn.{name}": state[name].T.ravel() for name in names}

    def state_of(self, results, *names):
        """Return values of Brian2's units as arrays of a state."""
        shape = self.n_units, self.n_trials
        return {name: results[f"horn.{name}"].reshape(shape).T.copy() for name in names}


class Term:
    """A part of a network: equations, operations between them, values and states.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.

    Attributes
    ----------
    key : tuple
        All that the generated program depends on, besides sizes and the class.
    equations : str
        What it adds to the equations of a unit.
    force : str
        What it adds to dy/dt, outside of the tanh.
    order : tuple of str
        Those of its variables that are updated with the state, in their order.
    variables : tuple of str
        The variables of Brian2, "object.variable", that a run hands back.
    kept : dict of str to int
        The given arrays that a run hands back, and their numbers of values.
    states : dict of str to tuple
        The arrays of a `State` that it starts from and leaves, and their shapes
        between the trials and the units: () or (n_lags,).
    """

    key = ()
    equations = ""
    force = ""
    order = ()
    variables = ()
    kept = MappingProxyType({})
    states = MappingProxyType({})

    def __init__(self, sizes):
        self.sizes = sizes

    def build(self, horn, clock):
        """Add Brian2's objects and code to the group of all units.

        Parameters
        ----------
        horn : brian2.NeuronGroup
            The units of all trials.
        clock : brian2.Clock
            The clock of all objects.

        Returns
        -------
        objects : list of Brian2 objects
        """
        return []

    def start(self):
        """Return the operations at the start of a step (list)."""
        return []

    def tapes(self):
        """Return what can be recorded of it (dict of str to `Tape` or `SpikeTape`)."""
        return {}

    def tape(self, name, variable, size=None):
        """Return a `Tape` of a variable, by default one of the units."""
        sizes = self.sizes
        size = sizes.size if size is None else size
        return Tape(name, variable, size, sizes.n_samples, sizes.every)

    def given(self, state):
        """Return the arrays that operations are given, to start from a state (dict of ndarray)."""
        return {}

    def values(self, state):
        """Return the values of Brian2's variables, to start from a state (dict of flat ndarray)."""
        return {}

    def state(self, results):
        """Return its part of the state after a run (dict of str to ndarray)."""
        return {}

    def seconds(self):
        """Estimate the seconds of a step on the numpy device, two cores."""
        return 0.0

    def memory(self):
        """Estimate the bytes it takes."""
        return 0

    def gpu_memory(self):
        """Estimate the bytes it takes on a GPU."""
        return self.memory()
