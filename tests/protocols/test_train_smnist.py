import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn

SCRIPT = Path(__file__).parents[2] / "protocols" / "train_smnist.py"


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "run"
    argv = ["--fast", "--models", "horn_heterogeneous", "rnn", "--seeds", "1", "2"]
    return protocol.main([*argv, "--batch", "20", "--out", str(folder)]), folder


def test_leaves_everything_in_one_folder(run):
    results, folder = run
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "results.json", "report.html", "figures"),
        *(f"{model}-{seed}" for model in ("horn_heterogeneous", "rnn") for seed in (1, 2)),
    }
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("learning", "noise_tolerance") for kind in ("png", "svg")
    }
    assert "95 % t interval over seeds" in (folder / "report.html").read_text()
    stored = json.loads((folder / "results.json").read_text())
    assert stored == results
    for result in stored:
        assert 0 <= result["test_accuracy"] <= 1
        assert list(result["test_accuracy_by_noise"]) == ["0.0", "0.1", "0.2", "0.4", "0.8"]


def test_unstable_frequencies_leave_no_folder(protocol, tmp_path):
    argv = ["--fast", "--omega", "0.1", "5", "--out", str(tmp_path / "run")]
    with pytest.raises(ValueError, match="unstable unit .* lower h, omega or gamma"):
        protocol.main(argv)
    assert not (tmp_path / "run").exists()


def test_a_range_of_frequencies(protocol):
    args, _ = protocol.parse(["--omega", "0.1", "0.9", "--gamma", "0.01", "--units", "200"])
    wide = protocol.initial_network("horn_heterogeneous", args, 1)
    assert 0.1 <= wide.omega.min() < 0.12
    assert 0.75 < wide.omega.max() <= 0.9
    assert np.median(wide.omega) == pytest.approx(0.3, rel=0.2)
    assert (wide.gamma == 0.01).all()
    equal = protocol.initial_network("horn_homogeneous", args, 1)
    np.testing.assert_allclose(equal.omega, 0.3)
    np.testing.assert_array_equal(equal.gamma, wide.gamma)
    np.testing.assert_array_equal(equal.w_rec, wide.w_rec)
    assert wide.provenance["omega"] == "log_uniform, 0.1 to 0.9"


def test_the_trained_network_is_kept_with_its_command(run):
    results, folder = run
    params = hn.load_parameters(folder / "horn_heterogeneous-2" / "params.safetensors")
    assert params.n_units == 16
    assert params.provenance["command"].startswith("python protocols/train_smnist.py --fast")
    (mine,) = (r for r in results if (r["model"], r["seed"]) == ("horn_heterogeneous", 2))
    assert params.provenance["test_accuracy"] == mine["test_accuracy"]


def test_two_processes_learn_as_one(run, tmp_path):
    """Same global batches, same loss curve to float tolerance (gloo, two processes)."""
    out = tmp_path / "two"
    command = [sys.executable, str(SCRIPT), "--fast", "--seed", "1", "--batch", "20"]
    command += ["--devices", "2", "--device", "cpu", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    two = json.loads((out / "results.json").read_text())[0]
    (one,) = (r for r in run[0] if (r["model"], r["seed"]) == ("horn_heterogeneous", 1))
    for key in ("loss", "validation_loss"):
        assert two["metrics"][0][key] == pytest.approx(one["metrics"][0][key], rel=1e-3)
    assert json.loads((out / "config.json").read_text())["processes"] == 2


def test_resuming_needs_a_folder(protocol, capsys):
    with pytest.raises(SystemExit):
        protocol.main(["--resume"])
    assert "name the folder with --out" in capsys.readouterr().err


def test_constants_of_the_oscillators_can_learn(protocol, tmp_path):
    argv = ["--fast", "--learn", "omega", "alpha", "--batch", "100", "--out", str(tmp_path / "run")]
    (result,) = protocol.main(argv)
    n = 16
    assert result["parameters"] == n**2 + 13 * n + 10 + 2 * n
    learned = hn.load_parameters(tmp_path / "run" / "horn_heterogeneous-1" / "params.safetensors")
    initial = protocol.initial_network("horn_heterogeneous", protocol.parse(argv)[0], 1)
    assert not (learned.omega == initial.omega).any()
    assert not (learned.alpha == initial.alpha).any()
    assert (learned.gamma == initial.gamma).all()


def test_a_checkpoint_of_another_network_is_refused(protocol, tmp_path):
    argv = ["--fast", "--batch", "200", "--out", str(tmp_path / "run")]
    protocol.main(argv)
    with pytest.raises(ValueError, match="is of another network .*; resume with the same one"):
        protocol.main([*argv, "--resume", "--units", "8"])
