"""Phase and amplitude, from the oscillators' own coordinates or by MNE's band-pass and Hilbert."""

import warnings
from dataclasses import dataclass

import mne
import numpy as np

from horn_neuro._epochs import chosen_epochs

__all__ = [
    "AnalyticSignal",
    "analytic_signal",
    "effective_omega",
    "kuramoto_order_parameter",
    "oscillator_phase",
    "oscillator_signal",
    "phase_coherence",
]


def oscillator_signal(x, y, omega, h=1.0, center=0.0):
    """Phase and amplitude of an oscillator by its position and velocity.

    A step takes the velocity first, so that y belongs to half a step before x. Of a
    velocity at the time of x, ``v = y - h omega**2 (x - center) / 2`` is left without damping
    and drive, and ``v h / sin(omega_d h)`` with ``omega_d h = 2 asin(omega h / 2)``, the
    frequency of the stepped oscillator, is as wide as the position. For a sine of frequency
    omega_d this is exact.

    Parameters
    ----------
    x, y : array_like, shape (..., n_units, n_times)
        Positions and velocities.
    omega : array_like, shape (n_units,) or scalar
        The omega, in rad per unit of model time, that a unit oscillates with: its own one if
        it is free. If it follows others, `effective_omega`, since its own one would make an
        ellipse of a circle.
    h : float
        Step in model time.
    center : array_like, shape (n_units,) or scalar
        The position that a unit oscillates about, such as its `fixed_point`.

    Returns
    -------
    z : ndarray of complex, shape (..., n_units, n_times)
        Angle: phase in rad, growing with time; modulus: amplitude.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.cos(0.5 * np.arange(-1, 60))  # h = 1
    >>> z = oscillator_signal(x[None, 1:], np.diff(x)[None], 2 * np.sin(0.25))
    >>> bool(np.allclose(z, np.exp(0.5j * np.arange(60))))
    True

    References
    ----------
    Hairer, Lubich and Wanner, Acta Numerica 2003, doi:10.1017/S0962492902000144.
    """
    x, omega = np.asarray(x, float), np.asarray(omega, float)[..., None]
    away, half = x - np.asarray(center, float)[..., None], omega * h / 2
    velocity = (np.asarray(y) / omega - half * away) / np.sqrt(1 - half**2)
    return away - 1j * velocity


def effective_omega(x, y, omega, h=1.0, center=0.0):
    """Measure the omega that a unit oscillates with, ``rms(y) / rms(x - center)``.

    Of a sine of any frequency f, it is the omega of the unit whose own frequency f is; of
    independent kicks, that of the kicked unit up to its damping.

    Parameters
    ----------
    x, y, h, center
        As in `oscillator_signal`; the mean square is over all axes but that of units.
    omega : array_like, shape (n_units,) or scalar
        What a unit gets that does not move.

    Returns
    -------
    omega : ndarray, shape (n_units,)

    Examples
    --------
    A unit that follows a drive at 0.5 rad a step:

    >>> import numpy as np, horn_neuro as hn
    >>> x = np.cos(0.5 * np.arange(-1, 1000))
    >>> omega = hn.analysis.effective_omega(x[None, 1:], np.diff(x)[None], omega=0.2)
    >>> round(float(omega[0]), 2), round(float(2 * np.sin(0.25)), 2)
    (0.49, 0.49)
    """
    away = np.asarray(x, float) - np.asarray(center, float)[..., None]
    axes = (*range(away.ndim - 2), -1)
    width, speed = ((np.square(v)).mean(axis=axes) for v in (away, np.asarray(y, float)))
    moves = (width > 0) & (speed > 0)
    squared = np.divide(speed, width, out=np.ones_like(width), where=moves)
    # Above 2 / h nothing oscillates.
    return np.where(moves, np.minimum(np.sqrt(squared), 1.98 / h), omega)


