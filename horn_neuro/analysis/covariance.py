"""Noise and signal: what repeats of a stimulus share, and in what they differ."""

import numpy as np
from scipy.special import digamma

__all__ = [
    "cluster_ratio",
    "log_volume",
    "noise_and_signal",
    "noise_covariance",
    "signal_covariance",
    "signal_over_time",
    "split_participation_ratio",
]


def _states(states, n_least=1):
    states = np.asarray(states, float)
    if states.ndim != 4 or states.shape[0] < n_least or states.shape[1] < 2:
        raise ValueError(
            f"states have shape {states.shape}; give (n_stimuli, n_repeats, n_units, n_times), "
            f"at least {n_least} stimuli and two repeats of each"
        )
    return states


def noise_covariance(states):
    """Covariance over the repeats of one stimulus, at fixed time.

    What a stimulus quenches (Churchland et al., 2010, doi:10.1038/nn.2501): neither
    the differences between stimuli nor the time course of a response count.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise.

    Returns
    -------
    covariance : ndarray, shape (n_stimuli, n_units, n_units)
        Of every stimulus, unbiased, mean over times.

    Raises
    ------
    ValueError
        If there are fewer than two repeats.

    Examples
    --------
    Two repeats that differ by 2 in the first of two units only:

    >>> noise_covariance([[[[1.0], [5.0]], [[3.0], [5.0]]]])
    array([[[2., 0.],
            [0., 0.]]])
    """
    states = _states(states)
    _, n_repeats, _, n_times = states.shape
    rest = states - states.mean(axis=1, keepdims=True)
    # (stimulus, unit, repeat and time): one product for each stimulus.
    rest = rest.transpose(0, 2, 1, 3).reshape(len(states), states.shape[2], -1)
    return rest @ rest.transpose(0, 2, 1) / ((n_repeats - 1) * n_times)


def signal_covariance(states):
    """Covariance over stimuli of the mean response, at fixed time, by cross-products of repeats.

    A product of two different repeats has no noise of its own in the mean, so that the
    covariance is unbiased; where there is no signal, it is 0 on average and may be negative.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise.

    Returns
    -------
    covariance : ndarray, shape (n_units, n_units)
        Mean over pairs of repeats and over times.

    Raises
    ------
    ValueError
        If there are fewer than two stimuli or repeats.

    Examples
    --------
    Two stimuli with two equal repeats each, which differ by 2 in the only unit:

    >>> import horn_neuro as hn
    >>> hn.analysis.signal_covariance([[[[1.0]], [[1.0]]], [[[3.0]], [[3.0]]]])
    array([[2.]])
    """
    states = _states(states, 2)
    n_stimuli, n_repeats, n_units, n_times = states.shape
    centered = states - states.mean(axis=0)
    total = centered.sum(axis=1).transpose(1, 0, 2).reshape(n_units, -1)
    alone = centered.transpose(2, 0, 1, 3).reshape(n_units, -1)
    # All products of sums of repeats, less those of each repeat with itself.
    products = total @ total.T - alone @ alone.T
    return products / (n_repeats * (n_repeats - 1) * (n_stimuli - 1) * n_times)


def signal_over_time(states):
    """Variance over stimuli of the mean response, summed over units, by cross-products of repeats.

    The trace of `signal_covariance` at each time, from which `fit_return` reads how long a
    stimulus outlasts its end.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise.

    Returns
    -------
    signal : ndarray, shape (n_times,)
        0 on average where there is none.

    Raises
    ------
    ValueError
        If there are fewer than two stimuli or repeats.

    Examples
    --------
    Two stimuli that differ by 2 at the first of two times:

    >>> import horn_neuro as hn
    >>> one, other = [[1.0, 5.0]], [[3.0, 5.0]]  # units, times
    >>> hn.analysis.signal_over_time([[one, one], [other, other]])
    array([2., 0.])
    """
    states = _states(states, 2)
    n_stimuli, n_repeats = states.shape[:2]
    centered = states - states.mean(axis=0)
    products = (centered.sum(axis=1) ** 2).sum(axis=(0, 1)) - (centered**2).sum(axis=(0, 1, 2))
    return products / (n_repeats * (n_repeats - 1) * (n_stimuli - 1))


def split_participation_ratio(covariance, states, n_splits=20, seed=0):
    """Participation ratio of a covariance that is estimated from few stimuli.

    The error of an estimate inflates the squares of its entries, so that its own
    participation ratio is too small. The product of two estimates, each from one half of
    the stimuli, has no such bias: ``tr(A) tr(B) / tr(A B)``, both terms averaged over
    random halves.

    Parameters
    ----------
    covariance : callable
        `signal_covariance`, `noise_covariance`, or another function of states.
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise.
    n_splits : int
        How often the stimuli are halved.
    seed : int
        Of the halves.

    Returns
    -------
    ratio : float
        NaN where the halves have nothing in common, so that no dimension can be told.

    Raises
    ------
    ValueError
        If there are fewer than four stimuli.

    See Also
    --------
    horn_neuro.analysis.participation_ratio : That of a known covariance.

    Examples
    --------
    Of 20 stimuli whose means spread alike along five units, with little noise:

    >>> import numpy as np, horn_neuro as hn
    >>> rng = np.random.default_rng(1)
    >>> states = rng.normal(size=(20, 1, 5, 4)) + 0.1 * rng.normal(size=(20, 2, 5, 4))
    >>> covariance = hn.analysis.signal_covariance
    >>> split = hn.analysis.split_participation_ratio(covariance, states)
    >>> naive = hn.analysis.participation_ratio(covariance(states))
    >>> f"{split:.1f}, where one estimate has {naive:.1f}"
    '5.2, where one estimate has 4.8'
    """
    states = _states(states, 4)
    rng, above, below = np.random.default_rng(seed), 0.0, 0.0
    each = noise_covariance(states) if covariance is noise_covariance else None
    for _ in range(n_splits):
        order = rng.permutation(len(states))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        if each is None:
            one, other = (covariance(states[half]) for half in halves)
        else:  # the stimuli have one each, which a half averages
            one, other = (each[half].mean(axis=0) for half in halves)
        above += np.trace(one) * np.trace(other)
        below += np.sum(one * other)
    return float(above / below) if above > 0 and below > 0 else float("nan")


