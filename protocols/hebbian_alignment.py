#!/usr/bin/env python
"""Do backpropagation's updates look Hebbian?

Trains networks on sequential MNIST and, on a fixed set of digits, follows how their recurrent
weights, and what training has changed about them, go with the correlations between the units'
activity; takes single updates apart into the error that arrives at a unit and the activity that it
reads; and asks whether pairs whose weights grew lock more to each other. Every alignment has a
null that relabels the units (z, p); "partial" is what is left after a regression on the difference
of natural frequencies. As a control, the changes are shuffled over pairs and activity is measured
anew, and changes are compared with the activity of another network. A tanh network is the other
control; digits shown row by row (--rows) are a task that it learns as well.

What is said of oscillators is said of two optimizers, AdamW and gradient descent with momentum
(SGD), at rates that teach them about as well (chosen on other seeds, 101 and 102), both without
weight decay: it would take a share of every weight, a change against the correlations that random
weights make. Verdicts are those of 95 % intervals over networks.

    horn-neuro hebbian_alignment --epochs 10 --seeds 1 2 3 4 5 6 7 8
"""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch

from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report.hebbian import draw_alignment, draw_pairs, draw_shares
from horn_neuro.report.style import BLUE, GREY, ORANGE
from horn_neuro.twin import BaselineClassifier, HornNetwork, error_signals

MODELS = {  # name: how it is called, colour, marker
    "horn_homogeneous": ("equal oscillators", BLUE, "o"),
    "horn_heterogeneous": ("unequal oscillators", ORANGE, "s"),
    "rnn": ("tanh units", GREY, "D"),
}
OPTIMIZERS = {"adamw": "AdamW", "sgd": "SGD"}
SGD_RATES = {"horn_homogeneous": 0.1, "horn_heterogeneous": 0.3, "rnn": 0.1}
FINE = (1, 2, 4, 8, 16, 32)  # steps of the first epoch that are looked at
LAGS = (0, 1, 2, 3, 5, 7, 10, 14, 18, 22, 28)
COUPLING = 1.6  # as in train_smnist, and gamma, and alpha of 3.5 gamma
WHEN = ("before", "after")
SCATTER = ("before training", "after 1 epoch", "at the end", "with a random change", "the change")
SHOWN = "y, y"  # the correlation that figures and sentences are about
RISE = f"weights at the end minus with a random change, {SHOWN}"
FITS = f"change minus with another network's activity, {SHOWN}"


