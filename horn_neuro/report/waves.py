"""Figures of waves: interference, kymographs, speeds, sources, superposition."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.report.style import BLACK, BLUE, GREEN, GREY, ORANGE

__all__ = ["draw_interference", "draw_kymographs", "draw_sources", "draw_speed", "draw_sums"]

COLORS = {
    "symmetric": GREY,
    "symmetric, delayed": BLUE,
    "directed": ORANGE,
    "springs": GREEN,
}


def draw_interference(x, turn):
    """Draw positions and phases of a sheet at the last time.

    Parameters
    ----------
    x : ndarray, shape (rows, columns, n_times)
        Positions.
    turn : float
        Rad of the oscillation from one time to the next.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6))
    z = x[:, :, -1] - 1j * np.gradient(x, axis=2)[:, :, -1] / np.sin(turn)
    top = np.quantile(np.abs(x[:, :, -1]), 0.99)
    style = {"vmin": -top, "vmax": top, "interpolation": "bicubic"}
    image = axes[0].imshow(x[:, :, -1], cmap="RdBu_r", **style)
    figure.colorbar(image, ax=axes[0], label="position x", shrink=0.8)
    image = axes[1].imshow(np.angle(z), cmap="twilight", vmin=-np.pi, vmax=np.pi)
    figure.colorbar(image, ax=axes[1], label="phase (rad)", shrink=0.8)
    for ax in axes:
        ax.set(xlabel="site", ylabel="site")
    return figure, (
        "What do two waves look like together? Two sources of one frequency on a sheet of springs "
        "with absorbing edges, in the steady state: positions, and the map of their phases."
    )


def draw_kymographs(packets):
    """Draw the way of one packet in each medium, that of its largest weight.

    Parameters
    ----------
    packets : list of dict
        With medium, x of shape (n_sites, n_times), every (steps from one time to the next),
        start (in sites) and expected (sites a step).

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    last = {name: [b for b in packets if b["medium"] == name] for name in COLORS}
    last = {name: max(ones, key=lambda b: b["weight"]) for name, ones in last.items()}
    figure, axes = plt.subplots(1, len(last), figsize=(12, 3.6), sharey=True)
    for ax, (name, packet) in zip(axes, last.items(), strict=True):
        x, start = packet["x"], packet["start"]
        end = packet["every"] * x.shape[1]
        style = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1, "aspect": "auto", "origin": "lower"}
        ax.imshow(x, extent=(0, end, -start, len(x) - start), **style)
        ax.plot([0, end], [0, end * packet["expected"]], "k--", lw=1)
        ax.set(title=name, xlabel="time (steps)", xlim=(0, end), ylim=(-50, 80))
    axes[0].set_ylabel("distance (sites)")
    return figure, (
        "How does one packet move? Positions over time, relative to the largest at each time; "
        "dashed, the group velocity of linear theory."
    )


def draw_speed(packets, sources, light):
    """Draw measured speeds against those of linear theory, and packets against delay.

    Parameters
    ----------
    packets : list of dict
        With medium, weight, delay, expected and measured, in sites a step.
    sources : list of dict
        With medium, and expected and measured, each with phase and front.
    light : float
        Weight of the packets that are drawn against delay.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.8))
    driven = [b for b in sources if b["medium"] != "symmetric"]
    series = [
        ("x", [(b["expected"], b["measured"], b["medium"]) for b in packets]),
        *(
            (m, [(b["expected"][k], b["measured"][k], b["medium"]) for b in driven])
            for m, k in (("s", "front"), ("D", "phase"))
        ),
    ]
    names = ("packet", "front of a source", "phases of a source")
    line = np.array([1e-4, 1.0])
    for (marker, pairs), name in zip(series, names, strict=True):
        for expected, measured, medium in pairs:
            if expected > 0 and measured > 0:
                style = {"ms": 7, "mfc": "none", "mew": 1.5, "color": COLORS[medium]}
                axes[0].loglog(expected, measured, marker, **style)
        axes[0].plot([], [], marker, ms=7, mfc="none", color=BLACK, label=name)
    for medium, color in COLORS.items():
        axes[0].plot([], [], "o", color=color, label=medium)
    axes[0].plot(line, line, color=BLACK, lw=0.8)
    axes[0].fill_between(line, 0.95 * line, 1.05 * line, color=GREY, alpha=0.25, lw=0)
    axes[0].set(xlabel="speed in theory (sites a step)", ylabel="speed measured (sites a step)")
    axes[0].legend(loc="upper left")
    late = sorted(
        (b["delay"], b["expected"], b["measured"])
        for b in packets
        if b["medium"] == "symmetric, delayed" and b["weight"] == light
    )
    delay, expected, measured = np.array(late).T
    axes[1].axhline(0, color=GREY, lw=0.8)
    axes[1].plot(delay, expected, "--", color=BLACK, lw=1, label="theory")
    axes[1].plot(delay, measured, "x", ms=7, mew=1.5, color=BLUE, label="packets")
    axes[1].set(xlabel="delay between neighbours (steps)", ylabel="speed (sites a step)")
    axes[1].legend(loc="upper right")
    return figure, (
        "Do waves travel as fast as linear theory says? Left: each mark is a medium of another "
        "weight or delay, the diagonal is theory, grey 5 %; with symmetric coupling without delay, "
        "almost nothing travels. Right: packets with symmetric coupling of weight "
        f"{light:g} against delay; near none and half a period nothing travels, beyond it waves "
        "run backwards."
    )