def noise_and_signal(states, scale):
    """Size and dimension of noise and of signal, raw and with scaled units.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise.
    scale : array_like, shape (n_units,)
        What the units are divided by, such as their SD at rest: raw variances weigh units
        that swing widely.

    Returns
    -------
    found : dict of str to float
        "noise" and "signal", traces of the covariances (`noise_covariance`, the mean over
        stimuli, and `signal_covariance`); "noise dimension" and "signal dimension", by
        `split_participation_ratio`; all four again with ", scaled"; and "log volume".

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> rng = np.random.default_rng(1)
    >>> states = 2 * rng.normal(size=(30, 1, 4, 5)) + rng.normal(size=(30, 10, 4, 5))
    >>> found = hn.analysis.noise_and_signal(states, scale=np.ones(4))
    >>> {name: round(found[name], 1) for name in ("noise", "signal", "signal dimension")}
    {'noise': 4.0, 'signal': 14.5, 'signal dimension': 4.0}
    """
    states, found = _states(states), {"log volume": log_volume(states)}
    for how, x in (("", states), (", scaled", states / np.asarray(scale)[:, None])):
        for name, covariance in (("noise", noise_covariance), ("signal", signal_covariance)):
            matrix = covariance(x)
            matrix = matrix.mean(axis=0) if matrix.ndim == 3 else matrix
            found[name + how] = float(np.trace(matrix))
            found[f"{name} dimension{how}"] = split_participation_ratio(covariance, x)
    return found


def log_volume(states):
    """Logarithm of the volume of the noise cloud at fixed time, for one unit.

    ``log det C / 2n``: the mean logarithm of the standard deviations along the n principal
    axes. What a finite number of repeats takes from it, of Gaussian noise, is given back.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Repeats under independent noise; stimuli are taken to share its covariance.

    Returns
    -------
    volume : float
        Mean over times; NaN if the stimuli times (repeats less one) are fewer than units,
        so that the cloud is flat.

    Examples
    --------
    Noise with a standard deviation of 2 in each of three units:

    >>> import numpy as np, horn_neuro as hn
    >>> states = 2 * np.random.default_rng(1).normal(size=(100, 10, 3, 4))
    >>> round(float(np.exp(hn.analysis.log_volume(states))), 1)
    2.0
    """
    states = _states(states)
    n_stimuli, n_repeats, n_units, n_times = states.shape
    freedom = n_stimuli * (n_repeats - 1)
    if freedom < n_units:
        return float("nan")
    rest = states - states.mean(axis=1, keepdims=True)
    rest = rest.transpose(3, 2, 0, 1).reshape(n_times, n_units, -1)
    logs = np.linalg.slogdet(rest @ rest.transpose(0, 2, 1) / freedom)[1]
    # The expectation of log det of a Wishart matrix.
    lost = digamma((freedom - np.arange(n_units)) / 2).sum() + n_units * np.log(2 / freedom)
    return float((logs.mean() - lost) / (2 * n_units))


def cluster_ratio(states, labels):
    """How far classes lie apart, in units of their own spread: an F ratio of traces, over time.

    ``trace(S_between) / trace(S_within)``, each over its degrees of freedom, for the mean
    over the repeats of each stimulus: 1 where the classes make no clusters.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        Responses.
    labels : array_like of int, shape (n_stimuli,)
        Class of every stimulus.

    Returns
    -------
    ratio : ndarray, shape (n_times,)

    Raises
    ------
    ValueError
        If there is one class only, or no class has two stimuli.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> labels = np.arange(40) % 2
    >>> states = np.random.default_rng(1).normal(size=(40, 2, 3, 2))
    >>> states[:, :, 0, 1] += 3 * labels[:, None]  # classes part at the second time
    >>> hn.analysis.cluster_ratio(states, labels).round()
    array([ 0., 82.])
    """
    means, labels = np.asarray(states, float).mean(axis=1), np.asarray(labels)
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.max() < 2:
        raise ValueError(
            f"{len(names)} class, of at most {counts.max(initial=0)} stimuli: clusters need two "
            "classes, and two stimuli in one"
        )
    middles = np.array([means[labels == name].mean(axis=0) for name in names])
    around = means - middles[np.searchsorted(names, labels)]
    between = np.tensordot(counts, ((middles - means.mean(axis=0)) ** 2).sum(axis=1), axes=1)
    within = (around**2).sum(axis=(0, 1))
    return (between / (len(names) - 1)) / (within / (len(labels) - len(names)))
