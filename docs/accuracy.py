"""Keep runs of train_smnist; draw two of docs/pictures, and print tables, out of kept ones.

    python docs/accuracy.py RUN ...

A line of benchmarks/results/smnist_levers.jsonl is one trained network. Those of seeds 11 to 20
are in the picture and in the tables, which belong into docs/training.md, those of seeds above
20 in the table of frequencies there.
"""

import json
import sys
from itertools import product
from math import pi
from pathlib import Path

from matplotlib import pyplot as plt

from horn_neuro import analysis
from horn_neuro.experiment import load_results
from horn_neuro.report import figures, styled
from horn_neuro.report.style import BLUE, GREEN, GREY, ORANGE, SKY

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "benchmarks" / "results" / "smnist_levers.jsonl"
TASKS = {"smnist": "sMNIST", "psmnist": "psMNIST"}
UNITS = (32, 64, 128, 256)
KINDS = {"equal": (BLUE, "o"), "spread": (ORANGE, "s"), "learned": (GREEN, "^")}
ROW = 2 * pi / 28  # the frequency of rows of pixels, in rad per step
TUNED_EPOCHS = {"smnist": 15, "psmnist": 8}  # of runs for the table of frequencies
NAMES = {"muon": "Muon", "adamw": "AdamW"}
STYLES = {"muon": {"ls": "-"}, "adamw": {"ls": ":", "mfc": "white", "lw": 1}}
# By model, and whether omega, gamma and alpha learn; others are in no table.
KIND_OF = {
    ("horn_homogeneous", ""): "equal",
    ("horn_heterogeneous", ""): "spread",
    ("horn_heterogeneous", "omega gamma alpha"): "learned",
}
# As docs/training.md has them, with their sources: parameters, accuracies (%) by task, and
# where a name goes, which meets nothing there.
PUBLISHED = {
    "asRNN": (16_000, 98.89, 95.41, "left"),
    "wRNN": (47_000, 97.6, 96.7, "left"),
    "BRF": (68_874, 99.0, 95.0, "right"),
    "LEM": (68_000, 99.45, 96.6, "right"),
    "coRNN": (134_000, 99.35, 97.34, "right"),
}
# Options of the protocol that tell a recipe.
RECIPE = (
    *("omega", "spacing", "gamma", "alpha", "coupling", "dropout", "input_dropout"),
    *("validation", "optimizer", "lr", "constants_lr", "batch", "matmul"),
)


def lines(folder):
    """Return what is kept of a run folder, a network a line (list of str)."""
    options = load_results(folder / "config.json")["options"]
    first = {name: options[name] for name in ("task", "units", "epochs")}
    first |= {"training_noise": options["noise"], "learn": " ".join(options["learn"] or ())}
    written = []
    for run in load_results(folder)["runs"]:
        line = {name: run[name] for name in ("model", "seed", "parameters")} | first
        line |= {name: options[name] for name in RECIPE}
        if not run["model"].startswith("horn"):
            line["lr"] = options["baseline_lr"]
        line |= {name: run[name] for name in run if name.startswith("test_accuracy")}
        line["training_loss"] = round(run["metrics"][-1]["loss"], 4)
        epochs = [round(epoch["validation_accuracy"], 4) for epoch in run["metrics"]]
        written.append(json.dumps(line | {"validation_by_epoch": epochs}))
    return written


def is_damped(run):
    """Whether units have twice the damping of the equal ones in the tables (bool)."""
    return run["seed"] > 10 and run.get("gamma") == 0.02


def more_damping(value):
    """Return what that changes in 32 equal units (Estimate), in as many epochs."""
    like = {"units": 32, "model": "horn_homogeneous", "optimizer": "muon"}
    like |= {"task": "smnist", "omega": None}
    runs = [run for run in every_run() if like.items() <= run.items() and run["seed"] > 10]
    usual, damped = ([r for r in runs if is_damped(r) == which] for which in (False, True))
    return paired([run for run in usual if run["epochs"] in (15, 30)], damped, value)


def every_run():
    """Return all that is kept (list of dict)."""
    return [json.loads(line) for line in KEPT.read_text().splitlines()]


