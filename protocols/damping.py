#!/usr/bin/env python
"""Does it matter that the units oscillate?

Trains networks of equal units on sequential MNIST, from oscillators to leaky
integrators: damping gamma grows, and alpha with it, so that alpha / gamma, which
sets how strongly a unit answers at its own frequency, stays. Above gamma = omega
a unit no longer oscillates. Each damping, and each of torch's recurrent networks
as a control, takes the best learning rate and initial coupling of the same small
grid, chosen by validation accuracy of a network of another seed. In place of the
coupling, torch's networks start as torch has it, or with a memory of up to all steps
(identity, or chrono biases of gates). Tested without and with noise on the pixels;
intervals are t intervals over networks. The primary outcome is the change of clean
accuracy with each doubling of gamma; other p-values are Holm's.
Above gamma = 0.5 a step would turn the velocity around, which is no integrator.

    horn-neuro damping --source FOLDER --train 20000 --units 64
"""

from functools import partial
from itertools import product

import numpy as np
import torch
from matplotlib import pyplot as plt

from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report import figures
from horn_neuro.report.style import BLUE, ORANGE, PINK
from horn_neuro.twin import BaselineClassifier, HornNetwork, evaluate

OMEGA, ALPHA_PER_GAMMA = 2 * np.pi / 28, 3.5  # as in train_smnist
RATES = {"horn": (5e-3, 2e-2), "baseline": (2e-3, 1e-2)}
STARTS = {"horn": (0.4, 1.6), "baseline": ("torch", "memory")}  # std of w_rec, or how
NOISE = {0.0: (BLUE, "o"), 0.1: (ORANGE, "s"), 0.2: (PINK, "^")}
BASELINES = ("rnn", "gru", "lstm")
TUNING_SEED = 0
LOUD, LITTLE = 0.2, 20  # noise of the answer; accuracy in % below which a budget is too small
SLOPE = "Change with each doubling of gamma"


class Damping(DigitExperiment):
    title = "Damping as the switch"
    takes = Sizes("8 s", "85 s", "")
    resumes = True
    gammas = Option(
        Sizes((0.02, 0.4), (0.02, 0.05, 0.1, 0.2, 0.4), (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)),
        *("damping a step, of networks to compare", float, None, 0, 0.5),
        different=2,
    )
    baselines = Option(Sizes(("rnn",), ("lstm",), BASELINES), "controls", choices=BASELINES)
    seeds = Option(Sizes((1, 2), range(1, 6), range(1, 11)), "of them", least=1, different=2)
    units = Option(Sizes(8, 32, 64), "of each network", least=1)
    epochs = Option(Sizes(1, 4, 10), "of training", least=1)
    optimizer = material.OPTIMIZER
    train = Option(Sizes(160, 2000, 4000), "digits to train and validate on", least=160)
    test = Option(Sizes(100, 500, 1000), "digits to test on", least=10)

    def measure(self):
        rng = generator(TUNING_SEED, "digits")
        self.learned = self.load_digits("train", self.train, rng, "train")
        self.tested = material.as_tensors(self.load_digits("test", self.test, rng, "test"))
        arms = [f"gamma {gamma:g}" for gamma in self.gammas] + list(self.baselines)
        cells = [(arm, cell) for arm in arms for cell in self.cells(arm)]
        tuning = [(f"{a} {c}", partial(self.learn, a, c, TUNING_SEED)) for a, c in cells]
        self.expect(len(tuning) + len(arms) * len(self.seeds), "network")
        best = {}
        for (arm, cell), run in zip(cells, self.keep_all(tuning), strict=True):
            if run["validation"] > best.get(arm, (-1, cell))[0]:
                best[arm] = (run["validation"], cell)
        names = list(product(arms, self.seeds))
        work = [(f"{a}, seed {s}", partial(self.learn, a, best[a][1], s)) for a, s in names]
        result = {arm: [] for arm in arms}
        for (arm, seed), run in zip(names, self.keep_all(work), strict=True):
            result[arm].append({"seed": seed, "settings": best[arm][1], **run})
        return result

    def cells(self, arm):
        """Learning rates and initial weights to choose from."""
        kind = "horn" if arm.startswith("gamma") else "baseline"
        return list(product(RATES[kind], STARTS[kind]))

    def make_model(self, arm, start, seed):
        torch.manual_seed(seed)
        if not arm.startswith("gamma"):
            model = BaselineClassifier(arm, self.units)
            if start == "memory":
                remember(model.recurrent, self.tested[0].shape[1])
            return model
        gamma = float(arm.split()[1])
        options = {"omega": OMEGA, "gamma": gamma, "alpha": ALPHA_PER_GAMMA * gamma}
        network = material.untrained(self.units, start, seed, heterogeneous=False, **options)
        return HornNetwork(network)

    def learn(self, arm, cell, seed):
        """Train a network; where it diverges, it answers by chance."""
        rate, start = cell
        model, n = self.make_model(arm, start, seed), self.train // 5
        options = {"epochs": self.epochs, "optimizer": self.optimizer, "learning_rate": rate}
        try:
            metrics, best = material.train_briefly(model, self.learned, n, seed=seed, **options)
        except FloatingPointError:
            return {"validation": 0.0, "test": {str(std): 0.1 for std in NOISE}, "diverged": True}
        model.load_state_dict(best)
        shares = {str(std): evaluate(model, *self.tested, noise=std, seed=seed)[1] for std in NOISE}
        validation = max(row["validation_accuracy"] for row in metrics)
        return {"validation": validation, "test": shares, "diverged": False}

    def findings(self, result):
        def shares(arm, std):
            return [run["test"][str(std)] for run in result[arm]]

        rows, tests = {}, {}
        for arm, std in product(result, NOISE):
            share = analysis.mean_interval(shares(arm, std)).scaled(100, "%")
            rows[f"{arm}: test accuracy, pixel noise {std:g}"] = share
        gammas = sorted(self.gammas)
        ends = [f"gamma {gammas[k]:g}" for k in (0, -1)]
        for std in NOISE:
            dose = np.array([shares(f"gamma {gamma:g}", std) for gamma in gammas])
            slopes = np.polyfit(np.log2(gammas), dose, 1)[0]  # of each network
            slope = analysis.paired_difference(slopes, np.zeros_like(slopes))
            tests[f"{SLOPE}, pixel noise {std:g}"] = slope.scaled(100, "points")
            gap = analysis.paired_difference(*(shares(arm, std) for arm in ends))
            tests[f"{ends[0]} minus {ends[1]}, pixel noise {std:g}"] = gap.scaled(100, "points")
        primary = {f"{SLOPE}, pixel noise 0": tests.pop(f"{SLOPE}, pixel noise 0")}
        rows |= primary | analysis.holm(tests)
        details = {"settings": {arm: runs[0]["settings"] for arm, runs in result.items()}}
        return Findings(self.answer(rows, gammas), rows, details | {"networks": result})

    def answer(self, rows, gammas):
        """How accuracy goes with the dose, on clean and on noisy digits, and of the controls."""

        def means(std):
            arms = (f"gamma {gamma:g}: test accuracy, pixel noise {std}" for gamma in gammas)
            return ", ".join(f"{rows[arm].value:.0f}" for arm in arms)

        words = {1: "raises", 0: "does not clearly change", -1: "lowers"}
        clean, noisy = (rows[f"{SLOPE}, pixel noise {std}"] for std in (0, LOUD))
        told = []
        for arm in self.baselines:
            pair = [rows[f"{arm}: test accuracy, pixel noise {std}"] for std in (0, LOUD)]
            few = ", for which this budget is too small" if pair[0].value < LITTLE else ""
            told.append(f"{arm} {pair[0]} and {pair[1]}{few}")
        return [
            f"Stronger damping {words[clean.sign]} the share of digits answered right, {clean:+} "
            f"with each doubling of gamma ({means(0)} % at {', '.join(f'{g:g}' for g in gammas)}), "
            f"and under pixel noise of {LOUD} {words[noisy.sign]} it, {noisy:+} ({means(LOUD)} %; "
            f"{len(self.seeds)} networks each, leaky integrators from {OMEGA:.3f} on).",
            f"Torch's networks, clean and under that noise: {'; '.join(told)} (chance 10 %; all "
            f"after {self.epochs} epochs on {self.train} digits).",
        ]

    def figures(self, result):
        return {"Dose and response": draw_dose(result)}


