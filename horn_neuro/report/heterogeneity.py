"""The figures of the heterogeneity protocol."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.report.figures import label_log_axis

__all__ = ["draw_heterogeneity"]

QUANTITIES = {
    "lyapunov": "largest Lyapunov\nexponent (1/step)",
    "memory": "autocorrelation\ntime (ms)",
    "susceptibility": "fluctuation of\nthe order parameter",
    "separability": "accuracy of a\nlinear readout",
    "learned": "accuracy after\nthe training budget",
}


def draw_heterogeneity(cells, bursts, networks):
    """Draw the sweep as curves and maps, avalanches, and the kinds of networks.

    Parameters
    ----------
    cells : list
        One for each network, with gain, level, seed, critical, and the
        quantities lyapunov, memory, susceptibility, separability and learned.
    bursts : dict of float to dict
        Avalanche "sizes" by gain, of the "network" and of "shifted" spikes.
    networks : dict of str to list of dict
        "separability" and, where trained here, "learning" and "test", by kind.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    return {
        "Near the edge": _curves(cells),
        "Maps": _maps(cells),
        "Avalanches": _avalanches(bursts),
        "Kinds of networks": _networks(networks),
    }


def _table(cells, key):
    """Mean and standard error over seeds, shape (n_levels, n_gains)."""
    gains = sorted({cell.gain for cell in cells})
    levels = sorted({cell.level for cell in cells})
    groups = [
        [
            np.array([getattr(c, key) for c in cells if (c.gain, c.level) == (gain, level)])
            for gain in gains
        ]
        for level in levels
    ]
    mean = np.array([[group.mean() for group in row] for row in groups])
    error = np.array(
        [[group.std(ddof=1) / np.sqrt(len(group)) if len(group) > 1 else 0 for group in row]
         for row in groups]
    )  # fmt: skip
    return gains, levels, mean, error


def _curves(cells):
    figure, axes = plt.subplots(len(QUANTITIES), 1, figsize=(8, 12), sharex=True)
    for ax, (key, label) in zip(axes, QUANTITIES.items(), strict=True):
        gains, levels, mean, error = _table(cells, key)
        colors = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(levels)))
        for k, (level, color) in enumerate(zip(levels, colors, strict=True)):
            ax.errorbar(gains, mean[k], error[k], color=color, marker="osD^v"[k % 5], ms=5,
                        capsize=2, label=f"{level:g}")  # fmt: skip
            critical = np.mean([cell.critical for cell in cells if cell.level == level])
            ax.axvline(critical, color=color, ls=":", lw=1.4)
        ax.set(ylabel=label, xscale="log")
    axes[0].axhline(0, color="black", lw=0.6)
    axes[0].legend(title="heterogeneity", ncols=5, loc="lower right")
    axes[-1].set_xlabel("gain: standard deviation of w_rec")
    label_log_axis(axes[-1].xaxis)
    return figure, (
        "From weak to strong connections: mean over seeds with standard errors. Dotted: the gain "
        "at which linear theory of the silent network becomes unstable, mean over seeds."
    )


def _maps(cells):
    figure, axes = plt.subplots(2, 3, figsize=(12, 6.5))
    for ax, (key, label) in zip(axes.flat, QUANTITIES.items(), strict=False):
        gains, levels, mean, _ = _table(cells, key)
        image = ax.imshow(mean, origin="lower", aspect="auto", cmap="viridis")
        ax.set_xticks(range(len(gains)), [f"{gain:g}" for gain in gains])
        ax.set_yticks(range(len(levels)), [f"{level:g}" for level in levels])
        ax.set(xlabel="gain", ylabel="heterogeneity", title=label)
        figure.colorbar(image, ax=ax)
    axes.flat[-1].axis("off")
    return figure, "The same, as maps over gain and heterogeneity; means over seeds."


def _avalanches(bursts):
    columns = min(3, len(bursts))
    rows = -(-len(bursts) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(3.8 * columns, 3.4 * rows), sharey=True, squeeze=False
    )
    for ax, (gain, both) in zip(axes.flat, bursts.items(), strict=False):
        for (name, part), color, line in zip(
            both.items(), ("#d55e00", "#7f7f7f"), ("-", "--"), strict=True
        ):
            sizes = np.sort(part["sizes"])
            if len(sizes):
                share = 1 - np.arange(len(sizes)) / len(sizes)
                ax.loglog(sizes, share, line, color=color, drawstyle="steps-pre", label=name)
        ax.set(title=f"gain {gain:g}", xlabel="size (spikes)")
        label_log_axis(ax.xaxis)
        ax.label_outer(remove_inner_ticks=False)
        ax.set_xlabel("size (spikes)")
    for ax in axes.flat[len(bursts) :]:
        ax.axis("off")
    for ax in axes[:, 0]:
        ax.set_ylabel("share at least as large")
    axes[0, 0].legend(loc="lower left")
    return figure, (
        "Sizes of avalanches of spikes at rest, in bins of one step, in heterogeneous networks. "
        "Dashed: surrogates, in which every unit's spikes are shifted by a time of its own."
    )


def _networks(networks):
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), width_ratios=(1.3, 1))
    for k, rows in enumerate(networks.values()):
        values = [100 * row["separability"] for row in rows]
        axes[0].plot([k] * len(values), values, "o", ms=5, color="#0072b2", alpha=0.7)
        axes[0].plot(k, np.mean(values), "_", ms=22, mew=2, color="black")
    names = [name.replace(", ", ",\n") for name in networks]
    axes[0].set_xticks(range(len(names)), names, fontsize="small", rotation=25, ha="right")
    axes[0].set(ylabel="accuracy of a linear readout (%)", ylim=(0, 105))
    for (name, rows), color, marker in zip(
        ((n, r) for n, r in networks.items() if "learning" in r[0]),
        ("#0072b2", "#d55e00", "#009e73"), "osD", strict=True,
    ):  # fmt: skip
        curves = 100 * np.array([row["learning"] for row in rows])
        epochs = np.arange(1, curves.shape[1] + 1)
        axes[1].plot(epochs, curves.mean(axis=0), marker=marker, color=color, label=name)
        axes[1].fill_between(epochs, curves.min(axis=0), curves.max(axis=0), color=color,
                             alpha=0.2, lw=0)  # fmt: skip
    axes[1].set(xlabel="epoch", ylabel="validation accuracy (%)", ylim=(0, 105))
    axes[1].xaxis.get_major_locator().set_params(integer=True)
    axes[1].legend(loc="upper left")
    return figure, (
        "Left: linear readout of the last state, one dot a network, bars: means. Right: learning "
        "by backpropagation; bands: range over seeds."
    )
