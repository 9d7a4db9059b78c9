#!/usr/bin/env python
"""Does heterogeneity bring separability and near-critical dynamics?

Sweeps the strength of the recurrent connections and the heterogeneity of frequency and damping,
and measures, on the same axes: the two largest Lyapunov exponents, autocorrelation times and
fluctuations of synchrony at rest, how well a linear readout separates digits, and how much a
network learns by backpropagation within a small fixed budget. The edge is where small deviations
from the fixed point of the silent network, biases included, begin to grow. Delays, none, equal and
heterogeneous of the same mean, are a factor of their own.

The unit is the seed: quantities are averaged over couplings (or levels) of each seed before
any test; learning is the primary outcome, the others are corrected by Holm.

    horn-neuro heterogeneity --couplings 0.5 1 2 4 --seeds 6 7 8 9 10 --epochs 4
"""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, uniform_delays
from horn_neuro.report import distributions, figures
from horn_neuro.report.style import BLUE, GREY, ORANGE
from horn_neuro.twin import HornNetwork, evaluate

KICKS = hn.PoissonKicks(50.0, 0.04)
REST, TRIALS, MEAN_DELAY = 1000, 10, 5  # steps, number, steps
DELAYS = ("no delays", "equal delays", "heterogeneous delays")
WIDE = (0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2, 6.4)
FINE = (0.0, 0.25, 0.5, 0.75, 1.0)
QUANTITIES = {  # name: label, factor, unit of a difference
    "lyapunov": ("largest Lyapunov\nexponent (1/step)", 1, "1/step"),
    "second": ("second Lyapunov\nexponent (1/step)", 1, "1/step"),
    "memory": ("autocorrelation\ntime (ms)", 1, "ms"),
    "susceptibility": ("fluctuation of\nthe order parameter", 1, None),
    "separability": ("accuracy of a\nlinear readout (%)", 100, "points"),
    "learned": ("accuracy after the\ntraining budget (%)", 100, "points"),
}


