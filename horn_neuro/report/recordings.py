"""Pictures of one recording: traces, spectra, rasters, phases and waves."""

import numpy as np
from scipy import signal

from horn_neuro.analysis import oscillator_phase
from horn_neuro.recording import phase_crossings
from horn_neuro.report.inline import in_a_notebook
from horn_neuro.report.style import BLACK, GREY, SEGMENT_COLORS, axes_or_new, styled

__all__ = [
    "plot_phase",
    "plot_psd",
    "plot_raster",
    "plot_traces",
    "plot_waves",
    "recording_in_a_notebook",
]


def plot_traces(recording, trial=0, units=6, ax=None):
    """Draw positions of some units over time, one above the other.

    Parameters
    ----------
    recording : Recording
        With x.
    trial : int
        Which trial.
    units : int | list of int
        How many, spread over the frequencies, or which.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, kicks = hn.effenberger_2025(8, heterogeneous=True, seed=1), hn.PoissonKicks(50, 0.1)
    >>> recording = hn.simulate(params, 200, kicks=kicks, seed=1, device="numpy")
    >>> with hn.report.styled():  # no window, and closed at the end
    ...     ax = recording.plot(units=[0, 5, 7])
    ...     len(ax.lines)
    3
    """
    x, ax = _signal(recording, "x")[trial], axes_or_new(ax)
    order = np.argsort(recording.data["frequency"].values, kind="stable")
    if np.ndim(units) == 0:
        units = order[np.linspace(0, len(order) - 1, min(units, len(order))).round().astype(int)]
    time, frequency = recording.data["time"].values, recording.data["frequency"].values
    height = 2.2 * np.abs(x[units]).max() or 1.0
    for row, unit in enumerate(units):
        ax.plot(time, x[unit] + row * height, color=BLACK, linewidth=0.8)
    ax.set_yticks(height * np.arange(len(units)), [f"{frequency[u]:.3g} Hz" for u in units])
    ax.set(xlabel="time (s)", ylabel="position x of units")
    _show_segments(recording, ax)
    return ax


def plot_psd(recording, ax=None):
    """Draw the power spectra of all units, and their median.

    Parameters
    ----------
    recording : Recording
        With x.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Spectra by Welch's method, averaged over trials.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, kicks = hn.network([[0.0]], frequency_hz=36), hn.PoissonKicks(50, 0.1)
    >>> recording = hn.simulate(params, 2000, kicks=kicks, seed=1, device="numpy")
    >>> with hn.report.styled():  # no window, and closed at the end
    ...     frequency, power = recording.plot_psd().lines[-1].get_data()
    >>> round(float(frequency[power.argmax()]), -1)  # Hz
    40.0
    """
    x, time, ax = _signal(recording, "x"), recording.data["time"].values, axes_or_new(ax)
    if len(time) < 16:
        raise ValueError(f"{len(time)} samples have no spectrum; record at least 16")
    rate = 1 / (time[1] - time[0])
    frequency, power = signal.welch(x, rate, nperseg=min(len(time), 1024))
    power = power.mean(axis=0)[:, 1:]
    ax.loglog(frequency[1:], power.T, color=GREY, linewidth=0.6, alpha=0.5)
    ax.loglog(frequency[1:], np.median(power, axis=0), color=BLACK, label="median of units")
    ax.set(xlabel="frequency (Hz)", ylabel="power of x (position²/Hz)")
    ax.legend()
    return ax


def plot_raster(recording, trial=0, ax=None):
    """Draw the spikes of a trial, or where positions cross their mean upwards.

    Parameters
    ----------
    recording : Recording
        With spikes, or with x and y of every step.
    trial : int
        Which trial.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Units are sorted by frequency, the slowest at the bottom.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(8, heterogeneous=True, seed=1)
    >>> recording = hn.simulate(params, [[1.0]] * 300, record="spikes", device="numpy")
    >>> with hn.report.styled():  # no window, and closed at the end
    ...     ax = recording.plot_raster()
    ...     ax.get_ylabel()
    'unit, by frequency'
    """
    data, ax = recording.data, axes_or_new(ax)
    if "spike_trial" in data:
        spikes = recording.spikes
        unit, time = (values[spikes.trial == trial] for values in (spikes.unit, spikes.time))
    else:
        x, y = (_signal(recording, name)[[trial]] for name in "xy")
        spikes = phase_crossings(x - x.mean(axis=2, keepdims=True), y, data["omega"].values)
        unit, time = spikes.unit, data["time"].values[spikes.sample]
    rank = np.argsort(np.argsort(data["frequency"].values, kind="stable"))
    ax.plot(time, rank[unit], "|", color=BLACK, markersize=3)
    ax.set(xlabel="time (s)", ylabel="unit, by frequency", ylim=(-1, len(rank)))
    _show_segments(recording, ax)
    return ax


