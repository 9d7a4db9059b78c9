"""Recurrence by velocities: dense, or connection by connection."""

from horn_neuro.simulator.operations import Product
from horn_neuro.simulator.terms.term import Term
from horn_neuro.simulator.terms.wired import Wired

__all__ = ["Dense", "Sparse"]


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
        return [Product("weights", "horn.y", "horn.recurrent_sum", n, n, trials)]

    def given(self, state):
        """Return the arrays that operations are given."""
        return {"weights": self.w_rec}

    def seconds(self):
        """Estimate the seconds of a step on the numpy device (benchmarks/simulate.md)."""
        return 2.6e-11 * self.sizes.n_units**2 * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes it takes."""
        return self.sizes.itemsize * self.sizes.n_units**2


class Sparse(Wired):
    """``W_rec y`` connection by connection, each velocity as old as its delay."""

    equations = "recurrent_sum : 1  # W_rec y, each velocity as old as its delay"
    name = "sparse"
