"""The figures of learning without labels."""

import numpy as np
from matplotlib import pyplot as plt

__all__ = ["draw_hebbian_learning"]

COLORS = {"homogeneous": "#0072b2", "heterogeneous": "#d55e00"}
MARKERS = {"homogeneous": "o", "heterogeneous": "s"}
MEASURES = {
    "accuracy": ("accuracy (%)", 100),
    "noisy_accuracy": ("accuracy under\nnoise (%)", 100),
    "separability": ("separability\n(variance ratio)", 1),
    "dimension": ("dimension\n(participation ratio)", 1),
}
# Shift at which a rule is Hebbian: velocities, or phases, in step.
HEBBIAN = {"covariance": 90, "phase": 0}


def draw_hebbian_learning(runs):
    """Draw what plasticity made of networks, and what its controls did.

    Parameters
    ----------
    runs : list of Run
        With model, rule, shift, seed, measures, seen, curves, weights, omega.

    Returns
    -------
    drawn : dict of str to (matplotlib.figure.Figure, str)
        Figures with their captions, by title.
    """
    drawn = {"Conditions": _conditions(runs), "Rules": _rules(runs)}
    if any(run.curves["learned"] for run in runs):
        drawn["While learning"] = _curves(runs)
    drawn["Weights"] = _weights(runs)
    return drawn


def _unique(runs, name):
    return list(dict.fromkeys(getattr(run, name) for run in runs))


def _select(runs, **wanted):
    return [run for run in runs if all(getattr(run, k) == v for k, v in wanted.items())]


def _shown(runs):
    """Pick two opposite shifts of the first rule: the Hebbian one and its opposite, if there."""
    rule = _unique(runs, "rule")[0]
    shifts = _unique(_select(runs, rule=rule), "shift")
    wanted = (HEBBIAN[rule], HEBBIAN[rule] + 180)
    return rule, [shift for shift in shifts if shift in wanted] or shifts[:2]


def _name(rule, shift):
    hebbian = HEBBIAN[rule]
    return {hebbian: "Hebbian", hebbian + 180: "anti-Hebbian"}.get(shift, f"{rule} {shift}°")


def _conditions(runs):
    rule, shifts = _shown(runs)
    models = _unique(runs, "model")
    conditions = [("untrained", shifts[0], "untrained")]
    for shift in shifts:
        name = _name(rule, shift)
        conditions += [("learned", shift, name)]
        conditions += [(c, shift, f"{name},\n{text}") for c, text in
                       (("shuffled", "shuffled"), ("random", "random changes"))]  # fmt: skip
    conditions += [("bptt", shifts[0], "backpropagation,\nwith labels")]
    figure, axes = plt.subplots(
        len(MEASURES), len(models), figsize=(5.2 * len(models), 2.1 * len(MEASURES) + 1.2),
        sharex=True, sharey="row", squeeze=False,
    )  # fmt: skip
    for column, model in enumerate(models):
        for row, (name, (label, scale)) in enumerate(MEASURES.items()):
            ax = axes[row, column]
            table = scale * np.array(
                [
                    [getattr(run.measures[condition], name)
                     for run in _select(runs, model=model, rule=rule, shift=shift)]
                    for condition, shift, _ in conditions
                ]
            )  # fmt: skip
            ax.plot(table, "-", color="0.8", lw=0.8, zorder=1)
            for k, values in enumerate(table):
                learned = conditions[k][0] == "learned"
                ax.plot([k] * len(values), values, MARKERS[model], ms=4, zorder=2,
                        color=COLORS[model] if learned else "0.45")  # fmt: skip
                ax.plot([k - 0.3, k + 0.3], [values.mean()] * 2, color="black", lw=1.5, zorder=3)
            if row == 0:
                ax.set_title(model)
            if column == 0:
                ax.set_ylabel(label)
            ax.set_xticks(range(len(conditions)), [text for *_, text in conditions],
                          rotation=60, ha="right", fontsize="small")  # fmt: skip
    return figure, (
        "Frozen networks: what a linear readout of the last positions makes of other digits. One "
        "mark a seed, joined over conditions; bars: means. Coloured: learned without labels; "
        f"grey: controls. {rule.capitalize()} rule, shifted by "
        f"{' and '.join(f'{shift}°' for shift in shifts)}."
    )


