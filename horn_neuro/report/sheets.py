"""Figures of sheets: what is read from them, what is left on them, vortices."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.analysis import vortices
from horn_neuro.report.figures import label_log_axis
from horn_neuro.report.style import BLUE, GREY, ORANGE

__all__ = ["draw_phases", "draw_read", "draw_remains", "draw_vortices"]


def draw_read(read, pixels, readouts):
    """Draw how many digits are read from each sheet.

    Parameters
    ----------
    read : list of dict
        With way, amplitude, arm, weight and the share that each of the readouts gets right.
    pixels : list of dict of str to float
        Shares of the same digits from their pixels, for each seed.
    readouts : tuple of str
        Names of two readouts.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    stimuli = list(dict.fromkeys((one["way"], one["amplitude"]) for one in read))
    figure, axes = plt.subplots(1, len(stimuli), figsize=(1.5 + 3 * len(stimuli), 4.8), sharey=True)
    for ax, (way, amplitude) in zip(axes, stimuli, strict=True):
        groups = {"pixels": pixels}
        for one in read:
            if (one["way"], one["amplitude"]) == (way, amplitude):
                weight = f" {one['weight']:g}" if one["weight"] else ""
                groups.setdefault(one["arm"] + weight, []).append(one)
        for k, ones in enumerate(groups.values()):
            for readout, color, marker, aside in zip(
                readouts, (BLUE, ORANGE), "os", (-0.17, 0.17), strict=True
            ):
                values = 100 * np.array([one[readout] for one in ones])
                at = np.full(len(values), k + aside)
                label = readout if k == 0 else None
                ax.plot(values, at, marker, ms=4, alpha=0.6, color=color, label=label)
                ax.plot([values.mean()] * 2, [k + aside - 0.15, k + aside + 0.15], color=color)
        ax.axvline(10, color=GREY, ls=":")
        ax.set_yticks(range(len(groups)), groups)
        at = f",\nvelocity {amplitude:g}" if way == "at once" else ""
        ax.set(title=f"{way}{at}", xlim=(0, 100), xlabel="digits read (%)")
    axes[0].invert_yaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=2, loc="outside upper center")
    return figure, (
        "Which digit was it? Digits read after the wait, from each sheet (numbers are weights), by "
        "a linear and a nonlinear readout: a mark for each seed, lines their means; dotted, chance."
    )


def draw_remains(example):
    """Draw a digit, and what is left of it on a sheet.

    Parameters
    ----------
    example : dict of str to ndarray, shape (rows, columns)
        The digit's pixels first, then positions, by title.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, len(example), figsize=(3.8 * len(example), 3.6))
    for ax, (name, picture) in zip(axes, example.items(), strict=True):
        top = np.abs(picture).max()
        style = {"cmap": "gray_r", "vmin": 0} if ax is axes[0] else {"cmap": "RdBu_r", "vmin": -top}
        image = ax.imshow(picture, vmax=top, **style)
        figure.colorbar(image, ax=ax, shrink=0.7, label="pixel" if ax is axes[0] else "position x")
        ax.set(title=name, xlabel="site", ylabel="site")
    return figure, (
        "What is left of a digit? Its pixels, and positions on the sheet with delays after the "
        "wait, under kicks, when it came at once and row by row at the left edge."
    )


def draw_vortices(sheets, n_sites):
    """Draw how many vortices sheets have and how long they live, beside random fields.

    Parameters
    ----------
    sheets : list of dict
        With medium, units ("equal" or "spread"), and the numbers of "sheet" and "random":
        "vortices" at a time, and "life of one seen" in steps.
    n_sites : int
        Of a sheet.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(11.5, 5), sharey=True)
    names = list(dict.fromkeys(one["medium"] for one in sheets))
    looks = {"equal": (BLUE, "o", -0.15), "spread": (ORANGE, "s", 0.15)}
    for ax, (what, label) in zip(
        axes,
        {
            "vortices": "vortices at a time",
            "life of one seen": "life of one that is seen (steps)",
        }.items(),
        strict=True,
    ):
        for units, (color, marker, aside) in looks.items():
            for of, face in (("sheet", color), ("random", "none")):
                points = [
                    (one[of][what], names.index(one["medium"]) + aside)
                    for one in sheets
                    if one["units"] == units
                ]
                values, at = np.array(points).T
                name = f"{units} units" if of == "sheet" else "random field of its spectrum"
                style = {"ms": 5, "color": color, "mfc": face, "alpha": 0.8}
                ax.plot(values, at, marker, label=name, **style)
        ax.set(xlabel=label, xscale="linear" if what == "vortices" else "log")
    axes[0].axvline(n_sites / 3, color=GREY, ls=":")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    label_log_axis(axes[1].xaxis)
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=4, loc="outside upper center")
    return figure, (
        "Are there spirals, and do they live? A mark for each seed: how many vortices of phase "
        "there are at a time, and for how long the median one of these is followed; hollow, random "
        "fields with the same spectrum over space and time; dotted, independent phases."
    )


def draw_phases(field):
    """Draw phases of a sheet with its vortices, at the start, the middle and the end.

    Parameters
    ----------
    field : ndarray of complex, shape (rows, columns, n_times)
        Its angle is the phase; edges are joined.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.2))
    n = field.shape[2]
    for ax, (name, k) in zip(
        axes, {"start": 0, "middle": n // 2, "end": n - 1}.items(), strict=True
    ):
        phase = np.angle(field[:, :, k])
        image = ax.imshow(phase, cmap="twilight", vmin=-np.pi, vmax=np.pi)
        where, charge = vortices(phase, periodic=True)
        for sign, marker in ((1, "o"), (-1, "s")):
            row, column = where[charge == sign].T
            ax.plot(column, row, marker, ms=7, mfc="none", mec="white", mew=2.5)
            ax.plot(column, row, marker, ms=7, mfc="none", mec=ORANGE, mew=1.2)
        edge = -0.5, phase.shape[1] - 0.5
        ax.set(title=name, xlabel="site", ylabel="site", xlim=edge, ylim=edge[::-1])
    figure.colorbar(image, ax=axes, label="phase (rad)", shrink=0.8)
    return figure, (
        "Where do spirals turn? Phases beyond the edge with equal units; circles, vortices of "
        "charge 1; squares, -1."
    )
