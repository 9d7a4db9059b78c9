#!/usr/bin/env python
"""Can the network learn without labels, by plasticity of its recurrent connections?

Digits sweep through networks whose recurrent weights learn, in Brian2, by a covariance or a phase
rule, Hebbian or anti-Hebbian. Then the weights are frozen, and a linear readout of the last
positions is fitted and tested on other digits. Every learned network is compared with itself
untrained, with its weights shuffled, with random changes of the same sizes, and with one whose
recurrent weights learned the same digits by backpropagation, with labels.

A shift of 0 degrees relates the receiver's position, 90 its velocity, to the
sender's velocity (covariance), or asks for phases in step (phase, 0); 180 more
is the opposite rule. All that were tried are shown, without any correction.

    horn-neuro hebbian_learning --gain 10 --coupling 1.6
"""

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, shuffled
from horn_neuro.report import figures
from horn_neuro.report.style import BLACK, GREY, MODEL_COLORS, MODEL_MARKERS
from horn_neuro.twin import HornNetwork

MODELS = ("homogeneous", "heterogeneous")
RULES = {"covariance": hn.CovarianceRule, "phase": hn.PhaseRule}
HEBBIAN = {"covariance": 90, "phase": 0}  # shift at which velocities, or phases, are in step
CONTROLS = ("untrained", "shuffled", "random")  # without labels
NOISE = 0.2  # of pixels


class HebbianLearning(DigitExperiment):
    title = "Learning without labels"
    takes = Sizes("30 s", "2 min", "")
    resumes = True
    device, gamma = material.DEVICE, replace(material.GAMMA, default=0.02)
    models = Option(MODELS, "of networks", choices=MODELS)
    rules = Option(tuple(RULES), "of plasticity", choices=tuple(RULES))
    seeds = Option(Sizes((1, 2), range(1, 6), range(1, 11)), "of them", least=0, different=2)
    shifts = Option(Sizes((90, 270), range(0, 360, 90), range(0, 360, 45)), "degrees", most=359)
    units = Option(Sizes(8, 32, 64), "of each network", least=2)
    digits = Option(Sizes(5, 200, 1000), "to learn from, without labels", least=5)
    readout = Option(Sizes(60, 500, 2500), "digits to fit the readout on, and to test it", least=20)
    draws = Option(Sizes(1, 1, 5), "of shuffled weights and random changes", least=1)
    gain = Option(5.0, "weight of a pair that agrees", above=0)
    rate = Option(0.02, "learning rate in Hz", above=0)
    bound = Option(10.0, "largest weight that can be", above=0)
    coupling = Option(1.0, "initial std of w_rec", above=0)

    def measure(self):
        self.training, self.test = self.load_digits("train"), self.load_digits("test")
        if self.digits + self.readout > len(self.training):
            raise ValueError(
                f"digits = {self.digits} and readout = {self.readout}, but "
                f"{self.training.source} has {len(self.training)} in all: ask for fewer"
            )
        for kind in self.rules:
            self.rule(kind, 0).check(self.network(self.models[0], self.seeds[0]))
        work = [
            (f"{model}, seed {seed}", partial(self.follow, model, seed))
            for seed, model in product(self.seeds, self.models)
        ]
        self.expect(len(work), "network")
        return [run for runs in self.keep_all(work) for run in runs]

    def rule(self, kind, shift):
        options = {"gain": self.gain, "shift": np.deg2rad(shift), "bound": self.bound}
        return RULES[kind](self.rate, **options)

    def network(self, model, seed):
        options = {"gamma": self.gamma, "alpha": 3.5 * self.gamma}  # as in train_smnist
        options["heterogeneous"] = model == "heterogeneous"
        params = material.untrained(self.units, self.coupling, seed, **options)
        return params.replace(w_rec=np.clip(params.w_rec, -self.bound, self.bound))

    def draw(self, seed):
        """Digits to learn from, to fit a readout on, to test it with, and the same with noise."""
        rng, n = generator(seed, "digits"), self.digits
        training = self.training[rng.permutation(len(self.training))]
        learn, fit = training[:n], training[n : n + self.readout]
        test = self.test[rng.permutation(len(self.test))[: self.readout]]
        return learn, fit, test, test.inputs + NOISE * rng.standard_normal(test.inputs.shape)

    def follow(self, model, seed):
        """Let all rules learn in one network; what each made of it, and what its controls are."""
        learn, *others = self.draw(seed)
        params, runs = self.network(model, seed), []

        def frozen(w_rec):
            return represent(params.replace(w_rec=w_rec), *others)

        untrained = frozen(params.w_rec)
        bptt = represent(backpropagate(params, learn, seed), *others)
        for kind, shift in product(self.rules, self.shifts):
            rng = generator(seed, f"{kind} {shift}")
            w_rec = self.sweep(params, self.rule(kind, shift), learn)

            def random(w_rec, rng=rng):
                return frozen(params.w_rec + shuffled(w_rec - params.w_rec, rng))

            draws, mean = range(self.draws), analysis.Representation.mean
            runs.append(
                {
                    **{"model": model, "rule": kind, "shift": shift, "seed": seed},
                    "measures": {
                        "learned": frozen(w_rec),
                        "untrained": untrained,
                        "shuffled": mean([frozen(shuffled(w_rec, rng)) for _ in draws]),
                        "random": mean([random(w_rec) for _ in draws]),
                        "bptt": bptt,
                    },
                    "largest": float(np.abs(w_rec).max()),
                    "change": float(np.sqrt(np.mean((w_rec - params.w_rec) ** 2))),
                    "weights": (params.w_rec, w_rec),
                    "omega": params.omega,
                }
            )
        return runs

    def sweep(self, params, rule, learn):
        """Let digits sweep through a plastic network; returns its weights afterwards."""
        inputs = learn.inputs.reshape(1, -1, 1)
        options = {"record": (), "device": self.device}
        return hn.simulate(params, inputs, plasticity=rule, **options).final_w_rec[0]

    def findings(self, runs):
        rows, signs = {}, {}
        for model, kind, shift in unique(runs, "model", "rule", "shift"):
            group = select(runs, model=model, rule=kind, shift=shift)
            name = f"{model}, {kind} rule, {shift}°"
            for which, title in (("untrained", model), ("bptt", model), ("learned", name)):
                share = analysis.mean_interval(values_of(group, which))
                rows[f"{title}, {which}: accuracy"] = share.scaled(100, "%")
            minus = {control: minus_control(group, control) for control in (*CONTROLS, "bptt")}
            rows |= {f"{name}: accuracy minus {c}": value for c, value in minus.items()}
            noisy = minus_control(group, "untrained", "noisy_accuracy")
            rows[f"{name}: accuracy under noise minus untrained"] = noisy
            signs[name] = min(minus[control].sign for control in CONTROLS)
        largest = max(run["largest"] for run in runs)
        rows["Largest weight of all learned networks"] = analysis.Estimate(largest)
        better = [name for name, sign in signs.items() if sign > 0]
        gain = {name: rows[f"{name}: accuracy minus untrained"] for name in signs}
        best = max(gain, key=lambda name: gain[name].value)
        answer = [
            f"Of {len(signs)} pairs of network and rule, {len(better) or 'none'} make digits "
            "easier to tell apart than untrained, shuffled and random weights alike"
            f"{': ' + '; '.join(better) if better else ''} (95 % intervals over "
            f"{len(self.seeds)} seeds).",
            f"The most over the untrained network gains {best}: {gain[best]:+}.",
        ]
        hidden = ("weights", "omega")
        details = [{k: v for k, v in run.items() if k not in hidden} for run in runs]
        return Findings(answer, rows, {"runs": details})

    def figures(self, runs):
        return {
            "Conditions": draw_conditions(runs),
            "Rules": draw_rules(runs),
            "Weights": draw_weights(runs),
        }