def kept(optimizer="muon"):
    """Return runs of new seeds by task, units, kind and epochs (dict)."""
    runs = {}
    for run in every_run():
        kind = None if is_damped(run) else KIND_OF.get((run["model"], run["learn"]))
        by = run.get("optimizer", "adamw")  # what there was before there was a choice
        if 10 < run["seed"] <= 20 and run["units"] in UNITS and by == optimizer and kind:
            key = run.get("task", "smnist"), run["units"], kind, run["epochs"]
            runs.setdefault(key, []).append(run)
    cells = product(TASKS, UNITS, KINDS)
    return {key: runs[key] for cell in cells for key in sorted(runs) if key[:3] == cell}


def shortest(optimizer="muon"):
    """Return runs of the fewest epochs by task, units and kind (dict)."""
    found = {}
    for (*key, _), runs in kept(optimizer).items():
        found.setdefault(tuple(key), runs)
    return found


def percent(runs, *keys):
    """Return the mean over runs of what lies under keys, with its interval (Estimate)."""
    values = []
    for run in runs:
        for key in keys:
            run = run[key]
        values.append(100 * run)
    return analysis.mean_interval(values)


def told(found):
    """Return mean and half of the interval; one run has none."""
    return f"{found.value:.1f}" + (f" ± {found.value - found.low:.1f}" if found.n > 1 else "")


def rows(optimizer="muon"):
    """Return the lines of a table (list of str)."""
    written = []
    for (task, units, kind, epochs), runs in kept(optimizer).items():
        (size,) = {run["parameters"] for run in runs}
        cells = [TASKS[task], f"{units}, {size:,}", kind, str(epochs), str(len(runs))]
        cells += [told(percent(runs, key)) for key in ("test_accuracy", "test_accuracy_last")]
        cells += [told(percent(runs, "test_accuracy_by_noise", s)) for s in ("0.1", "0.2", "0.4")]
        written.append(f"| {' | '.join(cells)} |")
    return written


def paired(before, after, value):
    """Return the difference of values seed by seed (Estimate), of seeds that both have."""
    one, two = ({run["seed"]: value(run) for run in runs} for runs in (before, after))
    seeds = sorted(set(one) & set(two))
    return analysis.paired_difference(*([of[seed] for seed in seeds] for of in (two, one)))


def accuracy(run):
    """Return the test accuracy (%)."""
    return 100 * run["test_accuracy"]


def under_noise(run):
    """Return the test accuracy (%) under pixel noise of 0.2."""
    return 100 * run["test_accuracy_by_noise"]["0.2"]


def differences():
    """Return the lines of the table of kinds (list of str)."""
    runs, written = shortest(), []
    for name, before, after in (
        ("spread instead of equal", "equal", "spread"),
        ("and learned", "spread", "learned"),
    ):
        both = [
            [runs[task, n, kind] for kind in (before, after)] for task in TASKS for n in (32, 64)
        ]
        written.append(f"| {name} | {' | '.join(str(paired(*two, accuracy)) for two in both)} |")
    return written


def by_optimizer():
    """Return the lines of the table of Muon instead of AdamW (list of str)."""
    before, after, written = shortest("adamw"), shortest(), []
    for (task, units, kind), runs in after.items():
        both = before.get((task, units, kind), []), runs
        if min(map(len, both)) > 1:
            found = [str(paired(*both, value)) for value in (accuracy, under_noise)]
            epochs = [f"{runs[0]['epochs']}" for runs in both]
            cells = [f"{TASKS[task]}, {units} units, {kind}", *epochs, *found]
            written.append(f"| {' | '.join(cells)} |")
    return written


def of_frequencies(task):
    """Return runs of 32 equal units by cycles a row of pixels, and of spread ones (dict)."""
    runs = {}
    for run in every_run():
        told = run["seed"] > 20 and (run["task"], run["epochs"]) == (task, TUNED_EPOCHS[task])
        if told and not is_damped(run):
            cycles = (run["omega"][0] * run["omega"][1]) ** 0.5 / ROW if run["omega"] else 1
            equal = run["model"] == "horn_homogeneous"
            runs.setdefault(round(cycles, 2) if equal else "spread", []).append(run)
    return runs


