#!/usr/bin/env python
"""What does a unit resonate to, and what is there in the digits to resonate to?

Drives uncoupled units of a network by sines, all frequencies in one simulation, and compares their
gain with the exact one of the stepped equations and with continuous time; then drives one unit
ever more strongly, into the tanh; then looks at the receptive fields of the whole network beside
the spectrum of real digit sequences, with shuffled pixels as the control. Gains are deterministic:
their error is that of the measurement against the exact formula. Intervals of spectra are
bootstrapped over digits. Also leaves params.safetensors, the units.

    horn-neuro resonance --params net.safetensors
"""

from dataclasses import replace

import numpy as np
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report.figures import grid, label_log_axis
from horn_neuro.report.style import BLUE, GREY, ORANGE, SKY

WEAK, RESAMPLES = 1e-3, 1000  # where tanh is linear to 1e-6; draws of the bootstrap
SETTLE = 12  # decay times of the slowest unit, after which 6e-6 of a transient is left
ERRORS = ("largest_error", "largest_gain_error")
ROW = 2 * np.pi / 28  # the frequency of rows of pixels, in rad per step


class Resonance(DigitExperiment):
    title = "Resonance"
    takes = Sizes("15 s", "15 s", "")
    device, seed, gamma = material.DEVICE, material.SEED, material.GAMMA
    params = replace(material.PARAMS, excludes=("units", "gamma"))
    units = Option(64, "oscillators of each network, where none is given", least=1)
    frequencies = Option(Sizes(24, 96, 384), "points of a gain curve", least=5)
    amplitudes = Option(Sizes(5, 9, 17), "of strong sines", least=2)
    digits = Option(Sizes(100, 500, 4000), "for the spectrum", least=2)
    amplitude = Option(WEAK, "of the weak sines", above=0)

    def measure(self):
        networks = self.networks()
        digits = self.load_digits("train", self.digits, generator(self.seed, "digits"))
        inputs = digits.inputs[:, :, 0]
        self.expect(len(networks) + 2, "stage")
        curves, spectra = {}, {}
        for name, network in networks.items():
            self.step(f"sines, {name}")
            curves[name] = self.gain_curve(uncouple(network))
        units = curves[name]["units"]
        self.step("strong sines")
        strong = self.strong_sines(units)
        self.step("digits")
        shuffled = generator(self.seed, "shuffle").permuted(inputs, axis=1)
        for name, sequences in (("digits", inputs), ("shuffled pixels", shuffled)):
            frequencies, power = analysis.input_spectrum(sequences)
            rng, each = generator(self.seed, "bootstrap"), np.arange(len(power))
            mean = analysis.bootstrap(lambda w, p=power: w @ p, each, RESAMPLES, rng)
            spectra[name] = (frequencies, mean)
        variance = self.digit_response(units, digits.inputs[:100])
        units.save(self.folder.path / "params.safetensors")
        self.config["parameters"] = {name: one.provenance for name, one in networks.items()}
        return {"curves": curves, "strong": strong, "spectra": spectra, "variance": variance}

    def networks(self):
        if self.params is not None:
            return {"this network": hn.load_parameters(self.params)}
        make, kinds = hn.effenberger_2025, {"homogeneous": False, "heterogeneous": True}
        options = {"gamma": self.gamma, "alpha": 4 * self.gamma, "seed": self.seed}
        return {name: make(self.units, heterogeneous=k, **options) for name, k in kinds.items()}

    def drive(self, params, frequencies, amplitudes):
        """Drive all units by sines; returns complex responses per amplitude, and rms of x."""
        settle = int(SETTLE / (params.gamma.min() * params.h))
        cycle = 2 * np.pi / (params.h * frequencies.min())
        n_steps = settle + int(max(10 * cycle, 500))
        angle = frequencies[:, None] * params.h * np.arange(n_steps)
        sines = np.broadcast_to(amplitudes, frequencies.shape)[:, None] * np.sin(angle)
        recording = hn.simulate(params, sines[:, :, None], record="x", device=self.device, seed=1)
        self.config["used_device"], x = recording.provenance["device"], recording.data["x"].values
        response = analysis.fit_sine(x, frequencies, params.h, start=settle) / amplitudes
        return response, x[:, :, settle:].std(axis=2).T

    def gain_curve(self, units):
        # From a third of the slowest to twice the fastest unit's.
        highest = min(2 * units.omega.max(), 0.9 * np.pi / units.h)
        frequencies = np.geomspace(units.omega.min() / 3, highest, self.frequencies)
        response, _ = self.drive(units, frequencies, self.amplitude)
        exact = analysis.discrete_gain(units, frequencies)
        return {
            "units": units,
            "hz": frequencies * units.h / (2 * np.pi * units.step),
            "measured": analysis.GainCurve(frequencies, np.abs(response)),
            "exact": exact,
            "continuous": analysis.continuous_gain(units, frequencies),
            "largest_error": float(np.abs(response / exact - 1).max()),
            "largest_gain_error": float(np.abs(np.abs(response / exact) - 1).max()),
        }

    def strong_sines(self, units):
        """Drive the unit of median frequency ever more strongly, over all frequencies."""
        middle = np.argsort(units.omega)[[units.n_units // 2]]
        names = ("omega", "gamma", "alpha", "feedback", "w_in", "b_in", "b_rec")
        one = units.replace(
            **{name: getattr(units, name)[middle] for name in names},
            w_rec=[[0.0]],
            w_out=units.w_out[:, middle],
        )
        omega = one.omega[0]
        grid = np.geomspace(omega / 6, 2 * omega, self.frequencies)
        frequencies = np.unique([*grid, omega / 5, omega / 3, omega])
        amplitudes = np.geomspace(0.03, 30, self.amplitudes)
        pairs = np.array([(a, f) for a in amplitudes for f in frequencies])
        response, rms = self.drive(one, pairs[:, 1], pairs[:, 0])
        shape = len(amplitudes), len(frequencies)
        gain = analysis.discrete_gain(one, frequencies)[0]
        return {
            "omega": omega,
            "frequencies": frequencies,
            "amplitudes": amplitudes,
            "response": response.reshape(shape),
            "expected": gain * analysis.describing_function(amplitudes)[:, None],
            "rms": rms.reshape(shape),
        }

    def digit_response(self, units, inputs):
        """Variance of x under digits, unit by unit, measured, and as gain and spectrum predict."""
        quiet = WEAK * (inputs - inputs.mean(axis=1, keepdims=True))
        # Three times, so that the last has no transient of an onset.
        thrice = np.concatenate([quiet, quiet, quiet], axis=1)
        recording = hn.simulate(units, thrice, record="x", device=self.device, seed=1)
        x = recording.data["x"].values[:, :, -inputs.shape[1] :] / WEAK
        return {
            "measured": x.var(axis=2).mean(axis=0),
            "predicted": analysis.predicted_variance(units, quiet[:, :, 0] / WEAK),
        }

    def findings(self, result):
        rows = {}
        for name, curve in result["curves"].items():
            units, measured = curve["units"], curve["measured"]
            rows[f"Largest error of a gain, {name}"] = percent(curve["largest_gain_error"])
            for title, values in (
                ("Peak over natural frequency", measured.peak / units.omega),
                ("Largest gain", measured.gain.max(axis=1)),
                ("Q factor", measured.quality),
                ("omega / 2 gamma", units.omega / (2 * units.gamma)),
            ):
                if len(values := values[np.isfinite(values)]):  # overdamped units have no width
                    median = analysis.Estimate(np.median(values), n=len(values))
                    rows[f"{title}, {name} (median)"] = median
        rhythm = {}
        for name, (frequencies, power) in result["spectra"].items():
            near, mean = np.abs(frequencies - ROW) < ROW / 14, power.value[1:].mean()
            shares = [p[near].mean() / mean for p in (power.value, power.low, power.high)]
            rhythm[name] = analysis.Estimate(*shares, n=power.n)
            rows[f"Power at 2 pi / 28 over the mean, {name}"] = rhythm[name]
        strong, variance = result["strong"], result["variance"]
        for name, ratio in (
            ("tanh's describing function", strong["response"] / strong["expected"]),
            ("gain times spectrum", variance["predicted"] / variance["measured"]),
        ):
            rows[f"Largest error of {name}"] = percent(np.abs(ratio - 1).max())
        busiest = 2 * np.pi / (units.omega * units.h)[variance["measured"].argmax()]
        tuned = np.count_nonzero(curve["measured"].gain.argmax(axis=1))  # others: slow is best
        answer = [
            f"Of {units.n_units} units, {tuned} resonate near their natural frequency, all by just "
            f"the gain of the stepped equations (error {percent(curve['largest_gain_error'])}).",
            f"Digits offer the rhythm of rows, 28 steps, with {rhythm['digits']} times their mean "
            f"power ({rhythm['shuffled pixels']} with shuffled pixels); the unit that moves most "
            f"under them has a period of {busiest:.1f} steps.",
        ]
        details = {
            "networks": {
                name: {**curve["measured"].to_dict(), **{k: curve[k] for k in ERRORS}}
                for name, curve in result["curves"].items()
            },
            "strong_sines": {name: strong[name] for name in ("frequencies", "amplitudes", "rms")}
            | {"gain": np.abs(strong["response"])},
            "variance_under_digits": variance,
        }
        return Findings(answer, rows, details)

    def figures(self, result):
        return {
            "Gain curves": draw_gains(result["curves"]),
            "Strong drive": draw_strong(result["strong"]),
            "Receptive fields and digits": draw_fields(result),
        }


def uncouple(params):
    """Let every unit hear the input alone, with weight 1 and no bias."""
    one, none = np.ones((params.n_units, 1)), np.zeros_like(params.w_rec)
    return params.replace(w_in=one, b_in=0.0, b_rec=0.0, w_rec=none)


def percent(share):
    return analysis.Estimate(100 * share, unit="%")


def draw_gains(curves):
    share = {"height_ratios": (2, 1), "sharex": "col", "sharey": "row"}
    figure, axes = grid(2, len(curves), 5.2, 3, **share)
    for (name, curve), (top, bottom) in zip(curves.items(), axes.T, strict=True):
        measured, units, f = curve["measured"], curve["units"], curve["hz"]
        order = np.argsort(units.omega)
        examples = np.unique(order[np.linspace(0, len(order) - 1, 4).astype(int)])
        for unit in examples if np.ptp(units.omega) else examples[:1]:
            gain = measured.gain[unit]
            dots = top.loglog(f, gain, "o", ms=5, mfc="none", color=ORANGE)
            lines = top.loglog(f, np.abs(curve["exact"][unit]), color=BLUE, lw=1.2)
            lines += top.loglog(f, np.abs(curve["continuous"][unit]), "--", color=GREY, lw=1)
            peak, text = f[gain.argmax()], f"{units.frequency_hz[unit]:.0f} Hz"
            top.text(peak, 1.2 * gain.max(), text, ha="center", fontsize="small")
        error = np.abs(measured.gain / np.abs(curve["exact"]) - 1).max(axis=0)
        bottom.loglog(f, 100 * np.maximum(error, 1e-12), color="black")
        bottom.axhline(0.5, color=GREY, ls=":")
        top.set_title(name)
        bottom.set_xlabel("frequency of the sine (Hz)")
        label_log_axis(bottom.xaxis)
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set(ylabel="gain of x", ylim=(low, 1.5 * high))
    axes[1, 0].set_ylabel("largest error\nof a gain (%)")
    words = ["measured", "exact, stepped", "continuous time"]
    axes[0, 0].legend(dots + lines, words, loc="lower left")
    return figure, (
        "What frequencies does a unit respond to? Above: amplitude of x per amplitude of a weak "
        "sine, for units over the range of natural frequencies (numbers). Below: largest error "
        "over all units against the exact gain of the stepped equations; dotted, 0.5 %."
    )


def draw_strong(strong):
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.4))
    relative = strong["frequencies"] / strong["omega"]
    chosen = np.unique(np.linspace(0, len(strong["amplitudes"]) - 1, 5).astype(int))
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.88, len(chosen)))
    for k, color in zip(chosen, colors, strict=True):
        axes[0].loglog(relative, np.abs(strong["expected"][k]), color=color, lw=1.5)
        axes[0].loglog(relative, np.abs(strong["response"][k]), "o", ms=3, color=color)
        label = f"{strong['amplitudes'][k]:.2g}"
        axes[1].loglog(relative, strong["rms"][k], color=color, lw=1.5, label=label)
    for n in (3, 5):
        axes[1].axvline(1 / n, color=GREY, ls=":", lw=1)
    axes[0].set(title="at the drive's frequency", ylabel="gain of x")
    axes[1].set(title="all frequencies", ylabel="rms of x")
    for ax in axes:
        ax.set_xlabel("drive over natural frequency")
        label_log_axis(ax.xaxis)
    figure.legend(title="amplitude", loc="outside right center")
    return figure, (
        "What if the drive saturates the tanh? One unit under sines of growing amplitude. Left: "
        "gain, measured (dots) and by tanh's describing function (lines); weak drives share one "
        "curve. Right: rms of x; dotted, a third and a fifth of the natural frequency, where "
        "harmonics of a clipped sine drive the resonance."
    )