@torch.no_grad()
def remember(recurrent, n_steps):
    """Let a network of torch start with a memory of up to so many steps.

    Tanh units keep what they have (the identity of Le, Jaitly and Hinton, arXiv:1504.00941);
    gates forget over 1 to n_steps (chrono initialization, Tallec and Ollivier, arXiv:1804.11188).
    """
    n, bias = recurrent.hidden_size, recurrent.bias_ih_l0
    for values in (bias, recurrent.bias_hh_l0):
        values.zero_()
    if isinstance(recurrent, torch.nn.RNN):
        recurrent.weight_hh_l0.copy_(torch.eye(n))
        return
    bias[n : 2 * n] = torch.log(1 + torch.rand(n) * (n_steps - 2))  # forget, or update
    if isinstance(recurrent, torch.nn.LSTM):
        bias[:n] = -bias[n : 2 * n]  # input


def draw_dose(result):
    figure, ax = plt.subplots(figsize=(7, 4.4))
    arms = sorted((a for a in result if a.startswith("gamma")), key=lambda a: float(a.split()[1]))
    gammas = np.array([float(arm.split()[1]) for arm in arms])
    for std, (color, marker) in NOISE.items():
        shares = 100 * np.array([[run["test"][str(std)] for run in result[a]] for a in arms])
        at = gammas * {0.0: 0.97, 0.1: 1, 0.2: 1.03}[std]
        ax.plot(at, shares, marker, ms=4, color=color, alpha=0.5)
        ax.plot(at, shares.mean(axis=1), color=color, marker=marker, label=f"pixel noise {std:g}")
    others = {a: 100 * np.mean([r["test"]["0.0"] for r in result[a]]) for a in result}
    lowest = -np.inf
    for name in sorted(set(result) - set(arms), key=others.get):
        lowest = max(others[name], lowest + 5)  # names do not overlap
        ax.annotate(
            name,
            (1, lowest),
            xycoords=("axes fraction", "data"),
            xytext=(3, -3),
            textcoords="offset points",
        )
    ax.axvline(OMEGA, color="black", lw=0.8, ls="--")
    ax.axhline(10, color="black", lw=0.6, ls=":")
    ax.set(xscale="log", xlabel="damping gamma (1/step)", ylabel="test accuracy (%)", ylim=(0, 101))
    figures.label_log_axis(ax.xaxis)
    figure.legend(ncols=3, loc="outside upper center")
    return figure, (
        "Does it matter that units oscillate? Test accuracy against damping, with alpha in "
        "proportion. Small marks: networks; lines: their means; dashed: critical damping, right "
        "of which units are leaky integrators; dotted: chance; names: torch's networks, means "
        "without noise, apart where they would overlap."
    )


if __name__ == "__main__":
    Damping.main()
