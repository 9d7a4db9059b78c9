#!/usr/bin/env python
"""Does heterogeneity broaden synchrony?

Networks of equal oscillators are compared with heterogeneous ones of the same mean
frequency and damping and the same weights, in three settings: driven by a sine and then
left alone, from random starts, as in the demo of the authors' public code (--coupling);
at rest under Poisson kicks, and under digits, at weights from none to 1.5 times the edge
of instability of each network itself, and at equal weights; and in windows from 50 steps
on. The spread of phase-locking is its standard deviation over pairs.

The primary outcome, named beforehand, is the spread of PLV in windows of 100 steps in the
silence of the demo; all others are corrected for their number by Holm. The unit is the
network. PPC over time is biased: slow drift of phases looks like locking, in both kinds.
One network runs in Brian2, too, and leaves example_plv.h5 for mne-connectivity.

    horn-neuro plv --seeds 11 12 13 14 15 16 17 18 19 20
"""

from functools import partial, reduce
from operator import getitem

import numpy as np
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import Step, generator
from horn_neuro.report import distributions, figures
from horn_neuro.report.style import MODEL_COLORS, MODEL_MARKERS

NETWORKS, SEGMENTS = ("homogeneous", "heterogeneous"), ("rest", "digits")
FRACTIONS = (0.0, 0.25, 0.5, 0.7, 0.9, 1.0, 1.1, 1.2, 1.5)  # of the edge
STRONG = 0.8  # std of w_rec of both kinds, beside that of the demo
STEPS, SETTLE, EVERY = 784, 1000, 2  # steps of a segment, before, and between samples
WINDOWS, SHORT = (50, 100, 196, 392, 784), 100  # steps
PERIOD, DRIVE, SILENCE, STARTS = 60, 600, 600, 20  # steps, and trials of the demo
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SPREADS = ("PPC 784", "PLV 784", "PLV 100")
PRIMARY = "Primary: demo, silence: SD of PLV in windows of 100 steps"


