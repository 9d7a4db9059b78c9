import json

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.twin import save_checkpoint


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    """One fast run of the default network; what it found, the accuracies, its folder."""
    out = tmp_path_factory.mktemp("protocol") / "run"
    found, accuracies = protocol.main(["--fast", "--device", "numpy", "--out", str(out)])
    return found, accuracies, out


def test_brian2_gives_the_same_answers(run):
    found, _, _ = run
    assert len(found.labels) == 40
    assert found.differing("brian2") == []
    assert found.error["x"].shape == (784,)
    assert max(course[-1] for course in found.error.values()) < 1e-9
    assert all(row["margin"] < 1e-3 for row in found.differing("float32"))
    assert (found.answers("brian2") == found.labels).mean() > 0.9


def test_the_control_shows_a_mistake(run):
    found, _, _ = run
    assert found.control > 0.1
    assert found.control_agreement < 0.6


def test_spikes_carry_part_of_it(run):
    """Of 40 digits after 80 to fit: continuous recurrence beats none by any measure."""
    _, accuracies, _ = run
    assert list(accuracies) == [
        *("continuous recurrence", "graded spikes", "uniform spikes", "no recurrence"),
    ]
    assert accuracies["continuous recurrence"]["as trained"].value > 0.9
    assert accuracies["graded spikes"]["as trained"].high < 0.5
    refitted = {name: pair["refitted readout"] for name, pair in accuracies.items()}
    assert refitted["continuous recurrence"].low > refitted["no recurrence"].value


def test_leaves_everything_in_one_folder(run):
    found, _, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.json", "plan.json", "results.json", "report.html"),
        *("params.safetensors", "figures", "chunks"),
    }
    assert len(list((folder / "figures").glob("*.png"))) == 6
    results = json.loads((folder / "results.json").read_text())
    assert results["differing"]["brian2"] == []
    assert results["relative_error"]["x"]["last"] == found.error["x"][-1]
    config = json.loads((folder / "config.json").read_text())
    assert config["used_device"] == "numpy"
    report = (folder / "report.html").read_text()
    assert "Same label as the float64 twin" in report
    assert report.count("data:image/png;base64") >= 6


def test_resumes_to_the_same_numbers_and_refuses_others(protocol, tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "carry_by_spikes", lambda *args: {})
    monkeypatch.setattr(protocol, "draw_spiking", lambda *args: {})
    options = ["--fast", "--chunk", "20", "--device", "numpy", "--out"]
    found, _ = protocol.main([*options, str(tmp_path / "whole")])
    argv = [*options, str(tmp_path / "run")]
    compare_chunk, calls = protocol.compare_chunk, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compare_chunk(*args)

    monkeypatch.setattr(protocol, "compare_chunk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        protocol.main(argv)
    assert [p.name for p in (tmp_path / "run" / "chunks").iterdir()] == ["000000.npz"]
    with pytest.raises(ValueError, match="begun with digits = 40, not 39"):
        protocol.main([*argv, "--resume", "--digits", "39"])
    again, _ = protocol.main([*argv, "--resume"])
    for name in ("brian2", "float64", "float32"):
        assert np.array_equal(again.logits[name], found.logits[name])
    for name in "xy":
        assert np.array_equal(again.error[name], found.error[name])


def test_a_checkpoint_of_the_authors_layout(protocol, tmp_path, monkeypatch):
    """Its constants are given on the command line; chunks need not divide the digits."""
    params = hn.effenberger_2025(5, seed=2)
    save_checkpoint(params, tmp_path / "net.pt")
    monkeypatch.setattr(protocol, "carry_by_spikes", lambda *args: {})
    monkeypatch.setattr(protocol, "draw_spiking", lambda *args: {})
    options = ["--alpha", "0.1", "--digits", "7", "--chunk", "3", "--device", "numpy"]
    options += ["--checkpoint", str(tmp_path / "net.pt"), "--out", str(tmp_path / "run")]
    found, _ = protocol.main(["--fast", *options])
    assert len(found.labels) == 7
    assert found.differing("brian2") == []
    used = hn.load_parameters(tmp_path / "run" / "params.safetensors")
    assert np.all(used.alpha == 0.1)


def test_bad_input_leaves_no_folder(protocol, tmp_path):
    out = ["--out", str(tmp_path / "run"), "--fast"]
    with pytest.raises(ValueError, match="1001 digits are wanted, but .* has 1000 to test"):
        protocol.main(["--digits", "1001", *out])
    hn.effenberger_2025(4, n_inputs=3, seed=1).save(tmp_path / "three.safetensors")
    with pytest.raises(ValueError, match="has 3 inputs"):
        protocol.main(["--params", str(tmp_path / "three.safetensors"), *out])
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="a checkpoint of this layout has"):
        protocol.main(["--checkpoint", str(tmp_path / "other.pt"), *out])
    assert not (tmp_path / "run").exists()
