"""Figures: one function each, axes in, axes out."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from horn_neuro.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SEGMENT_COLORS,
    class_color,
)

__all__ = [
    "grid",
    "label_log_axis",
    "mark_segments",
    "plot_band",
    "plot_cloud",
    "plot_estimates",
    "plot_models",
    "plot_raster",
]

_LINES = {"digits": "-", "shuffled": "--", "kicks only": ":", "no recurrence": "-."}


def grid(n_rows, n_columns, width, height, **options):
    """Make a figure with a grid of axes.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of the grid.
    width, height : float
        Of one of the axes, in inches.
    **options
        Of `matplotlib.pyplot.subplots`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : ndarray of matplotlib.axes.Axes, shape (n_rows, n_columns)
    """
    size = (width * n_columns, height * n_rows)
    return plt.subplots(n_rows, n_columns, figsize=size, squeeze=False, **options)


def plot_band(ax, x, curves, marker="o", line="-", **style):
    """Draw the mean of several curves, and their range as a band.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n_points,)
        Horizontal positions.
    curves : array_like, shape (n_curves, n_points)
        Such as one of each seed.
    marker, line : str
        Of the mean.
    **style
        Color and label.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    curves = np.asarray(curves)
    (drawn,) = ax.plot(x, curves.mean(axis=0), line, marker=marker, ms=4, **style)
    band = {"color": drawn.get_color(), "alpha": 0.18, "lw": 0}
    ax.fill_between(x, curves.min(axis=0), curves.max(axis=0), **band)
    return ax


def label_log_axis(axis):
    """Label a logarithmic axis of about a decade by plain numbers that do not overlap.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``ax.xaxis`` or ``ax.yaxis``.
    """
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def mark_segments(ax, segments, labels=True):
    """Shade the segments of a trial behind a time course.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; its x axis is time in seconds.
    segments : dict of str to (float, float)
        Start and end of each segment in seconds.
    labels : bool
        Whether to write their names above the axes.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    for name, (start, end) in segments.items():
        color = SEGMENT_COLORS.get(name, "white")
        ax.axvspan(start, end, color=color, alpha=0.09, lw=0)
        if labels:
            ax.text(
                (start + end) / 2,
                1.01,
                name,
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize="small",
                color=color,
            )
    starts, ends = zip(*segments.values(), strict=True)
    ax.set_xlim(min(starts), max(ends))
    return ax


def plot_cloud(ax, points, labels=None, color="0.5"):
    """Scatter states in the plane of two components, marked by class.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    points : array_like, shape (n_points, 2)
        States.
    labels : array_like of int, shape (n_points,) | None
        Class of each point; None draws all in `color`. The mean of each class
        is marked by its number.
    color : str
        Colour of points without a class.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    points = np.asarray(points)
    if labels is None:
        ax.scatter(*points.T, s=5, color=color, alpha=0.25, lw=0)
    else:
        for label in np.unique(labels):
            members, shade = points[labels == label], class_color(label)
            ax.scatter(*members.T, s=16, color=shade, alpha=0.7, lw=0)
            _write_class(ax, members.mean(axis=0), label, shade)
    ax.set(xlabel="PC 1 (position)", ylabel="PC 2 (position)")
    return ax


def _write_class(ax, point, label, color):
    ax.annotate(
        str(label),
        point,
        ha="center",
        va="center",
        fontsize="small",
        weight="bold",
        bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": color, "lw": 1.5},
    )


def plot_estimates(ax, x, estimates, **style):
    """Draw estimates with their intervals.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n_estimates,)
        Horizontal positions.
    estimates : list of Estimate
        With or without intervals.
    **style
        Of `matplotlib.axes.Axes.errorbar`.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    values = np.array([estimate.value for estimate in estimates])
    bounds = [
        [(e.value if e.low is None else e.low), (e.value if e.high is None else e.high)]
        for e in estimates
    ]
    # A percentile interval need not contain the estimate.
    errors = np.clip([values - np.array(bounds)[:, 0], np.array(bounds)[:, 1] - values], 0, None)
    ax.errorbar(x, values, errors, **{"marker": "o", "ms": 5, "capsize": 2, **style})
    return ax


def plot_raster(ax, trains, frequency_hz):
    """Draw spikes, a row for each unit.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    trains : list of array_like
        Spike times of each unit in seconds, the lowest row first.
    frequency_hz : array_like, shape (n_units,)
        Their natural frequencies.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    ax.eventplot(trains, colors="black", linewidths=0.9, linelengths=0.8)
    ticks = np.unique(np.linspace(0, len(trains) - 1, 5).astype(int))
    ax.set_yticks(ticks, [f"{frequency_hz[k]:.0f}" for k in ticks])
    ax.set(ylabel="natural frequency (Hz)", ylim=(-1, len(trains)))
    return ax


def plot_models(ax, x, curves, xlabel, ylabel):
    """Draw curves of several models, each as the mean over seeds with their range as a band.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n_points,)
        Horizontal positions.
    curves : dict of str to array_like, shape (n_seeds, n_points)
        By model.
    xlabel, ylabel : str
        Names and units.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    for k, (name, values) in enumerate(curves.items()):
        color, marker = (BLUE, ORANGE, GREY, GREEN, PINK)[k % 5], "osD^v"[k % 5]
        plot_band(ax, x, values, marker, color=color, label=name.replace("_", " "))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax
