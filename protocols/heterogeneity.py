#!/usr/bin/env python
"""Does heterogeneity bring separability and near-critical dynamics?

Sweeps the strength of the recurrent connections and the heterogeneity of
frequency and damping, and measures, on the same axes: the largest Lyapunov
exponent, autocorrelation times and fluctuations of synchrony at rest, how well
a linear readout separates digits, and how much a network learns by
backpropagation within a small fixed budget. Avalanches of spikes are compared
with surrogates; networks with delays and trained ones are set beside.

Differences are over pairs of networks with the same seed and coupling; those of
one seed share their drawn frequencies, so few seeds make their test lenient. The
trained networks have seen the digits that come along.

    horn-neuro heterogeneity --couplings 0.5 1 2 4 --seeds 1 2 3 4 --epochs 4
"""

from functools import partial
from itertools import product

import numpy as np
import torch
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, uniform_delays
from horn_neuro.report import figures
from horn_neuro.report.style import BLUE, GREEN, GREY, ORANGE
from horn_neuro.twin import HornClassifier, evaluate

KICKS = hn.PoissonKicks(50.0, 0.04)
REST, TRIALS, LONGEST_DELAY = 1000, 10, 10  # steps, number, steps
WIDE = (0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2, 6.4)
FINE = (0.0, 0.25, 0.5, 0.75, 1.0)
QUANTITIES = {  # name: label, factor, unit of a difference
    "lyapunov": ("largest Lyapunov\nexponent (1/step)", 1, "1/step"),
    "memory": ("autocorrelation\ntime (ms)", 1, "ms"),
    "susceptibility": ("fluctuation of\nthe order parameter", 1, None),
    "separability": ("accuracy of a\nlinear readout (%)", 100, "points"),
    "learned": ("accuracy after the\ntraining budget (%)", 100, "points"),
}


