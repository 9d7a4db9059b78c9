"""How near a network is to the edge of instability: Lyapunov exponents, time scales, avalanches."""

import contextlib
import io
import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from horn_neuro.parameters import Step

__all__ = [
    "Avalanches",
    "LyapunovSpectrum",
    "autocorrelation_time",
    "avalanches",
    "avalanches_against_shifts",
    "circular_shifts",
    "critical_gain",
    "fit_power_law",
    "fixed_point",
    "lyapunov_spectrum",
    "order_susceptibility",
]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """The largest Lyapunov exponents of a trajectory.

    Parameters
    ----------
    blocks : ndarray, shape (n_blocks, n_exponents)
        Mean growth rates per step of successive stretches of the trajectory.
    """

    blocks: np.ndarray

    @property
    def exponents(self):
        """Per step, the largest first, shape (n_exponents,)."""
        return self.blocks.mean(axis=0)

    @property
    def error(self):
        """Standard error over blocks, shape (n_exponents,)."""
        return self.blocks.std(axis=0, ddof=1) / np.sqrt(len(self.blocks))

    @property
    def converged(self):
        """Whether the largest exponent can be told (bool).

        Its standard error is at most 0.001 per step, and both halves of the trajectory agree
        within three standard errors. Chaos needs some thousand steps for that: 1,000 can read
        0 where 8,000 read 0.004.
        """
        largest = self.blocks[:, 0]
        halves = np.array_split(largest, 2)
        apart = abs(halves[0].mean() - halves[1].mean())
        return bool(self.error[0] <= 1e-3 and apart <= 6 * self.error[0] + 1e-6)


def lyapunov_spectrum(
    params,
    inputs=None,
    *,
    n_steps=4000,
    n_exponents=1,
    settle=2000,
    x=None,
    y=None,
    seed=0,
    coupling=None,
):
    """Largest Lyapunov exponents by QR on the analytic Jacobian of a step.

    Parameters
    ----------
    params : HornParameters
        The network; delays extend the state by the past.
    inputs : array_like, shape (settle + n_steps, n_inputs) | None
        What drives it; None is silence.
    n_steps : int
        Steps to average over.
    n_exponents : int
        How many, at most the dimension of the state, ``2 n`` without delays.
    settle : int
        Steps before, in which the trajectory and the tangent vectors settle.
    x, y : array_like, shape (n_units,) | None
        Where to start; None draws a small random state.
    seed : int
        Of the start and of the tangent vectors.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides.

    Returns
    -------
    spectrum : LyapunovSpectrum
        Look at `LyapunovSpectrum.converged` before you take it for true.

    Raises
    ------
    ValueError
        If a number does not fit, or the inputs have another shape.

    Notes
    -----
    A largest exponent of 0 is that of every limit cycle, and no sign of criticality: look at
    the second one as well. An uncoupled network has 0.5 ln(1 - 2 gamma h) of its least damped unit.
    Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 1980,
    doi:10.1007/BF02128236.
    """
    n, step = params.n_units, Step(params, coupling)
    size = (step.n_x + step.n_y) * n
    if not 1 <= n_exponents <= size:
        raise ValueError(f"n_exponents = {n_exponents}: this state has {size} dimensions")
    if n_steps < 40 or settle < 0:
        raise ValueError(f"n_steps = {n_steps}, settle = {settle}: give at least 40, and 0")
    total = settle + n_steps
    if inputs is None:
        inputs = np.zeros((total, params.n_inputs))
    inputs = np.asarray(inputs, float)
    if inputs.shape != (total, params.n_inputs):
        raise ValueError(f"inputs have shape {inputs.shape}; give {(total, params.n_inputs)}")
    rng = np.random.default_rng(seed)
    positions, velocities = np.zeros((step.n_x, n)), np.zeros((step.n_y, n))
    positions[0] = rng.normal(0, 0.1, n) if x is None else x
    velocities[0] = rng.normal(0, 0.02, n) if y is None else y
    tangent = linalg.qr(rng.normal(size=(size, n_exponents)), mode="economic")[0]
    every, growth = 10, []
    for k, drive in enumerate(step.drive_of(inputs)):
        slope = 1 - np.tanh(step.argument(positions, velocities, drive)) ** 2
        vectors = tangent.reshape(-1, n, n_exponents)
        carried = step.tangent(vectors[: step.n_x], vectors[step.n_x :], slope[:, None])
        tangent = np.concatenate(carried).reshape(size, n_exponents)
        positions, velocities = step(positions, velocities, drive)
        if (k + 1) % every == 0:
            tangent, r = linalg.qr(tangent, mode="economic")
            if k >= settle:
                growth.append(np.log(np.maximum(np.abs(np.diag(r)), 1e-300)) / every)
    blocks = np.array_split(np.array(growth), min(10, len(growth)))
    return LyapunovSpectrum(np.array([block.mean(axis=0) for block in blocks]))