def by_frequency():
    """Return the lines of the table of frequencies (list of str)."""
    written, (there, permuted) = [], map(of_frequencies, TASKS)
    for cycles in sorted(there, key=str):
        if cycles == "spread":
            cells = [cycles, "{:g} to {:g}".format(*there[cycles][0]["omega"])]
        else:
            cells = [f"{cycles:g}", f"{cycles * ROW:.3f}"]
        for of in (there, permuted):
            known, other = cycles in of, cycles in of and cycles != 1
            cells.append(str(percent(of[cycles], "test_accuracy")) if known else "")
            cells.append(str(paired(of[1], of[cycles], accuracy)) if other else "")
        written.append(f"| {' | '.join(cells)} |")
    return written


def draw():
    """Draw test errors by the number of parameters."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.4), sharex=True, sharey=True)
    for k, (ax, (task, title)) in enumerate(zip(panels, TASKS.items(), strict=True)):
        for (kind, (color, marker)), optimizer in product(KINDS.items(), STYLES):
            found = shortest(optimizer).items()
            of_kind = [runs for (t, _, of), runs in found if (t, of) == (task, kind)]
            found = [percent(runs, "test_accuracy") for runs in of_kind]
            sizes = [runs[0]["parameters"] for runs in of_kind]
            half = [f.value - f.low if f.n > 1 else float("nan") for f in found]
            style = {"color": color, "marker": marker, "capsize": 3, **STYLES[optimizer]}
            style["label"] = f"{kind}, {NAMES[optimizer]}"
            ax.errorbar(sizes, [100 - f.value for f in found], half, **style)
        for name, (size, *accuracies, side) in PUBLISHED.items():
            ax.plot(size, 100 - accuracies[k], "x", color=GREY)
            place = {"xytext": (6 if side == "right" else -6, -3), "textcoords": "offset points"}
            place["ha"] = "left" if side == "right" else "right"
            ax.annotate(name, (size, 100 - accuracies[k]), fontsize=9, color=GREY, **place)
        ax.set(xscale="log", yscale="log", title=title, xlabel="parameters", xlim=(1e3, 4e5))
        figures.label_log_axis(ax.yaxis)
    panels[0].set_ylabel("test error (%)")
    panels[1].legend(title="frequencies", loc="lower left", fontsize=9)
    return figure


def draw_frequencies():
    """Draw test accuracies by natural frequency."""
    figure, panels = plt.subplots(1, 2, figsize=(10, 3.8), sharex=True)
    for ax, (task, title) in zip(panels, TASKS.items(), strict=True):
        runs = of_frequencies(task)
        cycles = sorted(runs.keys() - {"spread"})
        shares = [[accuracy(run) for run in runs[one]] for one in cycles]
        for harmonic in (1, 2):
            ax.axvline(harmonic, color=SKY, ls=":")
        ax.plot(cycles, shares, "o", color=BLUE, ms=4, alpha=0.6)
        means = [percent(runs[one], "test_accuracy").value for one in cycles]
        ax.plot(cycles, means, color=BLUE, label="equal")
        if "spread" in runs:
            mean = percent(runs["spread"], "test_accuracy").value
            low, high = (end / ROW for end in runs["spread"][0]["omega"])
            label = f"spread over {low:.2f} to {high:.2f}"
            ax.axhline(mean, color=ORANGE, ls="--", label=label)
            ax.legend(title="frequencies", loc="lower left", fontsize=9)
            ticks = cycles, [f"{one:g}" for one in cycles]
        middle = (max(map(max, shares)) + min(map(min, shares))) / 2
        ax.set(ylim=(middle - 1.8, middle + 1.8), title=title)  # the same scale in both
        ax.set(xscale="log", xlabel="natural frequency (cycles a row of pixels)")
        ax.minorticks_off()
    panels[0].set_xticks(*ticks)  # of both
    panels[0].set_ylabel("test accuracy (%)")
    return figure


if __name__ == "__main__":
    new = [line for folder in sys.argv[1:] for line in lines(Path(folder))]
    every = dict.fromkeys([*KEPT.read_text().splitlines(), *new])  # none twice
    KEPT.write_text("".join(f"{line}\n" for line in every))
    with styled():
        for name, draw_one in (("accuracy", draw), ("frequencies", draw_frequencies)):
            draw_one().savefig(ROOT / "docs" / "pictures" / f"{name}.png", dpi=110)
    parts = rows(), differences(), by_optimizer(), by_frequency(), rows("adamw")
    print("\n\n".join("\n".join(part) for part in parts))
