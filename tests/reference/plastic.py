"""Plastic networks in torch, one step at a time: what the simulator's are checked against."""

import numpy as np
import torch

from horn_neuro.parameters import CovarianceRule
from horn_neuro.recording import Recording, State
from horn_neuro.twin.cell import horn_step
from horn_neuro.twin.network import HornNetwork

__all__ = ["run_plastic"]


@torch.no_grad()
def run_plastic(params, inputs, rule, *, state=None, learning=True):
    """Run a network whose recurrent weights learn by a rule, without labels.

    The same model as ``simulate(params, inputs, plasticity=rule)``, written for
    reading rather than for speed.

    Parameters
    ----------
    params : HornParameters
        The network; connections are where w_rec is not zero.
    inputs : array_like, shape (n_trials, n_steps, n_inputs)
        Sequences. Each trial is a network of its own.
    rule : CovarianceRule | PhaseRule
        How weights learn.
    state : State | None
        Where to start; None starts at rest.
    learning : bool | array_like of bool, shape (n_steps,)
        In which steps they learn.

    Returns
    -------
    recording : Recording
        With x, y, w_rec and `final_w_rec`, in float64.

    Raises
    ------
    ValueError
        If the rule or the state does not suit the network.
    """
    rule.check(params)
    inputs = torch.as_tensor(np.asarray(inputs, float))
    n_trials, n_steps, _ = inputs.shape
    n, h, step = params.n_units, params.h, params.step
    state = State.zero(n) if state is None else state
    lags = params.max_delay - 1
    shapes = {"x": (), "y": (), "past_y": (lags,), "mean_x": (), "mean_y": ()}
    state = state.broadcast(n_trials, n, shapes)
    x, y, past, mean_x, mean_y = (torch.tensor(state[name]) for name in shapes)
    coefficients = HornNetwork(params, dtype=torch.float64).coefficients()
    omega = torch.tensor(params.omega)
    lag = torch.zeros(n, n, dtype=int) if params.delays is None else torch.tensor(params.delays - 1)
    history = torch.cat([y[:, None], past], dim=1)  # (trial, lag, unit)
    w = torch.tensor(params.w_rec).repeat(n_trials, 1, 1)
    present = w[0] != 0
    covariance = isinstance(rule, CovarianceRule)
    xs, ys, ws = [], [], []
    for k, learns in enumerate(np.broadcast_to(learning, n_steps)):
        arriving = history[:, lag, torch.arange(n)]  # (trial, post, pre)
        recurrent = (w * arriving).sum(dim=2) / np.sqrt(n)
        x, y = horn_step(x, history[:, 0], inputs[:, k], recurrent, coefficients, h)
        history = torch.cat([y[:, None], history[:, :-1]], dim=1)
        if covariance:
            mean_x = mean_x + step / rule.memory * (x - mean_x)
            mean_y = mean_y + step / rule.memory * (y - mean_y)
            post = np.cos(rule.shift) * (x - mean_x) + np.sin(rule.shift) * (y - mean_y) / omega
            pre = (arriving - mean_y[:, None]) / omega
            change = post[:, :, None] * (rule.gain * pre - post[:, :, None] * w)
        else:
            moving = (x != 0) | (y != 0)
            phase = torch.atan2(-y / omega, x)
            difference = phase[:, :, None] - phase[:, None, :]
            locked = torch.cos(difference + rule.shift) * (moving[:, :, None] & moving[:, None, :])
            change = rule.gain * locked - w
        if learns:
            w = (w + step * rule.rate * change).clamp(-rule.bound, rule.bound) * present
        xs.append(x)
        ys.append(y)
        ws.append(w)
    past = history[:, 1:].numpy() if params.delays is not None else None
    last = State(x.numpy(), y.numpy(), past)
    if covariance:
        last = State(x.numpy(), y.numpy(), past, mean_x=mean_x.numpy(), mean_y=mean_y.numpy())
    return Recording.from_arrays(
        params,
        signals={"x": torch.stack(xs, -1).numpy(), "y": torch.stack(ys, -1).numpy()},
        stimulus=inputs.permute(0, 2, 1).numpy(),
        final_state=last,
        provenance={"device": "reference"},
        weights={"w_rec": torch.stack(ws, -1).numpy(), "final_w_rec": w.numpy()},
    )
