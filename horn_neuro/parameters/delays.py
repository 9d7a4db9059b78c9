"""Coupling delays in whole steps, in the order [post, pre]; 1 is the undelayed step."""

import numpy as np

__all__ = ["constant_delays", "distance_delays", "uniform_delays"]


def _check_bounds(low, high):
    if not (low == int(low) and high == int(high) and 1 <= low <= high):
        raise ValueError(
            f"delays from {low} to {high} steps: give whole numbers, 1 <= low <= high "
            "(1 is the undelayed step)"
        )


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
    """
    _check_bounds(delay, delay)
    return np.full((n_units, n_units), int(delay), np.int64)


def uniform_delays(n_units, low, high, rng):
    """Independent delays, uniform on the integers from `low` to `high`.

    Parameters
    ----------
    n_units : int
        Number of units n.
    low, high : int
        Smallest and largest delay in steps, both included, at least 1.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    delays : ndarray of int64, shape (n, n)

    Raises
    ------
    ValueError
        If a bound is not a whole number of at least 1, or `low` exceeds `high`.
    """
    _check_bounds(low, high)
    return rng.integers(int(low), int(high), (n_units, n_units), endpoint=True)


def distance_delays(distances, velocity):
    """Conduction delays: distance over velocity, rounded to whole steps, at least 1.

    Parameters
    ----------
    distances : array_like, shape (n, n)
        Distances between units, for example of `ring_distances` or
        `lattice_distances`.
    velocity : float
        Conduction velocity, in the unit of `distances` per step.

    Returns
    -------
    delays : ndarray of int64, shape (n, n)

    Raises
    ------
    ValueError
        If `velocity` is not positive, or a distance is negative or not finite.
    """
    distances = np.asarray(distances, float)
    if not (np.isfinite(velocity) and velocity > 0):
        raise ValueError(f"velocity = {velocity}: give a positive distance per step")
    if not (np.isfinite(distances).all() and (distances >= 0).all()):
        raise ValueError("distances: every entry must be finite and at least 0")
    return np.maximum(1, np.rint(distances / velocity)).astype(np.int64)
