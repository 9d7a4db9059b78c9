import numpy as np
import pytest

from horn_neuro.analysis import Synchrony, locking_by_detuning, paired_difference


def test_the_sign_flip_test_is_exact():
    found = paired_difference([3.0, 4.0, 5.0, 4.5], [1.0, 1.5, 2.0, 2.5])
    assert found.value == pytest.approx(2.375)
    assert found.p_value == pytest.approx(2 / 16)
    assert found.low < found.value < found.high
    assert "p = 0.12" in str(found)


def test_no_difference_is_found_where_there_is_none():
    """Of 200 null comparisons, about one in twenty is below 0.05."""
    rng = np.random.default_rng(1)
    p = [paired_difference(*rng.standard_normal((2, 8))).p_value for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.1


def test_binning_by_detuning():
    ppc = np.array([0.5, 0.3, 0.1, 0.9])
    one = Synchrony(ppc, ppc, ppc, np.array([1.0, 2.0, 6.0, 99.0]), np.zeros(3))
    found = locking_by_detuning([one], [0, 5, 10, 15])
    assert found[0, :2] == pytest.approx([0.4, 0.1])
    assert np.isnan(found[0, 2])


def test_one_seed_is_refused():
    with pytest.raises(ValueError, match="1 seed: a test over seeds needs at least two"):
        paired_difference([1.0], [2.0])
