"""Coupling delays in whole steps, in the order [post, pre]; 1 is the undelayed step."""

import numpy as np

from horn_neuro._quantities import floats, number, whole

__all__ = ["constant_delays", "distance_delays", "uniform_delays"]


def _bounds(low, high):
    low, high = whole("low", low), whole("high", high)
    if not low <= high < 2**31:
        raise ValueError(
            f"delays from {low} to {high} steps: give whole numbers, 1 <= low <= high < 2**31 "
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
    low, high = _bounds(low, high)
    n_units = whole("n_units", n_units)
    return rng.integers(low, high, (n_units, n_units), endpoint=True)


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
        If `velocity` is not positive, a distance is negative or not finite, or a delay is
        too long.
    """
    distances, velocity = floats("distances", distances), number("velocity", velocity, above=0)
    if not (np.isfinite(distances).all() and (distances >= 0).all()):
        raise ValueError("distances: every entry must be finite and at least 0")
    steps = np.maximum(1, np.rint(distances / velocity))
    if (steps >= 2**31).any():
        raise ValueError(
            f"velocity = {velocity:g} gives delays of up to {steps.max():g} steps, and they have "
            "to be below 2**31; raise it"
        )
    return steps.astype(np.int64)
