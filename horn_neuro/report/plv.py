"""The figures of the synchrony protocol."""

import numpy as np
from matplotlib import pyplot as plt
from mne_connectivity.viz import plot_connectivity_circle

from horn_neuro.analysis import locking_by_detuning

__all__ = ["draw_plv"]

COLORS = {"homogeneous": "#0072b2", "heterogeneous": "#d55e00"}
LINES = {"coupled": "-", "uncoupled": ":"}


def draw_plv(found, example, frequency_hz, interval):
    """Draw distributions of phase-locking, its dependence on detuning, and its matrices.

    Parameters
    ----------
    found : dict of (str, str, str) to list of Synchrony
        By network, coupling and segment, one for each seed.
    example : mne_connectivity.EpochConnectivity
        PLV over time of one network.
    frequency_hz : ndarray, shape (n_units,)
        Its natural frequencies.
    interval : float
        Seconds between samples.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    return {
        "Distributions": _distributions(found),
        "Detuning": _detuning(found),
        "Order parameter": _order(found, interval),
        "Connectivity matrix": _matrix(example, frequency_hz),
        "Connectivity circle": _circle(example, frequency_hz),
    }


def _segments(found):
    return list(dict.fromkeys(segment for _, _, segment in found))


def _distributions(found):
    measures = {"ppc": "PPC over time", "ppc_trials": "PPC over trials"}
    segments = _segments(found)
    figure, axes = plt.subplots(2, len(segments), figsize=(5.2 * len(segments), 6.8))
    for row, (measure, label) in zip(axes, measures.items(), strict=True):
        values = [getattr(s, measure) for synchronies in found.values() for s in synchronies]
        low, high = np.quantile(np.concatenate(values), [0.001, 0.999])
        edges = np.linspace(low, high, 41)
        for ax, segment in zip(row, segments, strict=True):
            for (name, coupling, where), synchronies in found.items():
                if where == segment:
                    pooled = np.concatenate([getattr(s, measure) for s in synchronies])
                    ax.hist(np.clip(pooled, low, high), edges, histtype="step", density=True,
                            color=COLORS[name], ls=LINES[coupling], lw=1.6,
                            label=f"{name}, {coupling}")  # fmt: skip
            ax.set(xlabel=label, yscale="log", title=segment if row is axes[0] else "")
        row[0].set_ylabel("density over pairs")
    axes[0, -1].legend(loc="upper right")
    return figure, (
        "Pairwise phase consistency of all pairs, of all seeds together; values beyond the axis "
        "are counted at its ends. Above: within trials, over time. Below: over trials, mean over "
        "times."
    )


def _detuning(found):
    segments = _segments(found)
    figure, axes = plt.subplots(1, len(segments), figsize=(5.2 * len(segments), 4.2), sharey=True)
    largest = max(s.detuning.max() for synchronies in found.values() for s in synchronies)
    edges = np.linspace(0, largest, 11)
    centers = (edges[1:] + edges[:-1]) / 2
    for ax, segment in zip(axes, segments, strict=True):
        for (name, coupling, where), synchronies in found.items():
            if where != segment or name != "heterogeneous":
                continue
            rows = locking_by_detuning(synchronies, edges)
            n = np.isfinite(rows).sum(axis=0)
            told = n > 1  # an interval needs two seeds
            mean = np.nanmean(rows[:, told], axis=0)
            error = np.nanstd(rows[:, told], axis=0, ddof=1) / np.sqrt(n[told])
            ax.errorbar(centers[told], mean, 1.96 * error, color=COLORS[name], ls=LINES[coupling],
                        marker="o", ms=4, capsize=2, label=coupling)  # fmt: skip
        ax.axhline(0, color="black", lw=0.6)
        ax.set(title=segment, xlabel="difference of natural frequencies (Hz)")
    axes[0].set_ylabel("PPC over time")
    axes[-1].legend(loc="upper right")
    return figure, (
        "Locking of pairs of heterogeneous units against the difference of their natural "
        "frequencies: mean over seeds, with 95 % intervals (normal). Pairs of similar frequency "
        "seem to lock even uncoupled, as long as their phases have no time to drift apart."
    )


def _order(found, interval):
    segments = _segments(found)
    figure, ax = plt.subplots(figsize=(9, 4))
    for name, coupling in dict.fromkeys(key[:2] for key in found):
        courses = np.array(
            [
                np.concatenate([found[name, coupling, segment][k].order for segment in segments])
                for k in range(len(found[name, coupling, segments[0]]))
            ]
        )
        steps = len(found[name, coupling, segments[0]][0].order)
        times = (np.arange(courses.shape[1]) - steps) * interval
        ax.plot(times, courses.mean(axis=0), LINES[coupling], color=COLORS[name],
                label=f"{name}, {coupling}")  # fmt: skip
        if coupling == "coupled":
            ax.fill_between(times, courses.min(axis=0), courses.max(axis=0), color=COLORS[name],
                            alpha=0.2, lw=0)  # fmt: skip
    ax.axvline(0, color="black", lw=0.8)
    ax.set(xlabel="time from the onset of the stimulus (s)", ylabel="order parameter")
    ax.set_ylim(0, 1.4 * ax.get_ylim()[1])
    ax.legend(ncols=2, loc="upper left")
    return figure, (
        "Kuramoto order parameter over all units, mean over trials and seeds; bands: range over "
        "seeds of the coupled networks."
    )


def _matrix(example, frequency_hz):
    order = np.argsort(frequency_hz)
    plv = example.get_data("dense").mean(axis=0)[np.ix_(order, order)]
    figure, ax = plt.subplots(figsize=(6, 5))
    image = ax.imshow(plv, cmap="magma", vmin=0, vmax=1, origin="lower")
    ticks = np.unique(np.linspace(0, len(order) - 1, 5).astype(int))
    names = [f"{frequency_hz[order[k]]:.0f}" for k in ticks]
    ax.set_xticks(ticks, names)
    ax.set_yticks(ticks, names)
    ax.set(xlabel="natural frequency (Hz)", ylabel="natural frequency (Hz)")
    figure.colorbar(image, ax=ax, label="PLV over time")
    return figure, (
        "PLV over time under stimulation, mean over trials: a heterogeneous, coupled network, its "
        "units ordered by natural frequency."
    )


def _circle(example, frequency_hz):
    order = np.argsort(frequency_hz)
    plv = example.get_data("dense").mean(axis=0)[np.ix_(order, order)]
    pairs = np.tril_indices(len(order), -1)
    figure, ax = plt.subplots(figsize=(6.5, 6), subplot_kw={"polar": True}, layout="none")
    plot_connectivity_circle(
        plv[pairs],
        [f"{frequency_hz[k]:.0f} Hz" for k in order],
        indices=pairs,
        n_lines=min(60, len(pairs[0])),
        ax=ax,
        facecolor="white",
        textcolor="black",
        colormap="viridis",
        fontsize_names=7,
        show=False,
    )
    return figure, (
        "The same network by mne-connectivity: the 60 strongest pairs, units around the circle by "
        "natural frequency."
    )
