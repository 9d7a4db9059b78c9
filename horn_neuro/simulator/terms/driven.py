"""Drives, which add to what units hear of the stimulus."""

import numpy as np

from horn_neuro.simulator.operations import Gather, Row
from horn_neuro.simulator.terms.term import Term

__all__ = ["Driven"]


class Driven(Term):
    """The signals of a `Drive`, each to the units that hear it; comes after `Inputs`.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    signals : ndarray, shape (n_trials, n_steps, n_sources)
        What there is to hear.
    weights : scipy.sparse.csr_array, shape (n_units, n_sources)
        How strongly each unit hears it.
    """

    def __init__(self, sizes, signals, weights):
        super().__init__(sizes)
        self.signals, self.weights = signals, weights
        self.key = (signals.shape[2],)

    def start(self):
        """Return the operations at the start of a step."""
        n_units, n_trials, n_sources = self.sizes.n_units, self.sizes.n_trials, self.key[0]
        row = Row("drive_signals", n_sources * n_trials)
        shape = {"ring": 1, "units": n_units, "trials": n_trials, "senders": n_sources}
        options = {"add": True, "of": "drive_"}
        return [Gather("drive_weights", row, "horn.input_sum", **shape, **options)]

    def given(self, state):
        """Return the arrays that operations are given."""
        return {
            "drive_signals": np.ascontiguousarray(self.signals.transpose(1, 2, 0)),
            "drive_weights": self.weights.data,
            "drive_first": self.weights.indptr.astype(np.int64),
            "drive_column": self.weights.indices.astype(np.int32),
        }

    def seconds(self):
        """Estimate the seconds of a step on the numpy device, as `Wired.seconds` does."""
        return 3e-10 * self.weights.nnz * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes it takes."""
        itemsize = self.sizes.itemsize
        return self.signals.size * itemsize + self.weights.nnz * (8 + itemsize)
