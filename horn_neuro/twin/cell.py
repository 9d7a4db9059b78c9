"""One step of a network in torch: the readable form that every fast backend is tested against."""

from typing import NamedTuple

import torch

from horn_neuro.twin.state import with_lengths

__all__ = ["Coefficients", "horn_step", "run_reference"]


class Coefficients(NamedTuple):
    """What a step multiplies with, derived from the parameters of a network.

    All are tensors of one dtype and device, connected to the parameters by
    autograd, so that a backend need not know how they came about.

    Parameters
    ----------
    w_in : Tensor, shape (n_units, n_inputs)
        Input weights.
    bias : Tensor, shape (n_units,)
        b_in + b_rec / sqrt(n).
    w : Tensor, shape (n_units, n_units)
        w_rec / sqrt(n), [post, pre].
    decay : Tensor, shape (n_units,)
        1 - 2 gamma h.
    gain : Tensor, shape (n_units,)
        h alpha.
    stiffness : Tensor, shape (n_units,)
        h omega**2.
    feedback : Tensor, shape (n_units,)
        v.
    """

    w_in: torch.Tensor
    bias: torch.Tensor
    w: torch.Tensor
    decay: torch.Tensor
    gain: torch.Tensor
    stiffness: torch.Tensor
    feedback: torch.Tensor


def horn_step(x, y, inputs, recurrent, c, h, force=0.0):
    """Take one step of the semi-implicit Euler scheme.

    Parameters
    ----------
    x, y : Tensor, shape (batch, n_units)
        Positions and velocities.
    inputs : Tensor, shape (batch, n_inputs)
        Input of this step.
    recurrent : Tensor, shape (batch, n_units)
        The sum over the units, w y for undelayed coupling.
    c : Coefficients
        Of the network.
    h : float
        Step size.
    force : Tensor, shape (batch, n_units) | float
        h times what is added to the velocity outside of the tanh.

    Returns
    -------
    x, y : Tensor, shape (batch, n_units)
        After the step.

    References
    ----------
    Effenberger et al., PNAS 122(4), 2025, doi:10.1073/pnas.2412830122.
    """
    drive = inputs @ c.w_in.T + c.bias + recurrent + c.feedback * x
    y = c.decay * y + c.gain * torch.tanh(drive) - c.stiffness * x + force
    return x + h * y, y


@with_lengths
def run_reference(inputs, x, y, past, c, h, delays, keep, past_x=None, springs=None):
    """Step through a sequence by eager autograd, one step at a time.

    Parameters
    ----------
    inputs : Tensor, shape (time, batch, n_inputs)
        The sequence.
    x, y : Tensor, shape (batch, n_units)
        Initial state.
    past : Tensor, shape (max_delay - 1, batch, n_units)
        Velocities before y, the most recent first.
    c : Coefficients
        Of the network.
    h : float
        Step size.
    delays : Tensor of int, shape (n_units, n_units) | None
        Delays in steps, at least 1; None is 1 everywhere.
    keep : bool | 'positions'
        Whether to return the states at all steps; of 'positions' nobody reads the velocities,
        which a backend may leave out.
    past_x : Tensor, shape (n_lags, batch, n_units) | None
        Positions before x, the most recent first, for coupled positions.
    springs : dict of int to Tensor, shape (n_units, n_units) | None
        Their weights by delay, times h; the stiffness of c has their sums.

    Returns
    -------
    xs, ys : Tensor, shape (time, batch, n_units) | None
        States after each step, if kept.
    x, y : Tensor, shape (batch, n_units)
        Last state.
    past : Tensor, shape (max_delay - 1, batch, n_units)
        Velocities before the last one.
    past_x : Tensor, shape (n_lags, batch, n_units)
        Positions before the last one, where some were given.
    """
    history = [y, *past]
    positions = [x, *(() if past_x is None else past_x)]
    by_delay = {1: c.w}
    if delays is not None:
        by_delay = {int(d): c.w * (delays == d) for d in delays.unique()}
    xs, ys = [], []
    for step in inputs:
        recurrent = sum(history[d - 1] @ w.T for d, w in by_delay.items())
        drawn = sum(positions[d - 1] @ w.T for d, w in (springs or {}).items())
        x, y = horn_step(x, history[0], step, recurrent, c, h, drawn)
        positions = [x, *positions[:-1]]
        history = [y, *history[: len(past)]]
        xs.append(x)
        ys.append(y)
    past = torch.stack(history[1:]) if len(past) else past
    kept = (torch.stack(xs), torch.stack(ys)) if keep else (None, None)
    if past_x is None:
        return *kept, x, y, past
    return *kept, x, y, past, torch.stack(positions[1:]) if len(past_x) else past_x
