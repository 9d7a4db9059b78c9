"""Waveforms of drives: what each is at every step, in units of its amplitude."""

import os
import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import signal

from horn_neuro._epochs import chosen_epochs
from horn_neuro.parameters import generator

__all__ = ["Chirp", "Noise", "Pulse", "Samples", "Sine", "raw_samples", "wav_samples"]

ORDER = 4  # of the Butterworth filter of noise
RINGS = 1e-8  # what is left of its response before the noise begins
LONGEST = 10**6  # steps that it may ring for
DENOMINATOR = 10_000  # of the ratio of two rates
DRIFT = 0.05  # samples by which that may be wrong at the end


@dataclass(frozen=True)
class Sine:
    """``sin(2 pi f t + phase)``, t from the start of the drive."""

    frequency_hz: float
    phase: float = 0.0

    def __str__(self):
        return f"sine of {self.frequency_hz:g} Hz"

    def draw(self, n, length, step, n_trials, n_units, rng):
        """Return the first n of `length` steps, ndarray (1 or n_trials, n, 1 or n_units)."""
        _check_frequency("frequency_hz", self.frequency_hz, step)
        angle = 2 * np.pi * self.frequency_hz * step * np.arange(n)
        return np.sin(angle + self.phase)[None, :, None]


@dataclass(frozen=True)
class Chirp:
    """A sine whose frequency goes from the first to the last one while the drive lasts."""

    first_hz: float
    last_hz: float
    logarithmic: bool

    def __str__(self):
        return f"chirp from {self.first_hz:g} to {self.last_hz:g} Hz"

    def draw(self, n, length, step, n_trials, n_units, rng):
        """Return what `Sine.draw` returns."""
        _check_frequency("first_hz", self.first_hz, step)
        _check_frequency("last_hz", self.last_hz, step)
        method = "logarithmic" if self.logarithmic else "linear"
        ends = self.first_hz, length * step, self.last_hz
        return signal.chirp(step * np.arange(n), *ends, method, phi=-90)[None, :, None]