def draw_sources(sources):
    """Draw amplitude, phase and front along rings, away from a driven site.

    Parameters
    ----------
    sources : list of dict
        With medium, frequency, expected phase, decay and front, and, over site, amplitude
        relative to that of the first, lag (rad) and arrival (steps) since that of the first. Of
        each medium, the last is drawn.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 3, figsize=(12, 4))
    for (name, b), marker in zip({b["medium"]: b for b in sources}.items(), "xosD", strict=True):
        site, style = b["site"], {"ms": 5, "mfc": "none", "color": COLORS[name]}
        axes[0].semilogy(site, b["amplitude"], marker, label=name, **style)
        axes[1].plot(site, b["lag"], marker, **style)
        axes[2].plot(site, b["arrival"], marker, **style)
        expected, way = b["expected"], site - site[0]
        lag = way * b["frequency"] / expected["phase"]
        lines = np.exp(-way / expected["decay"]), lag, way / expected["front"]
        for ax, line in zip(axes, lines, strict=True):
            ax.plot(site, line, color=COLORS[name], lw=0.8)
    axes[0].set(ylabel="amplitude (of the first site)")
    axes[1].set(ylabel="lag of the phase (rad)")
    axes[2].set(ylabel="arrival of the front (steps)")
    for ax in axes:
        ax.set(xlabel="distance from the source (sites)")
    axes[0].legend(loc="lower left")
    return figure, (
        "What does a driven source send out? Amplitude, phase, and when half of the amplitude is "
        "reached, along the ring, each since the first site; lines, linear theory at the frequency "
        "of the drive. With symmetric undelayed coupling the oscillation dies out within a site or "
        "two, and hardly lags."
    )


def draw_sums(sums):
    """Draw how far waves are from their sum.

    Parameters
    ----------
    sums : dict of str to dict
        Amplitudes and errors by medium.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, ax = plt.subplots(figsize=(5.6, 4.2))
    for (name, s), marker in zip(sums.items(), "oD", strict=True):
        errors = np.maximum(s["errors"], 1e-16)
        ax.loglog(s["amplitudes"], errors, marker + "-", color=COLORS[name], label=name)
    ax.set(xlabel="size of both kicks (y)", ylabel="departure from the sum (relative rms)")
    ax.legend(loc="center right")
    return figure, (
        "Do waves add up? Two kicks together against the sum of each alone: with delays, the tanh "
        "makes a departure that grows with the square of their size; springs are outside of it."
    )
