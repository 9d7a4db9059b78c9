"""Measurements beside what was predicted of them."""

import numpy as np

from horn_neuro.analysis.statistics import mean_interval
from horn_neuro.report.figures import plot_estimates

__all__ = ["plot_prediction"]


def plot_prediction(ax, x, measured, predicted, color, marker, label=None):
    """Draw measured curves of several networks as dots, and the predicted ones as a line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n_points,)
        Horizontal positions.
    measured : array_like, shape (n_networks, n_points)
        Drawn as their means, with 95 % t intervals from five networks on.
    predicted : array_like, shape (n_networks, n_points)
        Drawn as their mean.
    color, marker, label : str
        As of matplotlib.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    estimates = [mean_interval(values, enough=5) for values in np.transpose(measured)]
    plot_estimates(ax, x, estimates, color=color, marker=marker, ls="none", label=label)
    ax.plot(x, np.mean(predicted, axis=0), color=color, lw=1.3)
    return ax
