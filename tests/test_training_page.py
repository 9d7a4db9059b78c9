"""The page on training tells what its kept runs say."""

import itertools
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import material
from horn_neuro.parameters import generator, log_uniform

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "training.md").read_text()
README = (ROOT / "README.md").read_text()
FINDINGS = " ".join((ROOT / "docs" / "findings.md").read_text().split())
LINES = (ROOT / "benchmarks" / "results" / "smnist_levers.jsonl").read_text().splitlines()
RUNS = [json.loads(line) for line in LINES]
ALL = "omega gamma alpha"
ACCURACY = runpy.run_path(str(ROOT / "docs" / "accuracy.py"))


def test_the_levers():
    usual = {"learn": ALL, "dropout": 0.0, "spacing": "drawn", "constants_lr": 0.1}

    def accuracies(key, **options):
        options = {**usual, **options}
        runs = [run for run in RUNS if run["units"] == 32 and run["seed"] < 10]
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
    origin = hn.pretrained(f"horn128_{task}").provenance
    like = [r for r in RUNS if r["units"] == 128 and r["seed"] == origin["seed"]]
    like = [r for r in like if r.get("task", "smnist") == task and r["epochs"] == origin["epochs"]]
    (run,) = (r for r in like if r.get("optimizer") in (None, "muon"))
    assert origin["test_accuracy"] == run["test_accuracy"]
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


def test_runs_are_kept(tmp_path):
    folder = hn.experiment.RunFolder(tmp_path / "run")
    options = dict.fromkeys(ACCURACY["RECIPE"])
    options |= {
        "task": "psmnist",
        "units": 8,
        "epochs": 2,
        "noise": 0.1,
        "learn": ["omega", "alpha"],
    }
    folder.save_json("config.json", {"options": options})
    run = {"model": "horn_homogeneous", "seed": 3, "parameters": 178, "best_epoch": 1}
    run |= {"metrics": [{"loss": 0.51239, "validation_accuracy": share} for share in (0.7, 0.6)]}
    run |= {
        "test_accuracy": 0.5,
        "test_accuracy_last": 0.25,
        "test_accuracy_by_noise": {"0.0": 0.5},
    }
    folder.save_json("results.json", {"runs": [run, run | {"seed": 4}]})
    folder.close(complete=True)
    one, two = map(json.loads, ACCURACY["lines"](tmp_path / "run"))
    assert (one["seed"], two["seed"], one["learn"]) == (3, 4, "omega alpha")
    assert one["training_noise"] == 0.1
    assert one["test_accuracy_last"] == 0.25
    assert one["training_loss"] == 0.5124
    assert one["validation_by_epoch"] == [0.7, 0.6]
    assert set(ACCURACY["RECIPE"]) < set(one)
    assert "best_epoch" not in one


def test_the_tables_are_those_of_the_kept_runs():
    rows, differences = ACCURACY["rows"](), ACCURACY["differences"]()
    before, by_optimizer = ACCURACY["rows"]("adamw"), ACCURACY["by_optimizer"]()
    assert min(len(rows), len(by_optimizer)) > 9
    lines = PAGE.splitlines()
    found = [line for line in lines if line.startswith(("| sMNIST | ", "| psMNIST | "))]
    assert found == rows + before
    for part in (differences, by_optimizer):
        at = lines.index(part[0])
        assert lines[at : at + len(part)] == part
    first = [cell.strip() for cell in differences[0].strip("| ").split("|")[1:]]
    assert f"by Muon {first[2]} points more of the test digits at 32 units" in FINDINGS
    assert f"and {first[3]} at 64; by AdamW" in FINDINGS
    assert f"at 32 units by Muon ({first[0]} for spread ones)" in FINDINGS
    assert f"not clearly at 64 ({first[1]})" in FINDINGS
    one, two, *permuted = (of_adamw(task, n) for task in ("smnist", "psmnist") for n in (32, 64))
    assert f"nor by AdamW ({one}, {two})" in FINDINGS
    for text in (FINDINGS, " ".join(PAGE.split())):
        assert "{} and {}".format(*permuted) in text


def of_adamw(task, units):
    """Return what spread frequencies gain by AdamW (Estimate)."""
    runs = ACCURACY["shortest"]("adamw")
    both = (runs[task, units, kind] for kind in ("equal", "spread"))
    return ACCURACY["paired"](*both, ACCURACY["accuracy"])


def test_others_are_the_same_in_picture_page_and_readme():
    for name, (size, *accuracies, _) in ACCURACY["PUBLISHED"].items():
        (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {name} | "))
        found = [float(cell.replace(",", "").replace("k", "000")) for cell in row.split(" | ")[1:4]]
        assert found == [size, *accuracies]
        for line in README.splitlines():
            if line.startswith(f"| {name}"):
                told = [float(cell) for cell in line.strip(" |").split(" | ")[-2:]]
                assert np.abs(np.subtract(told, accuracies)).max() < 0.051


def test_few_directions_carry_the_gradient_of_recurrent_weights():
    """Before training, by the digits that come along; shares of four of 32 to 128 directions."""
    digits, shares = hn.datasets.load("smnist", "train")[:64], []
    inputs = torch.as_tensor(digits.inputs, dtype=torch.float32)
    for units, equal, seed in itertools.product((32, 64, 128), (True, False), (11, 12, 13)):
        options = {"alpha": 0.07, "gamma": 0.01} if equal else {"alpha": 0.15, "gamma": 0.005}
        options["heterogeneous"] = not equal
        params = material.untrained(units, 0.8 if equal else 0.2, seed, **options)
        if not equal:
            drawn = log_uniform(0.02, 0.3, units, generator(seed, "omega"))
            params = params.replace(omega=drawn, gamma=0.005)
        model = hn.HornNetwork(params, "analytic")
        logits = model(inputs).logits
        torch.nn.functional.cross_entropy(logits, torch.as_tensor(digits.labels)).backward()
        squares = torch.linalg.svdvals(model.w_rec.grad.double()) ** 2
        shares.append(100 * (squares[:4].sum() / squares.sum()).item())
    said = f"{min(shares):.0f} to {max(shares):.1f} % (median {np.median(shares):.0f} %)"
    assert f"four directions carry {said} of the squared gradient" in " ".join(PAGE.split())


@pytest.mark.parametrize("units", [32, 64, 128, 256])
def test_the_readme(units):
    """Digits in order by Muon, permuted ones by AdamW; 32 units are equal ones."""
    cells, kind = [], "equal" if units == 32 else "learned"
    for task, optimizer in (("smnist", "muon"), ("psmnist", "adamw"))[: 1 if units == 32 else 2]:
        runs = ACCURACY["shortest"](optimizer)[task, units, kind]
        cells.append(ACCURACY["told"](ACCURACY["percent"](runs, "test_accuracy")))
    row = f"{units} units** | {runs[0]['parameters']:,} | {' | '.join(cells)} |"
    assert row in README
    if units == 128:
        assert f"| {cells[0].split()[0]} % with 18,442 parameters (below) |" in README
