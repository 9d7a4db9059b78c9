"""The figures of the Hebbian alignment."""

import numpy as np
from matplotlib import pyplot as plt

__all__ = ["draw_hebbian_alignment"]

COLORS = {"horn_homogeneous": "#0072b2", "horn_heterogeneous": "#d55e00", "rnn": "#7f7f7f"}
MARKERS = {"horn_homogeneous": "o", "horn_heterogeneous": "s", "rnn": "x"}


def draw_hebbian_alignment(found, lags):
    """Draw how weights and their changes go with activity.

    Parameters
    ----------
    found : dict of str to list
        By model, one for each seed, with steps, measures, curves, lags, example.
    lags : tuple of int
        Lags of the explained shares, in steps.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    drawn = {
        "Alignment and its null": _alignment(found),
        "Alignment while learning": _curves(found),
        "Changes against correlations": _scatter(found),
    }
    if any(run.lags for runs in found.values() for run in runs):
        drawn["Share of an update"] = _shares(found, lags)
    return drawn


def _name(model):
    return model.replace("_", " ")


def _alignment(found):
    keys = [key for key in next(iter(found.values()))[0].measures if "partial" not in key]
    figure, ax = plt.subplots(figsize=(9, 0.42 * len(keys) + 1.8))
    for k, (model, runs) in enumerate(found.items()):
        for row, key in enumerate(keys):
            values = [run.measures[key].value for run in runs]
            spread = np.quantile(np.concatenate([run.measures[key].null for run in runs]),
                                 [0.025, 0.975])  # fmt: skip
            at = row + 0.26 * (k - (len(found) - 1) / 2)
            ax.plot(spread, [at, at], color="0.8", lw=6, solid_capstyle="butt", zorder=1,
                    label="null, middle 95 %" if row == k == 0 else None)  # fmt: skip
            ax.plot(values, [at] * len(values), MARKERS[model], ms=5, color=COLORS[model],
                    label=_name(model) if row == 0 else None)  # fmt: skip
    ax.axvline(0, color="black", lw=0.6)
    ax.set_yticks(range(len(keys)), keys, fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel("correlation over pairs")
    ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure, (
        "Correlation of recurrent weights, or of what training changed about them, with the "
        "correlation of the activity of the same pairs; one mark a seed. Grey: with the units of "
        "one matrix relabelled."
    )


def _curves(found):
    kinds = list(next(iter(found.values()))[0].curves)
    figure, axes = plt.subplots(1, len(kinds), figsize=(4.2 * len(kinds), 4), sharey=True)
    for ax, kind in zip(axes, kinds, strict=True):
        for model, runs in found.items():
            curves = np.array([run.curves[kind] for run in runs])
            steps = np.array(runs[0].steps) + 1
            ax.plot(steps, curves.mean(axis=0), marker=MARKERS[model], ms=4, color=COLORS[model],
                    label=_name(model))  # fmt: skip
            ax.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=COLORS[model],
                            alpha=0.2, lw=0)  # fmt: skip
        ax.axhline(0, color="black", lw=0.6)
        ax.set(xscale="log", xlabel="steps of training + 1", title=kind)
    axes[0].set_ylabel("correlation of weights\nwith activity over pairs")
    axes[0].legend(loc="upper left")
    return figure, "Alignment of the weights themselves while learning; bands: range over seeds."


def _scatter(found):
    figure, axes = plt.subplots(1, len(found), figsize=(4.2 * len(found), 4), squeeze=False)
    for ax, (model, runs) in zip(axes[0], found.items(), strict=True):
        change, correlation = runs[0].example
        off = ~np.eye(len(change), dtype=bool)
        ax.plot(correlation[off], change[off], ".", ms=3, color=COLORS[model], alpha=0.6)
        ax.set(title=_name(model), xlabel="correlation after training")
    axes[0, 0].set_ylabel("change of the weight")
    return figure, (
        "Every pair of the first seed: what training changed about its weight, against the "
        "correlation of the receiving unit's x with the sending unit's y one step before (in the "
        "tanh network, of its states)."
    )


def _shares(found, lags):
    models = {model: runs for model, runs in found.items() if runs[0].lags}
    figure, axes = plt.subplots(1, len(models), figsize=(5 * len(models), 4), sharey=True,
                                squeeze=False)  # fmt: skip
    for ax, (model, runs) in zip(axes[0], models.items(), strict=True):
        for key in runs[0].lags:
            shares = np.array([run.lags[key] for run in runs])
            if shares.shape[1] < 2:
                continue
            color = "#009e73" if key.startswith("x") else "#cc79a7"
            line = "--" if key.endswith("before") else "-"
            ax.plot(lags, shares.mean(axis=0), line, marker="o", ms=3, color=color, label=key)
            ax.fill_between(lags, shares.min(axis=0), shares.max(axis=0), color=color, alpha=0.15,
                            lw=0)  # fmt: skip
        ax.axhline(0, color="black", lw=0.6)
        ax.set(title=_name(model), xlabel="lag (steps)")
    axes[0, 0].set_ylabel("share of an update explained\n(with the sign of the correlation)")
    axes[0, -1].legend(loc="upper right", fontsize="x-small")
    return figure, (
        "Share of the variance over pairs of one full update (minus the gradient over the probe "
        "digits) that a Hebbian product of the receiving unit's x or y with the sending unit's "
        "earlier y explains, before and after training; bands: range over seeds."
    )
