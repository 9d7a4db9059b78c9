"""The figures of the transfer from torch to Brian2."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.report import figures
from horn_neuro.report.style import class_color

__all__ = ["draw_spiking", "draw_transfer"]

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#7f7f7f"


def draw_transfer(found, example, interval):
    """Draw how well Brian2 agrees with the twin.

    Parameters
    ----------
    found : Transfer
        The comparison.
    example : dict of str to ndarray, shape (n_units, n_steps)
        x of one trial, by "twin" and "brian2", slowest unit first.
    interval : float
        Seconds per step.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    return {
        "Trajectory error": _error(found, interval),
        "The same trial in both": _example(example, interval),
        "Decisions": _decisions(found),
    }


def _error(found, interval):
    figure, ax = plt.subplots(figsize=(8, 4))
    for (name, course), color, line in zip(
        found.error.items(), (BLUE, ORANGE), ("-", "--"), strict=True
    ):
        times = np.arange(len(course)) * interval
        ax.semilogy(times, np.maximum(course, 1e-17), line, color=color, label=name)
    ax.axhline(1e-9, color=GREY, ls=":", label="1e-9")
    ax.axhline(found.control, color="black", ls="-.", label="x, transposed weights (last step)")
    ax.set(xlabel="time (s)", ylabel="largest relative difference")
    ax.set_ylim(1e-17, 1e6)
    ax.legend(ncols=2, loc="upper left")
    return figure, (
        "Brian2 against the float64 twin: the largest difference over all digits and units, "
        "relative to the largest value at that step. Dash-dotted: what it is at the last step "
        "with transposed recurrent weights."
    )


def _example(example, interval):
    twin, brian2 = example["twin"], example["brian2"]
    times = np.arange(twin.shape[1]) * interval
    chosen = np.linspace(0, len(twin) - 1, min(5, len(twin))).astype(int)
    figure, axes = plt.subplots(2, 1, figsize=(9, 6), sharex=True, height_ratios=(3, 1))
    gap = 1.1 * np.ptp(twin[chosen], axis=1).max()
    for k, unit in enumerate(chosen):
        center = twin[unit].mean() + k * gap
        axes[0].plot(times, twin[unit] - center, color=ORANGE, lw=3.5, alpha=0.6,
                     label="torch twin" if k == 0 else None)  # fmt: skip
        axes[0].plot(times, brian2[unit] - center, color="black", lw=0.9, ls="--",
                     label="Brian2" if k == 0 else None)  # fmt: skip
    axes[0].set_ylim(top=1.1 * gap)
    axes[0].set(ylabel="position x of five units,\nshifted", yticks=[])
    axes[0].legend(ncols=2, loc="upper right")
    axes[1].plot(times, np.abs(brian2 - twin).max(axis=0), color="black", lw=0.8)
    axes[1].set(xlabel="time (s)", ylabel="largest |difference|\nof x over units")
    axes[1].ticklabel_format(axis="y", scilimits=(0, 0))
    return figure, (
        "One trial in the float64 twin and in Brian2: positions of five units over the range of "
        "natural frequencies, and the largest difference over all units."
    )


def _decisions(found):
    figure, ax = plt.subplots(figsize=(6.5, 4.6))
    floor = 1e-17
    for name, color, marker, label in (
        ("float32", ORANGE, "o", "float32 twin"),
        ("brian2", BLUE, "x", "Brian2"),
    ):
        shift = np.maximum(found.shift(name), floor)
        ax.loglog(found.margin, shift, marker, ms=4, color=color, alpha=0.6, ls="", label=label)
    low, high = found.margin.min() / 2, found.margin.max() * 2
    ax.loglog([low, high], [low, high], color=GREY, ls=":", label="margin")
    ax.set(
        xlim=(low, high),
        xlabel="margin of the decision (logits)",
        ylabel="largest change of a logit",
    )
    ax.legend(loc="center")
    return figure, (
        "Each digit twice: how far its logits are from the float64 twin's, against the margin by "
        "which the winner wins. Only above half the dotted line could a label change."
    )


