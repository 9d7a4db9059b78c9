"""What all terms share that sum over connections, each as old as its delay."""

import numpy as np

from horn_neuro.simulator.operations import Gather, Remember
from horn_neuro.simulator.terms.term import Term

__all__ = ["Wired"]


def columns(connections, ring):
    """Return what each connection sees, counted in units from the present slot of a ring.

    Parameters
    ----------
    connections : Connections
        The connections.
    ring : int
        Length of the ring.

    Returns
    -------
    column : ndarray of int32 or int64, shape (n_connections,)
        The sender, or, by a delay, that less `n_units` for each step over the first.
    """
    n = connections.n_units
    integer = np.int32 if ring * n < 2**31 else np.int64
    if connections.delay is None:
        return connections.pre.astype(integer)
    return connections.pre - (connections.delay.astype(integer) - 1) * n


class Wired(Term):
    """A sum over connections of a variable of the senders.

    With delays, the variable is kept in a ring with a slot for each of the last steps,
    that of step k at ``k % ring``; it is as old as the start of a step.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    connections : Connections
        The connections.

    Attributes
    ----------
    variable : str
        The variable of the senders.
    out : str
        Where the sum goes, "object.variable".
    add : bool
        Whether it is added there.
    of : str
        What the names of its given arrays begin with.
    ring : int
        Length of the ring; 1 without delays.
    """

    variable, out, add, of = "y", "horn.recurrent_sum", False, ""

    def __init__(self, sizes, connections):
        super().__init__(sizes)
        self.connections, self.ring = connections, connections.longest
        self.past, self.key = f"past_{self.variable}", (self.ring,)
        own = dict.fromkeys((name.partition(".")[2] for name in self.own_state), ())
        self.states, self.kept = own, {}
        if self.ring > 1:
            self.states = own | {self.past: (self.ring - 1,)}
            self.kept = {self.past: self.ring * sizes.size}

    @property
    def own_state(self):
        """Those of its variables of the units that belong to a state (tuple of str)."""
        return tuple(name for name in self.variables if name.startswith("horn."))

    def gather(self, weights, **options):
        """Return the operations that remember the variable and sum it up."""
        shape = self.ring, self.sizes.n_units, self.sizes.n_trials
        seen = f"horn.{self.variable}"
        options = {"add": self.add, "of": self.of, **options}
        if self.ring == 1:
            return [Gather(weights, seen, self.out, *shape, **options)]
        return [
            Remember(seen, self.past, self.ring, self.sizes.size),
            Gather(weights, self.past, self.out, *shape, **options),
        ]

    def start(self):
        """Return the operations at the start of a step."""
        return self.gather(f"{self.of}weights")

    def given(self, state):
        """Return the arrays that operations are given."""
        connections, size = self.connections, self.sizes
        given = {
            "weights": connections.weights,
            "first": connections.first,
            "column": columns(connections, self.ring),
        }
        given = {f"{self.of}{name}": array for name, array in given.items()}
        if self.ring > 1:
            # The value of `lag` steps ago is in slot -lag.
            given[self.past] = np.zeros((self.ring, size.n_units, size.n_trials))
            given[self.past][:0:-1] = state[self.past].transpose(1, 2, 0)
        return given

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {name: state[name.partition(".")[2]].T.ravel() for name in self.own_state}

    def state(self, results):
        """Return its variables and the past one, as in a state."""
        size = self.sizes
        arrays = size.state_of(results, *(name.partition(".")[2] for name in self.own_state))
        if self.ring > 1:
            past = results[self.past].reshape(self.ring, size.n_units, size.n_trials)
            slots = (size.n_steps - np.arange(1, self.ring)) % self.ring
            arrays[self.past] = past[slots].transpose(2, 0, 1).copy()
        return arrays

    def seconds(self):
        """Estimate the seconds of a step on the numpy device (benchmarks/simulate.md)."""
        return 3e-10 * len(self.connections) * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes; the ring stands three times, as given, at work and handed back."""
        ring = 3 * self.ring * self.sizes.size if self.ring > 1 else 0
        return len(self.connections) * (8 + self.sizes.itemsize) + ring * self.sizes.itemsize

    def gpu_memory(self):
        """Estimate the bytes it takes on a GPU, where dense weights are spread over ages."""
        if self.ring == 1:
            return self.memory()
        spread = self.ring * self.sizes.n_units**2 if self.ring <= 16 else 0
        elsewhere = 2 * self.ring * self.sizes.size
        return self.memory() + (spread - elsewhere) * self.sizes.itemsize
