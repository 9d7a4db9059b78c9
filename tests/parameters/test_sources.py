"""Samplers, delays, topologies and seeds."""

import brian2 as b2
import numpy as np
import pytest
from scipy import sparse, stats

import horn_neuro as hn
from horn_neuro import parameters as hp

SMALL = hn.effenberger_2025(2, seed=1)


def rng():
    return np.random.default_rng(1)


def test_uniform_multiple():
    values = hp.uniform_multiple(3.0, 2000, rng(), 0.5, 2.0)
    assert stats.kstest(values / 3, stats.uniform(0.5, 1.5).cdf).pvalue > 0.01


def test_log_uniform():
    values = hp.log_uniform(0.1, 10.0, 2000, rng())
    assert stats.kstest(np.log(values), stats.uniform(np.log(0.1), np.log(100)).cdf).pvalue > 0.01


def test_log_grid_has_one_value_in_each_part():
    values = hp.log_grid(0.1, 10.0, 2000, rng())
    edges = np.geomspace(0.1, 10.0, 2001)
    assert (edges[:-1] <= values).all()
    assert (values < edges[1:]).all()
    place = 2000 * np.log(values / edges[:-1]) / np.log(100)
    assert stats.kstest(place, stats.uniform(0, 1).cdf).pvalue > 0.01
    np.testing.assert_array_equal(hp.log_grid(1, 2, 5, 3), hp.log_grid(1, 2, 5, rng=3))


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
        (lambda: hp.log_grid(0.0, 1.0, 3, rng()), "positive bound"),
        (lambda: hp.log_grid(0.5, 1.0, 0, rng()), "size = 0: give a whole number of at least 1"),
        (lambda: hp.truncated_normal(0.0, 0.0, -1, 1, 3, rng()), "std = 0"),
        (lambda: hp.uniform_delays(3, 0, 4, rng()), "low = 0: give a whole number of at least 1"),
        (lambda: hp.uniform_delays(3, 5, 4, rng()), "1 <= low <= high"),
        (lambda: hp.uniform_delays(3, 1, 2**31, rng()), r"high is too large: .* below 2\*\*31"),
        (lambda: hp.uniform_delays(2.5, 1, 4, rng()), "n_units = 2.5"),
        (lambda: hp.constant_delays(3, 1.5), "delay = 1.5: give a whole number"),
        (lambda: hp.constant_delays(3, 2 * b2.ms), "delay = .*ms.*give a"),
        (lambda: hp.constant_delays(0, 2), "n_units = 0"),
        (lambda: hp.distance_delays(np.full((2, 2), 1e9), 0.1), r"below 2\*\*31; raise it"),
        (lambda: hp.distance_delays(np.ones((2, 2)) * b2.mm, 1.0), "distances = an array in m"),
        (lambda: hp.distance_delays(np.ones((2, 2)), 3 * b2.metre / b2.second), "velocity = "),
        (lambda: hp.uniform_multiple(0.2 * b2.Hz, 3, rng()), "base = .*Hz: give a plain"),
        (lambda: hp.uniform_multiple("a", 3, rng()), "base = 'a': give real numbers"),
        (lambda: hp.truncated_normal(np.nan, 1.0, -1, 1, 3, rng()), "mean = nan"),
        (lambda: hp.dense_gaussian(2.5, 1.0, rng()), "n_units = 2.5"),
        (lambda: hp.dense_gaussian(3, [1.0, 2, 3], rng()), r"std = \[1.0, 2, 3\]: give a finite"),
        (lambda: hp.sparse_random(3, np.nan, 1.0, rng()), "density = nan"),
        (lambda: hp.laplacian(np.ones((2, 2)) * b2.mV), "w = an array in"),
        (lambda: hp.shuffled(np.ones((2, 3)), rng()), r"matrix has shape \(2, 3\)"),
        (lambda: hp.is_stable(0.2, 0.1, h=0), "h = 0: give a finite number above 0"),
        (lambda: hp.is_stable(20 * b2.Hz, 0.1), "omega = .*Hz: give a plain"),
        (lambda: hp.effenberger_2025(2.5), "n_units = 2.5"),
        (lambda: hp.effenberger_2025(n_inputs=0), "n_inputs = 0"),
        (lambda: hp.effenberger_2025(omega=20 * b2.Hz), "omega = .*Hz: give a plain"),
        (lambda: hp.effenberger_2025(gamma=[0.1, 0.2]), r"gamma = \[0.1, 0.2\]: give a finite"),
        (lambda: hp.stack([SMALL, 3], np.ones((2, 2))), "stack: layer 1 is 3; give HornParameters"),
        (lambda: hp.stack([SMALL, SMALL], 0.5), r"stack: forward weights 0 have shape \(\)"),
        (lambda: hp.stack([SMALL, SMALL], np.eye(2) * b2.mV), "stack: forward = an array in"),
        (
            lambda: hp.stack([SMALL, SMALL], np.eye(2), forward_delays=1.5),
            "stack: forward_delays = 1.5: give a whole",
        ),
        (lambda: hp.CovarianceRule(rate=[1.0]), r"rate = \[1.0\]; give at least 0 Hz"),
        (lambda: hp.CovarianceRule(rate="fast"), "CovarianceRule: rate = 'fast': give real"),
        (lambda: hp.distance_delays(np.ones((2, 2)), 0.0), "velocity = 0"),
        (lambda: hp.distance_delays(-np.ones((2, 2)), 1.0), "at least 0"),
        (lambda: hp.sparse_random(3, 1.5, 1.0, rng()), "density = 1.5"),
        (lambda: hp.dense_gaussian(3, -1.0, rng()), "std = -1"),
        (lambda: hp.distance_delays(np.ones((2, 2)), 1.5), "under one step, of 0.667.*at most 1"),
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
    distances = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    assert hp.distance_delays(distances, 0.5)[0].tolist() == [1, 2, 4, 6]
    few = hp.distance_delays(sparse.csr_array(distances), 0.5)
    assert few.toarray()[0].tolist() == [0, 2, 4, 6]


def test_dense_and_sparse():
    dense = hp.dense_gaussian(200, 0.7, rng())
    assert abs(dense.std() - 0.7) < 0.01
    sparse = hp.sparse_random(200, 0.1, 0.7, rng())
    assert abs(np.count_nonzero(sparse) / 200**2 - 0.1) < 0.005
    assert (np.diag(sparse) == 0).all()


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
