"""Variability across trials, over time."""

import numpy as np

__all__ = ["variance_across_trials", "variance_within_groups"]


def variance_across_trials(signals, weights=None):
    """Variance across all trials at each time, averaged over units.

    Parameters
    ----------
    signals : array_like, shape (n_trials, n_units, n_times)
        One signal for each unit.
    weights : array_like, shape (n_draws, n_trials) | None
        Weights of the trials, each row with sum 1, as `bootstrap` hands them
        out; None weights all trials equally.

    Returns
    -------
    variance : ndarray, shape (n_times,) or (n_draws, n_times)
        Unbiased for equal weights, in the squared unit of the signal.
    """
    signals = np.asarray(signals)
    n_trials = len(signals)
    equal = np.full((1, n_trials), 1 / n_trials)
    draws = equal if weights is None else np.asarray(weights)
    centered = signals - signals.mean(axis=0)
    mean = np.tensordot(draws, centered, axes=1)
    square = np.tensordot(draws, centered**2, axes=1)
    variance = (square - mean**2).mean(axis=1) * n_trials / (n_trials - 1)
    return variance[0] if weights is None else variance


def variance_within_groups(signals, groups):
    """Variance across the trials of each group at each time, averaged over units.

    With repeats of one stimulus as a group this is the trial-to-trial
    variability that a stimulus may quench (Churchland et al., 2010,
    doi:10.1038/nn.2501), without the differences between stimuli.

    Parameters
    ----------
    signals : array_like, shape (n_trials, n_units, n_times)
        One signal for each unit.
    groups : array_like of int, shape (n_trials,)
        The group of every trial.

    Returns
    -------
    variance : ndarray, shape (n_groups, n_times)
        Unbiased, in the order of the sorted groups.

    Raises
    ------
    ValueError
        If a group has a single trial.
    """
    signals, groups = np.asarray(signals), np.asarray(groups)
    names, counts = np.unique(groups, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"group {names[counts.argmin()]} has a single trial: a variance needs at least two "
            "repeats of each stimulus"
        )
    return np.array([variance_across_trials(signals[groups == name]) for name in names])
