"""The cloud of states: its dimension, and how far other states lie from it."""

import numpy as np
from scipy.optimize import curve_fit
from sklearn.covariance import LedoitWolf

__all__ = [
    "TrialMoments",
    "distance_from_cloud",
    "explained_variance",
    "fit_return",
    "participation_ratio",
]


class TrialMoments:
    """First and second moments of every trial, from which covariances of any subset follow.

    Parameters
    ----------
    states : array_like, shape (n_trials, n_units, n_times)
        A snapshot of all units for each trial and time.
    """

    def __init__(self, states):
        states = np.ascontiguousarray(states)
        self.means = states.mean(axis=2)
        self.products = states @ states.transpose(0, 2, 1) / states.shape[2]

    def covariance(self, weights):
        """Return covariances over the snapshots of weighted trials.

        Parameters
        ----------
        weights : array_like, shape (n_draws, n_trials)
            Weights of the trials; each row sums to 1.

        Returns
        -------
        covariance : ndarray, shape (n_draws, n_units, n_units)
        """
        mean = weights @ self.means
        second = np.tensordot(weights, self.products, axes=1)
        return second - mean[:, :, None] * mean[:, None, :]


def participation_ratio(covariance):
    """Effective number of dimensions that a cloud of states fills.

    The squared sum of the eigenvalues over the sum of their squares: n for
    equal variances along n axes, 1 for a line.

    Parameters
    ----------
    covariance : array_like, shape (..., n_units, n_units)
        Covariance of the states.

    Returns
    -------
    ratio : ndarray, shape (...)
        Between 1 and n_units; NaN if there is no variance at all.

    References
    ----------
    Gao et al., bioRxiv 214262, 2017, doi:10.1101/214262.
    """
    covariance = np.asarray(covariance)
    total = np.trace(covariance, axis1=-2, axis2=-1)
    squares = np.sum(covariance**2, axis=(-2, -1))
    return np.divide(total**2, squares, out=np.full_like(total, np.nan), where=squares > 0)


def explained_variance(covariance):
    """Shares of the variance along the principal components.

    Parameters
    ----------
    covariance : array_like, shape (n_units, n_units)
        Covariance of the states.

    Returns
    -------
    ratio : ndarray, shape (n_units,)
        In descending order, with sum 1.
    """
    eigenvalues = np.clip(np.linalg.eigvalsh(covariance)[::-1], 0, None)
    return eigenvalues / eigenvalues.sum()


def distance_from_cloud(states, cloud, groups):
    """Squared distance of states from a reference cloud, measured in its own spread.

    The Mahalanobis distance with a shrunk covariance (Ledoit and Wolf, 2004,
    doi:10.1016/S0047-259X(03)00096-4), divided by the number of units: 1 is a
    typical member of the cloud. Each half of the groups is compared with the
    cloud of the other half, so that no state is compared with itself.

    Parameters
    ----------
    states : array_like, shape (n_trials, n_units, n_times)
        The states to measure.
    cloud : array_like, shape (n_trials, n_units, n_cloud_times)
        The reference states of the same trials, for example at rest.
    groups : array_like of int, shape (n_trials,)
        Trials that belong together.

    Returns
    -------
    squared_distance : ndarray, shape (n_trials, n_times)

    Raises
    ------
    ValueError
        If there are fewer than two groups.
    """
    states, cloud = np.asarray(states), np.asarray(cloud)
    names = np.unique(groups)
    if len(names) < 2:
        raise ValueError(f"{len(names)} group of trials: cross-fitting needs at least two")
    first = np.isin(groups, names[::2])
    distance = np.empty((states.shape[0], states.shape[2]))
    for half in (first, ~first):
        reference = cloud[~half].transpose(0, 2, 1).reshape(-1, cloud.shape[1])
        model = LedoitWolf().fit(reference)
        snapshots = states[half].transpose(0, 2, 1).reshape(-1, states.shape[1])
        distance[half] = model.mahalanobis(snapshots).reshape(half.sum(), -1)
    return distance / states.shape[1]


def fit_return(times, excess):
    """Time constant of an amplitude whose square decays as ``exp(-2 t / tau)``.

    The free decay of one oscillator has ``tau`` = 1/gamma (`HornParameters.decay_time`).

    Parameters
    ----------
    times : array_like, shape (n_times,)
        Time since the end of the stimulus, in seconds.
    excess : array_like, shape (n_times,)
        Squared distance above its resting level.

    Returns
    -------
    tau : float
        Time constant of the amplitude in seconds; NaN if there is no excess to
        start with, or no decay can be fitted.
    """
    times, excess = np.asarray(times, float), np.asarray(excess, float)
    start = excess[: max(1, len(excess) // 20)].mean()
    if not start > 0:
        return np.nan
    span = times[-1] - times[0]
    try:
        (_, rate), _ = curve_fit(
            lambda t, scale, rate: scale * np.exp(-2 * rate * t),
            times,
            excess / start,
            p0=(1.0, 3 / span),
            bounds=([0, 1e-3 / span], [np.inf, np.inf]),
        )
    except RuntimeError:
        return np.nan
    return float(1 / rate)
