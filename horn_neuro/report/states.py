"""Pictures of states: clouds, noise, clusters and covariances of several networks."""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA

from horn_neuro.report.figures import (
    grid,
    label_log_axis,
    mark_segments,
    plot_band,
    plot_cloud,
)
from horn_neuro.report.style import BLUE, GREEN, GREY, ORANGE, SKY

__all__ = [
    "draw_clusters",
    "draw_covariances",
    "draw_noise",
    "draw_plane",
    "draw_resetting",
    "principal_plane",
]

_GROUPS = {"heterogeneous": (ORANGE, "s"), "homogeneous": (BLUE, "o"), "untrained": (GREY, "D")}


def _style(group):
    return _GROUPS.get(group, (GREEN, "^"))


def principal_plane(states, labels, segments, samples, n_rest=4000):
    """Project states onto the two principal components under stimulation.

    Parameters
    ----------
    states : array_like, shape (n_stimuli, n_repeats, n_units, n_times)
        States of one network.
    labels : array_like of int, shape (n_stimuli,)
        Classes.
    segments : dict of str to slice
        Samples of "rest" and "stimulus".
    samples : dict of str to int
        Which samples of all trials to project.
    n_rest : int
        How many states of rest to keep, drawn at random.

    Returns
    -------
    plane : dict of str to ndarray, shape (n, 2)
        Points by the names of `samples`, those of "rest", and their "labels".
    """
    states = np.moveaxis(np.asarray(states), 2, 3)
    n_repeats, n_units = states.shape[1], states.shape[3]
    states = states.reshape(-1, *states.shape[2:])
    pca = PCA(2).fit(states[:, segments["stimulus"]].reshape(-1, n_units))
    rest = states[:, segments["rest"]].reshape(-1, n_units)
    rest = np.random.default_rng(0).permutation(rest)[:n_rest]
    plane = {name: pca.transform(states[:, k]) for name, k in samples.items()}
    return plane | {"rest": pca.transform(rest), "labels": np.repeat(labels, n_repeats)}


def draw_plane(plane):
    """Draw the states of one network in a plane.

    Parameters
    ----------
    plane : dict of str to ndarray
        Points "rest", "end" and "rebound", of shape (n, 2), and "labels" of the latter.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), sharex=True, sharey=True)
    titles = {"end": "at the end of the digits", "rebound": "in the rebound, 0.4 s later"}
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        plot_cloud(ax, plane["rest"], color="0.8")
        plot_cloud(ax, plane[name], plane["labels"])
        ax.set_title(title)
    axes[1].set_ylabel("")
    return figure, (
        "Where do digits drive the states? One network, in the plane of the principal components "
        "of x under stimulation. Grey: rest. Colours and numbers: classes, the number at the mean."
    )


def draw_noise(result, times, spans):
    """Draw the variance over repeats, relative to that of the same kicks without digits.

    Parameters
    ----------
    result : dict of str to list of dict
        Networks by group; of each, "noise" over time by condition.
    times : ndarray, shape (n_times,)
        In seconds.
    spans : dict of str to (float, float)
        Start and end of each segment.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, ax = plt.subplots(figsize=(10, 4.5))
    for group, ones in result.items():
        curves = [one["noise"]["digits"] / one["noise"]["kicks only"] for one in ones]
        plot_band(ax, times, curves, "", color=_style(group)[0], label=group)
    ax.axhline(1, color="black", lw=0.6)
    ax.set(xlabel="time (s)", ylabel="variance over repeats,\nover that of kicks only")
    low, high = ax.get_ylim()
    ax.set_ylim(max(0, low), high + 0.2 * (high - low))
    ax.legend(ncols=3, loc="upper left")
    mark_segments(ax, spans)
    return figure, (
        "Does a stimulus quench variability? Variance of x over repeats of one digit at fixed "
        "time, units scaled by their resting SD, against the same kicks without digits: mean "
        "over networks, with their range."
    )