class Heterogeneity(DigitExperiment):
    title = "Heterogeneity and criticality"
    takes = Sizes("20 s", "2 min", "")
    resumes = True
    device, gamma = material.DEVICE, replace(material.GAMMA, default=0.02)
    couplings = Option(Sizes((0.4, 1.6), (0.4, 1.6, 6.4), WIDE), "std of w_rec", above=0)
    levels = Option(Sizes(FINE[::4], FINE[::4], FINE), "heterogeneity: 0 equal", least=0, most=1)
    seeds = Option(Sizes((1,), range(1, 6), range(1, 11)), "of the networks", least=0)
    units = Option(Sizes(12, 32, 64), "oscillators", least=2)
    digits = Option(Sizes(5, 15, 40), "of each class, for the readout; nested folds", least=5)
    epochs = Option(Sizes(1, 2, 5), "budget of training", least=1)
    optimizer = material.OPTIMIZER
    train = Option(Sizes(320, 2000, 4000), "digits to train on, two batches or more", least=128)

    def measure(self):
        rng, test = generator(self.seeds[0], "digits"), self.load_digits("test")
        self.readout = test[test.balanced(self.digits, rng)]
        self.training = self.load_digits("train", self.train, rng, "train")
        self.test = material.as_tensors(test[rng.permutation(len(test))[:1000]])
        couplings, levels = sorted(set(self.couplings)), sorted(set(self.levels))
        networks = list(product(self.seeds, levels, couplings))
        self.expect(len(networks) + 6 * len(self.seeds) + 1, "network")
        name = "coupling {2:g}, level {1:g}, seed {0}"
        work = [(name.format(*one), partial(self.cell, *one)) for one in networks]
        cells, bursts = zip(*self.keep_all(work), strict=True)
        bursts = {c["coupling"]: b for c, b in zip(cells, bursts, strict=True) if b}
        found = {"cells": list(cells), "bursts": bursts, "middle": couplings[len(couplings) // 2]}
        return found | {"networks": self.kinds(found["middle"])}

    def network(self, coupling, level, seed, delays=DELAYS[0]):
        """Between equal units (level 0) and drawn ones (1), of the same mean and weights."""
        options = {"gamma": self.gamma, "alpha": 3.5 * self.gamma}  # as in train_smnist
        params = material.untrained(self.units, coupling, seed, **options)
        if delays != DELAYS[0]:
            low, high = (MEAN_DELAY, MEAN_DELAY) if delays == DELAYS[1] else (1, 2 * MEAN_DELAY - 1)
            drawn = uniform_delays(self.units, low, high, generator(seed, "delays"))
            params = params.replace(delays=drawn)
        return material.mixed(params, level)

    def cell(self, seed, level, coupling):
        """What one network does, and the avalanches of the most heterogeneous of the first seed."""
        params = self.network(coupling, level, seed)
        start = material.settled(params, REST, TRIALS, KICKS, seed, self.device)
        options = {"record": ("x", "y", "spikes"), "device": self.device, "seed": seed}
        options |= {"n_trials": TRIALS, "kicks": KICKS, "initial": start}
        rest = hn.simulate(params, REST, **options)
        z = analysis.analytic_signal(rest).values
        # No time can be told that is longer than half of the record.
        times = np.nan_to_num(analysis.autocorrelation_time(z), nan=z.shape[2] / 2)
        order = analysis.kuramoto_order_parameter(rest)
        spectrum = analysis.lyapunov_spectrum(params, n_exponents=2)
        cell = {
            **{"coupling": coupling, "level": level, "seed": seed},
            **dict(zip(("lyapunov", "second"), map(float, spectrum.exponents), strict=True)),
            "lyapunov converged": spectrum.converged,
            "critical": coupling * analysis.critical_gain(params),
            "memory": float(np.median(times) * 1e3 * params.step),
            "susceptibility": analysis.order_susceptibility(order, params.n_units),
            "separability": self.separability(params, seed),
            "learned": self.learn(params, seed)[1],
        }
        if (seed, level) != (self.seeds[0], max(self.levels)):
            return cell, None
        return cell, analysis.avalanches_against_shifts(rest.spikes, generator(seed, "surrogate"))

    def separability(self, params, seed):
        last = hn.simulate(params, self.readout.inputs, record=(), device=self.device).final_state.x
        return float(analysis.nested_decoding(last, self.readout.labels, seed=seed).mean())

    def learn(self, params, seed):
        """Train for a few epochs; returns the accuracies of validation, and of the test."""
        torch.manual_seed(seed)
        model, n = HornNetwork(params), self.train // 10
        options = {"epochs": self.epochs, "optimizer": self.optimizer, "learning_rate": 2e-2}
        metrics, best = material.train_briefly(model, self.training, n, seed=seed, **options)
        model.load_state_dict(best)
        return [row["validation_accuracy"] for row in metrics], evaluate(model, *self.test)[1]

    def kinds(self, coupling):
        """Separability and learning of kinds of networks; separability of the pixels themselves."""

        def look(level, delays, seed):
            params = self.network(coupling, level, seed, delays)
            learning, test = self.learn(params, seed)
            share = self.separability(params, seed)
            return {"separability": share, "learning": learning, "test": test}

        units = ("equal", "heterogeneous")
        kinds = {f"{units[level]}, {d}": (level, d) for level, d in product((0, 1), DELAYS)}
        names = product(kinds.items(), self.seeds)
        work = [(f"{name}, seed {s}", partial(look, *kind, s)) for (name, kind), s in names]
        rows, n = list(self.keep_all(work)), len(self.seeds)
        result = {name: rows[k * n : (k + 1) * n] for k, name in enumerate(kinds)}
        self.step("trained networks")
        for kind in ("heterogeneous", "homogeneous"):
            share = self.separability(hn.pretrained(f"horn64_{kind}"), 1)
            result[f"trained, {kind}"] = [{"separability": share}]
        correct = analysis.nested_decoding(self.readout.inputs[:, :, 0], self.readout.labels)
        return result | {"pixels themselves": [{"separability": float(correct.mean())}]}

    def findings(self, result):
        cells, rows = result["cells"], {}
        levels = sorted({cell["level"] for cell in cells})
        for level in levels:
            edge = analysis.mean_interval(self.by_seed(cells, level, "critical"))
            rows[f"Heterogeneity {level:g}: coupling at the edge, linear theory"] = edge
        tests = {}
        if len(levels) > 1 and len(self.seeds) > 1:
            for key, (_, factor, unit) in QUANTITIES.items():
                pair = [self.by_seed(cells, level, key) for level in (levels[-1], levels[0])]
                difference = analysis.paired_difference(*pair).scaled(factor, unit)
                tests[f"Most minus least heterogeneous: {key}"] = difference
            for key in ("separability", "test"):
                pair = [self.delayed(result["networks"], d, key) for d in DELAYS[:0:-1]]
                difference = analysis.paired_difference(*pair).scaled(100, "points")
                tests[f"Heterogeneous minus equal delays: {key}"] = difference
        primary = {name: tests.pop(name) for name in [*tests] if name.endswith("learned")}
        rows |= primary | analysis.holm(tests)
        for name, networks in result["networks"].items():
            for key in ("separability", "test"):
                if key in networks[0]:
                    mean = analysis.mean_interval([row[key] for row in networks])
                    rows[f"Network, {name}: {key}"] = mean.scaled(100, "%")
        bursts = {
            str(coupling): {n: {"count": len(b["sizes"]), **b["fit"]} for n, b in pair.items()}
            for coupling, pair in result["bursts"].items()
        }
        details = {"cells": cells, "networks": result["networks"], "avalanches": bursts}
        return Findings(self.answer(rows, result), rows, details)

    def answer(self, rows, result):
        edges = [v.value for k, v in rows.items() if k.endswith("edge, linear theory")]
        edge = (
            f"The silent network becomes unstable at w_rec of std {edges[0]:.2f} for equal units "
            f"and {edges[-1]:.2f} for the most heterogeneous."
        )
        title = "Most minus least heterogeneous: "
        if title + "learned" not in rows:
            return [edge]
        readout, learned = rows[title + "separability"], rows[title + "learned"]
        verdict = {1: "better", 0: "neither clearly better nor worse", -1: "worse"}
        delays = rows["Heterogeneous minus equal delays: test"]
        say = {1: "raise", 0: "do not clearly change", -1: "lower"}
        return [
            f"Over all couplings, heterogeneous networks learn digits {verdict[learned.sign]} than "
            f"equal ones ({learned:+}, p = {learned.p_value:.2g}, of which {len(self.seeds)} seeds "
            f"can give {2.0 ** (1 - len(self.seeds)):.2g} at least) and separate them "
            f"{verdict[readout.sign]} ({readout:+}).",
            f"{edge} At std {result['middle']:g}, heterogeneous delays {say[delays.sign]} what is "
            f"learned, compared with equal ones of the same mean ({delays:+}).",
        ]

    def delayed(self, networks, delays, key):
        """Mean over equal and heterogeneous units of each seed."""
        kinds = (networks[f"{units}, {delays}"] for units in ("equal", "heterogeneous"))
        return np.mean([[row[key] for row in kind] for kind in kinds], axis=0)

    def by_seed(self, cells, level, key):
        """Mean over couplings of each seed."""
        here = [(c["seed"], c[key]) for c in cells if c["level"] == level]
        return [np.mean([value for s, value in here if s == seed]) for seed in self.seeds]

    def figures(self, result):
        return {
            "Near the edge": draw_curves(result["cells"]),
            "Avalanches": draw_avalanches(result["bursts"]),
            "Kinds of networks": draw_kinds(result["networks"], result["middle"]),
        }


def draw_curves(cells):
    levels, couplings = (sorted({c[key] for c in cells}) for key in ("level", "coupling"))
    figure, axes = figures.grid(2, 3, 4.3, 3.2, sharex=True)
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.8, len(levels)))
    for ax, (key, (label, factor, _)) in zip(axes.T.flat, QUANTITIES.items(), strict=False):
        for level, color, marker in zip(levels, colors, "osD^v" * len(levels), strict=False):
            here = [cell for cell in cells if cell["level"] == level]
            values = [[factor * c[key] for c in here if c["coupling"] == g] for g in couplings]
            ax.plot(couplings, values, marker, ms=3, color=color, alpha=0.5)
            style = {"marker": marker, "color": color, "label": f"{level:g}"}
            ax.plot(couplings, np.mean(values, axis=1), **style)
            ax.axvline(np.mean([cell["critical"] for cell in here]), color=color, ls=":", lw=1.4)
        ax.set(ylabel=label, xscale="log", xlabel="coupling: std of w_rec")
        ax.tick_params(labelbottom=True)
    for ax in axes[:, 0]:
        ax.axhline(0, color="black", lw=0.6)
    memory, susceptible, separable, learned = axes.T.flat[2:]
    memory.axhline(REST / 2, color=GREY, ls="--", lw=1)
    memory.text(couplings[0], REST / 2, "longest that can be told", va="bottom", color=GREY)
    memory.set_ylim(0, 0.6 * REST)
    susceptible.set_ylim(0, None)
    for ax in (separable, learned):
        ax.axhline(10, color=GREY, lw=1, ls="-.")
        ax.set_ylim(0, None)
    axes[0, 0].legend(title="heterogeneity", loc="upper left")
    figures.label_log_axis(axes[0, 0].xaxis)
    return figure, (
        "Do separability and learning peak near the edge? Small marks are networks, lines their "
        "means. Dotted: the edge of the silent network; dash-dotted: chance."
    )


