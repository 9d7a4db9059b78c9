"""Samplers for heterogeneous omega, gamma and alpha."""

import numpy as np
from scipy import stats

from horn_neuro._quantities import number, random_source, whole

__all__ = ["log_uniform", "truncated_normal", "uniform_multiple"]


def _range(name, low, high):
    low, high = number(f"{name}: low", low), number(f"{name}: high", high)
    if not low < high:
        raise ValueError(f"{name}: low = {low} and high = {high}; give finite values, low < high")
    return low, high


def _shape(size):
    """Return the size of a result as a tuple of int."""
    sizes = size if isinstance(size, tuple | list) else (size,)
    return tuple(whole("size", number, least=0) for number in sizes)


def uniform_multiple(base, size, rng, low=0.5, high=2.0):
    """Draw `base` times a uniform factor, as the authors' demo of heterogeneity does.

    Parameters
    ----------
    base : float
        The value that a factor of 1 gives, in the unit of the result.
    size : int | tuple of int
        Shape of the result.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.
    low, high : float
        Range of the factor, dimensionless.

    Returns
    -------
    values : ndarray, shape `size`

    Raises
    ------
    ValueError
        If the range is empty or not finite.

    References
    ----------
    The public code of Effenberger et al., PNAS 122(4), 2025, doi:10.1073/pnas.2412830122.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> omega = hn.parameters.uniform_multiple(0.2, 1000, rng=1)
    >>> bool(omega.min() > 0.1), bool(omega.max() < 0.4)
    (True, True)
    """
    low, high = _range("uniform_multiple", low, high)
    return number("uniform_multiple: base", base) * random_source(rng).uniform(
        low, high, _shape(size)
    )


def log_uniform(low, high, size, rng):
    """Draw values whose logarithm is uniform between `low` and `high`.

    Parameters
    ----------
    low, high : float
        Positive bounds, in the unit of the result.
    size : int | tuple of int
        Shape of the result.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    values : ndarray, shape `size`

    Raises
    ------
    ValueError
        If a bound is not positive, or the range is empty or not finite.

    Examples
    --------
    As many between 1 and 10 as between 10 and 100:

    >>> import horn_neuro as hn
    >>> values = hn.parameters.log_uniform(1, 100, 10_000, rng=1)
    >>> round(float((values < 10).mean()), 1)
    0.5
    """
    low, high = _range("log_uniform", low, high)
    if low <= 0:
        raise ValueError(f"log_uniform: low = {low}; a logarithm needs a positive bound")
    return stats.loguniform.rvs(low, high, size=_shape(size), random_state=random_source(rng))


def log_grid(low, high, size, rng):
    """Draw one value from each of equal parts of an interval of logarithms.

    They fill the interval more evenly than those of `log_uniform`.

    Parameters
    ----------
    low, high : float
        Positive bounds, in the unit of the result.
    size : int
        How many.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    values : ndarray, shape (size,)
        Ascending.

    Raises
    ------
    ValueError
        If a bound is not positive, or the range is empty or not finite.

    Examples
    --------
    >>> log_grid(0.01, 100, 4, rng=1).round(2).tolist()
    [0.03, 0.89, 1.39, 88.85]
    """
    low, high = _range("log_grid", low, high)
    if low <= 0:
        raise ValueError(f"log_grid: low = {low}; a logarithm needs a positive bound")
    size = whole("log_grid: size", size)
    place = (np.arange(size) + random_source(rng).random(size)) / size
    return low * (high / low) ** place


def truncated_normal(mean, std, low, high, size, rng):
    """Draw from a normal distribution restricted to an interval.

    Parameters
    ----------
    mean, std : float
        Moments of the distribution before truncation.
    low, high : float
        Bounds of the interval.
    size : int | tuple of int
        Shape of the result.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    values : ndarray, shape `size`

    Raises
    ------
    ValueError
        If `std` is not positive, or the interval is empty or not finite.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> values = hn.parameters.truncated_normal(0.2, 0.1, 0.1, 0.3, 1000, rng=1)
    >>> bool(values.min() >= 0.1), round(float(values.mean()), 1)
    (True, 0.2)
    """
    low, high = _range("truncated_normal", low, high)
    mean, std = (
        number("truncated_normal: mean", mean),
        number("truncated_normal: std", std, above=0),
    )
    a, b = (low - mean) / std, (high - mean) / std
    if not a < b:
        raise ValueError(
            f"truncated_normal: mean = {mean:g} is so far from [{low:g}, {high:g}] that there is "
            "no value in between; give a nearer one"
        )
    return stats.truncnorm.rvs(
        a, b, loc=mean, scale=std, size=_shape(size), random_state=random_source(rng)
    )
