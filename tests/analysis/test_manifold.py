import numpy as np
import pytest
from sklearn.decomposition import PCA

from horn_neuro.analysis import (
    TrialMoments,
    distance_from_cloud,
    explained_variance,
    fit_return,
    participation_ratio,
)


def test_participation_ratio_of_known_spectra():
    assert participation_ratio(np.eye(7)) == pytest.approx(7)
    assert participation_ratio(np.diag([2.0, 1.0, 0.0])) == pytest.approx(9 / 5)
    line = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert participation_ratio(line) == pytest.approx(1)
    assert np.isnan(participation_ratio(np.zeros((3, 3))))
    assert participation_ratio([np.eye(3), line]) == pytest.approx([3, 1])


def test_covariances_of_weighted_trials_are_those_of_repeated_trials():
    rng = np.random.default_rng(1)
    states = rng.normal(size=(5, 4, 30)) + rng.normal(size=(5, 4, 1))
    counts = np.array([[1, 1, 1, 1, 1], [0, 3, 0, 2, 0]])
    found = TrialMoments(states).covariance(counts / 5)
    for count, covariance in zip(counts, found, strict=True):
        repeated = np.repeat(states, count, axis=0).transpose(1, 0, 2).reshape(4, -1)
        assert np.allclose(covariance, np.cov(repeated, bias=True))


def test_explained_variance_is_that_of_pca():
    states = np.random.default_rng(1).normal(size=(200, 5)) * [5, 4, 3, 2, 1]
    found = explained_variance(np.cov(states.T))
    assert np.allclose(found, PCA().fit(states).explained_variance_ratio_)


def test_distance_of_a_shifted_cloud():
    """A shift by s standard deviations along one of n axes adds s**2 / n."""
    rng = np.random.default_rng(1)
    n_units, groups = 5, np.repeat(np.arange(20), 2)
    scale = np.array([1.0, 2.0, 0.5, 3.0, 1.0])[:, None]
    cloud = scale * rng.normal(size=(40, n_units, 200))
    states = scale * rng.normal(size=(40, n_units, 100))
    rest = distance_from_cloud(states, cloud, groups)
    assert rest.shape == (40, 100)
    assert rest.mean() == pytest.approx(1, abs=0.03)
    states[:, 1] += 2.0 * 3.0
    assert distance_from_cloud(states, cloud, groups).mean() == pytest.approx(
        1 + 9 / n_units, abs=0.06
    )


def test_no_state_is_compared_with_itself():
    """With fewer cloud states than units, states within their own cloud would look close."""
    rng = np.random.default_rng(1)
    cloud = rng.normal(size=(10, 60, 6))
    held_out = distance_from_cloud(cloud, cloud, np.arange(10)).mean()
    assert held_out > 0.95
    with pytest.raises(ValueError, match="at least two"):
        distance_from_cloud(cloud, cloud, np.zeros(10))


def test_return_time():
    times = np.arange(0, 0.6, 0.004)
    assert fit_return(times, 7.0 * np.exp(-2 * times / 0.13)) == pytest.approx(0.13, rel=1e-4)
    noisy = np.exp(-2 * times / 0.13) + np.random.default_rng(1).normal(0, 0.02, len(times))
    assert fit_return(times, noisy) == pytest.approx(0.13, rel=0.1)
    assert np.isnan(fit_return(times, np.zeros(len(times))))
    assert np.isnan(fit_return(times, -np.ones(len(times))))