@dataclass(frozen=True)
class Pulse:
    """1 while the drive lasts."""

    def __str__(self):
        return "pulse"

    def draw(self, n, length, step, n_trials, n_units, rng):
        """Return what `Sine.draw` returns."""
        return np.ones((1, n, 1))


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of standard deviation 1, white or of a band."""

    low_hz: float | None
    high_hz: float | None
    common: bool
    frozen: bool
    seed: int | None

    def __str__(self):
        ends = ("0" if self.low_hz is None else f"{self.low_hz:g}", self.high_hz)
        if self.low_hz is None and self.high_hz is None:
            return "white noise"
        return f"noise of {ends[0]} Hz " + ("and more" if ends[1] is None else f"to {ends[1]:g} Hz")

    def draw(self, n, length, step, n_trials, n_units, rng):
        """Return what `Sine.draw` returns; a longer noise begins as a shorter one."""
        rng = rng if self.seed is None else generator(self.seed, "drive")
        shape = 1 if self.frozen else n_trials, 1 if self.common else n_units
        ends = [hz for hz in (self.low_hz, self.high_hz) if hz is not None]
        for hz in ends:
            _check_frequency("band_hz", hz, step)
        if not ends:
            return rng.standard_normal((n, *shape)).swapaxes(0, 1)
        kind = "band" if len(ends) == 2 else "high" if self.high_hz is None else "low"
        ends = ends if kind == "band" else ends[0]
        zeros, poles, gain = signal.butter(ORDER, ends, kind, output="zpk", fs=1 / step)
        before = np.log(RINGS) / np.log(np.abs(poles).max())
        if not 0 <= before < LONGEST:
            raise ValueError(
                f"drive: band_hz = {(self.low_hz, self.high_hz)}: such a filter rings for more "
                f"than {LONGEST} steps of {step:g} s; widen the band, or lengthen the step"
            )
        before = int(before) + 1
        sections = signal.zpk2sos(zeros, poles, gain)
        response = signal.sosfilt(sections, np.eye(1, before)[0])
        noise = signal.sosfilt(sections, rng.standard_normal((before + n, *shape)), axis=0)
        return noise[before:].swapaxes(0, 1) / np.sqrt(response @ response)


@dataclass(frozen=True, eq=False)
class Samples:
    """Given values, shape (1 or n_trials, n_samples, 1 or n_units), at a rate or one a step."""

    values: np.ndarray
    rate_hz: float | None
    name: str

    def __str__(self):
        return self.name

    def draw(self, n, length, step, n_trials, n_units, rng):
        """Return what `Sine.draw` returns; what comes after the samples is 0."""
        trials, _, columns = self.values.shape
        if trials not in (1, n_trials):
            raise ValueError(
                f"drive: {self.name} has {trials} trials, but there are {n_trials}; give one "
                "trial, or as many"
            )
        if columns not in (1, n_units):
            raise ValueError(
                f"drive: {self.name} has {columns} channels for {n_units} units; give one for all, "
                "or one for each of units="
            )
        values = self.values if self.rate_hz is None else _resampled(self, step)
        drawn = np.zeros((trials, n, columns))
        drawn[:, : values.shape[1]] = values[:, :n]
        return drawn

    def steps(self, step):
        """Return how many steps there are samples for (int)."""
        n = self.values.shape[1]
        if self.rate_hz is None:
            return n
        ratio = _ratio(self, step)
        return -(-n * ratio.numerator // ratio.denominator)


def _check_frequency(name, hz, step):
    highest = 0.5 / step
    if not 0 < hz < highest:
        raise ValueError(
            f"drive: {name} = {hz:g}: a step of {1e3 * step:g} ms knows frequencies below "
            f"{highest:g} Hz (Nyquist's); give a lower one in Hz, or shorten the step"
        )


def _ratio(samples, step):
    """Return steps for each sample, as a fraction of which filters can be made."""
    exact = 1 / (samples.rate_hz * step)
    ratio = Fraction(exact).limit_denominator(DENOMINATOR)
    drift = abs(ratio - exact) * samples.values.shape[1]
    if not 0 < ratio <= DENOMINATOR or drift > DRIFT:
        raise ValueError(
            f"drive: {samples.name} at {samples.rate_hz:.10g} Hz cannot be brought to a step of "
            f"{1e3 * step:g} ms in a simple ratio; resample it beforehand, in MNE by "
            f"raw.resample({1 / step:g})"
        )
    return ratio


def _resampled(samples, step):
    ratio = _ratio(samples, step)
    if ratio == 1:
        return samples.values
    ends = {"axis": 1, "padtype": "line"}  # which does not begin and end with a jump to 0
    return signal.resample_poly(samples.values, ratio.numerator, ratio.denominator, **ends)


def wav_samples(path):
    """Read a WAV file.

    Parameters
    ----------
    path : str | Path
        The file.

    Returns
    -------
    samples : Samples
        The mean of its channels, centred and of standard deviation 1.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is none that scipy reads, or silent.
    """
    from scipy.io import wavfile

    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"drive: path = {path!r}: give the name of a WAV file")
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"drive: there is no WAV file {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # of notes beside the sound
            rate, values = wavfile.read(path)
    except Exception as error:  # of files by others
        raise ValueError(f"drive: {path} is no WAV file that can be read ({error})") from None
    values = values.astype(float).reshape(len(values), -1).mean(axis=1, keepdims=True)
    return Samples(_scaled(path.name, values), float(rate), path.name)


def raw_samples(raw, picks):
    """Take the signals of MNE.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Continuous data.
    picks : str | array_like | None
        Channels, as MNE takes them; None is all but stimulus channels and bad ones.

    Returns
    -------
    samples : Samples
        Centred, each channel by itself, and of standard deviation 1 over all of them.

    Raises
    ------
    ValueError
        If it is no Raw, has values that are not finite, or is constant.
    """
    import mne

    if not isinstance(raw, mne.io.BaseRaw):
        raise ValueError(f"drive: raw = {raw!r}: give an mne.io.Raw")
    values = chosen_epochs(raw, picks).get_data(picks="all").T
    return Samples(_scaled("raw", values), float(raw.info["sfreq"]), "raw")


def _scaled(name, values):
    if not values.size or not np.isfinite(values).all():
        raise ValueError(f"drive: {name} has no values, or some that are not finite; mend it first")
    if not np.ptp(values, axis=0).any():
        raise ValueError(f"drive: {name} is constant; give a signal, or Drive.pulse")
    values = values - values.mean(axis=0)
    return (values / values.std())[None]
