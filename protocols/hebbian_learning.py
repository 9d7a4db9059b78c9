#!/usr/bin/env python
"""Can the network learn without labels, by plasticity of its recurrent connections?

Digits sweep through networks whose recurrent weights learn, in Brian2, by a
covariance or a phase rule, Hebbian or anti-Hebbian. Then the weights are
frozen, and a linear readout of the last positions is fitted and tested on other
digits. Every learned network is compared with itself untrained, with its
weights shuffled, with random changes of the same sizes, and with one whose
recurrent weights learned the same digits by backpropagation, with labels.

A shift of 0 degrees relates the receiver's position, 90 its velocity, to the
sender's velocity (covariance), or asks for phases in step (phase, 0); 180 more
is the opposite rule. Differences are paired by seed. All rules that were tried
are shown, without correction for their number.

    horn-neuro hebbian_learning --gain 10 --coupling 1.6 --seeds 1 2 3 4 5 6 7 8
"""

from dataclasses import asdict
from functools import partial

import numpy as np
import torch
from joblib import Parallel, delayed
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, shuffled
from horn_neuro.report import figures
from horn_neuro.report.style import BLACK, GREY, MODEL_COLORS, MODEL_MARKERS
from horn_neuro.twin import HornClassifier

MODELS = ("homogeneous", "heterogeneous")
RULES = {"covariance": hn.CovarianceRule, "phase": hn.PhaseRule}
HEBBIAN = {"covariance": 90, "phase": 0}  # shift at which velocities, or phases, are in step
CONTROLS = ("untrained", "shuffled", "random")  # without labels
NOISE = 0.2  # of pixels
LOOKS = 5  # at the weights, while they learn
PIXELS = 784