def draw_spiking(spikes, rates, locking, accuracies, frequency_hz):
    """Draw the spikes of the network, and what is left of its accuracy if they carry it.

    Parameters
    ----------
    spikes : SpikeTrains
        Spikes of all trials; the first one is drawn.
    rates : dict of int to array_like, shape (n_bins,)
        Mean rate over units in Hz, by class, in evenly spaced bins over a trial.
    locking : dict of str to array_like, shape (n_units,)
        Pairwise phase consistency with the field, by condition.
    accuracies : dict of str to dict of str to Estimate
        Accuracies by network and by readout.
    frequency_hz : array_like, shape (n_units,)
        Natural frequencies.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
    """
    return {
        "Spikes at phase crossings": _spikes(spikes, rates, frequency_hz),
        "Spike-phase locking": _locking(locking, frequency_hz),
        "Recurrence carried by spikes": _accuracies(accuracies),
    }


def _spikes(spikes, rates, frequency_hz):
    figure, axes = plt.subplots(2, 1, figsize=(9, 7), sharex=True, height_ratios=(2, 1))
    order = np.argsort(frequency_hz, kind="stable")
    trains = [spikes.of(0, unit) for unit in order]
    figures.plot_raster(axes[0], trains, np.asarray(frequency_hz)[order])
    duration = spikes.shape[2] * spikes.interval
    courses = list(rates.values())
    centers = (np.arange(len(courses[0])) + 0.5) * duration / len(courses[0])
    for label in rates:
        axes[1].plot(centers, rates[label], color=class_color(label), label=str(label))
    axes[1].set(xlabel="time (s)", ylabel="spikes a second,\nmean over units", xlim=(0, duration))
    axes[1].legend(title="digit", ncols=2, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure, (
        "Above: spikes of one trial, a row for each unit. Below: rates, mean over units and trials "
        "of each class. A unit spikes once in each of its cycles: phase, not rate, is what varies."
    )


def _locking(locking, frequency_hz):
    figure, ax = plt.subplots(figsize=(7, 4.2))
    for (name, values), color, marker in zip(
        locking.items(), (ORANGE, GREY), ("o", "x"), strict=True
    ):
        ax.plot(frequency_hz, values, marker, ms=5, color=color, ls="", label=name)
    ax.axhline(0, color="black", lw=0.6)
    ax.set(xlabel="natural frequency (Hz)", ylabel="pairwise phase consistency")
    ax.set_ylim(top=max(0.05, 1.25 * np.nanmax([np.nanmax(v) for v in locking.values()])))
    ax.legend(loc="upper right", ncols=2)
    return figure, (
        "Locking of each unit's spikes to the field of all others, over pairs of spikes of "
        "different trials. Crosses: the field of another trial, which keeps what is common to all."
    )


def _accuracies(accuracies):
    figure, ax = plt.subplots(figsize=(7.5, 4.2))
    readouts = list(next(iter(accuracies.values())))
    for k, (readout, color, marker) in enumerate(
        zip(readouts, (GREY, ORANGE), ("s", "o"), strict=True)
    ):
        estimates = [found[readout] for found in accuracies.values()]
        middle = 100 * np.array([e.value for e in estimates])
        bounds = [
            np.maximum(0, middle - 100 * np.array([e.low for e in estimates])),
            np.maximum(0, 100 * np.array([e.high for e in estimates]) - middle),
        ]
        at = np.arange(len(estimates)) + 0.16 * (k - 0.5)
        ax.errorbar(at, middle, bounds, fmt=marker, color=color, capsize=3, label=readout)
    ax.axhline(10, color="black", lw=0.6, ls=":")
    ax.set_xticks(range(len(accuracies)), [name.replace(", ", "\n") for name in accuracies])
    ax.set(ylim=(0, 118), yticks=range(0, 101, 20), ylabel="accuracy (%)")
    ax.set_xlim(-0.5, len(accuracies) - 0.5)
    ax.legend(loc="upper right", ncols=2)
    return figure, (
        "Accuracy on digits that the refitted readouts have not seen, with Wilson's 95 % "
        "intervals. Dotted: chance for ten equally frequent classes."
    )
