"""Coupling delays in whole steps, in the order [post, pre]; 1 is the undelayed step."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import LARGEST, floats, number, random_source, usable, whole

__all__ = ["constant_delays", "distance_delays", "uniform_delays"]


def _bounds(low, high):
    low, high = whole("low", low), whole("high", high)
    if low > high:
        raise ValueError(
            f"delays from {low} to {high} steps: give whole numbers, 1 <= low <= high "
            "(1 is the undelayed step)"
        )
    return low, high


def constant_delays(n_units, delay):
    """The same delay for every pair.

    Parameters
    ----------
    n_units : int
        Number of units n.
    delay : int
        Delay in steps, at least 1.

    Returns
    -------
    delays : ndarray of int64, shape (n, n)

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.constant_delays(2, 5)
    array([[5, 5],
           [5, 5]])
    """
    n_units = whole("n_units", n_units)
    return np.full((n_units, n_units), whole("delay", delay), np.int64)


def uniform_delays(n_units, low, high, rng):
    """Independent delays, uniform on the integers from `low` to `high`.

    Parameters
    ----------
    n_units : int
        Number of units n.
    low, high : int
        Smallest and largest delay in steps, both included, at least 1.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    delays : ndarray of int64, shape (n, n)

    Raises
    ------
    ValueError
        If a bound is not a whole number of at least 1, or `low` exceeds `high`.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> delays = hn.parameters.uniform_delays(100, 2, 4, rng=1)
    >>> int(delays.min()), int(delays.max())
    (2, 4)
    """
    low, high = _bounds(low, high)
    n_units = whole("n_units", n_units)
    return random_source(rng).integers(low, high, (n_units, n_units), endpoint=True)


def distance_delays(distances, velocity):
    """Conduction delays: distance over velocity, rounded to whole steps, at least 1.

    Parameters
    ----------
    distances : array_like | scipy.sparse array, shape (n, n)
        Distances between units; sparse ones are those of connections (`Grid.distances`).
    velocity : float
        Conduction velocity, in the unit of `distances` per step.

    Returns
    -------
    delays : ndarray of int64 | scipy.sparse.csr_array of int64, shape (n, n)
        Sparse if `distances` is. At a distance of 0 the delay is 1, the undelayed step.

    Raises
    ------
    ValueError
        If `velocity` is not positive, a distance is negative or not finite, or a delay is
        under one step or too long.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.distance_delays([[0.0, 3.0], [3.0, 0.0]], velocity=0.5)
    array([[1, 6],
           [6, 1]])
    """
    velocity = number("velocity", velocity, above=0)
    if sparse.issparse(distances):
        if distances.ndim != 2:
            raise ValueError(f"distances has shape {distances.shape}; give a matrix, [post, pre]")
        matrix = sparse.csr_array(distances, copy=True)
        matrix.sum_duplicates()
        steps = _steps(floats("distances", matrix.data), velocity)
        return sparse.csr_array((steps, matrix.indices, matrix.indptr), shape=matrix.shape)
    return _steps(floats("distances", distances), velocity)


def _steps(distances, velocity):
    if not (usable(distances) & (distances >= 0)).all():
        raise ValueError(f"distances: every entry must be at least 0, and at most {LARGEST:g}")
    nearest = distances.min(initial=np.inf, where=distances > 0)
    if velocity > nearest * (1 + 1e-9):
        raise ValueError(
            f"velocity = {velocity:g} gives delays under one step, of {nearest / velocity:.3g} "
            f"steps for the nearest of the distances; give at most {nearest:.6g}, or no delays"
        )
    farthest = distances.max(initial=0) / velocity
    if farthest >= 2**31 - 1:
        raise ValueError(
            f"velocity = {velocity:g} gives delays of up to {farthest:g} steps for the farthest of "
            "the distances, and they have to be below 2**31; raise it"
        )
    return np.maximum(1, np.rint(distances / velocity)).astype(np.int64)
