"""Phase and amplitude, from the oscillators' own coordinates or by MNE's band-pass and Hilbert."""

import warnings
from dataclasses import dataclass

import mne
import numpy as np

__all__ = [
    "AnalyticSignal",
    "analytic_signal",
    "kuramoto_order_parameter",
    "oscillator_phase",
    "phase_coherence",
]


def oscillator_phase(x, y, omega, center=0.0):
    """Phase of an oscillator by its position and velocity.

    Parameters
    ----------
    x, y : array_like, shape (..., n_units, n_times)
        Positions and velocities.
    omega : array_like, shape (n_units,)
        Natural frequencies in rad per unit of model time.
    center : array_like, shape (n_units,) or scalar
        The position that a unit oscillates about.

    Returns
    -------
    theta : ndarray, shape (..., n_units, n_times)
        ``atan2(-y/omega, x - center)`` in rad, growing with time at rate omega
        for a free oscillation.
    """
    omega = np.asarray(omega)[:, None]
    center = np.broadcast_to(center, omega.shape[:1])[:, None]
    return np.arctan2(-np.asarray(y) / omega, np.asarray(x) - center)


def phase_coherence(theta, axis):
    """Length of the mean phase vector along one axis.

    Over units this is the Kuramoto order parameter; over trials, the inter-trial
    phase coherence. Independent phases of m members give about 0.9/sqrt(m), not 0.

    Parameters
    ----------
    theta : array_like
        Phases in rad.
    axis : int
        The axis to average over.

    Returns
    -------
    coherence : ndarray
        Between 0 and 1, in the shape of `theta` without `axis`.
    """
    return np.abs(np.mean(np.exp(1j * np.asarray(theta)), axis=axis))


@dataclass(frozen=True, eq=False)
class AnalyticSignal:
    """Phase and amplitude of channels as complex numbers.

    Parameters
    ----------
    values : ndarray of complex, shape (n_trials, n_channels, n_times)
        Angle: phase in rad; modulus: amplitude.
    sfreq : float
        Samples a second.
    times : ndarray, shape (n_times,)
        In seconds.
    names : tuple of str
        Of the channels.
    frequency : float
        In Hz: the centre of the band, or the mean natural frequency.
    """

    values: np.ndarray
    sfreq: float
    times: np.ndarray
    names: tuple
    frequency: float


def analytic_signal(data, band=None, sfreq=None, segment=None):
    """Return phases and amplitudes of a recording, of epochs, or of an array.

    Parameters
    ----------
    data : Recording | mne.Epochs | array_like, shape (n_trials, n_channels, n_times)
        Of a recording, the positions x.
    band : tuple of float | None
        Lower and upper edge in Hz: MNE's zero-phase FIR band-pass, then the
        Hilbert transform. None, for recordings with x and y only, takes the
        oscillators' own coordinates, ``x - mean - i y / omega``, which need no
        filter.
    sfreq : float | None
        Samples a second, for arrays.
    segment : str | None
        Part of a recording.

    Returns
    -------
    signal : AnalyticSignal

    Raises
    ------
    TypeError
        If `data` is Raw, which has no trials.
    ValueError
        If there are values that are not finite, the band does not suit the
        sampling, or the record is too short for it or for a cycle of the
        slowest unit.
    """
    if isinstance(data, mne.io.BaseRaw):
        raise TypeError(
            "Raw has no trials; cut it by mne.Epochs, or by mne.make_fixed_length_epochs"
        )
    if hasattr(data, "final_state"):
        return _of_recording(data, band, segment)
    if segment is not None:
        raise ValueError(f"segment = {segment!r}: only recordings have segments")
    if isinstance(data, mne.BaseEpochs):
        values, sfreq = data.get_data(picks="all"), data.info["sfreq"]
        names, times = tuple(data.ch_names), data.times
    else:
        values = np.asarray(data, float)
        if sfreq is None:
            raise ValueError("an array does not know its sampling: give sfreq= in Hz")
        if values.ndim != 3:
            raise ValueError(f"data has shape {values.shape}; give (n_trials, n_channels, n_times)")
        names, times = tuple(map(str, range(values.shape[1]))), np.arange(values.shape[2]) / sfreq
    if band is None:
        raise ValueError("only recordings have coordinates of their own: give band=(low, high)")
    return _by_hilbert(values, band, sfreq, times, names)


def _of_recording(recording, band, segment):
    data = recording.data if segment is None else recording.segment(segment)
    needed = ["x"] if band else ["x", "y"]
    missing = [name for name in needed if name not in data]
    if missing:
        raise ValueError(
            f"{missing[0]} was not recorded; simulate with record=('x', 'y'), or give band= for x"
        )
    x, times = data["x"].values, data["time"].values
    names = tuple(f"x{unit:03d}" for unit in data["unit"].values)
    if band is not None:
        return _by_hilbert(x, band, recording.sfreq, times, names)
    _check_finite(x)
    frequency = data["frequency"].values
    cycle = recording.sfreq / frequency.min()
    if x.shape[2] < cycle:
        raise ValueError(
            f"the record has {x.shape[2]} samples, but a cycle of the slowest unit "
            f"({frequency.min():.1f} Hz) takes {cycle:.0f}; record longer"
        )
    center = x.mean(axis=(0, 2))[:, None]
    values = x - center - 1j * data["y"].values / data["omega"].values[:, None]
    return AnalyticSignal(values, recording.sfreq, times, names, float(frequency.mean()))


def _check_finite(values):
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise ValueError(
            f"data has values that are not finite, the first at (trial, channel, time) = {where}; "
            "drop or interpolate them"
        )


def _by_hilbert(values, band, sfreq, times, names):
    _check_finite(values)
    low, high = band
    if not 0 < low < high < sfreq / 2:
        raise ValueError(
            f"band = {tuple(band)} Hz: give 0 < low < high < half of the sampling, {sfreq / 2:g} Hz"
        )
    if values.shape[2] < sfreq / low:
        raise ValueError(
            f"the record has {values.shape[2]} samples, but a cycle at {low:g} Hz takes "
            f"{sfreq / low:.0f}; record longer, or raise the lower edge"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            filtered = mne.filter.filter_data(
                values.astype(float), sfreq, low, high, verbose="warning"
            )
        except RuntimeWarning as error:
            raise ValueError(
                f"band = ({low:g}, {high:g}) Hz is narrower than a filter of {values.shape[2]} "
                f"samples can do ({error}); widen it, or record longer"
            ) from None
    info = mne.create_info(list(names), sfreq, "misc", verbose="error")
    epochs = mne.EpochsArray(filtered, info, tmin=times[0], verbose="error", proj=False)
    analytic = epochs.apply_hilbert(picks="all", verbose="error").get_data(picks="all")
    return AnalyticSignal(analytic, float(sfreq), times, names, (low + high) / 2)


def kuramoto_order_parameter(data, **options):
    """How much all channels share one phase, at each time.

    Parameters
    ----------
    data : Recording | mne.Epochs | array_like, shape (n_trials, n_channels, n_times)
        What to analyse; see `analytic_signal`.
    **options
        `band`, `sfreq` and `segment`, as in `analytic_signal`.

    Returns
    -------
    order : ndarray, shape (n_trials, n_times)
        Length of the mean phase vector over channels. Independent phases of n
        channels give about 0.9 / sqrt(n).
    """
    return phase_coherence(np.angle(analytic_signal(data, **options).values), axis=1)