def oscillator_phase(x, y, omega, h=1.0, center=0.0):
    """Phase of an oscillator by its position and velocity.

    Parameters
    ----------
    x, y, omega, h, center
        As in `oscillator_signal`.

    Returns
    -------
    theta : ndarray, shape (..., n_units, n_times)
        In rad, growing with time at the rate 2 asin(omega h / 2) a step for a free
        oscillation.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> x = np.cos(0.5 * np.arange(-1, 5))  # h = 1
    >>> hn.analysis.oscillator_phase(x[None, 1:], np.diff(x)[None], 2 * np.sin(0.25)).round(2)
    array([[0. , 0.5, 1. , 1.5, 2. ]])
    """
    return np.angle(oscillator_signal(x, y, omega, h, center))


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

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> hn.analysis.phase_coherence([[0.0, 0.0], [0.0, np.pi]], axis=0).round(2)
    array([1., 0.])
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

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> times = np.arange(400) / 200
    >>> signal = hn.analysis.analytic_signal(np.sin(20 * np.pi * times)[None, None], (8, 12), 200)
    >>> signal.values.shape, signal.names, signal.frequency
    ((1, 1, 400), ('0',), 10.0)
    """

    values: np.ndarray
    sfreq: float
    times: np.ndarray
    names: tuple
    frequency: float


def analytic_signal(data, band=None, sfreq=None, segment=None, center=None, picks=None):
    """Return phases and amplitudes of a recording, of epochs, or of an array.

    Parameters
    ----------
    data : Recording | mne.Epochs | array_like, shape (n_trials, n_channels, n_times)
        Of a recording, the positions x.
    band : tuple of float | None
        Lower and upper edge in Hz: MNE's zero-phase FIR band-pass, then the
        Hilbert transform, of the whole recording, of which the segment is cut
        afterwards. Epochs and arrays have nothing around them: their ends are those of
        the filter. None, for recordings with x and y only, takes the oscillators' own
        coordinates, which need no filter: `oscillator_signal` with `effective_omega`.
    sfreq : float | None
        Samples a second, for arrays.
    segment : str | None
        Part of a recording.
    center : array_like, shape (n_units,) | None
        Position that the own coordinates go round, such as the `fixed_point`. None is where
        the mean force on a unit over all trials and times would hold it: the mean of x,
        less what incomplete swings add to it.
    picks : str | array_like | None
        Channels of epochs as MNE takes them, None all but stimulus channels and bad ones; of
        recordings and arrays the indices of units, None all.

    Returns
    -------
    signal : AnalyticSignal
        0 in channels that are constant in a trial: they have no phase.

    Raises
    ------
    TypeError
        If `data` is Raw, which has no trials.
    ValueError
        If there are values that are not finite, the band does not suit the
        sampling, or the record is too short for it or for a cycle of the
        slowest unit.

    Examples
    --------
    Of a recording, by the oscillators' own coordinates, and by a filter:

    >>> import horn_neuro as hn
    >>> params = hn.network([[0.0]], frequency_hz=20, decay_ms=200)
    >>> kicks = hn.PoissonKicks(50, 0.1)
    >>> recording = hn.simulate(params, 2000, kicks=kicks, seed=1, device="numpy")
    >>> own = hn.analysis.analytic_signal(recording)
    >>> filtered = hn.analysis.analytic_signal(recording, band=(10, 30))
    >>> [(round(signal.frequency), signal.values.shape) for signal in (own, filtered)]
    [(20, (1, 1, 2000)), (20, (1, 1, 2000))]
    """
    if isinstance(data, mne.io.BaseRaw):
        raise TypeError(
            "Raw has no trials; cut it by mne.Epochs, or by mne.make_fixed_length_epochs"
        )
    if hasattr(data, "final_state"):
        if picks is not None:
            data = type(data)(data.data.isel(unit=np.atleast_1d(picks)))
        return _of_recording(data, band, segment, center)
    if center is not None:
        raise ValueError("center is that of the coordinates of a recording; leave it out")
    if segment is not None:
        raise ValueError(f"segment = {segment!r}: only recordings have segments")
    if isinstance(data, mne.BaseEpochs):
        data = chosen_epochs(data, picks)
        values, sfreq = data.get_data(picks="all"), data.info["sfreq"]
        names, times = tuple(data.ch_names), data.times
    else:
        values = np.asarray(data, float)
        if sfreq is None:
            raise ValueError("an array does not know its sampling: give sfreq= in Hz")
        if values.ndim != 3:
            raise ValueError(f"data has shape {values.shape}; give (n_trials, n_channels, n_times)")
        which = np.arange(values.shape[1])[slice(None) if picks is None else np.atleast_1d(picks)]
        values, times = values[:, which], np.arange(values.shape[2]) / sfreq
        names = tuple(map(str, which))
    if band is None:
        raise ValueError("only recordings have coordinates of their own: give band=(low, high)")
    _check_finite(values)
    return AnalyticSignal(
        _still(values, _by_hilbert(values, band, sfreq, names)),
        float(sfreq),
        times,
        names,
        sum(band) / 2,
    )


def _of_recording(recording, band, segment, center):
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
        if center is not None:
            raise ValueError("center says nothing with band, which takes away what is constant")
        _check_finite(recording.data["x"].values)
        first = 0 if segment is None else recording.segments[segment][0]
        whole = _by_hilbert(recording.data["x"].values, band, recording.sfreq, names)
        values, middle = whole[:, :, first : first + len(times)], sum(band) / 2
        return AnalyticSignal(_still(x, values), recording.sfreq, times, names, middle)
    _check_finite(x)
    frequency = data["frequency"].values
    cycle = recording.sfreq / frequency.min()
    if x.shape[2] < cycle:
        raise ValueError(
            f"the record has {x.shape[2]} samples, but a cycle of the slowest unit "
            f"({frequency.min():.1f} Hz) takes {cycle:.0f}; record longer"
        )
    y, own, h = data["y"].values, data["omega"].values, recording.h
    center = _mean_force(data, recording.sfreq, h) if center is None else _check_center(center, own)
    omega = effective_omega(x, y, own, h, center)
    values = _still(x, oscillator_signal(x, y, omega, h, center))
    return AnalyticSignal(values, recording.sfreq, times, names, float(frequency.mean()))


def _check_center(center, omega):
    center = np.asarray(center, float)
    if center.shape != omega.shape or not np.isfinite(center).all():
        raise ValueError(
            f"center has shape {center.shape}; give a finite position for each of the "
            f"{len(omega)} units"
        )
    return center


def _mean_force(data, sfreq, h):
    """Mean of x + (dy/dt + 2 gamma y) / omega**2, the drive over omega**2, shape (n_units,)."""
    x, y, omega = (data[name].values for name in ("x", "y", "omega"))
    # frequency = 2 asin(omega h / 2) / (2 pi step): steps, and what a sample takes in model time
    step = np.arcsin(omega * h / 2) / (np.pi * data["frequency"].values)
    gamma, elapsed = step / (data["decay_time"].values * h), (x.shape[2] - 1) * h / (sfreq * step)
    ends = [(values[:, :, -1] - values[:, :, 0]).mean(axis=0) for values in (y, x)]
    return x.mean(axis=(0, 2)) + (ends[0] + 2 * gamma * ends[1]) / (elapsed * omega**2)


def _still(x, values):
    """Take the phase of channels that are constant in a trial, but for rounding."""
    still = np.ptp(x, axis=2) <= 1e-12 * np.abs(x).max(axis=2, initial=0)
    return np.where(still[:, :, None], 0, values)


def _check_finite(values):
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise ValueError(
            f"data has values that are not finite, the first at (trial, channel, time) = {where}; "
            "drop or interpolate them"
        )


def _by_hilbert(values, band, sfreq, names):
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
    epochs = mne.EpochsArray(filtered, info, verbose="error", proj=False)
    return epochs.apply_hilbert(picks="all", verbose="error").get_data(picks="all")


def kuramoto_order_parameter(data, **options):
    """How much all channels share one phase, at each time.

    Parameters
    ----------
    data : Recording | mne.Epochs | array_like, shape (n_trials, n_channels, n_times)
        What to analyse; see `analytic_signal`.
    **options
        `band`, `sfreq`, `segment`, `center` and `picks`, as in `analytic_signal`.

    Returns
    -------
    order : ndarray, shape (n_trials, n_times)
        Length of the mean phase vector over channels. Independent phases of n
        channels give about 0.9 / sqrt(n).

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> times, lag = np.arange(400) / 200, np.array([[0.0], [np.pi]])
    >>> waves = np.sin(20 * np.pi * times + lag)[None]  # opposite phases
    >>> order = hn.analysis.kuramoto_order_parameter(waves, band=(8, 12), sfreq=200)
    >>> bool(order.max() < 1e-6)
    True
    """
    return phase_coherence(np.angle(analytic_signal(data, **options).values), axis=1)
