"""The page on training tells what its kept runs say."""

import json
from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro import analysis

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "training.md").read_text()
LINES = (ROOT / "benchmarks" / "results" / "smnist_levers.jsonl").read_text().splitlines()
RUNS = [json.loads(line) for line in LINES]
ALL = "omega gamma alpha"


def test_the_levers():
    def accuracies(key, **options):
        runs = [run for run in RUNS if options.items() <= run.items() and run["units"] == 32]
        assert [run["seed"] for run in runs] == [1, 2, 3, 4, 5]
        return np.array([100 * run[key] for run in runs])

    cells = []
    for key in ("test_accuracy_last", "test_accuracy"):
        plain = accuracies(key, learn="")
        learned, dropped = (accuracies(key, learn=ALL, dropout=share) for share in (0.0, 0.1))
        each = (plain, learned - plain, dropped - plain)
        cells.append([str(analysis.mean_interval(values)) for values in each])
    rows = ("weights learn", "as well: difference", "frequencies on a grid: difference")
    for name, last, best in zip(rows, *cells, strict=True):
        assert f"{name} | {last} | {best} |" in PAGE


@pytest.mark.parametrize("task", ["smnist", "psmnist"])
def test_the_best_networks(task):
    (run,) = (r for r in RUNS if r["units"] == 128 and r.get("task", "smnist") == task)
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


@pytest.mark.parametrize("units", [32, 64, 128, 256])
@pytest.mark.parametrize(("task", "name"), [("smnist", "sMNIST"), ("psmnist", "psMNIST")])
def test_constants_that_learn(task, name, units):
    """The table of new seeds, and what the README has of it."""
    runs = [r for r in RUNS if (r.get("task", "smnist"), r["units"]) == (task, units)]
    runs = [run for run in runs if run["seed"] > 10]
    if not runs:
        assert f"| {name} | {units}, " not in PAGE
        return
    (size,), (epochs,) = ({run[key] for run in runs} for key in ("parameters", "epochs"))
    cells = [name, f"{units}, {size:,}", str(epochs), str(len(runs))]
    cells += [told(runs, key) for key in ("test_accuracy", "test_accuracy_last")]
    cells += [told(runs, "test_accuracy_by_noise", std) for std in ("0.1", "0.2", "0.4")]
    assert f"| {' | '.join(cells)} |" in PAGE