class HebbianLearning(DigitExperiment):
    title = "Learning without labels"
    takes = Sizes("30 s", "2 min", "6 h")
    resumes = True
    device = material.DEVICE
    models = Option(MODELS, "of networks", choices=MODELS)
    rules = Option(tuple(RULES), "of plasticity", choices=tuple(RULES))
    shifts = Option(
        Sizes((90, 270), (0, 90, 180, 270), range(0, 360, 45)),
        "of the rules, in degrees",
        least=0,
        most=359,
    )
    seeds = Option(
        Sizes((1, 2), range(1, 6), range(1, 11)), "of networks and digits", least=0, different=2
    )
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
        networks = [(model, seed) for seed in self.seeds for model in self.models]
        # A short run is over before a second process has started.
        parallel = Parallel(1 if self.digits < 50 else -1, return_as="generator")
        self.expect(len(networks), "network")
        runs = []
        self.step("learning")
        for part in parallel(delayed(self.kept)(model, seed) for model, seed in networks):
            runs += part
            self.step("learning")
        return runs

    def kept(self, model, seed):
        return self.keep(f"{model} {seed}", partial(self.follow, model, seed))

    def rule(self, kind, shift):
        options = {"gain": self.gain, "shift": np.deg2rad(shift), "bound": self.bound}
        return RULES[kind](self.rate, **options)

    def network(self, model, seed):
        params = material.untrained(
            self.units,
            self.coupling,
            seed,
            heterogeneous=model == "heterogeneous",
            alpha=0.07,  # as in train_smnist
            gamma=0.02,
        )
        return params.replace(w_rec=np.clip(params.w_rec, -self.bound, self.bound))

    def draw(self, seed):
        """Digits to learn from, to fit a readout on, to test it with, and the same with noise."""
        rng, n = generator(seed, "digits"), self.digits
        order = rng.permutation(len(self.training))
        learn, fit = self.training[order[:n]], self.training[order[n : n + self.readout]]
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
        for kind in self.rules:
            for shift in self.shifts:
                rng = generator(seed, f"{kind} {shift}")
                looks = self.sweep(params, self.rule(kind, shift), learn)
                _, w_rec = looks[-1]

                def random(w_rec, rng=rng):
                    return frozen(params.w_rec + shuffled(w_rec - params.w_rec, rng))

                measures = {
                    "learned": frozen(w_rec),
                    "untrained": untrained,
                    "shuffled": mean_of([frozen(shuffled(w_rec, rng)) for _ in range(self.draws)]),
                    "random": mean_of([random(w_rec) for _ in range(self.draws)]),
                    "bptt": bptt,
                }
                curves = {"learned": [], "random": []}
                if kind == "covariance" and shift in (90, 270):
                    curves = {
                        "learned": [frozen(w).accuracy for _, w in looks],
                        "random": [random(w).accuracy for _, w in looks],
                    }
                runs.append(
                    {
                        **{"model": model, "rule": kind, "shift": shift, "seed": seed},
                        "measures": measures,
                        "seen": [n for n, _ in looks],
                        "curves": curves,
                        "largest": float(np.abs(w_rec).max()),
                        "change": float(np.sqrt(np.mean((w_rec - params.w_rec) ** 2))),
                        "weights": (params.w_rec, w_rec),
                        "omega": params.omega,
                    }
                )
        return runs

    def sweep(self, params, rule, learn):
        """Let digits sweep through a plastic network; pairs of digits seen and weights."""
        every = PIXELS * max(1, len(learn) // LOOKS)
        recording = hn.simulate(
            params,
            learn.inputs.reshape(1, -1, 1),
            plasticity=rule,
            record=("w_rec",),
            every=every,
            device=self.device,
        )
        data = recording.data["w_rec"].values[0]
        looks = [(k * every // PIXELS, data[..., k]) for k in range(1, data.shape[-1])]
        return [(0, params.w_rec), *looks, (len(learn), recording.final_w_rec[0])]

    def findings(self, runs):
        rows, verdicts = {}, {}
        for model, kind, shift in unique(runs, "model", "rule", "shift"):
            mine, name = (
                select(runs, model=model, rule=kind, shift=shift),
                f"{model}, {kind} rule, {shift}°",
            )
            if (kind, shift) == unique(runs, "rule", "shift")[0]:
                for which in ("untrained", "bptt"):
                    rows[f"{model}, {which}: accuracy"] = accuracy_of(mine, which)
            rows[f"{name}: accuracy"] = accuracy_of(mine, "learned")
            minus = {control: minus_control(mine, control) for control in (*CONTROLS, "bptt")}
            rows |= {f"{name}: accuracy, minus {c}": value for c, value in minus.items()}
            rows[f"{name}: accuracy under noise, minus untrained"] = minus_control(
                mine, "untrained", "noisy_accuracy"
            )
            verdicts[name] = min(minus[control].sign for control in CONTROLS), minus["untrained"]
        largest = max(run["largest"] for run in runs)
        rows["Largest weight of all learned networks"] = analysis.Estimate(largest)
        best = max(verdicts, key=lambda name: verdicts[name][1].value)
        better = [name for name, (sign, _) in verdicts.items() if sign > 0]
        answer = [
            f"Of {len(verdicts)} rules, {len(better) or 'none'} make digits easier to tell apart "
            "than the untrained network, shuffled weights and random changes alike"
            f"{': ' + '; '.join(better) if better else ''} (95 % intervals over "
            f"{len(self.seeds)} seeds).",
            f"The most over the untrained network gains {best}: {verdicts[best][1]:+}.",
        ]
        hidden = ("weights", "omega")
        details = [{k: v for k, v in run.items() if k not in hidden} for run in runs]
        return Findings(answer, rows, {"runs": details})

    def figures(self, runs):
        drawn = {"Conditions": draw_conditions(runs), "Rules": draw_rules(runs)}
        if any(run["curves"]["learned"] for run in runs):
            drawn["While learning"] = draw_curves(runs)
        return drawn | {"Weights": draw_weights(runs)}


@torch.no_grad()
def last_positions(params, inputs):
    network = hn.HornNetwork(params)
    return network(torch.from_numpy(inputs.astype(np.float32))).state.x.double().numpy()


def represent(params, fit, test, noisy):
    """What a frozen network makes of other digits."""
    x = [last_positions(params, inputs) for inputs in (fit.inputs, test.inputs, noisy)]
    return analysis.represent(x[0], fit.labels, x[1], test.labels, x[2])


def mean_of(representations):
    rows = [asdict(one) for one in representations]
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return analysis.Representation(**means)


def backpropagate(params, learn, seed):
    """Let the recurrent weights learn the same digits with labels; returns the network."""
    model = HornClassifier(params, learn=("w_rec", "w_out", "b_out"))
    n = max(1, len(learn) // 5)
    options = {"epochs": 30, "batch_size": min(32, len(learn) - n), "learning_rate": 2e-2}
    material.train_briefly(model, learn, n, seed=seed, **options)
    return model.network.to_parameters()


def unique(runs, *names):
    values = dict.fromkeys(tuple(run[name] for name in names) for run in runs)
    return [value if len(names) > 1 else value[0] for value in values]


def select(runs, **wanted):
    return [run for run in runs if all(run[k] == v for k, v in wanted.items())]


def values_of(runs, which, name="accuracy"):
    return np.array([getattr(run["measures"][which], name) for run in runs])


def accuracy_of(runs, which):
    return analysis.mean_interval(values_of(runs, which)).scaled(100, "%")


def minus_control(runs, control, name="accuracy"):
    pair = (values_of(runs, which, name) for which in ("learned", control))
    return analysis.paired_difference(*pair).scaled(100, "points")


def opposite_rules(runs):
    """The first rule, and the Hebbian and the opposite shift of it, by name, if they are there."""
    rule = unique(runs, "rule")[0]
    names = {HEBBIAN[rule]: "Hebbian", HEBBIAN[rule] + 180: "anti-Hebbian"}
    shifts = unique(select(runs, rule=rule), "shift")
    shown = [shift for shift in shifts if shift in names] or shifts[:2]
    return rule, {shift: names.get(shift, f"{rule} {shift}°") for shift in shown}


def draw_conditions(runs):
    (rule, shifts), models = opposite_rules(runs), unique(runs, "model")
    first = next(iter(shifts))
    conditions = [
        ("untrained", first, "untrained"),
        ("bptt", first, "backpropagation,\nwith labels"),
    ]
    for shift, name in shifts.items():
        words = {"learned": "", "shuffled": ",\nshuffled", "random": ",\nrandom changes"}
        conditions[-1:-1] = [(which, shift, name + word) for which, word in words.items()]
    figure, axes = plt.subplots(
        2, len(models), figsize=(5.6 * len(models), 6.5), sharex=True, sharey="row", squeeze=False
    )
    labels = {"accuracy": "accuracy (%)", "noisy_accuracy": "accuracy under noise (%)"}
    for column, model in zip(axes.T, models, strict=True):
        for ax, name in zip(column, labels, strict=True):
            table = 100 * np.array(
                [
                    values_of(select(runs, model=model, rule=rule, shift=shift), which, name)
                    for which, shift, _ in conditions
                ]
            )
            ax.plot(table, color="0.8", lw=0.8, zorder=1)
            for k, (values, (which, *_)) in enumerate(zip(table, conditions, strict=True)):
                color = MODEL_COLORS[model] if which == "learned" else "0.45"
                ax.plot([k] * len(values), values, MODEL_MARKERS[model], ms=4, color=color)
                ax.plot([k - 0.3, k + 0.3], [values.mean()] * 2, color="black", lw=1.5)
            ax.axhline(10, color=GREY, lw=0.8, ls=":")
        column[0].set_title(model)
        words = [text for *_, text in conditions]
        column[1].set_xticks(range(len(words)), words, rotation=60, ha="right", fontsize="small")
    for ax, label in zip(axes[:, 0], labels.values(), strict=True):
        ax.set(ylabel=label, ylim=(0, None))
    return figure, (
        "Does learning without labels help a linear readout? One mark a seed, joined over "
        "conditions; bars: means. Coloured: learned; grey: controls; dotted: chance. "
        f"{rule.capitalize()} rule, shifts of {' and '.join(f'{s}°' for s in shifts)}."
    )


def draw_rules(runs):
    rules, models = unique(runs, "rule"), unique(runs, "model")
    size = (5.2 * len(models), 3.6 * len(rules) + 0.4)
    figure, axes = plt.subplots(
        len(rules), len(models), figsize=size, sharex=True, sharey=True, squeeze=False
    )
    shifts = sorted(unique(runs, "shift"))
    styles = zip(CONTROLS, (BLACK, GREY, "white"), (-0.2, 0, 0.2), strict=True)
    for control, fill, move in styles:
        for row, rule in zip(axes, rules, strict=True):
            for ax, model in zip(row, models, strict=True):
                minus = [
                    minus_control(select(runs, model=model, rule=rule, shift=s), control)
                    for s in shifts
                ]
                style = {"ls": "", "color": BLACK if fill == "white" else fill, "mfc": fill}
                figures.plot_estimates(
                    ax,
                    np.arange(len(shifts)) + move,
                    minus,
                    marker=MODEL_MARKERS[model],
                    label=f"minus {control}",
                    **style,
                )
                ax.axhline(0, color="black", lw=0.6)
                ax.set_title(f"{rule} rule, {model}", color=MODEL_COLORS[model])
    for ax in axes[-1]:
        ax.set_xticks(range(len(shifts)), [f"{shift}°" for shift in shifts])
        ax.set_xlabel("shift of the receiver's signal")
    for ax in axes[:, 0]:
        ax.set_ylabel("accuracy of the learned\nnetwork minus control (points)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, (
        "Is it the structure that was learned? Learned networks against themselves untrained, and "
        "against controls with the same sizes of weights (shuffled) or of changes (random), for "
        "every rule and shift that was tried: mean over seeds with 95 % t intervals."
    )


def draw_curves(runs):
    followed = [run for run in runs if run["curves"]["learned"]]
    models, shifts = unique(followed, "model"), opposite_rules(followed)[1]
    figure, axes = plt.subplots(
        1, len(models), figsize=(4.8 * len(models), 4.2), sharey=True, squeeze=False
    )
    for ax, model in zip(axes[0], models, strict=True):
        for (shift, word), line in zip(shifts.items(), ("-", "--"), strict=False):
            mine = select(followed, model=model, shift=shift)
            for name, color in (("learned", MODEL_COLORS[model]), ("random", "0.5")):
                curves = 100 * np.array([run["curves"][name] for run in mine])
                label = word + (", random changes" if name == "random" else "")
                seen, style = mine[0]["seen"], {"color": color, "label": label}
                ax.plot(seen, curves.mean(axis=0), line, marker="o", ms=3, **style)
                ax.fill_between(seen, curves.min(0), curves.max(0), color=color, alpha=0.12, lw=0)
        ax.set(title=model, xlabel="digits seen, without labels")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize="x-small")
    axes[0, 0].set_ylabel("accuracy of a readout (%)")
    return figure, (
        "When does it happen? Accuracy of the frozen network after more and more digits, and of "
        "random changes of the same sizes; bands: range over seeds."
    )


def draw_weights(runs):
    (rule, shifts), models = opposite_rules(runs), unique(runs, "model")
    figure, axes = plt.subplots(
        len(models),
        1 + len(shifts),
        squeeze=False,
        sharex=True,
        sharey=True,
        figsize=(3.4 * (1 + len(shifts)), 3.2 * len(models)),
    )
    for row, model in zip(axes, models, strict=True):
        examples = [select(runs, model=model, rule=rule, shift=shift)[0] for shift in shifts]
        order = np.argsort(examples[0]["omega"], kind="stable")
        shown = {"untrained": examples[0]["weights"][0]}
        shown |= {shifts[run["shift"]]: run["weights"][1] for run in examples}
        for ax, (name, weights) in zip(row, shown.items(), strict=True):
            image = ax.imshow(weights[np.ix_(order, order)], cmap="PuOr", vmin=-5, vmax=5)
            ax.set_title(f"{model}, {name}", fontsize="small")
        row[0].set_ylabel("to unit (by omega)")
    for ax in axes[-1]:
        ax.set_xlabel("from unit (by omega)")
    figure.colorbar(image, ax=axes, label="weight", extend="both", shrink=0.7)
    return figure, (
        "What did the rules make of the connections? Recurrent weights of the first seed before "
        "and after, units sorted by omega."
    )


if __name__ == "__main__":
    HebbianLearning.main()
