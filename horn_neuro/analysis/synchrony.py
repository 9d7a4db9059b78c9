"""Synchrony of a network: phase-locking of its pairs in windows, and how it is distributed."""

import numpy as np

__all__ = ["pair_locking", "spread_over_pairs", "windowed_plv"]


def windowed_plv(z, length, step=None):
    """Phase-locking value over time of all pairs, in windows that slide along each trial.

    Parameters
    ----------
    z : array_like of complex, shape (n_trials, n_units, n_times)
        Phases as the angles of complex numbers, such as of `oscillator_signal`.
    length : int
        Samples of a window.
    step : int | None
        Samples from one window to the next; None is `length`, so that none overlap.

    Returns
    -------
    plv : ndarray, shape (n_windows, n_trials, n_pairs)
        Of the windows that fit in, and of pairs in the order of ``numpy.tril_indices(n, -1)``.
        What has no amplitude is locked to nothing.

    Raises
    ------
    ValueError
        If there is one unit, or no window fits in.

    Examples
    --------
    >>> z = np.exp(1j * np.arange(100) * np.array([[0.2], [0.2], [0.3]]))[None]
    >>> windowed_plv(z, 50).round(2).tolist()
    [[[1.0, 0.24, 0.24]], [[1.0, 0.24, 0.24]]]

    References
    ----------
    Lachaux, Rodriguez, Martinerie and Varela, Hum Brain Mapp 1999,
    doi:10.1002/(SICI)1097-0193(1999)8:4<194::AID-HBM4>3.0.CO;2-C.
    """
    z = np.asarray(z)
    n_units, n_times = z.shape[1:]
    if n_units < 2 or not 1 <= length <= n_times:
        raise ValueError(
            f"{n_units} units, {n_times} samples and a window of {length}: give at least two "
            "units, and a window of at least 1 that fits in"
        )
    size = np.abs(z)
    phasors = np.divide(z, size, out=np.zeros_like(z, complex), where=size > 0)
    pairs = np.tril_indices(n_units, -1)
    plv = []
    for start in range(0, n_times - length + 1, step or length):
        part = phasors[:, :, start : start + length]
        plv.append(np.abs(part @ part.conj().transpose(0, 2, 1))[:, *pairs] / length)
    return np.array(plv)


def pair_locking(z, length=None):
    """Mean locking of every pair over trials and windows: what each pair tends to.

    Parameters
    ----------
    z : array_like of complex, shape (n_trials, n_units, n_times)
        As in `windowed_plv`.
    length : int | None
        Samples of a window; None takes all.

    Returns
    -------
    plv, ppc : ndarray, shape (n_pairs,)
        PPC is that over time, which is biased (see `ppc_over_time`).

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> z = np.exp(1j * np.arange(100) * np.array([[0.2], [0.2], [0.3]]))[None]
    >>> plv, ppc = hn.analysis.pair_locking(z, length=50)
    >>> plv.round(2), ppc.round(2)
    (array([1.  , 0.24, 0.24]), array([1.  , 0.04, 0.04]))
    """
    length = np.shape(z)[2] if length is None else length
    plv = windowed_plv(z, length)
    ppc = (length * plv**2 - 1) / (length - 1)
    return plv.mean(axis=(0, 1)), ppc.mean(axis=(0, 1))


def spread_over_pairs(values):
    """Return mean, standard deviation and interquartile range of values (dict of float).

    Examples
    --------
    >>> import horn_neuro as hn
    >>> found = hn.analysis.spread_over_pairs([0.1, 0.2, 0.3, 0.4, 0.5])
    >>> {name: round(value, 2) for name, value in found.items()}
    {'mean': 0.3, 'SD': 0.14, 'IQR': 0.2}
    """
    low, high = np.quantile(values, [0.25, 0.75])
    return {"mean": float(np.mean(values)), "SD": float(np.std(values)), "IQR": float(high - low)}
