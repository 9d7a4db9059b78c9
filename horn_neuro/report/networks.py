"""Pictures of one network: its recurrent weights, and its units."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.parameters import Connections
from horn_neuro.report.inline import in_a_notebook
from horn_neuro.report.style import BLACK, axes_or_new, styled

__all__ = ["network_in_a_notebook", "plot_units", "plot_weights"]

CELLS = 100  # of a picture of weights, along a side


def plot_weights(params, ax=None):
    """Draw the recurrent weights as a matrix.

    Parameters
    ----------
    params : HornParameters
        The network.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Receivers from the top down, senders from left to right. Of more than 100 units, each
        cell is the mean size of the weights of a block of pairs.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> from matplotlib import pyplot as plt
    >>> ax = hn.report.plot_weights(hn.effenberger_2025(16, seed=1), plt.figure().add_subplot())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('sender', 'receiver')
    >>> plt.close(ax.figure)
    """
    n, ax = params.n_units, axes_or_new(ax)
    connections = Connections(params.w_rec)
    weights, name = connections.weights, "w_rec"
    edges = np.linspace(0, n, min(n, CELLS) + 1)
    if n > CELLS:
        weights, name = np.abs(weights), "mean of |w_rec|"
    sums, *_ = np.histogram2d(connections.post, connections.pre, [edges, edges], weights=weights)
    # How many units a row stands for differs by one.
    units = np.diff(np.ceil(edges))
    cells = sums / np.outer(units, units)
    top = np.abs(cells).max() or 1.0
    signed = {"cmap": "RdBu_r", "vmin": -top} if n <= CELLS else {"cmap": "Greys", "vmin": 0}
    extent = (-0.5, n - 0.5, n - 0.5, -0.5)
    image = ax.imshow(cells, extent=extent, interpolation="nearest", vmax=top, **signed)
    ax.figure.colorbar(image, ax=ax, label=name)
    ax.set(xlabel="sender", ylabel="receiver")
    return ax


def plot_units(params, ax=None):
    """Draw the units by their frequency and the time in which they decay.

    Parameters
    ----------
    params : HornParameters
        The network.
    ax : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Examples
    --------
    >>> import horn_neuro as hn
    >>> from matplotlib import pyplot as plt
    >>> params = hn.effenberger_2025(16, heterogeneous=True, seed=1)
    >>> ax = hn.report.plot_units(params, plt.figure().add_subplot())
    >>> len(ax.lines[0].get_xdata())
    16
    >>> plt.close(ax.figure)
    """
    ax = axes_or_new(ax)
    ax.plot(params.frequency_hz, 1e3 * params.decay_time, "o", color=BLACK, alpha=0.5, markersize=4)
    ax.set(xlabel="frequency (Hz)", ylabel="decay time (ms)")
    return ax


def network_in_a_notebook(params):
    """Return HTML (str): the words of `HornParameters`, its weights and its units."""
    with styled():
        figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6))
        plot_weights(params, left)
        plot_units(params, right)
        return in_a_notebook(repr(params), figure, "recurrent weights; frequencies and decay times")