def draw_clusters(result, times, spans):
    """Draw how far classes lie apart, and how well they are decoded, over time.

    Parameters
    ----------
    result, times, spans
        As in `draw_noise`; of each network, "clusters" and "correct" by condition, the
        latter at the samples "at".

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(2, 1, figsize=(10, 7), sharex=True)
    for group, ones in result.items():
        style = {"color": _style(group)[0]}
        curves = [one["clusters"]["digits"] for one in ones]
        plot_band(axes[0], times, curves, "", label=group, **style)
        for name, line in (("digits", "-"), ("no recurrence", ":")):
            curves = [100 * one["correct"][name].mean(axis=0) for one in ones]
            label = f"{group}, {name}"
            at = times[ones[0]["at"]]
            plot_band(axes[1], at, curves, _style(group)[1], line, label=label, **style)
    axes[0].axhline(1, color="black", lw=0.6)
    axes[1].axhline(10, color="black", lw=0.6)
    axes[0].set_ylabel("between over within classes\n(F; 1: no clusters)")
    axes[1].set(xlabel="time (s)", ylabel="digits told right (%)", ylim=(0, 100))
    axes[0].legend(loc="upper left")
    axes[1].legend(ncols=len(result), loc="upper left", fontsize="x-small")
    mark_segments(axes[0], spans)
    mark_segments(axes[1], spans, labels=False)
    return figure, (
        "Do states gather by class, and can a linear readout tell? Above: variance between "
        "classes over that within. Below: cross-validated decoding from snapshots; only the "
        "end of the stimulus is tested. Means and ranges over networks."
    )


def draw_covariances(result, windows):
    """Draw size and dimension of noise and signal of every network.

    Parameters
    ----------
    result : dict of str to list of dict
        Networks by group; of each, "cells": numbers by condition, of every window.
    windows : list of str
        Names of the windows.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = grid(2, 2, 5, 3.4, sharex=True)
    for row, what in zip(axes, ("noise", "signal"), strict=True):
        for ax, name, label in (
            (row[0], f"{what}, scaled", f"variance of {what}"),
            (row[1], f"{what} dimension, scaled", f"dimensions of {what}"),
        ):
            for k, (group, ones) in enumerate(result.items()):
                color, marker = _style(group)
                at = np.arange(len(windows)) + 0.2 * (k - (len(result) - 1) / 2)
                for n, one in enumerate(ones):
                    values = np.array([cell[name] for cell in one["cells"]["digits"]], float)
                    values[~(values > 0)] = np.nan
                    if what == "signal":
                        values[0] = np.nan  # before any digit there is none
                    label_of = group if n == 0 else None
                    ax.plot(at, values, marker, color=color, ms=5, alpha=0.7, label=label_of)
            ax.set(ylabel=label, yscale="log", xlim=(-0.5, len(windows) - 0.5))
            label_log_axis(ax.yaxis)
            ax.set_xticks(range(len(windows)), windows)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(result))
    return figure, (
        "How large are noise and signal, and how many dimensions do they fill? Every point is a "
        "network; units scaled by their resting SD. Noise: over repeats at fixed time. Signal: "
        "over digits, by products of repeats. Dimensions: participation ratio by halves of digits."
    )


def draw_resetting(result, times, spans):
    """Draw the variance over repeats with and without kicks, and from one initial state.

    Parameters
    ----------
    result, times, spans
        As in `draw_noise`.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    pairs = (
        ("kicks, many states", "kicks only", "digits", ORANGE),
        ("no kicks, random states", "silence", "digits, no kicks", BLUE),
        ("kicks, one state", "kicks only, one state", "digits, one state", SKY),
    )
    figure, axes = grid(1, len(result), 4.2, 4.2)
    for ax, (group, ones) in zip(axes[0], result.items(), strict=True):
        for label, control, shown, color in pairs:
            for name, line in ((control, ":"), (shown, "-")):
                base = [one["noise"]["kicks only"].mean() for one in ones]
                curves = [one["noise"][name] / b for one, b in zip(ones, base, strict=True)]
                mean = np.mean(curves, axis=0)
                text = label if line == "-" else None
                ax.plot(times, mean, line, color=color, lw=1.5, label=text)
        ax.set(title=group, xlabel="time (s)", ylim=(0, None))
        mark_segments(ax, spans, labels=False)
    axes[0, 0].set_ylabel("variance over repeats, relative\nto its mean under kicks only")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(pairs)
    )
    return figure, (
        "Is it kicks or the phase of a network's own activity that digits quench? Mean over "
        "networks of the variance over repeats, with digits (lines) and without (dotted): under "
        "kicks; without kicks, from random initial states; under kicks, from one state a digit."
    )