class Heterogeneity(DigitExperiment):
    title = "Heterogeneity and criticality"
    takes = Sizes("25 s", "1.5 min", "")
    resumes = True
    device = material.DEVICE
    couplings = Option(
        Sizes((0.4, 1.6), (0.2, 0.4, 0.8, 1.6, 3.2, 6.4), WIDE), "std of w_rec", above=0
    )
    levels = Option(Sizes(FINE[::4], FINE[::4], FINE), "heterogeneity: 0 equal", least=0, most=1)
    seeds = Option(Sizes((1,), (1, 2), range(1, 6)), "of the networks", least=0)
    units = Option(Sizes(12, 32, 64), "oscillators", least=2)
    digits = Option(Sizes(5, 15, 40), "of each class, for the readout; nested folds", least=5)
    epochs = Option(Sizes(1, 2, 5), "budget of training", least=1)
    train = Option(Sizes(320, 2000, 4000), "digits to train on, two batches or more", least=128)

    def measure(self):
        rng, test = generator(self.seeds[0], "digits"), self.load_digits("test")
        self.readout = test[test.balanced(self.digits, rng)]
        self.training = self.load_digits("train", self.train, rng, "train")
        self.test = material.as_tensors(test[rng.permutation(len(test))[:1000]])
        couplings, levels = sorted(set(self.couplings)), sorted(set(self.levels))
        networks = list(product(self.seeds, levels, couplings))
        self.expect(len(networks) + 3 * len(self.seeds) + 1, "network")
        name = "coupling {2:g}, level {1:g}, seed {0}"
        work = [(name.format(*one), partial(self.cell, *one)) for one in networks]
        cells, bursts = zip(*self.keep_all(work), strict=True)
        bursts = {c["coupling"]: b for c, b in zip(cells, bursts, strict=True) if b}
        middle = couplings[len(couplings) // 2]
        kinds = self.kinds(middle)
        return {"cells": list(cells), "bursts": bursts, "networks": kinds, "middle": middle}

    def network(self, coupling, level, seed, delayed=False):
        """Between equal units (level 0) and drawn ones (1), of the same mean and weights."""
        params = material.untrained(self.units, coupling, seed, alpha=0.07, gamma=0.02)
        if delayed:
            rng = generator(seed, "delays")
            params = params.replace(delays=uniform_delays(self.units, 1, LONGEST_DELAY, rng))
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
        cell = {
            **{"coupling": coupling, "level": level, "seed": seed},
            "device": rest.provenance["device"],
            "lyapunov": float(analysis.lyapunov_spectrum(params, n_steps=1000).exponents[0]),
            "critical": coupling * analysis.critical_gain(params),
            "memory": float(np.median(times) * 1e3 * params.step),
            "susceptibility": analysis.order_susceptibility(order, params.n_units),
            "separability": self.separability(params, seed),
            "learned": self.learn(params, seed)[1],
        }
        chosen = (seed, level) == (self.seeds[0], max(self.levels))
        return cell, cut_avalanches(rest.spikes, seed) if chosen else None

    def separability(self, params, seed):
        last = hn.simulate(params, self.readout.inputs, record=(), device=self.device).final_state.x
        return float(analysis.nested_decoding(last, self.readout.labels, seed=seed).mean())

    def learn(self, params, seed):
        """Train for a few epochs; returns the accuracies of validation, and of the test."""
        torch.manual_seed(seed)
        model, n = HornClassifier(params), self.train // 10
        options = {"epochs": self.epochs, "learning_rate": 2e-2, "seed": seed}
        metrics, best = material.train_briefly(model, self.training, n, **options)
        model.load_state_dict(best)
        return [row["validation_accuracy"] for row in metrics], evaluate(model, *self.test)[1]

    def kinds(self, coupling):
        """Separability and learning of kinds of networks; separability of the pixels themselves."""

        def look(level, delayed, seed):
            params = self.network(coupling, level, seed, delayed)
            learning, test = self.learn(params, seed)
            share = self.separability(params, seed)
            return {"separability": share, "learning": learning, "test": test}

        kinds = {"equal": (0, 0), "heterogeneous": (1, 0), "heterogeneous, delays": (1, 1)}
        names = list(product(kinds, self.seeds))
        work = [(f"{name}, seed {s}", partial(look, *kinds[name], s)) for name, s in names]
        result = {name: [] for name in kinds}
        for (name, _), row in zip(names, self.keep_all(work), strict=True):
            result[name].append(row)
        self.step("trained networks")
        for name in hn.PRETRAINED:
            share = self.separability(hn.pretrained(name), 1)
            result[f"trained, {name.split('_')[1]}"] = [{"separability": share}]
        correct = analysis.nested_decoding(self.readout.inputs[:, :, 0], self.readout.labels)
        return result | {"pixels themselves": [{"separability": float(correct.mean())}]}

    def findings(self, result):
        cells, rows = result["cells"], {}
        levels, couplings = (sorted({c[key] for c in cells}) for key in ("level", "coupling"))
        for level in levels:
            here = [cell for cell in cells if cell["level"] == level]
            at = {g: [c for c in here if c["coupling"] == g] for g in couplings}
            edge = analysis.mean_interval([c["critical"] for c in at[couplings[0]]])
            rows[f"Heterogeneity {level:g}: coupling at the edge, linear theory"] = edge
            for key in ("separability", "learned", "susceptibility"):
                best = max(at, key=lambda g, a=at, k=key: np.mean([c[k] for c in a[g]]))
                rows[f"Heterogeneity {level:g}: coupling of most {key}"] = analysis.Estimate(best)
        ends = ([c for c in cells if c["level"] == level] for level in (levels[-1], levels[0]))
        high, low = (sorted(end, key=lambda c: (c["coupling"], c["seed"])) for end in ends)
        if len(levels) > 1 and len(low) > 1:
            for key, (_, factor, unit) in QUANTITIES.items():
                pair = ([cell[key] for cell in end] for end in (high, low))
                difference = analysis.paired_difference(*pair).scaled(factor, unit)
                rows[f"Most minus least heterogeneous: {key}"] = difference
        for name, networks in result["networks"].items():
            for key in ("separability", "test"):
                if key in networks[0]:
                    mean = analysis.mean_interval([row[key] for row in networks])
                    rows[f"Network, {name}: {key}"] = mean.scaled(100, "%")
        for coupling, pair in result["bursts"].items():
            for name, burst in pair.items():
                if "exponent" in burst["fit"]:
                    exponent = analysis.Estimate(burst["fit"]["exponent"], n=len(burst["sizes"]))
                    rows[f"Avalanches, coupling {coupling:g}, {name}: exponent"] = exponent
        details = {
            **{"cells": cells, "networks": result["networks"]},
            "avalanches": {
                str(coupling): {n: {"count": len(b["sizes"]), **b["fit"]} for n, b in pair.items()}
                for coupling, pair in result["bursts"].items()
            },
        }
        return Findings(self.answer(rows, result), rows, details)

    def answer(self, rows, result):
        edges = [v.value for k, v in rows.items() if k.endswith("edge, linear theory")]
        edge = (
            f"Linear theory of the silent network has its edge at w_rec of std {edges[0]:.2f} to "
            f"{edges[-1]:.2f}, from equal units to the most heterogeneous."
        )
        title, keys = "Most minus least heterogeneous: ", ("separability", "learned")
        if title + keys[0] not in rows:
            return [edge]
        readout, learned = (rows[title + key] for key in keys)
        verdict = {1: "better", 0: "neither clearly better nor worse", -1: "worse"}
        return [
            f"Over all couplings, heterogeneous networks separate digits {verdict[readout.sign]} "
            f"than equal ones ({readout:+}) and learn them {verdict[learned.sign]} ({learned:+}; "
            f"{learned.n} pairs of networks of {len(self.seeds)} seeds).",
            edge,
        ]

    def figures(self, result):
        return {
            "Near the edge": draw_curves(result["cells"]),
            "Avalanches": draw_avalanches(result["bursts"]),
            "Kinds of networks": draw_kinds(result["networks"], result["middle"]),
        }


def cut_avalanches(spikes, seed):
    """Sizes of avalanches at rest, of surrogates, and the fit of a power law to either."""
    result = {}
    shifted = analysis.circular_shifts(spikes, generator(seed, "surrogate"))
    for name, trains in (("network", spikes), ("shifted", shifted)):
        sizes = analysis.avalanches(trains, 1).size
        try:
            fit = analysis.fit_power_law(sizes)
        except (ImportError, ValueError) as error:
            fit = {"not fitted": str(error)}
        result[name] = {"sizes": sizes, "fit": fit}
    return result


def draw_curves(cells):
    levels, couplings = (sorted({c[key] for c in cells}) for key in ("level", "coupling"))
    figure, axes = figures.grid(2, 3, 4.3, 3.2, sharex=True)
    colors = plt.get_cmap("viridis")(np.linspace(0, 0.8, len(levels)))
    for ax, (key, (label, factor, _)) in zip(axes.T.flat, QUANTITIES.items(), strict=False):
        for level, color, marker in zip(levels, colors, "osD^v" * len(levels), strict=False):
            here = [cell for cell in cells if cell["level"] == level]
            values = [[factor * c[key] for c in here if c["coupling"] == g] for g in couplings]
            ax.plot(couplings, values, marker, ms=3, color=color, alpha=0.5)
            mean = np.mean(values, axis=1)
            ax.plot(couplings, mean, marker=marker, color=color, label=f"{level:g}")
            ax.axvline(np.mean([cell["critical"] for cell in here]), color=color, ls=":", lw=1.4)
        ax.set(ylabel=label, xscale="log", xlabel="coupling: std of w_rec")
        ax.tick_params(labelbottom=True)
    axes[0, 0].axhline(0, color="black", lw=0.6)
    axes[1, 0].axhline(REST / 2, color=GREY, ls="--", lw=1)
    axes[1, 0].text(couplings[0], REST / 2, "longest that can be told", va="bottom", color=GREY)
    axes[1, 0].set_ylim(0, 0.6 * REST)
    for ax in (axes[1, 1], axes[0, 2]):
        ax.axhline(10, color=GREY, lw=1, ls="-.")
        ax.set_ylim(0, None)
    axes[1, 2].axis("off")
    axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), title="heterogeneity", loc="center")
    figures.label_log_axis(axes[0, 0].xaxis)
    return figure, (
        "Do separability and learning peak near the edge? From weak to strong connections: small "
        "marks are networks, lines their means. Dotted: the coupling at which linear theory of "
        "the silent network becomes unstable; dash-dotted: chance."
    )


