#!/usr/bin/env python
"""Do backpropagation's updates look Hebbian?

Trains networks on sequential MNIST and, on a fixed set of digits, follows how their recurrent
weights, and what training has changed about them, go with the correlations between the units'
activity; takes single updates apart into the error that arrives at a unit and the activity that it
reads; and asks whether pairs whose weights grew lock more to each other. Every alignment has a
null that relabels the units (z, p); "partial" is what is left after a regression on the difference
of natural frequencies. As a control, the changes are shuffled over pairs and activity is measured
anew. A tanh network is the other control; digits shown row by row (--rows) are a task that it
learns as well.

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
from horn_neuro.report import figures
from horn_neuro.report.style import BLUE, GREEN, GREY, ORANGE, PINK
from horn_neuro.twin import BaselineClassifier, HornClassifier, error_signals

MODELS = {  # name: how it is called, colour, marker
    "horn_homogeneous": ("equal oscillators", BLUE, "o"),
    "horn_heterogeneous": ("unequal oscillators", ORANGE, "s"),
    "rnn": ("tanh units", GREY, "x"),
}
FINE = (1, 2, 4, 8, 16, 32)  # steps of the first epoch that are looked at
LAGS = (0, 1, 2, 3, 5, 7, 10, 14, 18, 22, 28)
COUPLING = 1.6  # as in train_smnist, and gamma, and alpha of 3.5 gamma
WHEN = ("before", "after")
SCATTER = ("before training", "after 1 epoch", "at the end", "with a random change", "the change")
CONTROL = "weights with a random change, y, y"
SHOWN = "y, y"  # the correlation that figures and sentences are about


class HebbianAlignment(DigitExperiment):
    title = "Hebbian alignment"
    takes = Sizes("10 s", "70 s", "")
    resumes = True
    models = Option(tuple(MODELS), "of networks", choices=tuple(MODELS), different=1)
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
        networks = list(product(self.models, self.seeds))
        work = [(f"{m}, seed {s}", partial(self.follow, m, s)) for m, s in networks]
        self.expect(len(work), "network")
        result = {model: [] for model in self.models}
        for (model, _), run in zip(networks, self.keep_all(work), strict=True):
            result[model].append(run)
        return result

    def shaped(self, digits):
        shape = (-1, 28, 28) if self.rows else (-1, 784, 1)
        return replace(digits, inputs=digits.inputs.reshape(shape))

    def make_model(self, name, seed):
        torch.manual_seed(seed)
        channels = self.probe_digits.inputs.shape[2]
        if name == "rnn":
            return BaselineClassifier("rnn", self.units, channels)
        period = 7 if self.rows else 28  # some cycles within a digit of 28 steps
        options = {"omega": 2 * np.pi / period, "gamma": self.gamma, "alpha": 3.5 * self.gamma}
        options |= {"n_inputs": channels, "heterogeneous": name == "horn_heterogeneous"}
        return HornClassifier(material.untrained(self.units, COUPLING, seed, **options))

    def follow(self, name, seed):
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

        options = {"epochs": self.epochs, "learning_rate": 2e-3 if name == "rnn" else 2e-2}
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
            frequency = model.network.initial.frequency_hz
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
        rows = {}
        for model, runs in result.items():
            share = analysis.mean_interval([run["accuracy"] for run in runs])
            rows[f"{model}: validation accuracy"] = share.scaled(100, "%")
            for key in runs[0]["alignment"]:
                values = [run["alignment"][key].value for run in runs]
                rows[f"{model}: {key}"] = analysis.mean_interval(values)
            for k in (1, 3):
                mean = analysis.mean_interval([run["scatter"][k] for run in runs])
                rows[f"{model}: weights {SCATTER[k]}, {SHOWN}"] = mean
            for key in runs[0]["explained_share"]:
                shares = np.array([run["explained_share"][key] for run in runs])
                best = np.abs(shares.mean(axis=0)).argmax()
                lag = f", lag {LAGS[best]}" if shares.shape[1] > 1 else ""
                mean = analysis.mean_interval(shares[:, best])
                rows[f"{model}: share of an update explained, {key}{lag}"] = mean
            if runs[0]["locking"]:
                pair = ([run["locking"][name] for run in runs] for name in ("grown", "shrunk"))
                gain = analysis.paired_difference(*pair)
                rows[f"{model}: locking, pairs that grew minus pairs that shrank"] = gain
        details = {
            model: [{key: run[key] for key in run if key != "example"} for run in runs]
            for model, runs in result.items()
        }
        answer = [self.answer(model, result[model], rows) for model in self.models[:2]]
        return Findings(answer, rows, {"models": details})

    def answer(self, model, runs, rows):
        before, after = (rows[f"{model}: weights {when}, {SHOWN}"] for when in WHEN)
        change, control = (rows[f"{model}: {k}"] for k in (f"change, {SHOWN} (after)", CONTROL))
        rises = sum(run["scatter"][2] > run["scatter"][0] for run in runs)
        return (
            f"In networks of {MODELS[model][0]}, weights go with the correlation of activity over "
            f"pairs by r = {before:+} before training and {after:+} after it (more in {rises} of "
            f"{len(runs)} networks; {control:+} with its changes shuffled over pairs); what "
            f"training changes goes with it by {change:+}."
        )

    def figures(self, result):
        pictures = {"Alignment": draw_alignment(result), "Every pair": draw_pairs(result)}
        oscillators = {m: runs for m, runs in result.items() if runs[0]["explained_share"]}
        return pictures | ({"Share of an update": draw_shares(oscillators)} if oscillators else {})


def decompose(model, states, digits):
    """Explain an update, -gradient, by Hebbian products over lags, at the start and the end."""
    result = {}
    for when, state in zip(WHEN, states, strict=True):
        model.load_state_dict(state)
        signals = error_signals(model.network.to_parameters(), digits.inputs, digits.labels)
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
        recording = model.network(inputs, record=True).recording
        locked = analysis.ppc_over_time(recording).get_data("dense")
        means.append(np.mean([locked[labels == c].mean(axis=0) for c in np.unique(labels)], axis=0))
    return analysis.by_growth(change, means[1] - means[0])


def draw_alignment(result):
    keys = {f"weights {when}, {SHOWN}": f"weights, {when} training" for when in WHEN}
    keys |= {f"change, {SHOWN} ({when})": f"change, with activity {when}" for when in WHEN}
    figure, ((ax, course),) = figures.grid(1, 2, 7, 4.4, width_ratios=(1.3, 1))
    at = np.arange(len(keys))
    for k, (model, runs) in enumerate(result.items()):
        label, color, marker = MODELS[model]
        y = at + 0.26 * (k - (len(result) - 1) / 2)
        table = [[run["alignment"][key] for run in runs] for key in keys]
        null = [np.quantile([a.null for a in row], [0.025, 0.975]) for row in table]
        ax.hlines(y, *np.transpose(null), color="0.8", lw=7)
        ax.plot([[a.value for a in row] for row in table], y, marker, ms=5, color=color)
        curves, steps = [run["curves"][SHOWN] for run in runs], np.add(runs[0]["steps"], 1)
        figures.plot_band(course, steps, curves, marker, color=color, label=label)
    ax.axvline(0, color="black", lw=0.6)
    ax.set_yticks(at, keys.values())
    ax.invert_yaxis()
    ax.set_xlabel("correlation with that of activity, over pairs")
    course.axhline(0, color="black", lw=0.6)
    course.set(xscale="log", xlabel="steps of training + 1", title="weights while they learn")
    figures.label_log_axis(course.xaxis)
    figure.legend(ncols=4, loc="outside upper center")
    return figure, (
        "Do recurrent weights, or what training changes about them, go with the correlation of "
        "activity (velocities; states of tanh units) of the same pairs? Left: one mark a seed; "
        "grey: middle 95 % with relabelled units. Right: mean over seeds; bands: their range."
    )


def draw_pairs(result):
    figure, axes = figures.grid(len(result), len(SCATTER), 2.5, 2.6, sharex=True, sharey="row")
    figure.supxlabel("correlation of activity", fontsize="medium")
    for row, (model, runs) in zip(axes, result.items(), strict=True):
        label, color, _ = MODELS[model]
        cells = zip(row, SCATTER, runs[0]["scatter"], runs[0]["example"], strict=True)
        for ax, key, share, (values, correlation) in cells:
            off = ~np.eye(len(values), dtype=bool)
            x, y = correlation[off], values[off] / values[off].std()
            ax.plot(x, y, ".", ms=3, color=color, alpha=0.5)
            ax.plot(x, np.polyval(np.polyfit(x, y, 1), x), color="black", lw=1)
            ax.set_title(f"{key}\nr = {share:+.2f}", fontsize=9)
        row[0].set_ylabel(f"{label}\nweight, change (SD)")
    return figure, (
        "Do pairs that fire together have strong weights? All pairs of the first seed (velocities; "
        "states of tanh units); last column: what training changed, with activity after training."
    )


def draw_shares(result):
    figure, axes = figures.grid(1, len(result), 5, 4.4, sharey=True)
    for ax, (model, runs) in zip(axes[0], result.items(), strict=True):
        colors, lines = (("x", GREEN), ("y", PINK)), zip(WHEN, ("--", "-"), strict=True)
        for (when, line), (post, color) in product(lines, colors):
            key = f"{post} after y, {when}"
            shares = [run["explained_share"][key] for run in runs]
            style = {"line": line, "color": color, "label": key}
            figures.plot_band(ax, LAGS[: len(shares[0])], shares, **style)
        ax.axhline(0, color="black", lw=0.6)
        ax.set(title=MODELS[model][0], xlabel="lag of the sender (steps)")
    axes[0, 0].set_ylabel("share of an update explained\n(with the sign of the correlation)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside upper center")
    return figure, (
        "How Hebbian is a single update? Share of the variance over pairs of one full update "
        "(minus the gradient over the probe digits) that a product of the receiving unit's x or y "
        "with the sending unit's earlier y explains, before and after training; bands: range."
    )


if __name__ == "__main__":
    HebbianAlignment.main()
