"""Uncertainty: bootstrap intervals over groups of trials."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Estimate", "bootstrap"]


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap interval.

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

    def __str__(self):
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"

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
        Takes an array of trial indices, with repetitions, and returns a number
        or an array.
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

    Raises
    ------
    ValueError
        If there are fewer than two groups.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    doi:10.1201/9780429246593; ch. 8 for clustered data.
    """
    groups = np.asarray(groups)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    if len(members) < 2:
        raise ValueError(f"{len(members)} group of trials: a bootstrap needs at least two")
    draws = rng.integers(len(members), size=(n_resamples, len(members)))
    samples = [statistic(np.concatenate([members[k] for k in draw])) for draw in draws]
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Estimate(statistic(np.arange(len(groups))), low, high)
