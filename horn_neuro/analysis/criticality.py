"""Signs of criticality in activity: time scales, avalanches of spikes, fluctuations of order."""

import contextlib
import io
import warnings
from dataclasses import dataclass, replace

import numpy as np

from horn_neuro._quantities import random_source

__all__ = [
    "Avalanches",
    "autocorrelation_time",
    "avalanches",
    "avalanches_against_shifts",
    "circular_shifts",
    "fit_power_law",
    "order_susceptibility",
]


def autocorrelation_time(z):
    """Time until the autocorrelation of the oscillations has fallen to 1/e.

    Parameters
    ----------
    z : array_like of complex, shape (n_trials, n_channels, n_times)
        Analytic signals, as from `analytic_signal`; their modulus of correlation
        has no oscillation left in it.

    Returns
    -------
    time : ndarray, shape (n_channels,)
        In samples, between samples by linear interpolation; NaN where it is
        longer than half of the record.

    Examples
    --------
    An oscillation under noise, which forgets by a factor of 0.9 a sample:

    >>> import numpy as np, horn_neuro as hn
    >>> from scipy.signal import lfilter
    >>> noise = np.random.default_rng(1).normal(size=(20, 1, 2000))
    >>> z = lfilter([1], [1, -0.9 * np.exp(0.3j)], noise)
    >>> time, expected = hn.analysis.autocorrelation_time(z)[0], -1 / np.log(0.9)
    >>> bool(abs(time - expected) < 0.05 * expected)
    True
    """
    z = np.asarray(z)
    n_times = z.shape[2]
    still = (1e-12 * np.abs(z).max(axis=(0, 2))[:, None]) ** 2  # rounding of a constant
    z = z - z.mean(axis=2, keepdims=True)
    spectrum = np.abs(np.fft.fft(z, 2 * n_times, axis=2)) ** 2
    lagged = np.fft.ifft(spectrum, axis=2).mean(axis=0)[:, : n_times // 2]
    correlation = np.abs(lagged) / (n_times - np.arange(n_times // 2))
    moves = correlation[:, :1] > still
    correlation = np.divide(
        correlation, correlation[:, :1], out=np.ones_like(correlation), where=moves
    )
    times = np.full(len(correlation), np.nan)
    for channel, values in enumerate(correlation):
        below = np.flatnonzero(values < np.exp(-1))
        if len(below):
            k = below[0]
            times[channel] = k - 1 + (values[k - 1] - np.exp(-1)) / (values[k - 1] - values[k])
    return times


@dataclass(frozen=True, eq=False)
class Avalanches:
    """Stretches of population activity between silent bins.

    Parameters
    ----------
    size : ndarray of int
        Spikes in each.
    duration : ndarray of int
        Bins of each.
    bin_steps : int
        Width of the bins in steps.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> found = hn.analysis.Avalanches(np.array([3, 1]), np.array([2, 1]), bin_steps=1)
    >>> float(found.size.mean())
    2.0
    """

    size: np.ndarray
    duration: np.ndarray
    bin_steps: int


def avalanches(spikes, bin_steps=None):
    """Cut population spiking into avalanches.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all trials; trials are cut one by one.
    bin_steps : int | None
        Width of the bins; None takes the mean interval between spikes of the
        population, at least one step.

    Returns
    -------
    found : Avalanches
        Without those that touch the beginning or the end of a trial.

    References
    ----------
    Beggs and Plenz, J Neurosci 2003, doi:10.1523/JNEUROSCI.23-35-11167.2003.

    Examples
    --------
    Three spikes in two steps, and one by itself:

    >>> import numpy as np, horn_neuro as hn
    >>> trial, unit, sample = np.array([[0, 0, 0, 0], [0, 1, 2, 1], [2, 2, 3, 6]])
    >>> spikes = hn.recording.SpikeTrains(trial, unit, sample, shape=(1, 3, 10))
    >>> found = hn.analysis.avalanches(spikes, bin_steps=1)
    >>> found.size, found.duration
    (array([3, 1]), array([2, 1]))
    """
    n_trials, _, n_steps = spikes.shape
    if bin_steps is None:
        bin_steps = max(1, round(n_trials * n_steps / max(1, len(spikes))))
    n_bins = n_steps // bin_steps
    sizes, durations = [], []
    for trial in range(n_trials):
        samples = spikes.sample[spikes.trial == trial] // bin_steps
        activity = np.bincount(samples[samples < n_bins], minlength=n_bins)
        silent = np.flatnonzero(activity == 0)
        if len(silent) < 2:
            continue
        total = np.r_[0, np.cumsum(activity)]
        between = np.diff(silent) > 1
        start, end = silent[:-1][between] + 1, silent[1:][between]
        sizes.append(total[end] - total[start])
        durations.append(end - start)
    empty = [np.zeros(0, int)]
    return Avalanches(np.concatenate(sizes or empty), np.concatenate(durations or empty), bin_steps)


def circular_shifts(spikes, rng):
    """Shift the spikes of every trial and unit by a time of its own: a surrogate.

    Intervals and rates stay (but for the seam); what units have in common goes.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all trials.
    rng : int | numpy.random.Generator
        The source of randomness, or its seed.

    Returns
    -------
    surrogate : SpikeTrains

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> sample = np.arange(0, 100, 10)  # two units that spike together
    >>> both = np.repeat([0, 1], 10), np.tile(sample, 2)
    >>> spikes = hn.recording.SpikeTrains(np.zeros(20, int), *both, shape=(1, 2, 100))
    >>> surrogate = hn.analysis.circular_shifts(spikes, rng=1)
    >>> [surrogate.sample[surrogate.unit == unit][:3] for unit in (0, 1)]
    [array([ 7, 17, 27]), array([ 1, 11, 21])]
    """
    n_trials, n_units, n_steps = spikes.shape
    shift = random_source(rng).integers(n_steps, size=(n_trials, n_units))
    sample = (spikes.sample + shift[spikes.trial, spikes.unit]) % n_steps
    order = np.argsort(sample, kind="stable")
    return replace(spikes, trial=spikes.trial[order], unit=spikes.unit[order], sample=sample[order])


def fit_power_law(sizes):
    """Fit a power law to avalanche sizes, and compare it with what looks like one.

    Parameters
    ----------
    sizes : array_like of int
        At least 50 of at least two values.

    Returns
    -------
    fit : dict of str to float
        "exponent" and its standard "error", "from" (the smallest size fitted),
        "share" of the avalanches that are fitted, and for "lognormal" and
        "exponential" the log-likelihood ratio (positive: the power law is
        better) with its "... p".

    Raises
    ------
    ImportError
        If powerlaw is not installed.
    ValueError
        If there are too few avalanches.

    References
    ----------
    Alstott, Bullmore and Plenz, PLoS ONE 2014, doi:10.1371/journal.pone.0085777;
    Clauset, Shalizi and Newman, SIAM Rev 2009, doi:10.1137/070710111.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> sizes = np.random.default_rng(1).zipf(2.5, 2000)
    >>> fit = hn.analysis.fit_power_law(sizes)
    >>> f"exponent {fit['exponent']:.1f}, better than exponential: {fit['exponential'] > 0}"
    'exponent 2.5, better than exponential: True'
    """
    sizes = np.asarray(sizes)
    if len(sizes) < 50 or len(np.unique(sizes)) < 2:
        raise ValueError(
            f"{len(sizes)} avalanches of {len(np.unique(sizes))} sizes: a fit needs at least 50 of "
            "two; record longer, or narrow the bins"
        )
    try:
        import powerlaw
    except ImportError:
        raise ImportError(
            "fit_power_law needs the package powerlaw; install it by pip install powerlaw, or "
            "pip install '.[criticality]' in a clone"
        ) from None
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        fit = powerlaw.Fit(sizes, discrete=True, verbose=False)
        described = {
            "exponent": float(fit.power_law.alpha),
            "error": float(fit.power_law.sigma),
            "from": float(fit.power_law.xmin),
            "share": float(np.mean(sizes >= fit.power_law.xmin)),
        }
        for other in ("lognormal", "exponential"):
            ratio, p = fit.distribution_compare("power_law", other, normalized_ratio=True)
            described |= {other: float(ratio), f"{other} p": float(p)}
    return described


def avalanches_against_shifts(spikes, rng):
    """Sizes of avalanches, in bins of one step, of spikes and of their surrogates.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all trials.
    rng : int | numpy.random.Generator
        The source of randomness of `circular_shifts`, or its seed.

    Returns
    -------
    found : dict of str to dict
        For "network" and "shifted", the "sizes" and the "fit" of a power law (see
        `fit_power_law`), or why there is none.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> sample = np.repeat(np.arange(5, 1000, 10), 5)  # five units that spike together
    >>> unit, trial = np.tile(np.arange(5), 100), np.zeros(500, int)
    >>> spikes = hn.recording.SpikeTrains(trial, unit, sample, shape=(1, 5, 1000))
    >>> found = hn.analysis.avalanches_against_shifts(spikes, rng=1)
    >>> float(found["network"]["sizes"].mean()), bool(found["shifted"]["sizes"].mean() < 5)
    (5.0, True)
    """
    found = {}
    for name, trains in (("network", spikes), ("shifted", circular_shifts(spikes, rng))):
        sizes = avalanches(trains, 1).size
        try:
            fit = fit_power_law(sizes)
        except (ImportError, ValueError) as error:
            fit = {"not fitted": str(error)}
        found[name] = {"sizes": sizes, "fit": fit}
    return found


def order_susceptibility(order, n_units):
    """Fluctuation of the order parameter, ``n (mean R**2 - (mean R)**2)``.

    Parameters
    ----------
    order : array_like, shape (n_trials, n_times)
        Kuramoto order parameter, as from `kuramoto_order_parameter`.
    n_units : int
        Number of units.

    Returns
    -------
    susceptibility : float
        Independent phases give about 1 - pi / 4 = 0.215, whatever their number.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> round(hn.analysis.order_susceptibility([[0.1, 0.3]], n_units=100), 6)
    1.0
    """
    return float(n_units * np.var(order))
