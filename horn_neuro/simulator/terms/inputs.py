"""The stimulus, through the input weights."""

import numpy as np

from horn_neuro.simulator.operations import Product, Row
from horn_neuro.simulator.terms.term import Term

__all__ = ["Inputs"]


class Inputs(Term):
    """``W_in s`` of every trial.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    w_in : ndarray, shape (n_units, n_inputs)
        Input weights.
    stimulus : ndarray, shape (n_trials, n_steps, n_inputs)
        The stimulus.
    """

    equations = "input_sum : 1  # W_in s"

    def __init__(self, sizes, w_in, stimulus):
        super().__init__(sizes)
        self.w_in = w_in
        self.stimulus = stimulus

    def start(self):
        """Return the operations at the start of a step."""
        size = self.sizes
        row = Row("stimulus", size.n_inputs * size.n_trials)
        shape = size.n_units, size.n_inputs, size.n_trials
        return [Product("w_in", row, "horn.input_sum", *shape)]

    def given(self, state):
        """Return the arrays that operations are given."""
        return {
            "w_in": self.w_in,
            "stimulus": np.ascontiguousarray(self.stimulus.transpose(1, 2, 0)),
        }

    def memory(self):
        """Estimate the bytes it takes."""
        size = self.sizes
        return size.itemsize * size.n_inputs * (size.n_trials * size.n_steps + size.n_units)
