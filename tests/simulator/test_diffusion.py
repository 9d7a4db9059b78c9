"""Diffusive coupling of positions: every device against the loop, and a chain of springs."""

import numpy as np
import pytest
from reference.diffusive_loop import simulate_diffusive_by_loop
from scipy import sparse

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays

N, TRIALS, STEPS = 6, 3, 250


def make(delayed):
    rng = np.random.default_rng(3)
    params = hn.effenberger_2025(N, n_inputs=2, heterogeneous=True, seed=1).replace(
        w_rec=sparse_random(N, 0.7, 1.5, rng),
        delays=uniform_delays(N, 1, 3, rng) if delayed else None,
    )
    weights = np.abs(sparse_random(N, 0.7, 0.01, rng))
    np.fill_diagonal(weights, 0)
    coupling = hn.DiffusiveCoupling(weights, uniform_delays(N, 1, 5, rng) if delayed else None)
    x, y = rng.normal(0, 0.5, (2, TRIALS, N))
    past_x = rng.normal(0, 0.5, (TRIALS, coupling.connections.longest - 1, N))
    return params, coupling, rng.random((TRIALS, STEPS, 2)), x, y, past_x


@pytest.mark.parametrize("delayed", [False, True], ids=["undelayed", "delayed"])
def test_equals_the_loop(device, delayed):
    params, coupling, stimulus, x, y, past_x = make(delayed)
    kicks = hn.PoissonKicks(20.0, 0.1).draw(TRIALS, STEPS, params, seed=1)
    start = hn.State(x, y, past_x=past_x) if delayed else hn.State(x, y)
    found = hn.simulate(
        params, stimulus, kicks=kicks, initial=start, coupling=coupling, device=device
    )
    expected = simulate_diffusive_by_loop(params, coupling, stimulus, x, y, kicks.values, past_x)
    for name, values in zip("xy", expected, strict=True):
        error = np.abs(found.data[name].values - values).max()
        assert error < 1e-10 * np.abs(values).max()
    assert "diffusive" in found.provenance["coupling"]


def test_two_halves_are_a_whole(device):
    params, coupling, stimulus, x, y, past_x = make(True)
    options = {"coupling": coupling, "device": device, "record": "x"}
    start = hn.State(x, y, past_x=past_x)
    whole = hn.simulate(params, stimulus, initial=start, **options)
    first, second = np.split(stimulus, 2, axis=1)  # equally long: one program for both
    first = hn.simulate(params, first, initial=start, **options)
    second = hn.simulate(params, second, initial=first.final_state, **options)
    joined = np.concatenate([part.data["x"].values for part in (first, second)], axis=2)
    assert np.abs(joined - whole.data["x"].values).max() < 1e-12


def test_the_loop_notices_other_weights_and_delays():
    params, coupling, stimulus, x, y, past_x = make(True)
    xs, _ = simulate_diffusive_by_loop(params, coupling, stimulus, x, y, None, past_x)
    for other in (
        hn.DiffusiveCoupling(coupling.weights.T, coupling.delays),
        hn.DiffusiveCoupling(coupling.weights, coupling.delays.T),
        hn.DiffusiveCoupling(coupling.weights),
    ):
        others, _ = simulate_diffusive_by_loop(params, other, stimulus, x, y, None, past_x)
        assert np.abs(others - xs).max() > 1e-3


def ring(n, weight):
    neighbours = sparse.diags_array([weight, weight], offsets=[1, -1], shape=(n, n)).tolil()
    neighbours[0, n - 1] = neighbours[n - 1, 0] = weight
    return hn.DiffusiveCoupling(neighbours)


@pytest.mark.parametrize("mode", [1, 3, 8])
def test_a_ring_of_springs_has_the_frequencies_of_its_modes(mode):
    """4 sin(Omega/2)**2 = omega**2 + 2 c (1 - cos q) exactly, for undamped units."""
    n, weight, steps = 16, 0.02, 2000
    params = hn.effenberger_2025(n, seed=1).replace(
        w_rec=np.zeros((n, n)), b_in=0.0, b_rec=0.0, gamma=1e-9
    )
    q = 2 * np.pi * mode / n
    start = hn.State(np.cos(q * np.arange(n)), np.zeros(n))
    found = hn.simulate(params, steps, initial=start, coupling=ring(n, weight), device="numpy")
    x = found.data["x"].values[0, 0]
    stiffness = params.omega[0] ** 2 + 2 * weight * (1 - np.cos(q))
    expected = 2 * np.arcsin(np.sqrt(stiffness) / 2)
    crossings = np.flatnonzero((x[:-1] < 0) & (x[1:] >= 0))
    exact = crossings - x[crossings] / (x[crossings + 1] - x[crossings])
    measured = 2 * np.pi * (len(exact) - 1) / (exact[-1] - exact[0])
    assert abs(measured / expected - 1) < 1e-4


def test_sparse_weights_are_dense_ones():
    params = hn.effenberger_2025(16, heterogeneous=True, seed=1)
    coupling = ring(16, 0.01)
    dense = hn.DiffusiveCoupling(coupling.weights.toarray())
    start = hn.State.random(1, 16, 0.5, np.random.default_rng(1))
    runs = [
        hn.simulate(params, 100, initial=start, coupling=each, device="numpy").data["x"]
        for each in (coupling, dense)
    ]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize(
    ("weights", "delays", "message"),
    [
        (np.ones((2, 3)), None, r"weights have shape \(2, 3\)"),
        ([[0, np.nan], [0, 0]], None, "weights have other values than finite"),
        (np.zeros((0, 0)), None, r"weights have shape \(0, 0\)"),
        ([["a", 0], [0, 0]], None, "weights = .*: give real numbers"),
        (np.eye(2), None, "weights have a diagonal"),
        ([[0, 0.1], [0, 0]], [[1, 0], [1, 1]], r"delays\[0, 1\] = 0.0: a delay is a whole"),
        ([[0, 0.1], [0, 0]], [[1, 1.5], [1, 1]], r"delays\[0, 1\] = 1.5: a delay is a whole"),
        (
            [[0, 0.1], [0, 0]],
            np.ones((3, 3)),
            r"delays has shape \(3, 3\), but the network asks for \(2, 2\)",
        ),
    ],
)
def test_couplings_that_cannot_be(weights, delays, message):
    with pytest.raises(ValueError, match=message):
        hn.DiffusiveCoupling(weights, delays)


@pytest.mark.parametrize(
    ("coupling", "message"),
    [
        (ring(5, 0.01), r"weights have shape \(5, 5\), but the network has 6 units"),
        (ring(6, 1.2), "too strong for the step"),
    ],
)
def test_couplings_that_do_not_suit_a_network(params, coupling, message):
    with pytest.raises(ValueError, match=message):
        hn.simulate(params, 10, coupling=coupling, device="numpy")