def draw_fields(result):
    curve, variance = list(result["curves"].values())[-1], result["variance"]
    units, hz, order = curve["units"], curve["hz"], np.argsort(curve["units"].omega)
    per_step = 1 / (2 * np.pi * units.step)  # Hz of a rad per step
    figure, axes = plt.subplots(3, 1, figsize=(8.5, 9), sharex=True, height_ratios=(1, 1.4, 1))
    for (name, (f, power)), color in zip(result["spectra"].items(), (ORANGE, GREY), strict=True):
        inside = (f * per_step >= hz[0]) & (f * per_step <= hz[-1])
        x, band = f[inside] * per_step, (power.low[inside], power.high[inside])
        axes[0].fill_between(x, *band, color=color, alpha=0.3, lw=0)
        axes[0].plot(x, power.value[inside], color=color, label=name)
    gain = curve["measured"].gain[order]
    gain, rows = gain / gain.max(axis=1, keepdims=True), np.arange(len(order))
    style = {"cmap": "magma", "shading": "nearest", "rasterized": True}
    image = axes[1].pcolormesh(hz, rows, gain, **style)
    figure.colorbar(image, ax=axes[1], label="gain over its maximum")
    x = units.frequency_hz
    axes[2].plot(x, variance["predicted"], "x", ms=7, color=BLUE, label="gain² times spectrum")
    axes[2].plot(x, variance["measured"], "o", ms=4, color=ORANGE, label="measured")
    axes[0].set(yscale="log", ylabel="power of the input\nper rad per step")
    axes[1].set_ylabel("unit, by natural\nfrequency")
    axes[2].set(yscale="log", ylabel="variance of x\nunder digits", xscale="log")
    axes[2].set_xlabel("frequency (Hz)")
    label_log_axis(axes[2].xaxis)
    for ax in axes:
        for harmonic in np.arange(1, 4) * ROW * per_step:
            if harmonic < hz[-1]:
                ax.axvline(harmonic, color=SKY, ls=":", lw=1.4)
    for ax in (axes[0], axes[2]):
        ax.legend(loc="upper left")
    return figure, (
        "What do digits offer to resonate to? Above: spectrum of digit sequences with 95 % "
        "bootstrap bands over digits, and of the same pixels in shuffled order. Middle: gain of "
        "each uncoupled unit, its receptive field. Below: how much each unit moves under digits "
        "(weak, repeated without a pause). Dotted: the frequency of rows, and its harmonics."
    )


if __name__ == "__main__":
    Resonance.main()
