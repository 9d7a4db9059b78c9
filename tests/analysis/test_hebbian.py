import numpy as np
import pytest
from scipy import stats

from horn_neuro.analysis import (
    align,
    by_growth,
    explained_share,
    hebbian_product,
    lagged_correlation,
    shuffled_pairs,
)


def test_lagged_correlation_equals_scipy_pair_by_pair():
    rng = np.random.default_rng(1)
    post, pre = rng.standard_normal((2, 3, 4, 50))
    pre[:, 2] = 0.0
    found = lagged_correlation(post, pre, lag=3)
    expected = stats.pearsonr(post[:, 1, 3:].ravel(), pre[:, 0, :-3].ravel())[0]
    assert found[1, 0] == pytest.approx(expected, abs=1e-12)
    assert (found[:, 2] == 0).all()


def test_a_delayed_copy_is_found_at_its_lag_and_in_its_direction():
    rng = np.random.default_rng(2)
    sender = rng.standard_normal((5, 1, 200))
    receiver = np.roll(sender, 4, axis=2)
    both = np.concatenate([sender, receiver], axis=1)
    lags = [lagged_correlation(both, both, lag)[1, 0] for lag in range(8)]
    assert np.argmax(lags) == 4
    assert lags[4] > 0.95
    assert abs(lagged_correlation(both, both, 4)[0, 1]) < 0.2


def test_hebbian_product_is_a_sum_over_steps():
    rng = np.random.default_rng(3)
    post, pre = rng.standard_normal((2, 2, 3, 20))
    expected = sum(post[b, 0, t] * pre[b, 2, t - 1] for b in range(2) for t in range(1, 20)) / 2
    assert hebbian_product(post, pre, 1)[0, 2] == pytest.approx(expected)


def test_explained_share_has_a_sign_and_leaves_the_diagonal_out():
    rng = np.random.default_rng(4)
    product = rng.standard_normal((20, 20))
    noise = rng.standard_normal((20, 20))
    update = -product + noise + 100 * np.eye(20)
    assert explained_share(update, product) == pytest.approx(-0.5, abs=0.1)


def test_alignment_is_found_and_its_null_keeps_the_matrices():
    rng = np.random.default_rng(5)
    activity = rng.standard_normal((25, 25))
    weights = 0.3 * activity + rng.standard_normal((25, 25))
    found = align(weights, activity, rng=rng)
    off = ~np.eye(25, dtype=bool)
    assert found.value == pytest.approx(stats.pearsonr(weights[off], activity[off])[0])
    assert found.p_value == 1 / 1000
    assert found.z > 4
    assert abs(found.null.mean()) < 0.02


def test_the_test_keeps_its_level_where_units_differ():
    """Row and column effects inflate a naive test of pairs; relabelling units does not."""
    rng = np.random.default_rng(6)
    naive, relabelled = [], []
    for _ in range(100):
        weights, activity = (
            rng.standard_normal((12, 12)) + 2 * rng.standard_normal((12, 1)) for _ in range(2)
        )
        off = ~np.eye(12, dtype=bool)
        naive.append(stats.pearsonr(weights[off], activity[off])[1] < 0.05)
        relabelled.append(align(weights, activity, n_permutations=199, rng=rng).p_value <= 0.05)
    assert np.mean(naive) > 0.3
    assert np.mean(relabelled) < 0.12


def test_a_confound_is_taken_out():
    """Both follow the difference of frequencies, and nothing else."""
    rng = np.random.default_rng(7)
    frequency = rng.uniform(20, 70, 30)
    confound = np.abs(frequency[:, None] - frequency)
    weights, activity = (-0.05 * confound + 0.3 * rng.standard_normal((30, 30)) for _ in range(2))
    assert align(weights, activity, rng=rng).value > 0.5
    partial = align(weights, activity, confound, rng=rng)
    assert abs(partial.value) < 0.1
    assert partial.p_value > 0.01


def test_bad_input():
    with pytest.raises(ValueError, match="lag = 49: give 0 to 48"):
        lagged_correlation(*np.zeros((2, 1, 2, 50)), lag=49)
    with pytest.raises(ValueError, match="two square matrices"):
        align(np.zeros((3, 3)), np.zeros((4, 4)))
    with pytest.raises(ValueError, match="does not vary"):
        align(np.ones((3, 3)), np.eye(3)[::-1])


def test_pairs_are_sorted_by_the_growth_of_both_their_weights():
    change = np.zeros((5, 5))
    change[1, 0], change[0, 1] = 5.0, -9.0  # shrinks in sum
    change[3, 2] = 2.0
    values = np.arange(25.0).reshape(5, 5)
    found = by_growth(change, values)
    assert (found["grown"], found["shrunk"]) == (values[3, 2], values[1, 0])
    assert found["all"] == values[np.tril_indices(5, -1)].mean()


def test_shuffled_pairs_keep_entries_and_the_diagonal():
    matrix = np.arange(36.0).reshape(6, 6)
    shuffled = shuffled_pairs(matrix, np.random.default_rng(1))
    np.testing.assert_array_equal(np.diag(shuffled), np.diag(matrix))
    np.testing.assert_array_equal(np.sort(shuffled, axis=None), matrix.ravel())
    assert (shuffled != matrix).sum() > 20
