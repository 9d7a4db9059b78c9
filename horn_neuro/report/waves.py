"""Figures of waves: interference, kymographs, speeds, superposition; an animation."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.report.style import BLUE, GREEN, GREY, ORANGE, PINK

__all__ = ["draw_interference", "draw_kymographs", "draw_later", "draw_speed", "save_animation"]

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
    last = {packet["medium"]: packet for packet in packets}
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


def draw_speed(packets):
    """Draw measured speeds against those of linear theory.

    Parameters
    ----------
    packets : list of dict
        With medium, expected and measured, in sites a step.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, ax = plt.subplots(figsize=(5.6, 4.8))
    for (name, color), marker in zip(COLORS.items(), "xosD", strict=True):
        pairs = [(b["expected"], b["measured"]) for b in packets if b["medium"] == name]
        expected, measured = np.array(pairs).T
        ax.plot(expected, measured, marker, ms=7, color=color, label=name)
    top = 1.1 * max(b["expected"] for b in packets)
    line = np.array([0, top])
    ax.plot(line, line, color="black", lw=0.8)
    ax.fill_between(line, 0.95 * line, 1.05 * line, color=GREY, alpha=0.25, lw=0)
    ax.set(xlabel="group velocity in theory (sites a step)", ylabel="speed measured (sites a step)")
    ax.legend(loc="upper left")
    return figure, (
        "Do waves travel as fast as linear theory says? Each mark is a medium of another weight; "
        "grey, 5 %. With symmetric coupling without delay, nothing travels."
    )


def draw_later(sources, decoding):
    """Draw how far waves are from their sum, and how many digits are read from them.

    Parameters
    ----------
    sources : dict of str to dict
        Amplitudes and errors by medium.
    decoding : list of dict of str to float
        Share of digits that is read right, by name, for each seed.

    Returns
    -------
    figure : matplotlib.figure.Figure
    caption : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.4))
    for name, s in sources.items():
        axes[0].loglog(
            s["amplitudes"], np.maximum(s["errors"], 1e-16), "o-", color=COLORS[name], label=name
        )
    axes[0].set(xlabel="size of both kicks (y)", ylabel="departure from the sum (relative rms)")
    axes[0].legend(loc="center right")
    names = list(decoding[0])
    for k, name in enumerate(names):
        values = 100 * np.array([one[name] for one in decoding])
        axes[1].plot(np.full(len(values), k), values, "o", ms=5, color=PINK if k == 0 else BLUE)
        axes[1].plot([k - 0.25, k + 0.25], [values.mean()] * 2, color="black")
    axes[1].axhline(10, color=GREY, ls=":")
    axes[1].set_xticks(range(len(names)), [n.replace(" ", "\n") for n in names])
    axes[1].set(ylabel="digits read (%)", ylim=(0, 100))
    return figure, (
        "Do waves add up, and what is left of a digit in them? Left: two kicks against the sum of "
        "each alone. Right: digits read after the wait, a dot for each seed; dotted, chance."
    )


def save_animation(path, x, size=256):
    """Write a sheet over time as an animated GIF.

    Parameters
    ----------
    path : str | Path
        The file.
    x : ndarray, shape (rows, columns, n_times)
        Positions.
    size : int
        Height in pixels.
    """
    from PIL import Image

    top = np.quantile(np.abs(x), 0.99)
    colors = np.uint8(255 * plt.get_cmap("RdBu_r")(0.5 + x / (2 * top))[..., :3])
    shape = size * x.shape[1] // x.shape[0], size
    frames = [
        Image.fromarray(np.ascontiguousarray(colors[:, :, k])).resize(shape, Image.BICUBIC)
        for k in range(x.shape[2])
    ]
    first, *others = (f.convert("P", palette=Image.ADAPTIVE, colors=64) for f in frames)
    with open(path, "wb") as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=50, loop=0)
