import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn

SCRIPT = Path(__file__).parents[2] / "protocols" / "train_smnist.py"


def test_unstable_frequencies_leave_no_folder(experiment, tmp_path):
    with pytest.raises(ValueError, match="unstable unit .* lower h, omega or gamma"):
        experiment("train_smnist").run("fast", omega=(0.1, 5), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_range_of_frequencies(experiment):
    run = experiment("train_smnist")(omega=(0.1, 0.9), gamma=0.01, units=200)
    wide, equal = (run.network(f"horn_{kind}", 1) for kind in ("heterogeneous", "homogeneous"))
    assert 0.1 <= wide.omega.min() < 0.12
    assert 0.75 < wide.omega.max() <= 0.9
    assert np.median(wide.omega) == pytest.approx(0.3, rel=0.2)
    assert (wide.gamma == 0.01).all()
    grid = experiment("train_smnist")(omega=(0.1, 0.9), gamma=0.01, units=200, spacing="grid")
    even = grid.network("horn_heterogeneous", 1)
    np.testing.assert_allclose(even.omega, np.geomspace(0.1, 0.9, 200), rtol=0.012)
    assert even.provenance["omega"] == "log_grid, 0.1 to 0.9"
    np.testing.assert_allclose(equal.omega, 0.3)
    np.testing.assert_array_equal(equal.gamma, wide.gamma)
    np.testing.assert_array_equal(equal.w_rec, wide.w_rec)
    assert wide.provenance["omega"] == "log_uniform, 0.1 to 0.9"


def test_the_trained_network_is_kept_with_its_command(fast):
    done = fast("train_smnist")
    place = done.folder / "horn_heterogeneous-2"
    params = hn.load_parameters(place / "params.safetensors")
    assert params.n_units == 16
    assert params.provenance["command"] == done.run.command
    (run,) = (r for r in done.result if (r["model"], r["seed"]) == ("horn_heterogeneous", 2))
    assert params.provenance["test_accuracy"] == run["test_accuracy"]
    assert list(run["test_accuracy_by_noise"]) == ["0.0", "0.1", "0.2", "0.4", "0.8"]
    assert {path.name for path in place.iterdir()} == {
        *("params.safetensors", "checkpoint.pt", "metrics.jsonl"),
    }
    mean = np.mean([r["test_accuracy"] for r in done.result if r["model"] == "rnn"])
    assert done.findings.rows["rnn: test accuracy"].value == pytest.approx(100 * mean)


def test_searches_find_the_validation_accuracy_of_the_best_epoch(experiment):
    run = experiment("train_smnist")("fast", models=("rnn",), seeds=(1, 2))
    run.config["sequences"] = 400
    noise, runs = dict.fromkeys(("0.0", "0.4"), 0.5), []
    for shares in ([0.3, 0.6, 0.5], [0.2, 0.3, 0.4]):
        metrics = [{"validation_accuracy": v, "sequences_per_second": 1.0} for v in shares]
        one = {"test_accuracy": 0.5, "test_accuracy_by_noise": noise, "parameters": 7}
        runs.append({"model": "rnn", "metrics": metrics, **one})
    found = run.findings(runs).rows
    assert found["rnn: validation, best epoch"].value == pytest.approx(50)
    assert found["rnn: validation, epoch 1"].value == pytest.approx(25)


def test_two_processes_learn_as_one(fast, tmp_path):
    """Same global batches, same loss curve to float tolerance (gloo, two processes)."""
    out = tmp_path / "two"
    command = [sys.executable, str(SCRIPT), "--fast", "--models", "horn_heterogeneous"]
    command += [
        "--omega",
        "0.1",
        "0.5",
        "--batch",
        "20",
        "--devices",
        "2",
        "--device",
        "cpu",
        "--out",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("Figures and numbers") == 1
    two = json.loads((out / "results.json").read_text())["runs"][0]
    one = fast("train_smnist").result[0]
    assert (one["model"], one["seed"]) == ("horn_heterogeneous", 1)
    for key in ("loss", "validation_loss"):
        assert two["metrics"][0][key] == pytest.approx(one["metrics"][0][key], rel=1e-3)
    assert json.loads((out / "config.json").read_text())["processes"] == 2


def test_constants_of_the_oscillators_can_learn(experiment, tmp_path):
    cls = experiment("train_smnist")
    options = {"models": ["horn_heterogeneous"], "learn": ["omega", "alpha"], "batch": 100}
    options |= {"dropout": 0.1, "input_dropout": 0.1, "readout": "every", "choose": "last"}
    (result,) = cls.run("fast", out=tmp_path / "run", **options)
    n = 16
    assert result["parameters"] == n**2 + 13 * n + 10 + 2 * n
    assert result["test_accuracy"] == result["test_accuracy_last"]
    learned = hn.load_parameters(tmp_path / "run" / "horn_heterogeneous-1" / "params.safetensors")
    initial = cls("fast", **options).network("horn_heterogeneous", 1)
    assert not (learned.omega == initial.omega).any()
    assert not (learned.alpha == initial.alpha).any()
    assert (learned.gamma == initial.gamma).all()


def test_a_stopped_run_continues_from_its_checkpoint(experiment, tmp_path, monkeypatch):
    cls = experiment("train_smnist")
    options = {"models": ["horn_heterogeneous"], "batch": 100, "epochs": 2}
    (whole,) = cls.run("fast", **options)
    step, out = cls.step, tmp_path / "run"

    def stop(self, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(cls, "step", stop)  # after the first epoch, whose checkpoint is there
    with pytest.raises(KeyboardInterrupt):
        cls.run("fast", out=out, **options)
    monkeypatch.setattr(cls, "step", step)
    with pytest.raises(ValueError, match="begun with units = 16, not 8"):
        cls.run("fast", out=out, resume=True, units=8, **options)
    (again,) = cls.run("fast", out=out, resume=True, **options)
    assert len(again["metrics"]) == 2
    assert again["metrics"][1]["loss"] == whole["metrics"][1]["loss"]
    assert again["test_accuracy"] == whole["test_accuracy"]


def test_a_saved_network_overrules_nothing(experiment, tmp_path):
    cls, path = experiment("train_smnist"), tmp_path / "net.safetensors"
    hn.effenberger_2025(7, seed=1).save(path)
    with pytest.raises(ValueError, match="params would overrule coupling"):
        cls("fast", params=path, coupling=1.0)
    with pytest.raises(ValueError, match="params would make the same network of"):
        cls.run("fast", params=path)
    # Baselines have as many units as the network, not as the option says.
    model = cls("fast", params=path, models=["gru"]).make_model("gru", 1)
    assert model.recurrent.hidden_size == 7