class Plv(DigitExperiment):
    title = "Synchrony"
    takes = Sizes("12 s", "30 s", "")
    resumes = True
    device, gamma = material.DEVICE, material.GAMMA
    coupling = Option(0.1, "std of w_rec in the demo, and at rest; there, 0.8 as well", least=0)
    seeds = Option(
        Sizes((1, 2), range(1, 11), range(1, 21)), "of the networks", least=0, different=2
    )
    units = Option(Sizes(12, 32, 64), "oscillators", least=3)
    repeats = Option(Sizes(1, 2, 4), "digits of each class", least=1)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        test, self.matched = self.load_digits("test"), sorted({self.coupling, STRONG})
        digits = {s: test[test.balanced(self.repeats, generator(s, "digits"))] for s in self.seeds}
        self.expect(2 * len(self.seeds) + 1, "network")
        work = [(name, s) for s in self.seeds for name in NETWORKS]
        pieces = [(f"{n} {s}", partial(self.network, n, s, digits[s])) for n, s in work]
        result = {name: [] for name in NETWORKS}
        for (name, _), found in zip(work, self.keep_all(pieces), strict=True):
            result[name].append(found)
        self.step("one network in Brian2")
        return result | {"Brian2": self.example(digits[self.seeds[0]])}

    def params(self, name, std, seed):
        """Networks of equal and of unequal units have the same weights."""
        params = material.untrained(self.units, std, seed, gamma=self.gamma)
        return params if name == "heterogeneous" else material.mixed(params, 0)

    def network(self, name, seed, digits):
        """Everything about one network: demo, and both segments at all weights."""
        edge = analysis.critical_gain(self.params(name, 1.0, seed))
        stds = {f"{f:g} of the edge": f * edge for f in FRACTIONS}
        stds |= {f"std {std:g}": std for std in self.matched}
        return {
            "edge": edge,
            "demo": self.demo(self.params(name, self.coupling, seed), seed),
            "settings": {
                setting: self.segments(self.params(name, std, seed), digits, seed)
                for setting, std in stds.items()
            },
        }

    def segments(self, params, digits, seed):
        """Locking at rest and under digits, of one continuous run under kicks."""
        inputs, kicks = self.stimulus(params, digits, seed)
        x, y = simulate(params, inputs, kicks)
        found = {}
        for k, segment in enumerate(SEGMENTS):
            part = slice((SETTLE + k * STEPS) // EVERY, (SETTLE + (k + 1) * STEPS) // EVERY)
            z = signal(params, x[:, :, part], y[:, :, part])
            plv, ppc = zip(*(analysis.pair_locking(z, w // EVERY) for w in WINDOWS), strict=True)
            values = {f"PLV {w}": v for w, v in zip(WINDOWS, plv, strict=True)}
            values["PPC 784"] = ppc[-1]
            found[segment] = {k: analysis.spread_over_pairs(v) for k, v in values.items()}
        return found

    def stimulus(self, params, digits, seed):
        """Silence, then digits, and all kicks."""
        inputs = np.concatenate([np.zeros((len(digits), SETTLE + STEPS, 1)), digits.inputs], 1)
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude)
        return inputs, kicks.draw(len(digits), SETTLE + 2 * STEPS, params, seed)

    def demo(self, params, seed):
        """A sine, then silence, from random starts: PLV in sliding windows."""
        times, rng = np.arange(DRIVE + SILENCE), generator(seed, "start")
        sine = np.where(times < DRIVE, np.sin(2 * np.pi * times / PERIOD), 0)
        inputs = np.broadcast_to(sine[:, None], (STARTS, len(times), 1))
        start = rng.normal(0, 1, (2, params.n_units, STARTS)) * [[[0.5]], [[0.1]]]
        x, y = simulate(params, inputs, start=start)
        z = signal(params, x, y, analysis.fixed_point(params))
        plv = analysis.windowed_plv(z, SHORT // EVERY, SHORT // 2 // EVERY)
        plv = plv.reshape(len(plv), -1)
        starts = np.arange(len(plv)) * SHORT // 2
        parts = {"drive": starts + SHORT <= DRIVE, "silence": starts >= DRIVE}
        return {
            "middle": starts + SHORT / 2,
            "quantiles": np.quantile(plv, QUANTILES, axis=1),
            **{part: analysis.spread_over_pairs(plv[inside]) for part, inside in parts.items()},
        }

    def example(self, digits):
        """The first heterogeneous network in Brian2: its difference from the NumPy path."""
        seed = self.seeds[0]
        params = self.params("heterogeneous", self.matched[-1], seed)
        inputs, kicks = self.stimulus(params, digits, seed)
        parts = {"settling": SETTLE, "rest": STEPS, "digits": STEPS}
        options = {"segments": parts, "every": EVERY, "device": self.device, "seed": seed}
        recording = hn.simulate(params, inputs, kicks=kicks, **options)
        self.config["used_device"] = recording.provenance["device"]
        with self.folder.file("example_plv.h5") as path:
            analysis.plv_over_time(recording, segment="digits").save(path)
        x = simulate(params, inputs, kicks)[0]
        return float(np.abs(recording.data["x"].values - x).max() / np.abs(x).max())

    def findings(self, result):
        def compare(*path):
            values = [
                [reduce(getitem, path, network) for network in result[n]] for n in NETWORKS[::-1]
            ]
            return analysis.paired_difference(*values)

        settings = [f"std {std:g}" for std in self.matched]
        settings += [f"{f:g} of the edge" for f in FRACTIONS if f in (0.5, 0.9, 1.2)]
        others = {"Demo, drive: SD of PLV in windows of 100 steps": compare("demo", "drive", "SD")}
        for setting in settings:
            for measure in SPREADS:
                path = ("settings", setting, "rest", measure)
                others[f"Rest, {setting}: SD of {name_of(measure)}"] = compare(*path, "SD")
            path = ("settings", setting, "rest", "PPC 784", "mean")
            others[f"Rest, {setting}: mean of {name_of('PPC 784')}"] = compare(*path)
        for std in self.matched:
            path = ("settings", f"std {std:g}", "digits", "PLV 100", "SD")
            others[f"Digits, std {std:g}: SD of {name_of('PLV 100')}"] = compare(*path)
        rows = {PRIMARY: compare("demo", "silence", "SD")} | analysis.holm(others)
        for name in NETWORKS:
            edges = analysis.mean_interval([network["edge"] for network in result[name]])
            rows[f"Edge of {name} networks, std of w_rec"] = edges
        rows["Brian2 and NumPy, largest relative difference"] = analysis.Estimate(result["Brian2"])
        return Findings(self.answer(rows, settings), rows, {n: result[n] for n in NETWORKS})

    def answer(self, rows, settings):
        first = rows[PRIMARY]
        verdict = {1: "broadens", 0: "does not clearly change", -1: "narrows"}
        floor = 2.0 ** (1 - first.n)
        least = ", the least that they can give" if first.p_value <= 1.01 * floor else ""
        changes = {1: [], 0: [], -1: []}
        for measure in SPREADS:
            # An interval beyond 0, and a p-value that survives the correction
            found = {s: rows[f"Rest, {s}: SD of {name_of(measure)}"] for s in settings}
            signs = {s: row.sign if row.p_value < 0.05 else 0 for s, row in found.items()}
            for sign, told in changes.items():
                where = [setting for setting in settings if signs[setting] == sign]
                told += [f"{name_of(measure)} at {', '.join(where)}"] if where else []
        told = [f"{verdict[sign]} {'; '.join(c)}" for sign, c in changes.items() if c]
        return [
            f"In the silence after a sine (w_rec of std {self.coupling:g}), heterogeneity "
            f"{verdict[first.sign]} PLV in windows of 100 steps: its SD over pairs differs by "
            f"{first:+} ({first.n} pairs of networks, p = {first.p_value:.2g}{least}).",
            f"At rest it {', and it '.join(told)} (SD over pairs, p below 0.05 by Holm).",
        ]

    def figures(self, result):
        return {
            "Demo": draw_demo(result),
            "Coupling": draw_coupling(result, self.matched),
            "Windows": draw_windows(result, self.coupling),
        }


def interval(values):
    """Mean over networks, with a t interval from five of them on."""
    return analysis.mean_interval(values if len(values) >= 5 else [np.mean(values)])


def name_of(measure):
    """Write "PLV 100" out."""
    kind, steps = measure.split()
    return f"{kind}{' (biased)' if kind == 'PPC' else ''} over {steps} steps"


def simulate(params, inputs, kicks=None, start=None):
    """All trials at once by the NumPy step: x and y, shape (n_trials, n_units, n_samples)."""
    step, (n_trials, n_steps, _) = Step(params), inputs.shape
    drive = step.drive_of(inputs).transpose(1, 2, 0)
    x, y = (np.zeros((2, params.n_units, n_trials)) if start is None else start)[:, None]
    kept = np.empty((2, n_steps // EVERY, params.n_units, n_trials))
    for k in range(n_steps):
        x, y = step(x, y, drive[k])
        if kicks is not None:
            y = y + kicks.values[:, k].T
        if k % EVERY == 0:
            kept[:, k // EVERY] = x[0], y[0]
    return kept.transpose(0, 3, 2, 1)


def signal(params, x, y, center=None):
    center = x.mean(axis=(0, 2)) if center is None else center
    omega = analysis.effective_omega(x, y, params.omega, params.h, center)
    return analysis.oscillator_signal(x, y, omega, params.h, center)


def draw_demo(result):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
    for ax, name in zip(axes, NETWORKS, strict=True):
        demos = [network["demo"] for network in result[name]]
        quantiles = np.mean([demo["quantiles"] for demo in demos], axis=0)
        distributions.plot_quantiles(ax, demos[0]["middle"], quantiles, color=MODEL_COLORS[name])
        ax.axvline(DRIVE, color="black", lw=0.8, ls=":")
        for at, text in ((DRIVE / 2, "sine"), (DRIVE + SILENCE / 2, "silence")):
            ax.text(at, 1.04, text, ha="center")
        ax.set(title=name, xlabel="middle of the window (steps)", ylim=(0, 1.12))
    axes[0].set_ylabel(f"PLV in windows of {SHORT} steps")
    return figure, (
        "Does heterogeneity broaden synchrony in the setting of the demo? Line: median over pairs "
        "and starts; bands: quartiles, and 5 to 95 %; means over networks of their quantiles."
    )


def draw_coupling(result, matched):
    figure, axes = figures.grid(3, 3, 4, 2.6, sharex=True)
    for row, statistic in zip(axes, ("mean", "SD", "IQR"), strict=True):
        for ax, measure in zip(row, SPREADS, strict=True):
            for name in NETWORKS:
                curve = [
                    [n["settings"][f"{f:g} of the edge"] for f in FRACTIONS] for n in result[name]
                ]
                values = [[s["rest"][measure][statistic] for s in one] for one in curve]
                style = {"color": MODEL_COLORS[name], "marker": MODEL_MARKERS[name]}
                estimates = [interval(v) for v in np.transpose(values)]
                figures.plot_estimates(ax, FRACTIONS, estimates, label=name, **style)
                for std, marker in zip(matched, "v*", strict=False):
                    at = np.mean([std / network["edge"] for network in result[name]])
                    path = ("settings", f"std {std:g}", "rest", measure, statistic)
                    height = np.mean([reduce(getitem, path, network) for network in result[name]])
                    label = f"both kinds: std {std:g}" if name == NETWORKS[0] else None
                    style = {"mfc": MODEL_COLORS[name], "mec": "black", "label": label}
                    ax.plot(at, height, marker, ms=11, ls="none", zorder=3, **style)
            ax.set_ylim(0, None)
        row[0].set_ylabel(f"{statistic} over pairs")
    for ax, measure in zip(axes[0], SPREADS, strict=True):
        ax.set_title(name_of(measure))
    for ax in axes[-1]:
        ax.set_xlabel("coupling / edge of the network")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure, (
        "Where does heterogeneity broaden, and where narrow? At rest, against the weights in units "
        "of each network's own edge: means over networks with 95 % t intervals. Triangles and "
        "stars: equal weights, which are not equally far from the edges."
    )


def draw_windows(result, coupling):
    settings = (f"std {coupling:g}", "0.9 of the edge", f"std {STRONG:g}")
    figure, axes = figures.grid(1, 3, 3.8, 3.6, sharey=True)
    for ax, setting in zip(axes[0], settings, strict=True):
        for name in NETWORKS:
            curves = [
                [n["settings"][setting]["rest"][f"PLV {w}"]["SD"] for w in WINDOWS]
                for n in result[name]
            ]
            estimates = [interval(v) for v in np.transpose(curves)]
            style = {"color": MODEL_COLORS[name], "marker": MODEL_MARKERS[name], "label": name}
            figures.plot_estimates(ax, WINDOWS, estimates, **style)
        ax.set(title=setting, xlabel="window (steps)", xscale="log", ylim=(0, None))
        ax.set_xticks(WINDOWS, [str(w) for w in WINDOWS])
        ax.minorticks_off()
    axes[0, 0].set_ylabel("SD of PLV over pairs")
    axes[0, -1].legend(loc="upper right")
    return figure, (
        "Does it depend on the window? SD over pairs of PLV at rest, against the length of the "
        "window: means over networks with 95 % t intervals."
    )


if __name__ == "__main__":
    Plv.main()
