import json

import numpy as np
import pytest
from scipy import stats

from horn_neuro.analysis import Estimate, bootstrap, holm, mean_interval, paired_difference


def test_interval_of_a_mean_is_that_of_theory():
    rng = np.random.default_rng(1)
    values = rng.normal(3.0, 2.0, 400)
    found = bootstrap(lambda w: w @ values, np.arange(400), 4000, rng)
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_trials_of_a_group_are_drawn_together():
    rng = np.random.default_rng(1)
    values = np.repeat(rng.normal(size=50), 8)
    groups = np.repeat(np.arange(50), 8)
    seen = []

    def statistic(weights):
        seen.append(weights)
        return weights @ values

    grouped = bootstrap(statistic, groups, 2000, rng)
    single = bootstrap(lambda w: w @ values, np.arange(400), 2000, rng)
    # Eight copies carry no more information than one.
    ratio = (grouped.high - grouped.low) / (single.high - single.low)
    assert ratio == pytest.approx(np.sqrt(8), rel=0.1)
    weights = seen[1].reshape(2000, 50, 8)
    assert (weights == weights[:, :, :1]).all()
    assert np.allclose(weights.sum(axis=(1, 2)), 1)


def test_courses_keep_their_shape():
    values = np.random.default_rng(1).normal(size=(20, 7))
    found = bootstrap(lambda w: w @ values, np.arange(20), 100, np.random.default_rng(1))
    assert found.value.shape == found.low.shape == found.high.shape == (7,)
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()


def test_one_group_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        bootstrap(lambda w: w[:, 0], [1, 1, 1], 10, np.random.default_rng(1))


def test_as_many_decimals_as_the_interval_supports():
    assert str(Estimate(30.2345, 29.1, 31.2)) == "30.2 [29.1, 31.2]"
    assert str(Estimate(1.00012, 0.9991, 1.0012)) == "1.0001 [0.9991, 1.0012]"
    assert str(Estimate(0.41, 0.33, 0.48).scaled(100, "%")) == "41.0 [33.0, 48.0] %"
    assert f"{Estimate(0.41, -0.33, 0.48):+}" == "+0.41 [-0.33, +0.48]"
    assert str(Estimate(0.123456, unit="Hz")) == "0.123 Hz"
    assert str(Estimate(2.0, 2.0, 2.0)) == "2.000 [2.000, 2.000]"
    assert json.dumps(Estimate(np.float64(1), np.zeros(2), np.ones(2)).to_dict())
    assert Estimate(1.0, n=3).to_dict() == {"value": 1.0, "n": 3}


def test_the_sign_of_an_interval():
    assert [Estimate(1, *bounds).sign for bounds in ((0.5, 2), (-1, 2), (0, 2))] == [1, 0, 0]
    assert Estimate(-1, -2, -0.5).sign == -1
    assert Estimate(1).sign == 0


def test_means_have_the_t_interval_of_scipy():
    values = np.random.default_rng(1).normal(3, 2, 7)
    found, expected = mean_interval(values), stats.ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 7
    alone = mean_interval([2.5])
    assert (alone.value, alone.low, alone.high, alone.n) == (2.5, None, None, 1)
    assert mean_interval(values, 7) == found
    few = mean_interval(values, 8)
    assert (few.value, few.low, few.n) == (found.value, None, 7)


def test_the_sign_flip_test_is_exact():
    first, second = [3.0, 4.0, 5.0, 4.5], [1.0, 1.5, 2.0, 2.5]
    found, expected = paired_difference(first, second), stats.ttest_rel(first, second)
    assert found.value == pytest.approx(2.375)
    assert found.p_value == pytest.approx(2 / 16)
    interval = expected.confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_ties_are_ties_whatever_the_rounding():
    """Of five differences of one size, every sign makes at least one in excess."""
    rounding = 1 + 4e-16 * np.array([1, -2, 0, 3, -1])
    difference = 0.03 * rounding * [1, -1, 1, -1, 1]
    assert paired_difference(difference, np.zeros(5)).p_value == 1


def test_the_least_p_value_says_so():
    five, rng = np.arange(1, 6), np.random.default_rng(1)
    found = paired_difference(five, 0 * five)
    assert (found.at_floor, found.p_text) == (True, "0.062 (the least there is)")
    many = paired_difference(rng.normal(9, 1, 20), np.zeros(20))
    assert (many.p_value, many.at_floor) == (pytest.approx(2 / 10_000), True)
    mixed = paired_difference([1.0, 2.0, 3.0, -0.1, 5.0], np.zeros(5))
    assert (mixed.at_floor, mixed.p_text) == (None, "0.12")
    assert Estimate(1.0).p_text == ""
    # A correction makes the p-value larger, and it is still the least.
    corrected = holm({"a": found, "b": mixed})["a"]
    assert (corrected.p_value, corrected.at_floor) == (pytest.approx(0.125), True)


def test_no_difference_is_found_where_there_is_none():
    """Of 200 null comparisons, about one in twenty is below 0.05."""
    rng = np.random.default_rng(1)
    p = [paired_difference(*rng.standard_normal((2, 8))).p_value for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.1


def test_one_seed_is_refused():
    with pytest.raises(ValueError, match="1 seed: a test over seeds needs at least two"):
        paired_difference([1.0], [2.0])


def test_holms_correction_is_step_down():
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    found = holm(
        {name: Estimate(1.0, p_value=value) for name, value in p.items()} | {"e": Estimate(2)}
    )
    expected = {"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02}
    assert {name: found[name].p_value for name in p} == pytest.approx(expected)
    assert found["e"].p_value is None