def fixed_point(params, inputs=0.0):
    """Positions at which a network stands still under a constant input.

    There y is 0, so that neither recurrent weights nor delays count:
    ``omega**2 x = alpha tanh(w_in s + b_in + b_rec / sqrt(n) + feedback x)``.

    Parameters
    ----------
    params : HornParameters
        The network.
    inputs : float | array_like, shape (n_inputs,)
        The constant input s.

    Returns
    -------
    x : ndarray, shape (n_units,)
        Where feedback leaves several, the one on the side to which the input pushes.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> x, y = hn.parameters.Step(params)(fixed_point(params)[None], np.zeros((1, 4)), 0.0)
    >>> float(abs(x - fixed_point(params)).max()) < 1e-12
    True
    """
    inputs = np.broadcast_to(np.asarray(inputs, float), params.n_inputs)
    push = params.w_in @ inputs + params.b_in + params.b_rec / np.sqrt(params.n_units)
    widest = params.alpha / params.omega**2
    # Bisection between rest and the furthest: in between, the force changes its sign once.
    near, far = np.zeros_like(push), widest * np.sign(push)
    for _ in range(60):
        x = (near + far) / 2
        outward = np.sign(push) * (widest * np.tanh(push + params.feedback * x) - x) > 0
        near, far = np.where(outward, x, near), np.where(outward, far, x)
    return (near + far) / 2


def critical_gain(params, inputs=0.0):
    """Factor of w_rec at which small deviations from the fixed point begin to grow.

    Parameters
    ----------
    params : HornParameters
        The network, with its biases, feedback and delays.
    inputs : float | array_like, shape (n_inputs,)
        Constant input; 0 is silence.

    Returns
    -------
    gain : float
        Factor with a growing mode of the step linearised at the `fixed_point`, found by
        doubling and bisection to 1e-4, the smallest if growth increases with the factor;
        infinite if there is none up to 1000.

    Notes
    -----
    Biases lower the slope of tanh: without them the edge would seem nearer than it is.
    """
    x = fixed_point(params, inputs)
    inputs = np.broadcast_to(np.asarray(inputs, float), params.n_inputs)
    still = Step(params)
    argument = still.argument(
        np.broadcast_to(x, (still.n_x, len(x))),
        np.zeros((still.n_y, len(x))),
        still.drive_of(inputs),
    )
    slope = 1 - np.tanh(argument) ** 2

    def grows(gain):
        step = Step(params.replace(w_rec=gain * params.w_rec))
        return np.abs(linalg.eigvals(step.jacobian(slope))).max() > 1

    low, high = 0.0, 1.0
    while not grows(high):
        low, high = high, 2 * high
        if high > 1000:
            return np.inf
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return high


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
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    surrogate : SpikeTrains
    """
    n_trials, n_units, n_steps = spikes.shape
    shift = rng.integers(n_steps, size=(n_trials, n_units))[spikes.trial, spikes.unit]
    sample = (spikes.sample + shift) % n_steps
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
    rng : numpy.random.Generator
        The source of randomness of `circular_shifts`.

    Returns
    -------
    found : dict of str to dict
        For "network" and "shifted", the "sizes" and the "fit" of a power law (see
        `fit_power_law`), or why there is none.
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
    """
    return float(n_units * np.var(order))
