"""The oscillators themselves."""

from types import MappingProxyType

import numpy as np

from horn_neuro.simulator.equations import OSCILLATOR
from horn_neuro.simulator.terms.term import Term

__all__ = ["Oscillators"]


class Oscillators(Term):
    """Damped harmonic oscillators, all units of all trials.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    params : HornParameters
        Their constants.
    """

    equations = OSCILLATOR
    order = ("y", "x")
    variables = ("horn.x", "horn.y")
    states = MappingProxyType({"x": (), "y": ()})

    def __init__(self, sizes, params):
        super().__init__(sizes)
        self.params = params

    def values(self, state):
        """Return the values of Brian2's variables."""
        params = self.params
        constants = ("omega", "gamma", "alpha", "feedback", "b_in", "b_rec")
        return {
            **{f"horn.{name}": self.sizes.each_unit(getattr(params, name)) for name in constants},
            "horn.tau": np.array([params.step / params.h]),
            "horn.n_units": np.array([float(params.n_units)]),
            **self.sizes.values_of(state, *self.states),
        }

    def tapes(self):
        """Return what can be recorded."""
        return {name: self.tape(name, f"horn.{name}") for name in self.states}

    def state(self, results):
        """Return positions and velocities."""
        return self.sizes.state_of(results, *self.states)

    def seconds(self):
        """Estimate the seconds of a step on the numpy device, of Brian2 and of each unit."""
        return 2.5e-4 + 3e-8 * self.sizes.size
