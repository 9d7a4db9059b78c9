import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.twin import error_signals


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(6, 2, 3, heterogeneous=True, alpha=0.3, seed=1)
    params = params.replace(w_rec=rng.normal(0, 2, (6, 6)), feedback=0.2)
    return params, rng.random((5, 60, 2)), rng.integers(3, size=5)


def test_the_factors_make_up_the_gradient_of_autograd(batch):
    params, inputs, labels = batch
    signals = error_signals(params, inputs, labels)
    network = hn.HornNetwork(params, backend="reference", dtype=torch.float64)
    logits = network(torch.from_numpy(inputs)).logits
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels)).backward()
    expected = network.w_rec.grad.numpy()
    assert np.abs(signals.gradient() - expected).max() < 1e-10 * np.abs(expected).max()


def test_errors_are_the_derivative_of_the_loss(batch):
    """A small push on one unit at one step, by finite differences."""
    params, inputs, labels = batch
    signals = error_signals(params, inputs, labels)
    largest = np.unravel_index(np.abs(signals.delta).argmax(), signals.delta.shape)
    (trial, unit, step), tiny = largest, 1e-4
    losses = []
    for sign in (1, -1):
        pushed = params.replace(w_in=np.hstack([params.w_in, np.eye(6)]))
        extended = np.concatenate([inputs, np.zeros((5, 60, 6))], axis=2)
        extended[trial, step, 2 + unit] = sign * tiny
        network = hn.HornNetwork(pushed, backend="reference", dtype=torch.float64)
        with torch.no_grad():
            logits = network(torch.from_numpy(extended)).logits
        losses.append(torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels)).item())
    slope = (losses[0] - losses[1]) / (2 * tiny)
    assert signals.delta[trial, unit, step] == pytest.approx(slope, rel=1e-4)


def test_delays_are_refused(batch):
    params, inputs, labels = batch
    with pytest.raises(ValueError, match="set delays=None"):
        error_signals(params.replace(delays=np.full((6, 6), 2)), inputs, labels)