def plot_phase(recording, trial=0, ax=None):
    """Draw the phase of every unit over time.

    Parameters
    ----------
    recording : Recording
        With x and y.
    trial : int
        Which trial.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Units are sorted by frequency, the slowest at the bottom.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(8, heterogeneous=True, seed=1)
    >>> recording = hn.simulate(params, [[1.0]] * 300, device="numpy")
    >>> with hn.report.styled():  # no window, and closed at the end
    ...     recording.plot_phase().images[0].get_array().shape
    (8, 300)
    """
    phase, time, ax = _phase(recording)[trial], recording.data["time"].values, axes_or_new(ax)
    order = np.argsort(recording.data["frequency"].values, kind="stable")
    extent = (time[0], time[-1], -0.5, len(order) - 0.5)
    image = ax.imshow(
        phase[order],
        **{"cmap": "twilight", "vmin": -np.pi, "vmax": np.pi, "origin": "lower"},
        **{"aspect": "auto", "extent": extent, "interpolation": "nearest"},
    )
    ax.figure.colorbar(image, ax=ax, label="phase (rad)")
    ax.set(xlabel="time (s)", ylabel="unit, by frequency")
    return ax


def plot_waves(recording, trial=0, time=None, ax=None):
    """Draw the phases of units where they are: on a line over time, on a sheet at one time.

    Parameters
    ----------
    recording : Recording
        With x and y, of units that have positions.
    trial : int
        Which trial.
    time : float | None
        In seconds, of a sheet; None is the last.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the units have no positions.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> sheet = hn.lattice((4, 4), 0.4, velocity=0.14, seed=1)
    >>> recording = hn.simulate(sheet, [[1.0]] * 60, device="numpy")
    >>> with hn.report.styled():  # no window, and closed at the end
    ...     recording.plot_waves(time=0.03).get_title()
    '0.03 s'
    """
    data = recording.data
    if "position" not in data.coords:
        raise ValueError("the units have no positions: give some to HornParameters, or a lattice")
    phase, times, ax = _phase(recording)[trial], data["time"].values, axes_or_new(ax)
    style = {"cmap": "twilight", "vmin": -np.pi, "vmax": np.pi}
    place = 1e3 * data["position"].values
    if place.shape[1] == 1:
        order = np.argsort(place[:, 0])
        image = ax.pcolormesh(times, place[order, 0], phase[order], shading="nearest", **style)
        ax.set(xlabel="time (s)", ylabel="place (mm)")
    else:
        k = -1 if time is None else int(np.abs(times - time).argmin())
        image = ax.scatter(
            place[:, 0], place[:, 1], c=phase[:, k], s=_size(len(place)), marker="s", **style
        )
        ax.set(xlabel="x (mm)", ylabel="y (mm)", title=f"{times[k]:.3g} s", aspect="equal")
    ax.figure.colorbar(image, ax=ax, label="phase (rad)")
    return ax


def recording_in_a_notebook(recording):
    """Return HTML (str): the words of a `Recording`, and its first trial where there is x."""
    if "x" not in recording.data:
        return in_a_notebook(repr(recording))
    with styled():
        ax = plot_traces(recording)
        ax.figure.set_size_inches(6, 2.4)
        return in_a_notebook(repr(recording), ax.figure, "positions of some units")


def _size(n):
    """Return the area of a marker (points²) with which n of them fill a square of 3.5 inches."""
    return (3.5 * 72 / np.sqrt(n)) ** 2


def _phase(recording):
    """Return phases about the mean position of each unit, which biases move away from 0."""
    x, y = (_signal(recording, name) for name in "xy")
    centre = x.mean(axis=(0, 2))
    return oscillator_phase(x, y, recording.data["omega"].values, recording.h, centre)


def _signal(recording, name):
    if name not in recording.data:
        raise ValueError(f"{name} was not recorded; simulate with record=('x', 'y')")
    return recording.data[name].values


def _show_segments(recording, ax):
    """Shade the segments, where there are several, and name them."""
    segment, time = recording.data["segment"].values, recording.data["time"].values
    starts = np.flatnonzero(np.r_[True, segment[1:] != segment[:-1]])
    if len(starts) < 2:
        return
    for first, last in zip(starts, [*starts[1:], len(segment)], strict=True):
        color = SEGMENT_COLORS.get(str(segment[first]), GREY)
        ax.axvspan(time[first], time[last - 1], color=color, alpha=0.12, linewidth=0)
        ax.text(time[first], 1.01, segment[first], transform=ax.get_xaxis_transform(), color=color)