@torch.no_grad()
def represent(params, fit, test, noisy):
    """What a frozen network makes of other digits, by a readout of its last positions."""
    network = hn.HornNetwork(params)
    x = [
        network(torch.from_numpy(inputs.astype(np.float32))).state.x.double().numpy()
        for inputs in (fit.inputs, test.inputs, noisy)
    ]
    return analysis.represent(x[0], fit.labels, x[1], test.labels, x[2])


def backpropagate(params, learn, seed):
    """Let the recurrent weights learn the same digits with labels; returns the network."""
    model = HornNetwork(params, learn=("w_rec", "w_out", "b_out"))
    n = max(1, len(learn) // 5)
    options = {"epochs": 30, "batch_size": min(32, len(learn) - n), "learning_rate": 2e-2}
    material.train_briefly(model, learn, n, seed=seed, **options)
    return model.to_parameters()


def unique(runs, *names):
    values = dict.fromkeys(tuple(run[name] for name in names) for run in runs)
    return [value if len(names) > 1 else value[0] for value in values]


def select(runs, **wanted):
    return [run for run in runs if all(run[k] == v for k, v in wanted.items())]


def values_of(runs, which, name="accuracy"):
    return np.array([getattr(run["measures"][which], name) for run in runs])


def minus_control(runs, control, name="accuracy"):
    pair = (values_of(runs, which, name) for which in ("learned", control))
    return analysis.paired_difference(*pair).scaled(100, "points")


def opposite_rules(runs):
    """The first rule, and the Hebbian and the opposite shift of it, by name, if they are there."""
    rule = unique(runs, "rule")[0]
    names = {HEBBIAN[rule]: "Hebbian", HEBBIAN[rule] + 180: "anti-Hebbian"}
    shifts = unique(select(runs, rule=rule), "shift")
    opposite = [shift for shift in shifts if shift in names] or shifts[:2]
    return rule, {shift: names.get(shift, f"{rule} {shift}°") for shift in opposite}


def draw_conditions(runs):
    (rule, shifts), models = opposite_rules(runs), unique(runs, "model")
    first, words = (
        next(iter(shifts)),
        {"learned": "", "shuffled": ", shuffled", "random": ", random"},
    )
    conditions = [(w, s, name + word) for s, name in shifts.items() for w, word in words.items()]
    conditions = [
        ("untrained", first, "untrained"),
        *conditions,
        ("bptt", first, "backpropagation"),
    ]
    measures = {"accuracy": "accuracy (%)", "noisy_accuracy": "accuracy under noise (%)"}
    figure, axes = figures.grid(2, len(models), 5.6, 3.2, sharex=True, sharey="row")
    for (row, measure), (column, model) in product(enumerate(measures), enumerate(models)):
        ax, group = axes[row, column], select(runs, model=model, rule=rule)
        table = [values_of(select(group, shift=s), which, measure) for which, s, _ in conditions]
        ax.plot(100 * np.array(table), color="0.8", lw=0.8, zorder=1)
        for k, (values, (which, *_)) in enumerate(zip(table, conditions, strict=True)):
            color = MODEL_COLORS[model] if which == "learned" else "0.45"
            ax.plot([k] * len(values), 100 * values, MODEL_MARKERS[model], ms=4, color=color)
            ax.plot([k - 0.3, k + 0.3], [100 * values.mean()] * 2, color="black", lw=1.5)
        ax.axhline(10, color=GREY, lw=0.8, ls=":")
        axes[0, column].set_title(model)
        axes[row, 0].set(ylabel=measures[measure], ylim=(0, None))
        names = [name for *_, name in conditions]
        ax.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize="small")
    return figure, (
        "Does learning without labels help a linear readout? One mark a seed, joined over "
        "conditions; bars: means. Coloured: learned; grey: controls; dotted: chance. "
        f"{rule.capitalize()} rule, shifts of {' and '.join(f'{s}°' for s in shifts)}."
    )


