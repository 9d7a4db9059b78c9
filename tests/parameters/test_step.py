"""The one NumPy step: against the plain loop, and its Jacobian against differences."""

import numpy as np
import pytest
from reference.diffusive_loop import simulate_diffusive_by_loop
from reference.loop import simulate_by_loop

import horn_neuro as hn
from horn_neuro.parameters import Step, sparse_random, uniform_delays

N, STEPS = 6, 80


def make(delayed):
    rng = np.random.default_rng(3)
    params = hn.effenberger_2025(N, n_inputs=2, heterogeneous=True, seed=1).replace(
        w_rec=sparse_random(N, 0.7, 2.0, rng),
        feedback=rng.normal(0, 0.3, N),
        alpha=rng.uniform(0.05, 0.2, N),
        delays=uniform_delays(N, 1, 4, rng) if delayed else None,
    )
    weights = sparse_random(N, 0.7, 0.01, rng)
    np.fill_diagonal(weights, 0)
    coupling = hn.DiffusiveCoupling(weights, uniform_delays(N, 1, 5, rng) if delayed else None)
    return params, coupling, rng.normal(0, 1, (1, STEPS, 2)), rng.normal(0, 0.5, (2, 1, N))


def run(step, x, y, inputs):
    past_x, past_y = np.zeros((step.n_x, N)), np.zeros((step.n_y, N))
    past_x[0], past_y[0] = x, y
    kept = []
    for drive in step.drive_of(inputs):
        past_x, past_y = step(past_x, past_y, drive)
        kept.append((past_x[0], past_y[0]))
    return np.moveaxis(np.array(kept), 0, -1)


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("diffusive", [False, True])
def test_equals_the_loop(delayed, diffusive):
    params, coupling, inputs, (x, y) = make(delayed)
    found = run(Step(params, coupling if diffusive else None), x[0], y[0], inputs[0])
    if diffusive:
        expected = simulate_diffusive_by_loop(params, coupling, inputs, x, y)
    else:
        expected = simulate_by_loop(params, inputs, None, x, y)
    np.testing.assert_allclose(found, np.array(expected)[:, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("delayed", [False, True])
def test_the_jacobian_equals_differences(delayed):
    params, coupling, _, _ = make(delayed)
    step = Step(params, coupling)
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 0.5, (step.n_x, N)), rng.normal(0, 0.2, (step.n_y, N))
    drive = rng.normal(0, 0.5, N)
    slope = 1 - np.tanh(step.argument(x, y, drive)) ** 2
    state = np.concatenate([x, y]).ravel()

    def after(state):
        state = state.reshape(-1, N)
        return np.concatenate(step(state[: step.n_x], state[step.n_x :], drive)).ravel()

    epsilon = 1e-6
    columns = [
        (after(state + epsilon * e) - after(state - epsilon * e)) / (2 * epsilon)
        for e in np.eye(len(state))
    ]
    np.testing.assert_allclose(step.jacobian(slope), np.transpose(columns), rtol=0, atol=1e-8)


def test_copies_of_the_network_step_together():
    params, coupling, _, _ = make(True)
    step = Step(params, coupling)
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 0.5, (step.n_x, N, 3)), rng.normal(0, 0.2, (step.n_y, N, 3))
    together = step(x, y, np.ones((N, 3)))
    for k in range(3):
        alone = step(x[..., k], y[..., k], np.ones(N))
        for whole, part in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole[..., k], part, rtol=0, atol=1e-15)
