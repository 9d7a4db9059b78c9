"""Where a network stands: `HornState` between two steps, `HornOutput` after the last one."""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import torch

from horn_neuro.recording import Recording

__all__ = [
    "HornOutput",
    "HornState",
    "at_ends",
    "check_lengths",
    "with_lengths",
    "without_padding",
]


class HornState(NamedTuple):
    """State of a batch between two steps.

    Parameters
    ----------
    x, y : Tensor, shape (batch, n_units)
        Positions and velocities.
    past_y : Tensor, shape (batch, max_delay - 1, n_units)
        Velocities before y, the most recent first; empty without delays.
    past_x : Tensor, shape (batch, n_lags, n_units) | None
        Positions before x of networks with a `DiffusiveCoupling`, the most recent first.

    Examples
    --------
    A sequence in two parts:

    >>> import horn_neuro as hn, torch
    >>> network = hn.HornNetwork(hn.effenberger_2025(4, seed=1), "reference")
    >>> inputs = torch.rand(2, 30, 1)
    >>> state = network(inputs[:, :10]).state
    >>> later = network(inputs[:, 10:], state)
    >>> bool(torch.allclose(later.logits, network(inputs).logits, atol=1e-6))
    True
    """

    x: torch.Tensor
    y: torch.Tensor
    past_y: torch.Tensor
    past_x: torch.Tensor | None = None

    def detach(self):
        """Return the state cut off from its history, for truncated backpropagation."""
        return HornState(*(None if part is None else part.detach() for part in self))


def check_lengths(lengths, sequence):
    """Return lengths (Tensor of int64) of the sequences of a batch, or raise ValueError."""
    found = torch.as_tensor(lengths, device=sequence.device)
    longest, batch = sequence.shape[:2]
    whole = not (found.is_floating_point() or found.is_complex() or found.dtype == torch.bool)
    if found.shape != (batch,) or not whole or not ((found >= 1) & (found <= longest)).all():
        raise ValueError(
            f"lengths = {lengths}: give a whole number from 1 to {longest} for each of the "
            f"{batch} sequences"
        )
    return found.long()


def without_padding(sequence, lengths):
    """Return a sequence (time, batch, ...) with zeros after its last steps, whatever was there."""
    past = torch.arange(len(sequence), device=lengths.device)[:, None] >= lengths
    return sequence.masked_fill(past[:, :, None], 0.0)


def at_ends(outputs, lengths=None):
    """Return what a model answered at the last step of each sequence.

    Parameters
    ----------
    outputs : Tensor, shape (batch, time, n_outputs)
        At every step.
    lengths : Tensor of int64, shape (batch,) | None
        Steps of each sequence; None takes the last of all.

    Returns
    -------
    outputs : Tensor, shape (batch, n_outputs)
    """
    if lengths is None:
        return outputs[:, -1]
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def with_lengths(run):
    """Let a backend that runs all sequences equally long return the state at the end of each.

    Parameters
    ----------
    run : callable
        With the arguments of `run_reference`, but for the lengths.

    Returns
    -------
    run : callable
        With ``lengths``, a Tensor of int64 of shape (batch,), or None where they are equal.
    """

    @functools.wraps(run)
    def wrapped(inputs, x, y, past, c, h, delays, keep, lengths=None, **options):
        rest = (c, h, delays)
        if lengths is None:
            return run(inputs, x, y, past, *rest, keep, **options)
        xs, ys, *_ = run(inputs, x, y, past, *rest, True, **options)
        which = torch.arange(len(lengths), device=lengths.device)

        def before(states, first, past):
            """Return states before the last one of each sequence, the most recent first."""
            every = torch.cat([past.flip(0), first[None], states])
            back = torch.arange(len(past), device=lengths.device)[:, None]
            return every[lengths + len(past) - 1 - back, which]

        kept = (xs, ys) if keep else (None, None)
        ends = xs[lengths - 1, which], ys[lengths - 1, which], before(ys, y, past)
        past_x = options.get("past_x")
        return *kept, *ends, *([] if past_x is None else [before(xs, x, past_x)])

    return wrapped


@dataclass(frozen=True)
class HornOutput:
    """What a network returns.

    Parameters
    ----------
    logits : Tensor, shape (batch, n_outputs) or (batch, time, n_outputs)
        The linear readout of the last position, or of the position at each step,
        with time first where the network has ``batch_first=False``.
    state : HornState
        After the last step, to continue from.
    recording : Recording | None
        Positions and velocities at all steps, if they were asked for.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> network = hn.HornNetwork(hn.effenberger_2025(4, seed=1), "reference")
    >>> output = network(torch.rand(2, 30, 1), record=True)
    >>> output.logits.shape, output.state.x.shape, output.recording.data["x"].shape
    (torch.Size([2, 10]), torch.Size([2, 4]), (2, 4, 30))
    """

    logits: torch.Tensor
    state: HornState
    recording: Recording | None = None