def draw_avalanches(bursts):
    columns = min(3, len(bursts))
    shape = (-(-len(bursts) // columns), columns)
    figure, axes = figures.grid(*shape, 4, 3.4, sharex=True, sharey=True)
    for ax in axes.flat[len(bursts) :]:
        ax.axis("off")
    for ax, (coupling, pair) in zip(axes.flat, bursts.items(), strict=False):
        for name, color, line in (("network", ORANGE, "-"), ("shifted", GREY, "--")):
            sizes = np.sort(pair[name]["sizes"])
            share = 1 - np.arange(len(sizes)) / max(1, len(sizes))
            ax.loglog(sizes, share, line, color=color, label=name, drawstyle="steps-pre")
        ax.set(title=f"coupling {coupling:g}", xlabel="size (spikes)")
        ax.tick_params(labelbottom=True)
    for ax in axes[:, 0]:
        ax.set_ylabel("share at least as large")
    axes[0, 0].legend(loc="upper right")
    return figure, (
        "Are avalanches more than chance? Sizes of avalanches of spikes at rest, in bins of one "
        "step, in heterogeneous networks. Dashed: surrogates, in which every unit's spikes are "
        "shifted by a time of its own."
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
    for name, color, marker in zip(networks, (BLUE, ORANGE, GREEN), "osD", strict=False):
        curves = 100 * np.array([row["learning"] for row in networks[name]])
        epochs = np.arange(1, curves.shape[1] + 1)
        figures.plot_band(right, epochs, curves, marker, color=color, label=name)
    right.set(xlabel="epoch", title=f"of validation, w_rec of std {coupling:g}")
    right.xaxis.get_major_locator().set_params(integer=True)
    right.legend(loc="upper left")
    for ax in (left, right):
        ax.axhline(10, color=GREY, lw=1, ls="-.")
    return figure, (
        "What do delays and training add? Left: one dot a network, bars: means. Right: learning "
        "by backpropagation within the budget; bands: range over seeds. Dash-dotted: chance."
    )


if __name__ == "__main__":
    Heterogeneity.main()
