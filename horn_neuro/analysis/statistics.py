"""Uncertainty: of means, proportions and differences, and by bootstrap over groups of trials."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from horn_neuro._quantities import random_source

__all__ = ["Estimate", "bootstrap", "holm", "mean_interval", "paired_difference", "proportion"]


@dataclass(frozen=True)
class Estimate:
    """A value, and how sure it is.

    Parameters
    ----------
    value : float | ndarray
        The statistic of the whole sample.
    low, high : float | ndarray | None
        Bounds of its 95 % interval, in the shape of `value`; None if there is none.
    unit : str | None
        Unit of all three.
    n : int | None
        How many independent things it was estimated from: networks, or digits.
    p_value : float | None
        Of a test that the value is 0, where there was one.
    at_floor : bool | None
        True if no p-value could be smaller, with as few things to permute: it says no
        more about stronger effects.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> share = hn.analysis.Estimate(0.123, 0.101, 0.145, n=12)
    >>> str(share.scaled(100, "%")), share.sign
    ('12.3 [10.1, 14.5] %', 1)
    """

    value: float
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    n: int | None = None
    p_value: float | None = None
    at_floor: bool | None = None

    @property
    def p_text(self):
        """The p-value as it is to be read (str): "0.063 (the least there is)"; "" without one."""
        if self.p_value is None:
            return ""
        return f"{self.p_value:.2g}" + (" (the least there is)" if self.at_floor else "")

    @property
    def sign(self):
        """1 or -1 if the whole interval is above or below 0, else 0 (int)."""
        return 0 if self.low is None else int(self.low > 0) - int(self.high < 0)

    def scaled(self, factor, unit=None):
        """Return the same in another unit, such as ``scaled(100, "%")`` of a share.

        Examples
        --------
        >>> import horn_neuro as hn
        >>> print(hn.analysis.Estimate(0.12, 0.1, 0.14).scaled(100, "%"))
        12.0 [10.0, 14.0] %
        """
        return replace(
            self,
            unit=unit,
            **{
                name: None if getattr(self, name) is None else factor * getattr(self, name)
                for name in ("value", "low", "high")
            },
        )

    def __format__(self, sign):
        """Return "value [low, high] unit", as precise as the interval; "+" shows all signs."""
        if self.low is None:
            text = f"{self.value:{sign}.3g}"
        else:
            width = (self.high - self.low) / 2
            decimals = 1 - math.floor(math.log10(width)) if 0 < width < np.inf else 3
            spec = f"{sign}.{min(max(decimals, 0), 6)}f"
            text = f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"
        return f"{text} {self.unit}" if self.unit else text

    def __str__(self):
        return format(self)

    def to_dict(self):
        """Return what there is as plain numbers, lists and text, for JSON."""
        return {
            name: value if isinstance(value, str) else np.asarray(value).tolist()
            for name, value in vars(self).items()
            if value is not None
        }


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
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.
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

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> values = np.random.default_rng(1).normal(5, 1, 60)
    >>> digit = np.repeat(np.arange(20), 3)  # three trials each
    >>> print(hn.analysis.bootstrap(lambda weights: weights @ values, digit, 500, rng=2))
    4.95 [4.68, 5.21]
    """
    names, index = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} group of trials: a bootstrap needs at least two")
    rng = random_source(rng)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_resamples)
    weights = counts[:, index].astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    (value,) = statistic(np.full((1, len(index)), 1 / len(index)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(statistic(weights), tails, axis=0)
    return Estimate(value, low, high, n=len(names))


def mean_interval(values, enough=2):
    """Mean over independent values, such as one of each network, with its 95 % t interval.

    Parameters
    ----------
    values : array_like, shape (n_values,)
        A quantity.
    enough : int
        How many values there must be for an interval, two at least.

    Returns
    -------
    estimate : Estimate
        Without an interval if there are fewer values.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> print(hn.analysis.mean_interval([4.1, 5.0, 4.6, 5.3]))
    4.75 [3.92, 5.58]
    """
    values = np.asarray(values, float)
    mean, n = float(values.mean()), len(values)
    if n < max(enough, 2):
        return Estimate(mean, n=n)
    half = float(stats.t.ppf(0.975, n - 1) * stats.sem(values))
    return Estimate(mean, mean - half, mean + half, n=n)


def paired_difference(first, second):
    """Compare two conditions that were measured on the same seeds.

    Parameters
    ----------
    first, second : array_like, shape (n_seeds,)
        A quantity in either condition.

    Returns
    -------
    difference : Estimate
        Mean of `first` minus `second` with its 95 % t interval, and the
        two-sided p-value of flipping the signs of the seeds' differences, in
        all ways up to 14 seeds: 2 / 2**n_seeds, or 2 / 10,000, at least.

    Raises
    ------
    ValueError
        If there are fewer than two seeds.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> found = hn.analysis.paired_difference([5.1, 6.0, 5.6, 6.3, 5.9], [4.0, 5.2, 4.9, 5.1, 5.0])
    >>> print(found, "p =", found.p_text)
    0.94 [0.68, 1.20] p = 0.062 (the least there is)
    """
    difference = np.asarray(first, float) - np.asarray(second, float)
    n = len(difference)
    if n < 2:
        raise ValueError(f"{n} seed: a test over seeds needs at least two")
    # What is the same but for rounding is the same, as shares of equally many digits often are.
    size = np.abs(difference).max() or 1.0
    test = stats.permutation_test(
        (np.round(difference / size, 12),),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf if n <= 14 else 9999,
        rng=np.random.default_rng(0),
    )
    at_floor = bool(test.pvalue < 2.001 / len(test.null_distribution)) or None
    return replace(mean_interval(difference), p_value=float(test.pvalue), at_floor=at_floor)


def holm(estimates):
    """Correct the p-values of several tests for their number, by Holm's step-down rule.

    Parameters
    ----------
    estimates : dict of str to Estimate
        By name; those without a p-value stay as they are, and do not count.

    Returns
    -------
    corrected : dict of str to Estimate

    Examples
    --------
    >>> corrected = holm({"a": Estimate(1.0, p_value=0.01), "b": Estimate(2.0, p_value=0.04)})
    >>> [estimate.p_value for estimate in corrected.values()]
    [0.02, 0.04]

    References
    ----------
    Holm, Scand J Stat 1979, https://www.jstor.org/stable/4615733.
    """
    tested = {name: e.p_value for name, e in estimates.items() if e.p_value is not None}
    corrected, worst = dict(estimates), 0.0
    for rank, name in enumerate(sorted(tested, key=tested.get)):
        worst = max(worst, min(1.0, (len(tested) - rank) * tested[name]))
        corrected[name] = replace(estimates[name], p_value=worst)
    return corrected


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

    Examples
    --------
    >>> import horn_neuro as hn
    >>> print(hn.analysis.proportion([True] * 18 + [False] * 2).scaled(100, "%"))
    90 [70, 97] %
    """
    hits = np.asarray(hits, bool)
    if hits.size == 0:
        raise ValueError("hits is empty: a proportion needs at least one trial")
    result = stats.binomtest(int(hits.sum()), hits.size)
    low, high = result.proportion_ci(level, method="wilson")
    return Estimate(hits.mean(), low, high, n=hits.size)
