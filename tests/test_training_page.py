"""The page on training tells what its kept runs say."""

import json
from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro import analysis

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "training.md").read_text()
README = (ROOT / "README.md").read_text()
LINES = (ROOT / "benchmarks" / "results" / "smnist_levers.jsonl").read_text().splitlines()
RUNS = [json.loads(line) for line in LINES]
ALL = "omega gamma alpha"


def test_the_levers():
    usual = {"learn": ALL, "dropout": 0.0, "spacing": "drawn", "constants_lr": 0.1}

    def accuracies(key, **options):
        options = {**usual, **options}
        runs = [run for run in RUNS if run["units"] == 32 and run["epochs"] == 20]
        runs = [run for run in runs if options.items() <= {**usual, **run}.items()]
        assert [run["seed"] for run in runs] == [1, 2, 3, 4, 5][: len(runs)]
        return np.array([100 * run[key] for run in runs])

    cells = []
    for key in ("test_accuracy_last", "test_accuracy"):
        plain, learned = accuracies(key, learn=""), accuracies(key)
        full = accuracies(key, constants_lr=1.0)
        each = (
            *(plain, accuracies(key, learn="", spacing="grid") - plain, learned - plain),
            *(full - learned[: len(full)], accuracies(key, dropout=0.1, spacing="grid") - plain),
        )
        assert [len(values) for values in each] == [5, 5, 5, 3, 5]
        cells.append([str(analysis.mean_interval(values)) for values in each])
    rows = (
        "weights learn",
        "instead of drawn: difference",
        "as well: difference",
        "(three seeds): difference to a tenth of it",
        "frequencies on a grid: difference",
    )
    for name, last, best in zip(rows, *cells, strict=True):
        assert f"{name} | {last} | {best} |" in PAGE


@pytest.mark.parametrize("task", ["smnist", "psmnist"])
def test_the_best_networks(task):
    one = [r for r in RUNS if r["units"] == 128 and r["seed"] == 1]
    (run,) = (r for r in one if r.get("task", "smnist") == task)
    assert hn.pretrained(f"horn128_{task}").provenance["test_accuracy"] == run["test_accuracy"]
    noise = [f"{100 * run['test_accuracy_by_noise'][std]:.1f}" for std in ("0.1", "0.2", "0.4")]
    said = PAGE[PAGE.index(f'hn.pretrained("horn128_{task}")') :]
    said = " ".join(said[: said.index("noise of 0.1, 0.2 and 0.4")].split())
    assert f"{100 * run['test_accuracy']:.2f} % of the test digits (" in said
    assert said.endswith("one seed; {}, {} and {} % under".format(*noise))


def test_the_best_network_in_brian2():
    kept = ROOT / "benchmarks" / "results" / "transfer_horn128_smnist.json"
    answer = json.loads(kept.read_text())["answer"][0]
    assert "10000 of 10000 digits the same label as the float64 twin" in answer
    error = answer.split("differ by at most ")[1].split(" of the")[0]
    assert "all 10,000 test digits the label of the first one's float64 twin" in PAGE
    assert f"differ by {error} of the largest position" in PAGE


def told(runs, *keys):
    """Mean and half of the 95 % t interval, in percent, as the pages have them."""
    values = []
    for run in runs:
        for key in keys:
            run = run[key]
        values.append(100 * run)
    found = analysis.mean_interval(values)
    return f"{found.value:.1f}" + (f" ± {found.value - found.low:.1f}" if len(runs) > 1 else "")


def new_seeds(task, units):
    runs = [r for r in RUNS if (r.get("task", "smnist"), r["units"]) == (task, units)]
    return [run for run in runs if run["seed"] > 10]


@pytest.mark.parametrize("units", [32, 64, 128, 256])
@pytest.mark.parametrize(("task", "name"), [("smnist", "sMNIST"), ("psmnist", "psMNIST")])
def test_constants_that_learn(task, name, units):
    """The table of new seeds."""
    runs = new_seeds(task, units)
    if not runs:
        assert f"| {name} | {units}, " not in PAGE
        return
    (size,), (epochs,) = ({run[key] for run in runs} for key in ("parameters", "epochs"))
    cells = [name, f"{units}, {size:,}", str(epochs), str(len(runs))]
    cells += [told(runs, key) for key in ("test_accuracy", "test_accuracy_last")]
    cells += [told(runs, "test_accuracy_by_noise", std) for std in ("0.1", "0.2", "0.4")]
    assert f"| {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize("units", [64, 128, 256])
def test_the_readme(units):
    cells = []
    for task in ("smnist", "psmnist"):
        runs = new_seeds(task, units)
        one = " ¹" if len(runs) == 1 else ""
        cells.append(f"{told(runs, 'test_accuracy')}{one} |" if runs else "|")
    size = new_seeds("smnist", units)[0]["parameters"]
    assert f"| **{units} units** | {size:,} | {' '.join(cells)}" in README
