"""Uncertainty: intervals of proportions, and by bootstrap over groups of trials."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

__all__ = ["Estimate", "bootstrap", "proportion"]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Parameters
    ----------
    value : float | ndarray
        The statistic of all trials.
    low, high : float | ndarray
        Bounds of the interval, in the shape of `value`.
    """

    value: float
    low: float
    high: float

    def format(self, scale=1.0):
        """Return "value [low, high]", with as many decimals as the interval supports.

        Parameters
        ----------
        scale : float
            Factor to another unit, such as 100 for per cent.

        Returns
        -------
        text : str
        """
        value, low, high = (scale * number for number in (self.value, self.low, self.high))
        width = (high - low) / 2
        decimals = 1 - math.floor(math.log10(width)) if width > 0 else 3
        decimals = min(max(decimals, 0), 6)
        return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"

    def __str__(self):
        return self.format()

    def to_dict(self):
        """Return value, low and high as plain numbers or lists, for JSON."""
        return {name: np.asarray(getattr(self, name)).tolist() for name in ("value", "low", "high")}


def bootstrap(statistic, groups, n_resamples, rng, level=0.95):
    """Percentile bootstrap over groups of trials.

    Trials of one group (for example repeats of one stimulus) are not
    independent, so whole groups are drawn, with replacement.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape (n_draws, n_trials), whose rows sum to 1, and
        returns an array of shape (n_draws, ...). A weighted mean of some values
        over the trials is ``weights @ values``.
    groups : array_like of int, shape (n_trials,)
        The group of every trial. Give ``numpy.arange(n_trials)`` if all trials
        are independent.
    n_resamples : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        The source of randomness.
    level : float
        Coverage of the interval.

    Returns
    -------
    estimate : Estimate
        The statistic of all trials, weighted equally, and its interval.

    Raises
    ------
    ValueError
        If there are fewer than two groups.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    doi:10.1201/9780429246593.
    """
    names, index = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} group of trials: a bootstrap needs at least two")
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)
    weights = counts[:, index].astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    (value,) = statistic(np.full((1, len(index)), 1 / len(index)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(statistic(weights), tails, axis=0)
    return Estimate(value, low, high)


def proportion(hits, level=0.95):
    """Share of hits among independent trials, with Wilson's interval.

    Parameters
    ----------
    hits : array_like of bool, shape (n_trials,)
        Whether each trial is one.
    level : float
        Coverage of the interval.

    Returns
    -------
    estimate : Estimate

    Raises
    ------
    ValueError
        If there are no trials.

    References
    ----------
    Wilson, J Am Stat Assoc 1927, doi:10.1080/01621459.1927.10502953.
    """
    hits = np.asarray(hits, bool)
    if hits.size == 0:
        raise ValueError("hits is empty: a proportion needs at least one trial")
    result = stats.binomtest(int(hits.sum()), hits.size)
    low, high = result.proportion_ci(level, method="wilson")
    return Estimate(hits.mean(), low, high)
