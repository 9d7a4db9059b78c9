"""Pieces of figures that show whole distributions: axes in, axes out."""

import numpy as np

from horn_neuro.report.style import BLUE, GREY, ORANGE

__all__ = ["plot_quantiles", "plot_survival"]


def plot_quantiles(ax, x, quantiles, **style):
    """Draw the quantiles of a distribution along x: a line, and nested bands around it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n_points,)
        Horizontal positions.
    quantiles : array_like, shape (n_quantiles, n_points)
        An odd number of quantiles from low to high, the median in the middle.
    **style
        Color and label.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    quantiles = np.asarray(quantiles)
    half = len(quantiles) // 2
    (line,) = ax.plot(x, quantiles[half], lw=1.8, **style)
    for k in range(half):
        band = {"color": line.get_color(), "alpha": 0.2, "lw": 0}
        ax.fill_between(x, quantiles[k], quantiles[-1 - k], **band)
    return ax


def plot_survival(ax, samples):
    """Draw which share of each sample is at least as large, on logarithmic axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    samples : dict of str to array_like, shape (n_values,)
        Up to three samples of positive values, by name.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    looks = ((ORANGE, "-"), (GREY, "--"), (BLUE, ":"))
    for (name, values), (color, line) in zip(samples.items(), looks, strict=False):
        values = np.sort(values)
        share = 1 - np.arange(len(values)) / max(1, len(values))
        ax.loglog(values, share, line, color=color, label=name, drawstyle="steps-pre")
    return ax