def _rules(runs):
    rules, models = _unique(runs, "rule"), _unique(runs, "model")
    figure, axes = plt.subplots(1, len(rules), figsize=(5.2 * len(rules), 4), sharey=True,
                                squeeze=False)  # fmt: skip
    for ax, rule in zip(axes[0], rules, strict=True):
        shifts = sorted(_unique(runs, "shift"))
        for offset, model in enumerate(models):
            for k, control in enumerate(("shuffled", "random")):
                values = 100 * np.array(
                    [
                        [run.measures["learned"].accuracy - run.measures[control].accuracy
                         for run in _select(runs, model=model, rule=rule, shift=shift)]
                        for shift in shifts
                    ]
                )  # fmt: skip
                at = np.arange(len(shifts)) + 0.14 * (2 * offset + k - len(models) + 0.5)
                ax.errorbar(
                    at, values.mean(axis=1),
                    [values.mean(axis=1) - values.min(axis=1),
                     values.max(axis=1) - values.mean(axis=1)],
                    fmt=MARKERS[model], ms=6, color=COLORS[model], capsize=2,
                    mfc=COLORS[model] if control == "shuffled" else "white",
                    label=f"{model} minus {control}",
                )  # fmt: skip
        ax.axhline(0, color="black", lw=0.6)
        ax.set_xticks(range(len(shifts)), [f"{shift}°" for shift in shifts])
        ax.set(xlabel="shift of the receiver's signal", title=f"{rule} rule")
    axes[0, 0].set_ylabel("accuracy of the learned network\nminus control (points)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure, (
        "Learned structure against controls with the same sizes of weights (shuffled) or of "
        "changes (random), for every rule and shift that was tried; bars: range over seeds. A "
        "shift of 0° relates the receiver's position, 90° its velocity to the sender's velocity "
        "(covariance), or asks for phases in step (phase, 0°); 180° more is the opposite rule."
    )


def _curves(runs):
    followed = [run for run in runs if run.curves["learned"]]
    models, shifts = _unique(followed, "model"), sorted(_unique(followed, "shift"))
    figure, axes = plt.subplots(1, len(models), figsize=(4.8 * len(models), 4.2), sharey=True,
                                squeeze=False)  # fmt: skip
    styles = dict(zip(shifts, ("-", "--"), strict=False))
    for ax, model in zip(axes[0], models, strict=True):
        for shift in shifts:
            mine = _select(followed, model=model, shift=shift)
            for name, color in (("learned", COLORS[model]), ("random", "0.5")):
                curves = 100 * np.array([run.curves[name] for run in mine])
                label = _name("covariance", shift) + (", random changes" if name == "random"
                                                      else "")  # fmt: skip
                ax.plot(mine[0].seen, curves.mean(axis=0), styles[shift], marker="o", ms=3,
                        color=color, label=label)  # fmt: skip
                ax.fill_between(mine[0].seen, curves.min(axis=0), curves.max(axis=0),
                                color=color, alpha=0.12, lw=0)  # fmt: skip
        ax.set(title=model, xlabel="digits seen, without labels")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize="x-small")
    axes[0, 0].set_ylabel("accuracy of a readout (%)")
    return figure, (
        "Accuracy of the frozen network after more and more digits, and of random changes of "
        "the same sizes; bands: range over seeds."
    )


def _weights(runs):
    rule, shifts = _shown(runs)
    models = _unique(runs, "model")
    figure, axes = plt.subplots(len(models), 1 + len(shifts), squeeze=False,
                                figsize=(3.4 * (1 + len(shifts)), 3.2 * len(models)))  # fmt: skip
    for row, model in zip(axes, models, strict=True):
        examples = [_select(runs, model=model, rule=rule, shift=shift)[0] for shift in shifts]
        order = np.argsort(examples[0].omega, kind="stable")
        shown = [("untrained", examples[0].weights[0])]
        shown += [(_name(rule, run.shift), run.weights[1]) for run in examples]
        limit = max(np.abs(w).max() for _, w in shown)
        for ax, (name, weights) in zip(row, shown, strict=True):
            image = ax.imshow(weights[np.ix_(order, order)], cmap="PuOr", vmin=-limit, vmax=limit)
            ax.set_title(f"{model},\n{name}", fontsize="small")
            ax.set_xlabel("from unit (by omega)", fontsize="small")
        row[0].set_ylabel("to unit (by omega)", fontsize="small")
        figure.colorbar(image, ax=row, label="weight")
    return figure, "Recurrent weights of the first seed before and after, units sorted by omega."
