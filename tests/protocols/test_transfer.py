import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.twin import save_checkpoint


def test_brian2_gives_the_same_answers(fast):
    done = fast("transfer")
    found, details = done.result, done.findings.details
    assert len(found["labels"]) == 40
    assert details["differing"]["brian2"] == []
    assert all(row["margin"] < 1e-3 for row in details["differing"]["float32"])
    assert found["error"]["x"].shape == (784,)
    assert max(course[-1] for course in found["error"].values()) < 1e-9
    assert (found["logits"]["brian2"].argmax(axis=1) == found["labels"]).mean() > 0.9
    assert "40 of 40 digits the same label" in done.findings.answer[0]


def test_the_control_shows_a_mistake(fast):
    found = fast("transfer").result
    assert found["control"] > 0.1
    assert found["control_agreement"] < 0.6


def test_spikes_carry_part_of_it(fast):
    """Of 40 digits after 80 to fit: continuous recurrence beats none by any measure."""
    accuracy = fast("transfer").result["accuracy"]
    assert list(accuracy) == [
        *("continuous recurrence", "graded spikes", "uniform spikes", "no recurrence"),
    ]
    assert accuracy["continuous recurrence"]["as trained"].value > 0.9
    assert accuracy["graded spikes"]["as trained"].high < 0.5
    refitted = {name: pair["refitted readout"] for name, pair in accuracy.items()}
    assert refitted["continuous recurrence"].low > refitted["no recurrence"].value


def without_spikes(cls, monkeypatch):
    """Leave out what takes most of the time, where it is not looked at."""
    share = hn.analysis.proportion([True])
    both = {"as trained": share, "refitted readout": share}
    monkeypatch.setattr(cls, "read_out", lambda *args: both)


def test_resumes_to_the_same_numbers_and_refuses_others(experiment, tmp_path, monkeypatch):
    cls = experiment("transfer")
    without_spikes(cls, monkeypatch)
    options = {"chunk": 20, "fit": 20, "device": "numpy"}
    whole = cls.run("fast", **options)
    compare_chunk, calls = cls.compare_chunk, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compare_chunk(*args)

    monkeypatch.setattr(cls, "compare_chunk", interrupted)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        cls.run("fast", out=out, **options)
    (kept,) = (out / "parts").glob("*.pickle")
    assert kept.stem.endswith("digits 000000")
    with pytest.raises(ValueError, match="begun with digits = 40, not 39"):
        cls.run("fast", out=out, resume=True, digits=39, **options)
    again = cls.run("fast", out=out, resume=True, **options)
    assert len(calls) == 3
    for name in ("brian2", "float64", "float32"):
        assert np.array_equal(again["logits"][name], whole["logits"][name])
    for name in "xy":
        assert np.array_equal(again["error"][name], whole["error"][name])


def test_a_checkpoint_of_the_authors_layout(experiment, tmp_path, monkeypatch):
    """Its constants are given as options; chunks need not divide the digits."""
    params = hn.effenberger_2025(5, seed=2)
    save_checkpoint(params, tmp_path / "net.pt")
    cls = experiment("transfer")
    without_spikes(cls, monkeypatch)
    options = {"alpha": 0.1, "digits": 7, "chunk": 3, "device": "numpy"}
    one = cls("fast", checkpoint=tmp_path / "net.pt", **options)
    found, findings = one.start(tmp_path / "run")
    assert len(found["labels"]) == 7
    assert findings.details["differing"]["brian2"] == []
    used = hn.load_parameters(tmp_path / "run" / "params.safetensors")
    assert np.all(used.alpha == 0.1)


def test_bad_input_leaves_no_folder(experiment, tmp_path):
    run, out = experiment("transfer").run, {"size": "fast", "out": tmp_path / "run"}
    with pytest.raises(ValueError, match=r"digits = 1001, but embedded \(test\) has 1000: ask for"):
        run(digits=1001, **out)
    hn.effenberger_2025(4, n_inputs=3, seed=1).save(tmp_path / "three.safetensors")
    with pytest.raises(ValueError, match="has 3 inputs"):
        run(params=tmp_path / "three.safetensors", **out)
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="a checkpoint of this layout has"):
        run(checkpoint=tmp_path / "other.pt", **out)
    with pytest.raises(ValueError, match="alpha says nothing without checkpoint"):
        run(alpha=0.1, **out)
    assert not (tmp_path / "run").exists()
