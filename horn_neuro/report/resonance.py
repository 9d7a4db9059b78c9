"""The figures of the resonance protocol."""

import numpy as np
from matplotlib import pyplot as plt

from horn_neuro.report.figures import label_log_axis

__all__ = ["draw_resonance"]

ORANGE, BLUE, GREY = "#d55e00", "#0072b2", "#7f7f7f"


def draw_resonance(curves, strong, spectra, digits):
    """Draw gain curves, saturation, and receptive fields beside the input's spectrum.

    Parameters
    ----------
    curves : dict of str to dict
        By network: "params", "measured" (`GainCurve`), and the complex gains
        "exact" and "continuous".
    strong : dict
        Of strong sines: "frequencies", "amplitudes", complex "response" and
        "expected" of shape (n_amplitudes, n_frequencies), "rms" of x, "omega".
    spectra : dict of str to (ndarray, Estimate)
        Frequencies and power of the input, by condition.
    digits : (HornParameters, ndarray, ndarray)
        Units, and the variance of x under digits, measured and predicted.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    return {
        "Gain curves": _gains(curves),
        "Strong drive": _strong(strong),
        "Receptive fields and digits": _fields(curves, spectra),
        "Response to digits": _digits(*digits),
    }


def _gains(curves):
    figure, axes = plt.subplots(
        2, len(curves), figsize=(5.2 * len(curves), 6.4), squeeze=False, sharex="col",
        height_ratios=(2, 1),
    )  # fmt: skip
    for (name, curve), (top, bottom) in zip(curves.items(), axes.T, strict=True):
        measured = curve["measured"]
        order = np.argsort(curve["params"].omega)
        units = np.unique(order[np.linspace(0, len(order) - 1, 4).astype(int)])
        if np.ptp(curve["params"].omega) == 0:
            units = units[:1]
        f = measured.frequencies
        for k, unit in enumerate(units):
            label = k == 0
            top.loglog(f, np.abs(curve["exact"][unit]), color=BLUE, lw=1.6,
                       label="exact, stepped" if label else None)  # fmt: skip
            top.loglog(f, np.abs(curve["continuous"][unit]), color=GREY, ls="--", lw=1,
                       label="continuous time" if label else None)  # fmt: skip
            top.loglog(f, measured.gain[unit], "o", ms=3, color=ORANGE,
                       label="measured" if label else None)  # fmt: skip
        error = np.abs(measured.gain / np.abs(curve["exact"]) - 1).max(axis=0)
        bottom.loglog(f, 100 * np.maximum(error, 1e-12), color="black")
        bottom.axhline(0.5, color=GREY, ls=":")
        top.set(title=name, ylabel="gain of x")
        top.legend(loc="lower left")
        label_log_axis(bottom.xaxis)
        bottom.set(xlabel="frequency (rad per unit of time)", ylabel="error of gain (%)")
    return figure, (
        "Above: amplitude of x per amplitude of a weak input, measured in the simulation, for "
        "units over the range of natural frequencies. Below: largest error over all units against "
        "the exact gain of the stepped equations; dotted, 0.5 %."
    )


def _strong(strong):
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4))
    relative = strong["frequencies"] / strong["omega"]
    shown = np.unique(np.linspace(0, len(strong["amplitudes"]) - 1, 5).astype(int))
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.88, len(shown)))
    for k, color in zip(shown, colors, strict=True):
        label = f"{strong['amplitudes'][k]:.2g}"
        axes[0].loglog(relative, np.abs(strong["expected"][k]), color=color, lw=1.5)
        axes[0].loglog(relative, np.abs(strong["response"][k]), "o", ms=3, color=color,
                       label=label)  # fmt: skip
        axes[1].loglog(relative, strong["rms"][k], color=color, lw=1.5, label=label)
    for n in (3, 5):
        axes[1].axvline(1 / n, color=GREY, ls=":", lw=1)
    axes[0].set(title="at the drive's frequency", ylabel="gain of x")
    axes[1].set(title="all frequencies", ylabel="rms of x")
    for ax in axes:
        ax.set_xlabel("drive over natural frequency")
        label_log_axis(ax.xaxis)
    axes[1].legend(title="amplitude", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure, (
        "One unit under sines of growing amplitude inside the tanh. Left: gain at the drive's "
        "frequency, measured (dots) and by tanh's describing function (lines): it falls as the "
        "tanh saturates. Right: rms of x; dotted, a third and a fifth of the natural frequency, "
        "where harmonics of a clipped sine drive the resonance."
    )


def _fields(curves, spectra):
    curve = curves[next(reversed(curves))]
    measured, order = curve["measured"], np.argsort(curve["params"].omega)
    figure, axes = plt.subplots(2, 1, figsize=(8.5, 7), sharex=True, height_ratios=(1, 1.4))
    for (name, (f, power)), color, line in zip(
        spectra.items(), (ORANGE, GREY), ("-", "--"), strict=True
    ):
        inside = (f >= measured.frequencies[0]) & (f <= measured.frequencies[-1])
        axes[0].fill_between(f[inside], power.low[inside], power.high[inside], color=color,
                             alpha=0.3, lw=0)  # fmt: skip
        axes[0].plot(f[inside], power.value[inside], line, color=color, label=name)
    axes[0].set(yscale="log", ylabel="power of the input\nper rad per step")
    axes[0].legend(loc="upper right")
    gain = measured.gain[order]
    image = axes[1].pcolormesh(
        measured.frequencies, np.arange(len(order)), gain / gain.max(axis=1, keepdims=True),
        cmap="magma", shading="nearest", rasterized=True,
    )  # fmt: skip
    axes[1].set(xscale="log", xlabel="frequency (rad per step)",
                ylabel="unit, by natural frequency")  # fmt: skip
    label_log_axis(axes[1].xaxis)
    figure.colorbar(image, ax=axes, label="gain over its maximum", shrink=0.6)
    row = 2 * np.pi / 28
    for ax in axes:
        for k in (1, 2, 3):
            if row * k < measured.frequencies[-1]:
                ax.axvline(row * k, color="#56b4e9", ls=":", lw=1.4)
    axes[0].text(row, 1.02, "2π/28", transform=axes[0].get_xaxis_transform(), ha="center",
                 fontsize="small", color="#0072b2")  # fmt: skip
    return figure, (
        "Above: spectrum of digit sequences, one pixel a step, with 95 % bootstrap bands over "
        "digits, and of the same pixels in shuffled order. Below: gain of each unit, its intrinsic "
        "receptive field. Dotted: the frequency of rows of 28 pixels, and its harmonics."
    )


def _digits(params, measured, predicted):
    figure, ax = plt.subplots(figsize=(6.5, 4.4))
    ax.semilogy(params.omega, predicted, "x", ms=7, color=BLUE, label="gain² times spectrum")
    ax.semilogy(params.omega, measured, "o", ms=4, color=ORANGE, ls="", label="measured")
    ax.axvline(2 * np.pi / 28, color=GREY, ls=":")
    ax.set(xlabel="natural frequency (rad per unit of time)", ylabel="variance of x under digits")
    ax.legend(loc="upper right")
    return figure, (
        "How much each uncoupled unit moves under digits (weak, repeated without a pause), "
        "against what its gain and the spectrum predict. Dotted: 2π/28."
    )