def draw_avalanches(bursts):
    columns = min(3, len(bursts))
    shape = (-(-len(bursts) // columns), columns)
    figure, axes = figures.grid(*shape, 4, 3.4, sharex=True, sharey=True)
    for ax in axes.flat[len(bursts) :]:
        ax.axis("off")
    for ax, (coupling, pair) in zip(axes.flat, bursts.items(), strict=False):
        distributions.plot_survival(ax, {name: part["sizes"] for name, part in pair.items()})
        ax.set(title=f"coupling {coupling:g}", xlabel="size (spikes)")
        ax.tick_params(labelbottom=True)
    for ax in axes[:, 0]:
        ax.set_ylabel("share at least as large")
    axes[0, 0].legend(loc="upper right")
    return figure, (
        "Are avalanches more than chance? Sizes of avalanches of spikes at rest, in bins of one "
        "step, in heterogeneous networks. Dashed: each unit's spikes shifted by its own time."
    )


def draw_kinds(networks, coupling):
    figure, ((left, right),) = figures.grid(1, 2, 6, 4.4, width_ratios=(1.3, 1), sharey=True)
    for k, rows in enumerate(networks.values()):
        values = [100 * row["separability"] for row in rows]
        left.plot([k] * len(values), values, "o", ms=5, color=BLUE, alpha=0.7)
        left.plot(k, np.mean(values), "_", ms=22, mew=2, color="black")
    names = [name.replace(", ", ",\n") for name in networks]
    left.set_xticks(range(len(names)), names, fontsize="small", rotation=25, ha="right")
    left.set(ylabel="accuracy (%)", ylim=(0, 105), title="of a linear readout")
    for k, (name, rows) in enumerate(list(networks.items())[: 2 * len(DELAYS)]):
        curves = 100 * np.array([row["learning"] for row in rows])
        color, line = (BLUE, ORANGE)[k // len(DELAYS)], ("-", "--", ":")[k % len(DELAYS)]
        style = {"ls": line, "color": color, "label": name}
        right.plot(1 + np.arange(curves.shape[1]), curves.mean(axis=0), "osD"[k % 3], **style)
    right.set(xlabel="epoch", title=f"of validation, w_rec of std {coupling:g}")
    right.xaxis.get_major_locator().set_params(integer=True)
    right.legend(loc="upper left")
    for ax in (left, right):
        ax.axhline(10, color=GREY, lw=1, ls="-.")
    return figure, (
        "What do delays and training add? Left: one dot a network, bars: means. Right: learning "
        "by backpropagation within the budget, means over seeds. Dash-dotted: chance."
    )


if __name__ == "__main__":
    Heterogeneity.main()
