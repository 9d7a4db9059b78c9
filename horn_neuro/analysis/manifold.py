"""The cloud of states: its dimension, and how fast a response in it fades."""

import numpy as np
from scipy.optimize import curve_fit

__all__ = ["fit_return", "participation_ratio"]


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

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> covariances = [np.eye(3), np.ones((3, 3))]  # a ball, and a line
    >>> hn.analysis.participation_ratio(covariances)
    array([3., 1.])
    """
    covariance = np.asarray(covariance)
    total = np.trace(covariance, axis1=-2, axis2=-1)
    squares = np.sum(covariance**2, axis=(-2, -1))
    return np.divide(total**2, squares, out=np.full_like(total, np.nan), where=squares > 0)


def fit_return(times, excess):
    """Time constant of an amplitude whose square decays as ``exp(-2 t / tau)``.

    The free decay of one oscillator has ``tau`` = 1/gamma (`HornParameters.decay_time`).

    Parameters
    ----------
    times : array_like, shape (n_times,)
        Time since the end of the stimulus, in seconds.
    excess : array_like, shape (n_times,)
        What is squared and 0 at rest, such as `signal_over_time`.

    Returns
    -------
    tau : float
        Time constant of the amplitude in seconds; NaN if there is no excess to
        start with, or no decay can be fitted.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> times = np.linspace(0, 1, 100)  # s
    >>> round(hn.analysis.fit_return(times, np.exp(-2 * times / 0.2)), 3)
    0.2
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
