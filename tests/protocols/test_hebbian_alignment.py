import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    argv = ["--fast", "--models", "horn_heterogeneous", "rnn", "--train", "160"]
    return protocol.main([*argv, "--out", str(out)]), out


def test_looks_finely_at_first_and_at_every_epoch(run):
    found, _ = run
    for runs in found.values():
        for one in runs:
            # 144 digits in batches of 64 are two steps, the only epoch.
            assert one.steps == [0, 1, 2]
            assert len(one.weights) == 3
            assert not np.array_equal(one.weights[0], one.weights[-1])
            assert all(len(curve) == 3 for curve in one.curves.values())


def test_measures_have_nulls_and_controls(run):
    found, _ = run
    oscillators, tanh = found["horn_heterogeneous"][0], found["rnn"][0]
    assert "change, x, x (after), partial" in oscillators.measures
    assert "change, x, x (after), partial" not in tanh.measures
    for alignment in oscillators.measures.values():
        assert len(alignment.null) == 99
        assert 0 < alignment.p_value <= 1
        assert -1 <= alignment.value <= 1


def test_the_true_error_explains_all_of_an_update_and_activity_less(run):
    found, _ = run
    for one in found["horn_heterogeneous"]:
        for when in ("before", "after"):
            assert one.lags[f"error, {when}"][0] == pytest.approx(1.0)
            for post in "xy":
                assert np.abs(one.lags[f"{post} after y, {when}"]).max() < 0.999
        assert set(one.locking) == {"grown", "shrunk", "all"}
    assert found["rnn"][0].lags == {}


def test_leaves_everything_in_one_folder(run):
    found, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "results.json", "report.html", "figures"}
    assert len(list((folder / "figures").glob("*.png"))) == 4
    results = json.loads((folder / "results.json").read_text())
    stored = results["rnn"][1]["alignment"]["change, x, x (after)"]
    assert stored["value"] == found["rnn"][1].measures["change, x, x (after)"].value


def test_rows_are_shorter_and_wider(protocol, tmp_path):
    argv = ["--fast", "--rows", "--train", "160", "--out", str(tmp_path / "run")]
    found = protocol.main([*argv, "--models", "horn_heterogeneous", "rnn"])
    for one in found["horn_heterogeneous"]:
        # Lags up to half of the 28 steps, and an update that its factors still make up.
        assert len(one.lags["x after y, after"]) == len([k for k in protocol.LAGS if k <= 14])
        assert one.lags["error, after"][0] == pytest.approx(1.0)
        assert set(one.locking) == {"grown", "shrunk", "all"}
    assert len(found["rnn"]) == 2


def test_too_many_digits_leave_no_folder(protocol, tmp_path):
    with pytest.raises(ValueError, match="--train 5000, but embedded .train. has 4000"):
        protocol.main(["--train", "5000", "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
