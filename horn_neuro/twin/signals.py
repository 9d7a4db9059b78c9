"""What backpropagation through time sends to every unit at every step."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from horn_neuro.twin.network import HornNetwork

__all__ = ["ErrorSignals", "error_signals"]


@dataclass(frozen=True, eq=False)
class ErrorSignals:
    """The two factors of a gradient of the recurrent weights, and the activity around them.

    Parameters
    ----------
    delta : ndarray, shape (n_trials, n_units, n_steps)
        Gradient of the loss by the argument of each unit's tanh.
    x, y : ndarray, shape (n_trials, n_units, n_steps)
        Positions and velocities after each step.

    Examples
    --------
    >>> import horn_neuro as hn, numpy as np
    >>> delta, y = np.ones((1, 2, 3)), np.ones((1, 2, 3))  # trials, units, steps
    >>> signals = hn.twin.ErrorSignals(delta, x=y, y=y)
    >>> signals.pre[0, 0], signals.gradient().shape
    (array([0., 1., 1.]), (2, 2))
    """

    delta: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def pre(self):
        """Velocities that each step reads, shape (n_trials, n_units, n_steps)."""
        before = np.zeros_like(self.y[:, :, :1])
        return np.concatenate([before, self.y[:, :, :-1]], axis=2)

    def gradient(self):
        """Gradient of the loss by w_rec: ``sum of delta_i(t) y_j(t - 1) / sqrt(n)``.

        Returns
        -------
        gradient : ndarray, shape (n_units, n_units)
            [post, pre]; what autograd gives, put together from its factors.
        """
        return np.einsum("bit,bjt->ij", self.delta, self.pre, optimize=True) / np.sqrt(
            self.delta.shape[1]
        )


def error_signals(params, inputs, labels):
    """Backpropagate the loss of a batch, and keep what arrives at every unit and step.

    Every unit gets an input of its own, which is zero: the gradient by it is
    the gradient by the argument of its tanh.

    Parameters
    ----------
    params : HornParameters
        A network without delays.
    inputs : array_like, shape (n_trials, n_steps, n_inputs)
        Sequences.
    labels : array_like of int, shape (n_trials,)
        Classes; the loss is the mean cross-entropy.

    Returns
    -------
    signals : ErrorSignals
        In float64.

    Raises
    ------
    ValueError
        If the network has delays.

    Examples
    --------
    >>> import horn_neuro as hn, numpy as np
    >>> params = hn.effenberger_2025(4, n_outputs=2, seed=1)
    >>> signals = hn.twin.error_signals(params, np.ones((3, 20, 1)), [0, 1, 1])
    >>> signals.delta.shape, signals.gradient().shape
    ((3, 4, 20), (4, 4))
    """
    if params.delays is not None:
        raise ValueError("delays: the decomposition is of networks without; set delays=None")
    n, inputs = params.n_units, torch.as_tensor(np.asarray(inputs, float))
    probed = params.replace(w_in=np.hstack([params.w_in, np.eye(n)]))
    network = HornNetwork(probed, learn=("w_rec",), dtype=torch.float64)
    silent = torch.zeros(*inputs.shape[:2], n, dtype=torch.float64)
    extended = torch.cat([inputs, silent], dim=2).requires_grad_()
    out = network(extended, record=True)
    loss = nn.functional.cross_entropy(out.logits, torch.as_tensor(np.asarray(labels)))
    (gradient,) = torch.autograd.grad(loss, extended)
    data = out.recording.data
    return ErrorSignals(
        gradient[:, :, params.n_inputs :].permute(0, 2, 1).numpy(),
        data["x"].values,
        data["y"].values,
    )
