"""The page on training tells what its kept runs say."""

import itertools
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from horn_neuro.protocols.train_smnist import TrainSmnist

import horn_neuro as hn
from horn_neuro import analysis

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
    for part in (differences, by_optimizer, ACCURACY["by_frequency"]()):
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


def test_what_the_page_says_of_optimizers():
    page, runs, before = (
        " ".join(PAGE.split()),
        ACCURACY["shortest"](),
        ACCURACY["shortest"]("adamw"),
    )

    def gained(*cell):
        return ACCURACY["paired"](before[cell], runs[cell], ACCURACY["accuracy"])

    in_order = [cell for cell in runs if cell[0] == "smnist" and len(before[cell]) > 1]
    found = {cell: gained(*cell) for cell in in_order}
    more = [cell for cell in in_order if found[cell].low > 0]
    assert [cell[1:] for cell in more] == [(32, "equal"), (64, "spread"), (128, "learned")]
    assert len(in_order) == 7
    assert min(of.high for of in found.values()) > 0
    assert "three of these seven networks answer more, none clearly less" in page
    said = "by {:.2f} points (32 equal units), {:.2f} (64 spread), {:.2f} (128 learned)"
    assert said.format(*(found[cell].value for cell in more)) in page
    permuted = {cell: gained(*cell) for cell in runs if cell[0] == "psmnist"}
    assert {cell[2] for cell, of in permuted.items() if of.low > 0} == {"equal"}
    equal = [permuted["psmnist", n, "equal"].value for n in (32, 64)]
    assert "only equal units gain** ({:.1f} and {:.1f} points)".format(*equal) in page
    noise = [
        ACCURACY["percent"](runs["psmnist", n, kind], "test_accuracy_by_noise", "0.2").value
        for kind in ("equal", "spread")
        for n in (32, 64)
    ]
    said = "equal units answer {:.0f} and {:.0f} % by Muon, spread ones {:.0f} and {:.0f} %"
    assert said.format(*noise) in page


def test_what_the_page_says_of_frequencies():
    """Trained out, equal units that are tuned to rows of pixels do best, in their order only."""
    accuracy, paired = ACCURACY["accuracy"], ACCURACY["paired"]
    runs, permuted = (ACCURACY["of_frequencies"](task) for task in ("smnist", "psmnist"))
    assert {len(of) for of in (*runs.values(), *permuted.values())} == {3}
    said = "by {:.1f} points at 1.11 cycles a row, by {:.1f} at 1.41"
    found = [paired(runs[1], runs[cycles], accuracy) for cycles in (1.11, 1.41)]
    assert max(of.high for of in found) < 0
    page = " ".join(PAGE.split())
    assert said.format(*(-of.value for of in found)) in page
    harmonic = paired(runs[1.41], runs[2], accuracy)
    assert f"at the harmonic (2 cycles) more than there again, by {harmonic}" in page
    assert max(sum(map(accuracy, of)) for of in permuted.values()) > sum(map(accuracy, permuted[1]))
    spread = [paired(runs[cycles], runs["spread"], accuracy) for cycles in (1, 1.11, 1.41)]
    assert spread[0].sign == 0
    assert f"{spread[1]} points more than equal units at 1.11 cycles, {spread[2]} more" in page
    for cycles, of in runs.items():
        if cycles in (1, 1.11, 1.41, "spread"):
            assert f"{ACCURACY['percent'](of, 'test_accuracy')} %" in FINDINGS
    there, beside = (100 * np.mean([run["test_accuracy"] for run in runs[c]]) for c in (1, 1.11))
    assert f"One cycle a row: {there:.1f} %; {beside:.1f} at 1.11" in README


def test_what_the_page_says_of_damping_and_of_a_gru():
    page, found = " ".join(PAGE.split()), ACCURACY["more_damping"]
    answered, noisy = (found(ACCURACY[name]) for name in ("accuracy", "under_noise"))
    assert (answered.n, answered.sign, noisy.sign) == (5, 0, 1)
    said = f"({answered} points, five seeds, 15 or 30 epochs), and under noise of 0.2 more: by"
    assert f"{said} {noisy} points" in page
    (gru,) = (run for run in RUNS if run["model"] == "gru")
    like = {"task": "smnist", "epochs": gru["epochs"], "units": 32, "model": "horn_homogeneous"}
    horns = [run for run in RUNS if like.items() <= run.items()]
    assert (gru["epochs"], gru["parameters"], gru["lr"], len(horns)) == (8, 1454, 0.005, 3)
    told = ACCURACY["told"](ACCURACY["percent"](horns, "test_accuracy"))
    assert f"{100 * gru['test_accuracy']:.1f} % after 8 epochs (one network" in page
    assert f"32 tuned oscillators {told} %" in page


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
    recipes = {
        "horn_homogeneous": {"gamma": 0.01, "coupling": 0.8},
        "horn_heterogeneous": {
            "gamma": 0.005,
            "alpha": 0.15,
            "coupling": 0.2,
            "omega": (0.02, 0.3),
        },
    }
    for units, name, seed in itertools.product((32, 64, 128), recipes, (11, 12, 13)):
        params = TrainSmnist(units=units, **recipes[name]).network(name, seed)
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