def draw_rules(runs):
    rules, models, shifts = (unique(runs, name) for name in ("rule", "model", "shift"))
    figure, axes = figures.grid(len(rules), len(models), 5.2, 3.6, sharex=True, sharey=True)
    at, fills = np.arange(len(shifts)), {"untrained": BLACK, "shuffled": GREY, "random": "white"}
    for (row, rule), (column, model) in product(enumerate(rules), enumerate(models)):
        ax, group = axes[row, column], select(runs, model=model, rule=rule)
        for k, (control, fill) in enumerate(fills.items()):
            minus = [minus_control(select(group, shift=s), control) for s in shifts]
            color = BLACK if fill == "white" else fill
            style = {"ls": "", "color": color, "mfc": fill, "label": f"minus {control}"}
            figures.plot_estimates(ax, at + 0.2 * (k - 1), minus, **style)
        ax.axhline(0, color="black", lw=0.6)
        ax.set_title(f"{rule} rule, {model}")
        ax.set_xticks(at, [f"{shift}°" for shift in shifts])
        axes[-1, column].set_xlabel("shift of the receiver's signal")
        axes[row, 0].set_ylabel("accuracy of the learned\nnetwork minus control (points)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, (
        "Is it the structure that was learned? Learned networks against themselves untrained, and "
        "against controls with the same sizes of weights (shuffled) or of changes (random), for "
        "every rule and shift that was tried: mean over seeds with 95 % t intervals."
    )


def draw_weights(runs):
    (rule, shifts), models = opposite_rules(runs), unique(runs, "model")
    figure, axes = figures.grid(len(models), 1 + len(shifts), 3.4, 3.2, sharex=True, sharey=True)
    limit = max(run["largest"] for run in select(runs, rule=rule))
    for row, model in zip(axes, models, strict=True):
        examples = [select(runs, model=model, rule=rule, shift=shift)[0] for shift in shifts]
        order = np.argsort(examples[0]["omega"], kind="stable")
        matrices = {"untrained": examples[0]["weights"][0]}
        matrices |= {shifts[run["shift"]]: run["weights"][1] for run in examples}
        for ax, (name, weights) in zip(row, matrices.items(), strict=True):
            w_rec = weights[np.ix_(order, order)]
            image = ax.imshow(w_rec, cmap="PuOr", vmin=-limit, vmax=limit)
            ax.set_title(f"{model}, {name}", fontsize="small")
        row[0].set_ylabel("to unit (by omega)")
    for ax in axes[-1]:
        ax.set_xlabel("from unit (by omega)")
    figure.colorbar(image, ax=axes, label="weight", shrink=0.7)
    return figure, (
        "What did the rules make of the connections? Recurrent weights of the first seed before "
        "and after, units sorted by omega."
    )


if __name__ == "__main__":
    HebbianLearning.main()
