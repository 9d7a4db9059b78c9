import numpy as np
import pytest

from horn_neuro.analysis import fit_return, participation_ratio


def test_participation_ratio_of_known_spectra():
    assert participation_ratio(np.eye(7)) == pytest.approx(7)
    assert participation_ratio(np.diag([2.0, 1.0, 0.0])) == pytest.approx(9 / 5)
    line = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert participation_ratio(line) == pytest.approx(1)
    assert np.isnan(participation_ratio(np.zeros((3, 3))))
    assert participation_ratio([np.eye(3), line]) == pytest.approx([3, 1])


def test_return_time():
    times = np.arange(0, 0.6, 0.004)
    assert fit_return(times, 7.0 * np.exp(-2 * times / 0.13)) == pytest.approx(0.13, rel=1e-4)
    noisy = np.exp(-2 * times / 0.13) + np.random.default_rng(1).normal(0, 0.02, len(times))
    assert fit_return(times, noisy) == pytest.approx(0.13, rel=0.1)
    assert np.isnan(fit_return(times, np.zeros(len(times))))
    assert np.isnan(fit_return(times, -np.ones(len(times))))
