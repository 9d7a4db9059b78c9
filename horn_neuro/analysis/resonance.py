"""Resonance: what a unit answers to a sine, exactly and as measured."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import welch

from horn_neuro.parameters import Step

__all__ = [
    "GainCurve",
    "continuous_gain",
    "describing_function",
    "discrete_gain",
    "fit_sine",
    "input_spectrum",
    "predicted_variance",
]


def discrete_gain(params, frequencies):
    """Exact response of the stepped, uncoupled oscillators to a weak sine.

    Parameters
    ----------
    params : HornParameters
        The units; their feedback counts, their weights do not.
    frequencies : array_like, shape (n_frequencies,)
        Frequencies O in rad per unit of model time.

    Returns
    -------
    gain : ndarray of complex, shape (n_units, n_frequencies)
        Position per unit of the argument of tanh: ``h**2 alpha / (1 - (2 - 2
        gamma h - h**2 omega**2 + h**2 alpha feedback) / z + (1 - 2 gamma h) /
        z**2)`` with ``z = exp(i O h)``. Its angle is the phase of x after a step
        against the input of that step.

    Notes
    -----
    The z-transform of one semi-implicit Euler step with tanh(p) = p.

    Examples
    --------
    A unit answers its own frequency most:

    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.network([[0.0]], frequency_hz=36, decay_ms=100)
    >>> hertz = np.array([18, 36, 72])
    >>> gain = hn.analysis.discrete_gain(params, 2 * np.pi * hertz * params.step)
    >>> np.abs(gain).round(1)
    array([[1. , 8.9, 0.3]])
    """
    n, h = params.n_units, params.h
    alone = params.replace(w_rec=np.zeros((n, n)), delays=None)
    # What x and y of a unit make of each other in a step, and what a push makes of both.
    step = np.einsum("aibi->iab", Step(alone).jacobian().reshape(2, n, 2, n))
    push = np.array([[h**2], [h]]) * params.alpha[:, None, None, None]
    z = np.exp(1j * np.asarray(frequencies) * h)
    system = z[:, None, None] * np.eye(2) - step[:, None]  # (unit, frequency, 2, 2)
    return z * np.linalg.solve(system, np.broadcast_to(push, (*system.shape[:3], 1)))[..., 0, 0]


def continuous_gain(params, frequencies):
    """Response of the same oscillators in continuous time.

    Parameters
    ----------
    params : HornParameters
        The units.
    frequencies : array_like, shape (n_frequencies,)
        Frequencies in rad per unit of model time.

    Returns
    -------
    gain : ndarray of complex, shape (n_units, n_frequencies)
        ``alpha / (omega**2 - alpha feedback - O**2 + 2 i gamma O)``.

    Examples
    --------
    At a frequency of 36 Hz, a step of 1 ms makes little difference:

    >>> import numpy as np, horn_neuro as hn
    >>> params, frequency = hn.network([[0.0]], frequency_hz=36, decay_ms=100), [0.072 * np.pi]
    >>> exact = hn.analysis.discrete_gain(params, frequency)
    >>> float(np.abs(hn.analysis.continuous_gain(params, frequency) / exact)[0, 0].round(2))
    0.98
    """
    omega, gamma, alpha, feedback = (
        getattr(params, name)[:, None] for name in ("omega", "gamma", "alpha", "feedback")
    )
    O = np.asarray(frequencies)  # noqa: E741  as in the formula
    return alpha / (omega**2 - alpha * feedback - O**2 + 2j * gamma * O)


def describing_function(amplitudes, n_points=4096):
    """Share of a sine's amplitude that tanh passes on at the sine's own frequency.

    Parameters
    ----------
    amplitudes : array_like
        Amplitudes of the argument of tanh.
    n_points : int
        Points of one cycle for the integral.

    Returns
    -------
    share : ndarray, shape of `amplitudes`
        First Fourier coefficient of ``tanh(A sin)``, divided by A: 1 for weak
        sines, 4 / (pi A) for strong ones.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.analysis.describing_function([0.01, 1.0, 100.0]).round(3)
    array([1.   , 0.812, 0.013])
    """
    amplitudes = np.asarray(amplitudes, float)
    wave = np.sin(2 * np.pi * (np.arange(n_points) + 0.5) / n_points)
    passed = np.tanh(amplitudes[..., None] * wave) @ wave * 2 / n_points
    return np.divide(passed, amplitudes, out=np.ones_like(passed), where=amplitudes > 0)


def fit_sine(x, frequencies, h=1.0, start=0):
    """Fit a sine and a constant to each trial, at the frequency of its drive.

    Parameters
    ----------
    x : array_like, shape (n_trials, n_units, n_steps)
        Responses, one trial for each frequency.
    frequencies : array_like, shape (n_trials,)
        Frequencies in rad per unit of model time.
    h : float
        Model time per step.
    start : int
        First step of the fit, when transients are over.

    Returns
    -------
    response : ndarray of complex, shape (n_units, n_trials)
        Amplitude and phase against ``sin(frequency h k)`` at step k.

    Raises
    ------
    ValueError
        If fewer steps are left than a cycle of the slowest frequency.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> x = 3 * np.sin(0.2 * np.arange(200) - 1)  # lags by 1 rad
    >>> response = hn.analysis.fit_sine(x[None, None], [0.2])[0, 0]
    >>> round(float(np.abs(response)), 3), round(float(np.angle(response)), 3)
    (3.0, -1.0)
    """
    x, frequencies = np.asarray(x), np.asarray(frequencies, float)
    steps = np.arange(start, x.shape[2])
    cycle = 2 * np.pi / (h * frequencies.min())
    if len(steps) < cycle:
        raise ValueError(
            f"start = {start}: {len(steps)} steps are left to fit, but a cycle of the slowest "
            f"drive takes {cycle:.0f}; record longer"
        )
    response = np.empty((x.shape[1], len(frequencies)), complex)
    for k, frequency in enumerate(frequencies):
        angle = frequency * h * steps
        design = np.column_stack([np.sin(angle), np.cos(angle), np.ones_like(angle)])
        sine, cosine, _ = np.linalg.lstsq(design, x[k, :, start:].T, rcond=None)[0]
        response[:, k] = sine + 1j * cosine
    return response


@dataclass(frozen=True, eq=False)
class GainCurve:
    """Gain of several units over a grid of frequencies.

    Parameters
    ----------
    frequencies : ndarray, shape (n_frequencies,)
        Ascending, in rad per unit of model time.
    gain : ndarray, shape (n_units, n_frequencies)
        Amplitude of the response per amplitude of the drive.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.network([[0.0]], frequency_hz=36, decay_ms=100)
    >>> hertz = np.geomspace(10, 100, 200)
    >>> gain = hn.analysis.discrete_gain(params, 2 * np.pi * hertz * params.step)
    >>> curve = hn.analysis.GainCurve(hertz, np.abs(gain))
    >>> f"peak {curve.peak[0]:.1f} Hz, width {curve.bandwidth[0]:.1f} Hz, Q {curve.quality[0]:.0f}"
    'peak 36.0 Hz, width 3.2 Hz, Q 11'
    """

    frequencies: np.ndarray
    gain: np.ndarray

    def _inverse(self, gain):
        # The squared inverse gain of a resonance is smooth, where the gain itself is sharp.
        return CubicSpline(self.frequencies, gain**-2.0)

    def _lowest(self, inverse):
        turns = inverse.derivative().roots(extrapolate=False)
        candidates = np.r_[self.frequencies[[0, -1]], turns]
        return candidates[inverse(candidates).argmin()]

    @property
    def peak(self):
        """Frequency of the largest gain, also between grid points, shape (n_units,)."""
        return np.array([self._lowest(self._inverse(gain)) for gain in self.gain])

    @property
    def bandwidth(self):
        """Width where the gain is above its maximum / sqrt(2), shape (n_units,).

        NaN where the grid does not hold both edges.
        """
        return np.array([self._width(self._inverse(gain)) for gain in self.gain])

    def _width(self, inverse):
        peak = self._lowest(inverse)
        edges = inverse.solve(2 * inverse(peak), extrapolate=False)
        below, above = edges[edges < peak], edges[edges > peak]
        return above.min() - below.max() if len(below) and len(above) else np.nan

    @property
    def quality(self):
        """Q factor: peak over bandwidth, shape (n_units,)."""
        return self.peak / self.bandwidth

    def to_dict(self):
        """Return the curve and all that follows from it as lists, for JSON."""
        names = ("frequencies", "gain", "peak", "bandwidth", "quality")
        return {name: getattr(self, name).tolist() for name in names}


def input_spectrum(inputs, n_frequencies=512):
    """Power spectral density of input sequences.

    Parameters
    ----------
    inputs : array_like, shape (n_sequences, n_steps)
        Sequences; the mean of each is taken out.
    n_frequencies : int
        Half the length of the periodogram that sequences are padded to.

    Returns
    -------
    frequencies : ndarray, shape (n_frequencies + 1,)
        In rad per step, from 0 to pi.
    power : ndarray, shape (n_sequences, n_frequencies + 1)
        Power per rad per step.

    See Also
    --------
    scipy.signal.welch : Which computes it, with a single Hann window.

    Examples
    --------
    Rows of a digit have 28 pixels:

    >>> import numpy as np, horn_neuro as hn
    >>> digits = hn.datasets.smnist()[:50].inputs[:, :, 0]
    >>> frequencies, power = hn.analysis.input_spectrum(digits)
    >>> above = frequencies > 0.1
    >>> peak = frequencies[above][power.mean(axis=0)[above].argmax()]
    >>> round(2 * np.pi / float(peak))
    28
    """
    inputs = np.asarray(inputs)
    frequencies, power = welch(
        inputs,
        fs=2 * np.pi,
        nperseg=inputs.shape[1],
        nfft=max(2 * n_frequencies, inputs.shape[1]),
        detrend="constant",
    )
    return frequencies, power


def predicted_variance(params, inputs):
    """Variance of x of uncoupled units under weak periodic inputs: squared gain times spectrum.

    Parameters
    ----------
    params : HornParameters
        The units; all of them hear the input with weight 1.
    inputs : array_like, shape (n_sequences, n_steps)
        A period of each input, over and over.

    Returns
    -------
    variance : ndarray, shape (n_units,)
        Mean over sequences.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.network(np.zeros((3, 3)), frequency_hz=[18, 36, 72], decay_ms=100)
    >>> drive = 1e-3 * np.sin(2 * np.pi * np.arange(28) / 28)[None]  # 36 Hz
    >>> int(hn.analysis.predicted_variance(params, drive).argmax())
    1
    """
    inputs = np.asarray(inputs)
    n_steps = inputs.shape[1]
    # A periodic input has power at multiples of 1 / n_steps only.
    amplitude = np.fft.rfft(inputs, axis=1)[:, 1:] / n_steps
    weight = np.full(amplitude.shape[1], 2.0)
    weight[-1] = 1.0 if n_steps % 2 == 0 else 2.0
    frequencies = 2 * np.pi * np.arange(1, len(weight) + 1) / n_steps / params.h
    power = (np.abs(amplitude) ** 2).mean(axis=0) * weight
    return np.abs(discrete_gain(params, frequencies)) ** 2 @ power
