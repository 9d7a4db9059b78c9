"""Figures of what weights have to do with activity: alignment, every pair, single updates."""

import numpy as np

from horn_neuro.report.figures import grid, label_log_axis, plot_band
from horn_neuro.report.style import GREEN, PINK

__all__ = ["draw_alignment", "draw_pairs", "draw_shares"]


def draw_alignment(result, keys, shown, styles):
    """Draw correlations with activity at the ends of training, with their nulls, and on the way.

    Parameters
    ----------
    result : dict of str to list of dict
        Networks by arm; of each, "alignment" (dict of str to Alignment), "steps" of training,
        and "curves" over them by kind of activity.
    keys : dict of str to str
        Which alignments, and what they are called.
    shown : str
        Kind of activity of the curves.
    styles : dict of str to dict
        Label, color, marker, and whatever else `plot` takes, by arm.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, ((ax, course),) = grid(1, 2, 7, 4.8, width_ratios=(1.3, 1))
    at = np.arange(len(keys))
    for k, (arm, runs) in enumerate(result.items()):
        style = styles[arm]
        y = at + 0.7 * ((k + 0.5) / len(result) - 0.5)
        table = [[run["alignment"][key] for run in runs] for key in keys]
        null = [np.quantile([a.null for a in row], [0.025, 0.975]) for row in table]
        ax.hlines(y, *np.transpose(null), color="0.8", lw=30 / len(result))
        dots = {**style, "ls": "", "label": None}
        ax.plot([[a.value for a in row] for row in table], y, ms=5, **dots)
        curves, steps = [run["curves"][shown] for run in runs], np.add(runs[0]["steps"], 1)
        marker, line = style["marker"], style["ls"]
        rest = {name: value for name, value in style.items() if name not in ("marker", "ls")}
        plot_band(course, steps, curves, marker, line, **rest)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_yticks(at, keys.values())
    ax.invert_yaxis()
    ax.set_xlabel("correlation with that of activity, over pairs")
    course.axhline(0, color="black", lw=0.6)
    course.set(xscale="log", xlabel="steps of training + 1", title="weights while they learn")
    label_log_axis(course.xaxis)
    figure.legend(ncols=min(3, len(result)), loc="outside upper center")
    return figure, (
        "Do recurrent weights, or what training changes about them, go with the correlation of "
        "activity (velocities; states of tanh units) of the same pairs? Left: one mark a seed; "
        "grey: middle 95 % with relabelled units. Right: mean over seeds; bands: their range."
    )


def draw_pairs(result, titles, styles):
    """Draw weights and their change against the correlation of activity, pair by pair.

    Parameters
    ----------
    result : dict of str to list of dict
        Networks by arm; of the first, "example": pairs of matrices (values, correlation), and
        "scatter": the correlation of either over pairs of units.
    titles : sequence of str
        Of the pairs of matrices.
    styles : dict of str to dict
        Label and color by arm.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = grid(len(result), len(titles), 2.5, 2.6, sharex=True, sharey="row")
    figure.supxlabel("correlation of activity", fontsize="medium")
    for row, (arm, runs) in zip(axes, result.items(), strict=True):
        cells = zip(row, titles, runs[0]["scatter"], runs[0]["example"], strict=True)
        for ax, title, r, (values, correlation) in cells:
            off = ~np.eye(len(values), dtype=bool)
            x, y = correlation[off], values[off] / values[off].std()
            ax.plot(x, y, ".", ms=3, color=styles[arm]["color"], alpha=0.5)
            ax.plot(x, np.polyval(np.polyfit(x, y, 1), x), color="black", lw=1)
            ax.set_title(f"{title}\nr = {r:+.2f}", fontsize=9)
        row[0].set_ylabel(f"{styles[arm]['label']}\nweight, change (SD)")
    return figure, (
        "Do pairs that fire together have strong weights? All pairs of the first seed (velocities; "
        "states of tanh units); last column: what training changed, with activity after training."
    )


def draw_shares(result, lags, when, styles):
    """Draw how much of an update products of activity explain, against the lag between them.

    Parameters
    ----------
    result : dict of str to list of dict
        Networks by arm; of each, "explained_share" over lags by "x after y, before" and so on.
    lags : sequence of int
        In steps; a short record has the first of them only.
    when : sequence of str
        Names of two times.
    styles : dict of str to dict
        Label by arm.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = grid(1, len(result), 5, 4.4, sharey=True)
    for ax, (arm, runs) in zip(axes[0], result.items(), strict=True):
        for time, line in zip(when, ("--", "-"), strict=True):
            for post, color in (("x", GREEN), ("y", PINK)):
                key = f"{post} after y, {time}"
                shares = [run["explained_share"][key] for run in runs]
                plot_band(ax, lags[: len(shares[0])], shares, line=line, color=color, label=key)
        ax.axhline(0, color="black", lw=0.6)
        ax.set(title=styles[arm]["label"], xlabel="lag of the sender (steps)")
    axes[0, 0].set_ylabel("share of an update explained\n(with the sign of the correlation)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside upper center")
    return figure, (
        "How Hebbian is a single update? Share of the variance over pairs of one full update "
        "(minus the gradient over the probe digits) that a product of the receiving unit's x or y "
        "with the sending unit's earlier y explains, before and after training; bands: range."
    )
