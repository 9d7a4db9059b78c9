#!/usr/bin/env python
"""Does heterogeneity broaden synchrony?

Networks of equal oscillators are compared with heterogeneous ones of the same
mean frequency and damping and the same weights: at rest under Poisson kicks and
while digits sweep in, with and without recurrent connections, over several
seeds. Phase-locking of all pairs is measured over time (within a trial) and over
trials, as PPC, which is unbiased over trials; over time, slow phase drift leaves
a bias, which the uncoupled control shares. Both kinds have the same weights, so
at the default coupling equal units are nearer to their edge of instability.

Also leaves example_plv.h5, phase-locking of one network for mne-connectivity.

    horn-neuro plv --seeds 1 2 3 4 5 6 7 8 9 10 --coupling 1.0
"""

import numpy as np
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report import figures
from horn_neuro.report.style import GREY, MODEL_COLORS, MODEL_MARKERS, ORANGE

NETWORKS, COUPLINGS = ("homogeneous", "heterogeneous"), ("coupled", "uncoupled")
SEGMENTS = ("rest", "stimulus")
STEPS = 784  # of each segment: equal lengths bias PLV equally
SETTLE = 1000
EVERY = 4  # steps between recorded samples
LINES = {"coupled": "-", "uncoupled": ":"}


class Plv(DigitExperiment):
    title = "Synchrony"
    takes = Sizes("15 s", "50 s", "")
    resumes = True
    device = material.DEVICE
    seeds = Option(
        Sizes((1, 2), range(1, 9), range(1, 13)), "of the networks", least=0, different=2
    )
    units = Option(Sizes(12, 32, 64), "oscillators", least=3)
    repeats = Option(Sizes(1, 4, 12), "digits of each class", least=1)
    coupling = Option(0.8, "std of w_rec", least=0)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        test, result = self.load_digits("test"), {}
        digits = {s: test[test.balanced(self.repeats, generator(s, "digits"))] for s in self.seeds}
        self.expect(4 * len(self.seeds), "network")
        for seed in self.seeds:
            for condition, params in self.networks(seed).items():
                name = " ".join(condition)
                self.step(f"seed {seed}, {name}")
                parts = self.keep(
                    f"{seed} {name}", lambda p=params, s=seed: self.synchrony(p, digits[s], s)
                )
                for segment, synchrony in zip(SEGMENTS, parts, strict=True):
                    result.setdefault((*condition, segment), []).append(synchrony)
        return result

    def networks(self, seed):
        """Networks of equal and of unequal units, with the same weights, and without any."""
        params = material.untrained(self.units, self.coupling, seed)
        silent = np.zeros_like(params.w_rec)
        return {
            (name, coupling): network if coupling == "coupled" else network.replace(w_rec=silent)
            for name, network in zip(NETWORKS, (material.mixed(params, 0), params), strict=True)
            for coupling in COUPLINGS
        }

    def simulate(self, params, digits, seed):
        """One network under kicks: settle, rest, stimulus."""
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude)
        start = material.settled(params, SETTLE, len(digits), kicks, seed, self.device)
        stimulus = np.concatenate([np.zeros_like(digits.inputs), digits.inputs], axis=1)
        recording = hn.simulate(
            params,
            stimulus,
            kicks=kicks,
            initial=start,
            labels=digits.labels,
            segments=dict.fromkeys(SEGMENTS, STEPS),
            every=EVERY,
            device=self.device,
            seed=seed,
        )
        self.config["used_device"] = recording.provenance["device"]
        return recording

    def synchrony(self, params, digits, seed):
        recording = self.simulate(params, digits, seed)
        if seed == self.seeds[0] and params.w_rec.any() and np.ptp(params.omega):
            example = analysis.plv_over_time(recording, segment="stimulus")
            with self.folder.file("example_plv.h5") as path:
                example.save(path)
        return [analysis.Synchrony.of(recording, segment) for segment in SEGMENTS]

    def findings(self, result):
        def values(name, coupling, segment, key):
            return [synchrony.summary()[key] for synchrony in result[name, coupling, segment]]

        rows = {}
        for segment in SEGMENTS:
            for key in ("ppc spread", "ppc mean", "ppc_trials mean", "ppc_trials spread", "order"):
                rows[f"Heterogeneous minus homogeneous, {segment}: {key}"] = (
                    analysis.paired_difference(
                        *(values(name, "coupled", segment, key) for name in NETWORKS[::-1])
                    )
                )
            for name in NETWORKS:
                rows[f"Coupled minus uncoupled, {segment}, {name}: ppc mean"] = (
                    analysis.paired_difference(
                        *(values(name, coupling, segment, "ppc mean") for coupling in COUPLINGS)
                    )
                )
        return Findings(
            answer=[self.answer(rows, segment) for segment in SEGMENTS],
            rows=rows,
            details={
                "summaries": {
                    " ".join(condition): [synchrony.summary() for synchrony in synchronies]
                    for condition, synchronies in result.items()
                }
            },
        )

    def answer(self, rows, segment):
        spread, mean = (
            rows[f"Heterogeneous minus homogeneous, {segment}: ppc {key}"]
            for key in ("spread", "mean")
        )
        verdict = {1: "broadens", 0: "does not clearly change", -1: "narrows"}[spread.sign]
        level = {1: "raises", 0: "does not clearly change", -1: "lowers"}[mean.sign]
        where = {"rest": "At rest", "stimulus": "Under digits"}[segment]
        return (
            f"{where}, heterogeneity {verdict} the distribution of phase-locking over pairs "
            f"(spread of PPC {spread:+}) and {level} its mean ({mean:+}; {mean.n} pairs of "
            f"networks, w_rec of std {self.coupling:g})."
        )

    def figures(self, result):
        unequal = self.networks(self.seeds[0])["heterogeneous", "coupled"]
        return {
            "Distributions": draw_distributions(result),
            "Seeds": draw_seeds(result),
            "Detuning": draw_detuning(result),
            "Matrices": draw_matrices(result, unequal.frequency_hz),
        }


