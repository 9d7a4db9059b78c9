"""Samplers, delays, topologies and seeds."""

import numpy as np
import pytest
from scipy import sparse, stats

import horn_neuro as hn
from horn_neuro import parameters as hp


def rng():
    return np.random.default_rng(1)


def test_uniform_multiple():
    values = hp.uniform_multiple(3.0, 2000, rng(), 0.5, 2.0)
    assert stats.kstest(values / 3, stats.uniform(0.5, 1.5).cdf).pvalue > 0.01


def test_log_uniform():
    values = hp.log_uniform(0.1, 10.0, 2000, rng())
    assert stats.kstest(np.log(values), stats.uniform(np.log(0.1), np.log(100)).cdf).pvalue > 0.01


def test_truncated_normal():
    values = hp.truncated_normal(1.0, 1.0, 0.5, 1.2, (40, 50), rng())
    assert values.shape == (40, 50)
    assert values.min() >= 0.5
    assert values.max() <= 1.2
    tested = stats.kstest(values.ravel(), stats.truncnorm(-0.5, 0.2, 1.0, 1.0).cdf)
    assert tested.pvalue > 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hp.uniform_multiple(1.0, 3, rng(), 2.0, 1.0), "low < high"),
        (lambda: hp.log_uniform(0.0, 1.0, 3, rng()), "positive bound"),
        (lambda: hp.truncated_normal(0.0, 0.0, -1, 1, 3, rng()), "std = 0"),
        (lambda: hp.uniform_delays(3, 0, 4, rng()), "1 <= low <= high"),
        (lambda: hp.uniform_delays(3, 5, 4, rng()), "1 <= low <= high"),
        (lambda: hp.constant_delays(3, 1.5), "whole numbers"),
        (lambda: hp.distance_delays(np.ones((2, 2)), 0.0), "velocity = 0"),
        (lambda: hp.distance_delays(-np.ones((2, 2)), 1.0), "at least 0"),
        (lambda: hp.sparse_random(3, 1.5, 1.0, rng()), "density = 1.5"),
        (lambda: hp.dense_gaussian(3, -1.0, rng()), "std = -1"),
        (lambda: hp.ring(4, 2), "less than n_units/2 = 2"),
        (lambda: hp.lattice(3, 3, radius=0.5), "radius = 0.5"),
        (lambda: hp.laplacian(np.ones((2, 3))), r"w has shape \(2, 3\); give a square matrix"),
        (lambda: hp.resolve_seed(-1), "non-negative integer"),
        (lambda: hp.resolve_seed(1.5), "seed = 1.5"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_delays():
    assert (hp.constant_delays(4, 3) == 3).all()
    drawn = hp.uniform_delays(60, 2, 5, rng())
    assert set(np.unique(drawn)) == {2, 3, 4, 5}
    distances = hp.ring_distances(6)
    assert hp.distance_delays(distances, 0.5)[0].tolist() == [1, 2, 4, 6, 4, 2]


def test_dense_and_sparse():
    dense = hp.dense_gaussian(200, 0.7, rng())
    assert abs(dense.std() - 0.7) < 0.01
    sparse = hp.sparse_random(200, 0.1, 0.7, rng())
    assert abs(np.count_nonzero(sparse) / 200**2 - 0.1) < 0.005
    assert (np.diag(sparse) == 0).all()


def test_ring():
    weights = hp.ring(7, 2, weight=0.5)
    assert weights[0].tolist() == [0, 0.5, 0.5, 0, 0, 0.5, 0.5]
    assert (weights == weights.T).all()


@pytest.mark.parametrize(
    ("periodic", "radius", "corner", "center"),
    [(True, 1.0, 4, 4), (False, 1.0, 2, 4), (True, 1.5, 8, 8), (False, 1.5, 3, 8)],
)
def test_lattice(periodic, radius, corner, center):
    weights = hp.lattice(5, 4, radius=radius, periodic=periodic)
    assert weights.shape == (20, 20)
    assert np.count_nonzero(weights[0]) == corner
    assert np.count_nonzero(weights[2 * 4 + 2]) == center
    assert (np.diag(weights) == 0).all()
    # Row 2, column 2 hears row 1, column 2.
    assert weights[2 * 4 + 2, 1 * 4 + 2] == 1


def test_rows_of_a_laplacian_sum_to_0():
    weights = hp.dense_gaussian(9, 1.0, rng()) * (rng().random((9, 9)) < 0.5)
    result = hp.laplacian(weights)
    assert result.sum(axis=1) == pytest.approx(np.zeros(9), abs=1e-14)
    assert np.array_equal(result[~np.eye(9, dtype=bool)], weights[~np.eye(9, dtype=bool)])
    thin = hp.laplacian(sparse.coo_array(weights))
    assert thin.format == "csr"
    assert thin.toarray() == pytest.approx(result, abs=1e-14)


@pytest.mark.parametrize("longest", [1, 4])
def test_a_laplacian_couples_differences_of_velocities(longest):
    n, steps = 6, 50
    weights = hp.dense_gaussian(n, 2.0, rng())
    delays = hp.uniform_delays(n, 1, longest, rng())
    np.fill_diagonal(delays, 1)
    params = hp.effenberger_2025(n, heterogeneous=True, seed=1)
    params = params.replace(w_rec=hp.laplacian(weights), delays=delays)
    drive = rng().normal(size=(1, steps, 1))
    x, y = np.zeros((2, n))
    past = [y] * longest  # the most recent first
    for k in range(steps):
        total = params.b_rec.copy()
        for i in range(n):
            for j in range(n):
                total[i] += weights[i, j] * (past[delays[i, j] - 1][j] - y[i])
        u = np.tanh(params.w_in @ drive[0, k] + params.b_in + total / np.sqrt(n))
        y = y + params.alpha * u - 2 * params.gamma * y - params.omega**2 * x
        x = x + y
        past = [y, *past[:-1]]
    last = hn.simulate(params, drive, device="numpy").final_state
    assert last.x[0] == pytest.approx(x, rel=1e-10)
    assert last.y[0] == pytest.approx(y, rel=1e-10)


def test_sources_are_independent_of_order():
    first = [hp.generator(5, name).random(3) for name in ("a", "b")]
    second = [hp.generator(5, name).random(3) for name in ("b", "a")]
    assert np.array_equal(first[0], second[1])
    assert np.array_equal(first[1], second[0])
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], hp.generator(6, "a").random(3))


def test_a_drawn_seed_is_recorded_and_repeats():
    params = hp.effenberger_2025(4, heterogeneous=True)
    again = hp.effenberger_2025(4, heterogeneous=True, seed=params.provenance["seed"])
    assert params == again
    assert params != hp.effenberger_2025(4, heterogeneous=True)