class HebbianAlignment(DigitExperiment):
    title = "Hebbian alignment"
    takes = Sizes("15 s", "2 min", "")
    resumes = True
    models = Option(tuple(MODELS), "of networks", choices=tuple(MODELS), different=1)
    optimizers = Option(
        tuple(OPTIMIZERS), "of oscillators; the first, of tanh units", choices=tuple(OPTIMIZERS)
    )
    seeds = Option(Sizes((1, 2), range(1, 6), range(1, 11)), "of them", least=0, different=2)
    units = Option(Sizes(12, 32, 64), "of each network", least=4)
    epochs = Option(Sizes(1, 4, 12), "of training", least=1)
    train = Option(Sizes(320, 3000, 4000), "digits to train on, two batches or more", least=128)
    probe = Option(Sizes(2, 10, 30), "digits of each class to measure activity on", least=1)
    permutations = Option(Sizes(99, 999, 9999), "of the null", least=1)
    gamma = replace(material.GAMMA, default=0.02)
    rows = Option(False, "show 28 rows of 28 pixels instead of one pixel a step")

    def measure(self):
        rng, test = generator(self.seeds[0], "digits"), self.load_digits("test")
        self.training = self.shaped(self.load_digits("train", self.train, rng, "train"))
        self.probe_digits = self.shaped(test[test.balanced(self.probe, rng)])
        arms = [(m, o) for m in self.models for o in self.optimizers[: 1 if m == "rnn" else None]]
        networks = list(product(arms, self.seeds))
        work = [(f"{name_of(a)}, seed {s}", partial(self.follow, *a, s)) for a, s in networks]
        self.expect(len(work), "network")
        result = {name_of(arm): [] for arm in arms}
        for (arm, _), run in zip(networks, self.keep_all(work), strict=True):
            result[name_of(arm)].append(run)
        return result

    def shaped(self, digits):
        shape = (-1, 28, 28) if self.rows else (-1, 784, 1)
        return replace(digits, inputs=digits.inputs.reshape(shape), lengths=None)

    def make_model(self, name, seed):
        torch.manual_seed(seed)
        channels = self.probe_digits.inputs.shape[2]
        if name == "rnn":
            return BaselineClassifier("rnn", self.units, channels)
        period = 7 if self.rows else 28  # some cycles within a digit of 28 steps
        options = {"omega": 2 * np.pi / period, "gamma": self.gamma, "alpha": 3.5 * self.gamma}
        options |= {"n_inputs": channels, "heterogeneous": name == "horn_heterogeneous"}
        return HornNetwork(material.untrained(self.units, COUPLING, seed, **options))

    def rate(self, name, optimizer):
        """Learning rate, chosen on seeds 101 and 102, that teaches by either optimizer."""
        if optimizer == "adamw":
            return 2e-3 if name == "rnn" else 2e-2
        return 0.8 if self.rows and name != "rnn" else SGD_RATES[name]

    def follow(self, name, optimizer, seed):
        """Train one network, and look at it."""
        model, steps, weights, correlations, states = self.make_model(name, seed), [], [], [], {}
        per_epoch = (self.train - self.train // 10) // 64
        last = self.epochs * per_epoch
        looks = {0, last, *FINE, *range(per_epoch, last + 1, per_epoch)}

        def look(step, model):
            if step in looks:
                steps.append(step)
                weights.append(material.recurrent_weights(model).detach().double().numpy().copy())
                correlations.append(self.look_at(model))
            if step in (0, last):
                states[step] = {key: value.clone() for key, value in model.state_dict().items()}

        options = {"epochs": self.epochs, "optimizer": optimizer}
        options["learning_rate"] = self.rate(name, optimizer)
        options["weight_decay"] = 0.0  # it would shrink weights: a change against correlations
        n = self.train // 10
        metrics, _ = material.train_briefly(model, self.training, n, look, seed=seed, **options)
        change = weights[-1] - weights[0]
        control = self.shuffle(model, states[last], weights[0], change, seed)
        points = [(weights[k], correlations[k][SHOWN]) for k in (0, steps.index(per_epoch), -1)]
        points += [control, (change, correlations[-1][SHOWN])]
        run = {
            "steps": steps,
            "accuracy": max(row["validation_accuracy"] for row in metrics),
            **self.align(name, model, weights, correlations, seed),
            "scatter": [analysis.pair_correlation(*pair) for pair in points],
            **{"explained_share": {}, "locking": {}},
            "example": points,
        }
        if name != "rnn":
            ends = [states[0], states[last]]
            run["explained_share"] = decompose(model, ends, self.probe_digits)
            run["locking"] = locking(model, ends, self.probe_digits, change)
        return run

    def look_at(self, model):
        """Correlations [post, pre] of activity that a Hebbian rule could use."""
        pre, post = material.activity(model, self.probe_digits.inputs)
        pairs = {"post x, pre y, lag 1": (post, pre, 1), "x, x": (post, post), "y, y": (pre, pre)}
        return {name: analysis.lagged_correlation(*pair) for name, pair in pairs.items()}

    def shuffle(self, model, state, before, change, seed):
        """Weights with the changes shuffled over pairs, and the correlation of activity then."""
        shuffled = before + analysis.shuffled_pairs(change, generator(seed, "random change"))
        model.load_state_dict(state)
        with torch.no_grad():
            material.recurrent_weights(model).copy_(torch.from_numpy(shuffled))
        return shuffled, self.look_at(model)[SHOWN]

    def align(self, name, model, weights, correlations, seed):
        """How weights and their change go with activity, at the ends and on the way."""
        change, result, curves, confounds = weights[-1] - weights[0], {}, {}, {"": None}
        if name == "horn_heterogeneous":
            frequency = model.initial.frequency_hz
            confounds[", partial"] = np.abs(frequency[:, None] - frequency)
        for kind in correlations[0]:
            first, last, rng = correlations[0][kind], correlations[-1][kind], generator(seed, kind)
            align = partial(analysis.align, n_permutations=self.permutations, rng=rng)
            result[f"weights before, {kind}"] = align(weights[0], first)
            result[f"weights after, {kind}"] = align(weights[-1], last)
            result[f"change, {kind} (before)"] = align(change, first)
            for text, confound in confounds.items():
                result[f"change, {kind} (after){text}"] = align(change, last, confound)
            curves[kind] = [
                analysis.align(w, c[kind], n_permutations=1, rng=rng).value
                for w, c in zip(weights, correlations, strict=True)
            ]
        return {"alignment": result, "curves": curves}

    def findings(self, result):
        rows, tests, mean = {}, {}, analysis.mean_interval
        for arm, runs in result.items():
            share = mean([run["accuracy"] for run in runs])
            rows[f"{arm}: validation accuracy"] = share.scaled(100, "%")
            for key in runs[0]["alignment"]:
                rows[f"{arm}: {key}"] = mean([run["alignment"][key].value for run in runs])
            _, epoch, end, shuffled, change = np.transpose([run["scatter"] for run in runs])
            rows[f"{arm}: weights {SCATTER[1]}, {SHOWN}"] = mean(epoch)
            rows[f"{arm}: weights {SCATTER[3]}, {SHOWN}"] = mean(shuffled)
            last = [run["example"][-1] for run in runs]
            sizes = [np.std(run["example"][-1][0]) / np.std(run["example"][0][0]) for run in runs]
            rows[f"{arm}: size of the change, in SD of the weights before"] = mean(sizes)
            other = [
                analysis.pair_correlation(last[k][0], last[k - 1][1]) for k in range(len(last))
            ]
            rows[f"{arm}: change, {SHOWN} (another network)"] = mean(other)
            tests[f"{arm}: {RISE}"] = analysis.paired_difference(end, shuffled)
            tests[f"{arm}: {FITS}"] = analysis.paired_difference(change, other)
            for key in runs[0]["explained_share"]:
                shares = np.array([run["explained_share"][key] for run in runs])
                best = np.abs(shares.mean(axis=0)).argmax()
                lag = f", lag {LAGS[best]}" if shares.shape[1] > 1 else ""
                rows[f"{arm}: share of an update explained, {key}{lag}"] = mean(shares[:, best])
            if runs[0]["locking"]:
                pair = ([run["locking"][name] for run in runs] for name in ("grown", "shrunk"))
                gain = analysis.paired_difference(*pair)
                tests[f"{arm}: locking, pairs that grew minus pairs that shrank"] = gain
        rows |= analysis.holm(tests)
        details = {
            arm: [{key: run[key] for key in run if key != "example"} for run in runs]
            for arm, runs in result.items()
        }
        answer = [self.answer(model, rows) for model in self.models if model != "rnn"]
        return Findings(answer or [self.answer("rnn", rows)], rows, {"models": details})

    def answer(self, model, rows):
        arms = [a for a in ((model, o) for o in self.optimizers) if f"{name_of(a)}: {RISE}" in rows]

        def tell(key, sign="+"):
            return " and ".join(format(rows[f"{name_of(arm)}: {key}"], sign) for arm in arms)

        def verdict(key, say):
            told = {}
            for arm in arms:
                told.setdefault(rows[f"{name_of(arm)}: {key}"].sign, []).append(OPTIMIZERS[arm[1]])
            return ", and ".join(f"{say[s]} with {' and '.join(n)}" for s, n in told.items())

        before = rows[f"{name_of(arms[0])}: weights before, {SHOWN}"]
        shuffled = tell(f"weights {SCATTER[3]}, {SHOWN}")
        other, own = (tell(f"change, {SHOWN} ({whose})") for whose in ("another network", "after"))
        names = " and ".join(OPTIMIZERS[optimizer] for _, optimizer in arms)
        rise = {1: "raises this", 0: "does not clearly change this", -1: "lowers this"}
        fits = {1: "goes with activity", 0: "does not clearly do so", -1: "goes against activity"}
        return (
            f"{MODELS[model][0].capitalize()}, trained by {names} "
            f"({tell('validation accuracy', '')} right): weights go with the correlation of "
            f"activity over pairs by r = {before:+} before training and "
            f"{tell(f'weights after, {SHOWN}')} after it, with its changes shuffled over pairs by "
            f"{shuffled}. So training {verdict(RISE, rise)}. What it changes goes with activity by "
            f"{own}, with that of another network by {other}: it {verdict(FITS, fits)}."
        )

    def figures(self, result):
        styles = {arm: style_of(*arm.split(", ")) for arm in result}
        keys = {f"weights {when}, {SHOWN}": f"weights, {when} training" for when in WHEN}
        keys |= {f"change, {SHOWN} ({when})": f"change, with activity {when}" for when in WHEN}
        first = {arm: r for arm, r in result.items() if arm.endswith(self.optimizers[0])}
        found = {"Alignment": draw_alignment(result, keys, SHOWN, styles)}
        found["Every pair"] = draw_pairs(first, SCATTER, styles)
        if first := {arm: runs for arm, runs in first.items() if runs[0]["explained_share"]}:
            found["Share of an update"] = draw_shares(first, LAGS, WHEN, styles)
        return found


def name_of(arm):
    return ", ".join(arm)


def style_of(model, optimizer):
    label, color, marker = MODELS[model]
    how = {"ls": "-"} if optimizer == "adamw" else {"ls": "--", "mfc": "white"}
    return {"label": f"{label}, {OPTIMIZERS[optimizer]}", "color": color, "marker": marker, **how}


def decompose(model, states, digits):
    """Explain an update, -gradient, by Hebbian products over lags, at the start and the end."""
    result = {}
    for when, state in zip(WHEN, states, strict=True):
        model.load_state_dict(state)
        signals = error_signals(model.to_parameters(), digits.inputs, digits.labels)
        update, share = -signals.gradient(), analysis.explained_share
        for name, post in (("x", signals.x), ("y", signals.y)):
            result[f"{name} after y, {when}"] = [
                share(update, analysis.hebbian_product(post, signals.y, lag))
                for lag in LAGS
                if lag <= digits.inputs.shape[1] // 2
            ]
        # The same with the true error as "post": all of it, as a check of the statistic.
        exact = analysis.hebbian_product(-signals.delta, signals.pre)
        result[f"error, {when}"] = [share(update, exact)]
    return result


@torch.no_grad()
def locking(model, states, digits, change):
    """Change of phase-locking, class by class, of pairs whose weights grew or shrank most."""
    inputs, labels = material.as_tensors(digits)[0], digits.labels
    means = []
    for state in states:
        model.load_state_dict(state)
        recording = model(inputs, record=True).recording
        locked = analysis.ppc_over_time(recording).get_data("dense")
        means.append(np.mean([locked[labels == c].mean(axis=0) for c in np.unique(labels)], axis=0))
    return analysis.by_growth(change, means[1] - means[0])


if __name__ == "__main__":
    HebbianAlignment.main()
