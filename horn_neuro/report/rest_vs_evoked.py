"""The figures of a rest-against-evoked analysis."""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA

from horn_neuro.parameters import generator
from horn_neuro.report import figures

__all__ = ["draw_rest_vs_evoked"]


def draw_rest_vs_evoked(found):
    """Draw all figures of an analysis.

    Parameters
    ----------
    found : RestVsEvoked
        The analysis.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    return {
        "State space": _state_space(found),
        "Dimension": _dimension(found),
        "Variance across trials": _variance(found),
        "Class separability": _separability(found),
        "Distance and return": _distance(found),
        "Example traces": _traces(found),
        "Phases": _phases(found),
    }


def _mark(found, ax, labels=True):
    spans = {}
    for name in found.SEGMENTS:
        times = found.times[found.in_segment(name)]
        spans[name] = times[0], times[-1] + found.interval
    figures.mark_segments(ax, spans, labels)


def _legend_on_top(ax, **options):
    """Make room above the curves, so that the legend covers none of them."""
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    ax.legend(**{"ncols": 2, "loc": "upper left", **options})


def _state_space(found):
    x, labels = found.x("digits"), found.labels
    evoked = found.x("digits", "stimulus")
    # One plane for all panels: that of the states under stimulation.
    plane = PCA(2).fit(evoked.transpose(0, 2, 1).reshape(-1, evoked.shape[1]))

    def project(states):
        return plane.transform(states.transpose(0, 2, 1).reshape(-1, states.shape[1]))

    rest = project(found.x("digits", "rest"))
    rng = generator(found.seed, "figure")
    rest = rest[rng.choice(len(rest), min(len(rest), 4000), replace=False)]
    best = found.snapshots[found.best_snapshot("digits")]
    rebound = found.in_segment("rebound")
    later = (rebound.start + rebound.stop) // 2
    window = slice(max(0, best - round(0.06 / found.interval)), best + 1)

    figure, axes = plt.subplots(2, 2, figsize=(10, 9), sharex=True, sharey=True)
    figures.plot_cloud(axes[0, 0], rest)
    axes[0, 0].set_title("rest: all states")
    for ax, sample in ((axes[0, 1], best), (axes[1, 1], later)):
        figures.plot_cloud(ax, rest, color="0.8")
        figures.plot_cloud(ax, project(x[:, :, [sample]]), labels)
        ax.set_title(f"all trials at {found.times[sample]:.2f} s")
    paths = {
        int(label): project(x[labels == label][:, :, window].mean(axis=0)[None])
        for label in np.unique(labels)
    }
    figures.plot_class_trajectories(axes[1, 0], paths)
    axes[1, 0].set_title(f"mean path of each class to {found.times[best]:.2f} s")
    for ax in axes.flat:
        ax.label_outer()
    return figure, (
        "Principal components of the states x under stimulation. Grey: states at rest. Colours and "
        "numbers: classes, the number at the mean of the class. Upper right: the time of best "
        "separability; lower left, the 60 ms before; lower right, the middle of the rebound."
    )


def _dimension(found):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    figures.plot_dimension(axes[0], found.dimension)
    _legend_on_top(axes[0], loc="upper center")
    figures.plot_explained_variance(axes[1], found.explained)
    axes[1].legend(loc="lower right")
    return figure, (
        "Left: participation ratio of the states x in each segment, with 95 % bootstrap intervals "
        "over digits. Right: cumulative explained variance in the digits condition."
    )


def _variance(found):
    figure, axes = plt.subplots(2, 1, figsize=(10, 7), sharex=True)
    both = {"digits": found.across, "kicks only": found.within["kicks only"]}
    for ax, courses, text in (
        (axes[0], found.within, "variance of x\nacross repeats of a digit"),
        (axes[1], both, "variance of x\nacross all trials"),
    ):
        figures.plot_course(ax, found.times, courses, text)
        _legend_on_top(ax)
        _mark(found, ax, labels=ax is axes[0])
        ax.label_outer()
    return figure, (
        "Above: trial-to-trial variance across repeats of the same digit, which a stimulus may "
        "quench. Below: variance across all trials, which includes the differences between digits."
    )


def _separability(found):
    figure, ax = plt.subplots(figsize=(10, 4.5))
    figures.plot_course(ax, found.times[found.snapshots], found.accuracy, "decoding accuracy")
    null = np.concatenate([separability.null for separability in found.separability.values()])
    ax.axhspan(*np.quantile(null, [0.025, 0.975]), color="0.7", alpha=0.5, lw=0, label="permuted")
    _mark(found, ax)
    ax.set_ylim(0, 1)
    ax.legend(ncols=3, loc="upper left")
    return figure, (
        "Cross-validated accuracy of a linear support vector machine on snapshots of x. Grey band: "
        "the middle 95 % of accuracies with permuted labels."
    )


def _distance(found):
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.3), width_ratios=(1.5, 1))
    figures.plot_course(axes[0], found.times, found.distance, "distance from the resting cloud")
    _legend_on_top(axes[0])
    _mark(found, axes[0])
    means = {name: excess.mean(axis=0) for name, excess in found.excess.items()}
    figures.plot_return(axes[1], found.return_times, means, found.return_time)
    axes[1].legend(loc="lower left")
    return figure, (
        "Left: Mahalanobis distance from the resting cloud of other trials; 1 is typical of rest. "
        "Right: return after the stimulus, as squared distance above that of the same kicks "
        "without digits, and as squared difference from those trials in phase space."
    )


def _traces(found):
    data = found.recordings["digits"].data.isel(trial=0, time=found.after_settling)
    order = np.argsort(found.frequency_hz)
    units = order[np.linspace(0, len(order) - 1, min(6, len(order))).astype(int)]
    names = [f"{found.frequency_hz[k]:.0f} Hz" for k in units]
    figure, axes = plt.subplots(2, 1, figsize=(10, 6), sharex=True, height_ratios=(1, 5))
    axes[0].plot(found.times, data["stimulus"].values[0], "k", lw=0.8)
    axes[0].set_ylabel("pixel")
    figures.plot_traces(axes[1], found.times, data["x"].values[units], names)
    axes[1].set_ylabel("position x of units,\nby natural frequency")
    for ax in axes:
        _mark(found, ax, labels=ax is axes[0])
    return figure, (
        f"One trial, digit {found.labels[0]}: the input, and the positions of some units over "
        "the whole range of natural frequencies."
    )


def _phases(found):
    zoom = (found.times >= -0.1) & (found.times < 0.4)
    figure, axes = plt.subplots(3, 1, figsize=(10, 9), height_ratios=(2, 1, 1))
    theta = found.example_theta[:, zoom]
    figures.plot_phases(axes[0], found.times[zoom], theta, found.frequency_hz)
    axes[0].axvline(0, color="white", lw=2, ls="--")
    for ax, courses, label in (
        (axes[1], found.order, "order parameter\n(over units)"),
        (axes[2], found.coherence, "phase coherence\n(over trials)"),
    ):
        figures.plot_course(ax, found.times, courses, label)
        ax.set_ylim(0, 1)
        ax.legend(ncols=2, loc="upper left")
        _mark(found, ax, labels=False)
    axes[1].set_xlabel("")
    return figure, (
        "Above: phases of all units in one trial; dashed, the onset of the stimulus. Middle: "
        "Kuramoto order parameter, mean over trials. Below: phase coherence over all trials, mean "
        "over units; its band lies high, because a trial drawn twice agrees with itself."
    )
