"""Recurrence by velocities: dense, sparse, with and without delays."""

import numpy as np

from horn_neuro.simulator.operations import Gather, Product, Remember
from horn_neuro.simulator.terms.term import Term

__all__ = ["Dense", "Past", "Sparse", "wiring"]


def wiring(connections, of=""):
    """Return the arrays that a `Gather` is given, besides the weights; `of` begins their names."""
    given = {f"{of}first": connections.first, f"{of}pre": connections.pre}
    return given if connections.longest == 1 else {**given, f"{of}delay": connections.delay}


class Past:
    """Past values of a variable of every unit, for delays.

    The ring has a slot for each of the last steps, that of step k at
    ``k % ring``; the variable itself is as old as the start of a step.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    variable : str
        The variable of the units.
    longest : int
        The longest delay; 1 needs no past.
    """

    def __init__(self, sizes, variable, longest):
        self.sizes, self.variable, self.ring = sizes, variable, longest
        self.name = f"past_{variable}"

    @property
    def states(self):
        """As `Term.states`."""
        return {self.name: (self.ring - 1,)} if self.ring > 1 else {}

    @property
    def kept(self):
        """As `Term.kept`."""
        return {self.name: self.ring * self.sizes.size} if self.ring > 1 else {}

    def start(self):
        """Return the operations at the start of a step."""
        if self.ring == 1:
            return []
        return [Remember(f"horn.{self.variable}", self.name, self.ring, self.sizes.size)]

    @property
    def signal(self):
        """What a `Gather` reads (str)."""
        return self.name if self.ring > 1 else f"horn.{self.variable}"

    def given(self, state):
        """Lay out the past of a state, (n_trials, ring - 1, n_units), the most recent first."""
        if self.ring == 1:
            return {}
        # The value of `lag` steps ago is in slot -lag.
        past = np.zeros((self.ring, self.sizes.n_units, self.sizes.n_trials))
        past[:0:-1] = state[self.name].transpose(1, 2, 0)
        return {self.name: past}

    def final(self, results):
        """Return the past after a run, as in a state."""
        if self.ring == 1:
            return {}
        past = results[self.name].reshape(self.ring, self.sizes.n_units, self.sizes.n_trials)
        lags = np.arange(1, self.ring)
        past = past[(self.sizes.n_steps - lags) % self.ring].transpose(2, 0, 1)
        return {self.name: past.copy()}


class Dense(Term):
    """``W_rec y`` as a dense product, without delays.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    w_rec : ndarray, shape (n_units, n_units)
        Recurrent weights [post, pre].
    """

    equations = "recurrent_sum : 1  # W_rec y"
    name = "dense"

    def __init__(self, sizes, w_rec):
        super().__init__(sizes)
        self.w_rec = w_rec

    def start(self):
        """Return the operations at the start of a step."""
        n, trials = self.sizes.n_units, self.sizes.n_trials
        return [Product("w_rec", "horn.y", "horn.recurrent_sum", n, n, trials)]

    def given(self, state):
        """Return the arrays that operations are given."""
        return {"w_rec": self.w_rec}

    def seconds(self):
        """Estimate the seconds of a step on the numpy device (benchmarks/simulate.md)."""
        return 2.6e-11 * self.sizes.n_units**2 * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes it takes."""
        return self.sizes.itemsize * self.sizes.n_units**2


class Sparse(Term):
    """``W_rec y`` connection by connection, each velocity as old as its delay.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    connections : Connections
        The connections.
    """

    equations = "recurrent_sum : 1  # W_rec y, each velocity as old as its delay"
    name = "sparse"

    def __init__(self, sizes, connections):
        super().__init__(sizes)
        self.connections = connections
        self.past = Past(sizes, "y", connections.longest)
        self.kept, self.states = self.past.kept, self.past.states
        self.key = (self.past.ring,)

    def start(self):
        """Return the operations at the start of a step."""
        shape = self.past.ring, self.sizes.n_units, self.sizes.n_trials
        return [
            *self.past.start(),
            Gather("w_rec", self.past.signal, "horn.recurrent_sum", *shape),
        ]

    def given(self, state):
        """Return the arrays that operations are given."""
        given = {"w_rec": self.connections.weights, **self.past.given(state)}
        return given | wiring(self.connections)

    def state(self, results):
        """Return the past velocities."""
        return self.past.final(results)

    def seconds(self):
        """Estimate the seconds of a step on the numpy device (benchmarks/simulate.md)."""
        return 3e-10 * len(self.connections) * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes it takes."""
        ring = self.past.ring * self.sizes.size
        return len(self.connections) * (8 + self.sizes.itemsize) + ring * self.sizes.itemsize

    def gpu_memory(self):
        """Estimate the bytes it takes on a GPU, where dense weights are spread over ages."""
        spread = self.past.ring * self.sizes.n_units**2 if self.past.ring <= 16 else 0
        return self.memory() + spread * self.sizes.itemsize