def draw_distributions(result):
    measures = {"ppc": "PPC over time", "ppc_trials": "PPC over trials"}
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharex="row", sharey="row")
    for row, (measure, label) in zip(axes, measures.items(), strict=True):
        values = [getattr(s, measure) for synchronies in result.values() for s in synchronies]
        low, high = np.quantile(np.concatenate(values), [0.001, 0.999])
        edges = np.linspace(low, high, 41)
        for (name, coupling, segment), synchronies in result.items():
            ax = row[SEGMENTS.index(segment)]
            pooled = np.clip(np.concatenate([getattr(s, measure) for s in synchronies]), low, high)
            style = {"color": MODEL_COLORS[name], "ls": LINES[coupling], "lw": 1.6}
            ax.hist(
                pooled, edges, histtype="step", density=True, label=f"{name}, {coupling}", **style
            )
            ax.set(xlabel=label, yscale="log")
        row[0].set_ylabel("density over pairs")
    for ax, segment in zip(axes[0], SEGMENTS, strict=True):
        ax.set_title(segment)
    axes[0, -1].legend(loc="upper right")
    return figure, (
        "How strongly do pairs lock, and how differently? Pairwise phase consistency of all pairs "
        "of all seeds; values beyond the axis are counted at its ends. Above: within trials, over "
        "time. Below: over trials, mean over times."
    )


def draw_seeds(result):
    figure, axes = plt.subplots(1, 2, figsize=(9, 4))
    for ax, key in zip(axes, ("ppc spread", "ppc mean"), strict=True):
        for k, segment in enumerate(SEGMENTS):
            pairs = [[s.summary()[key] for s in result[n, "coupled", segment]] for n in NETWORKS]
            at = 3 * k + np.arange(2)
            ax.plot(at, pairs, color="0.75", lw=1, zorder=1)
            for x, name, values in zip(at, NETWORKS, pairs, strict=True):
                label = name if k == 0 else None
                style = {"color": MODEL_COLORS[name], "marker": MODEL_MARKERS[name], "label": label}
                ax.scatter([x] * len(values), values, s=28, **style)
        ax.set_xticks([0.5, 3.5], SEGMENTS)
        ax.set(ylabel=f"{key.split()[1]} of PPC over pairs", xlim=(-0.7, 4.7), ylim=(0, None))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure, (
        "Is it the same in every pair of networks? Spread (standard deviation) and mean over pairs "
        "of PPC over time, with recurrent connections; lines join networks of the same weights."
    )


def draw_detuning(result):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    largest = max(s.detuning.max() for synchronies in result.values() for s in synchronies)
    edges = np.linspace(0, largest, 11)
    centers = (edges[1:] + edges[:-1]) / 2
    for (name, coupling, segment), synchronies in result.items():
        if name == "heterogeneous":
            rows = analysis.locking_by_detuning(synchronies, edges)
            told = np.isfinite(rows).sum(axis=0) > 1  # an interval needs two seeds
            columns = [column[np.isfinite(column)] for column in rows.T[told]]
            means = [analysis.mean_interval(column) for column in columns]
            shift = 0.01 * largest * (COUPLINGS.index(coupling) - 0.5)
            figures.plot_estimates(
                axes[SEGMENTS.index(segment)],
                centers[told] + shift,
                means,
                color={"coupled": ORANGE, "uncoupled": GREY}[coupling],
                ls=LINES[coupling],
                label=coupling,
            )
    for ax, segment in zip(axes, SEGMENTS, strict=True):
        ax.axhline(0, color="black", lw=0.6)
        ax.set(title=segment, xlabel="difference of natural frequencies (Hz)")
    top = min(1, axes[0].get_ylim()[1])  # intervals of few seeds go beyond
    axes[0].set(ylabel="PPC over time", ylim=(-0.15 * top, top))
    axes[-1].legend(loc="upper right")
    return figure, (
        "Which unequal units lock? PPC against the difference of natural frequencies: mean over "
        "seeds, with 95 % t intervals. Pairs of similar frequency seem to lock even uncoupled, as "
        "long as their phases have no time to drift apart."
    )


def draw_matrices(result, frequency_hz):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), sharey=True)
    order = np.argsort(frequency_hz)
    ticks = np.unique(np.linspace(0, len(order) - 1, 5).astype(int))
    for ax, name in zip(axes, NETWORKS, strict=True):
        matrix = np.full((len(order), len(order)), np.nan)
        matrix[np.tril_indices(len(order), -1)] = result[name, "coupled", "stimulus"][0].plv
        matrix = np.fmax(matrix, matrix.T)[np.ix_(order, order)]
        image = ax.imshow(matrix, cmap="magma", vmin=0, vmax=1, origin="lower")
        ax.set_xticks(ticks, [f"{frequency_hz[order[k]]:.0f}" for k in ticks])
        ax.set_yticks(ticks, [f"{frequency_hz[order[k]]:.0f}" for k in ticks])
        ax.set(title=name, xlabel="frequency of the unequal unit (Hz)")
    axes[0].set_ylabel("frequency of the unequal unit (Hz)")
    figure.colorbar(image, ax=axes, label="PLV over time")
    return figure, (
        "Who locks with whom? PLV over time under digits, mean over trials, in the two coupled "
        "networks of the first seed, which have the same weights; units of pairs in the order of "
        "the natural frequencies that they have in the heterogeneous one."
    )


if __name__ == "__main__":
    Plv.main()
