"""A bank of resonators: damped oscillators that turn sound into slow envelopes."""

import numpy as np

from horn_neuro._quantities import floats, number, whole
from horn_neuro.parameters.physical import network

__all__ = ["envelopes", "resonator_bank"]


def resonator_bank(n_units=32, low_hz=100.0, high_hz=4000.0, sampling_rate=16000.0):
    """Make uncoupled oscillators with frequencies at equal steps of the logarithm.

    Each has the bandwidth with which neighbours meet at half of their power, and answers a
    faint sine of its own frequency with a velocity y of the same amplitude. They are a network
    like any other, which Brian2 simulates.

    Parameters
    ----------
    n_units : int
        Oscillators, at least two.
    low_hz, high_hz : float
        Lowest and highest frequency; the highest is at most a quarter of the sampling rate.
    sampling_rate : float
        Samples per second of the sound, each of which is a step.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If the frequencies do not grow, or are too high for the sampling rate.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> bank = hn.datasets.resonator_bank(4, 100, 800)
    >>> bank.frequency_hz.round()
    array([105., 209., 413., 803.])
    """
    n_units = whole("n_units", n_units, 2)
    low, high = number("low_hz", low_hz, "Hz", above=0), number("high_hz", high_hz, "Hz")
    rate = number("sampling_rate", sampling_rate, "Hz", above=0)
    if not low < high <= rate / 4:
        raise ValueError(
            f"low_hz = {low:g} and high_hz = {high:g}: give frequencies that grow, up to a quarter "
            f"of the sampling rate ({rate / 4:g} Hz)"
        )
    frequency = np.geomspace(low, high, n_units)
    half_step = np.sqrt(frequency[1] / frequency[0])
    bandwidth = frequency * (half_step - 1 / half_step)
    decay_ms = 1000 / (np.pi * bandwidth)
    bank = network(
        np.zeros((n_units, n_units)),
        frequency_hz=frequency,
        decay_ms=decay_ms,
        dt_ms=1000 / rate,
        readout_weights=np.eye(n_units),
    )
    stiff, kept = _recursion(bank)
    once = np.exp(-2j * np.pi * frequency / rate)  # a sample earlier
    gain = np.abs((1 - once) / (1 - stiff * once + kept * once**2))
    return bank.replace(alpha=1 / (gain * bank.h), provenance={"factory": "resonator_bank"})


def envelopes(bank, signals, every):
    """Return how strongly each oscillator of a bank swings, in windows of several steps.

    Parameters
    ----------
    bank : HornParameters
        Uncoupled oscillators with one input, such as those of `resonator_bank`.
    signals : array_like, shape (..., n_samples)
        Sound, a sample a step; the oscillators start at rest.
    every : int
        Steps of a window.

    Returns
    -------
    amplitudes : ndarray, shape (..., n_windows, n_units)
        Of the velocity y: the root of twice the mean of its square in a window. Steps after
        the last whole window are left out.

    Raises
    ------
    ValueError
        If the bank is coupled, or has another number of inputs; if signals are not finite, or
        shorter than a window.

    Notes
    -----
    An uncoupled oscillator is a linear filter of what reaches it through its tanh:
    ``x[k+1] = (2 - 2 gamma h - omega**2 h**2) x[k] - (1 - 2 gamma h) x[k-1] + alpha h**2
    tanh(w_in s[k] + b_in + b_rec / sqrt(n))``, and ``y[k+1] = (x[k+1] - x[k]) / h``. The velocity
    is what a unit passes on to others, and it shuts out low frequencies, which the position
    does not.

    Examples
    --------
    >>> bank = resonator_bank(4, 100, 800)
    >>> tone = 0.1 * np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    >>> envelopes(bank, tone, every=8000)[1].round(2).tolist()
    [0.04, 0.1, 0.04, 0.02]
    """
    # Not above: datasets are imported more often than sound is heard.
    from scipy.signal import lfilter

    signals, every = floats("signals", signals), whole("every", every)
    if bank.n_inputs != 1 or bank.w_rec.sum() or abs(bank.w_rec).max():
        raise ValueError(
            f"bank: {bank!r}; give uncoupled oscillators (w_rec of zeros) with one input"
        )
    if not signals.ndim or signals.shape[-1] < every or not np.isfinite(signals).all():
        raise ValueError(
            f"signals of shape {signals.shape}: give finite numbers, with at least the {every} "
            "steps of a window on the last axis"
        )
    stiff, kept = _recursion(bank)
    n_windows = signals.shape[-1] // every
    found = np.empty((*signals.shape[:-1], n_windows, bank.n_units))
    bias = bank.b_in + bank.b_rec / np.sqrt(bank.n_units)
    for k in range(bank.n_units):
        force = np.tanh(bank.w_in[k, 0] * signals[..., : n_windows * every] + bias[k])
        change = bank.alpha[k] * bank.h * np.array([1.0, -1.0])
        y = lfilter(change, [1.0, -stiff[k], kept[k]], force)
        square = (y**2).reshape(*signals.shape[:-1], n_windows, every).mean(axis=-1)
        found[..., k] = np.sqrt(2 * square)
    return found


def _recursion(bank):
    """Return how much of x goes on, and how much of what it was a step before is taken away."""
    damping = 2 * bank.gamma * bank.h
    return 2 - damping - (bank.omega * bank.h) ** 2, 1 - damping
