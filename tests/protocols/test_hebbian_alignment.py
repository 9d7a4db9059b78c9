import sys

import numpy as np
import pytest


def test_looks_finely_at_first_and_at_every_epoch(fast):
    for runs in fast("hebbian_alignment").result.values():
        for one in runs:
            # 144 digits in batches of 64 are two steps, the only epoch.
            assert one["steps"] == [0, 1, 2]
            assert all(len(curve) == 3 for curve in one["curves"].values())
            (before, _), _, (after, _), (shuffled, _), (change, _) = one["example"]
            np.testing.assert_allclose(after - before, change)
            # The control has changed as much, at other pairs.
            np.testing.assert_allclose(
                np.sort(shuffled - before, axis=None), np.sort(change, axis=None), atol=1e-7
            )
            assert not np.allclose(shuffled, after)
            assert 0 < np.abs(change).max() < np.abs(after).max()


def test_measures_have_nulls_and_controls(fast):
    runs = fast("hebbian_alignment").result
    oscillators, tanh = (runs[m][0]["alignment"] for m in ("horn_heterogeneous", "rnn"))
    assert "change, x, x (after), partial" in oscillators
    assert "change, x, x (after), partial" not in tanh
    for alignment in oscillators.values():
        assert len(alignment.null) == 99
        # Relabelled units have no alignment on average.
        assert abs(alignment.null.mean()) < 0.1
    # What is aligned at the end is what the example shows.
    after, correlation = runs["horn_heterogeneous"][0]["example"][2]
    off = ~np.eye(len(after), dtype=bool)
    expected = np.corrcoef(after[off], correlation[off])[0, 1]
    assert oscillators["weights after, y, y"].value == pytest.approx(expected)
    # The scatter is of the pair of variables that the sentence is about.
    for one in runs["horn_heterogeneous"]:
        shown = one["alignment"]
        values = [shown[f"{what}, y, y"].value for what in ("weights before", "weights after")]
        assert one["scatter"][:3:2] == pytest.approx(values)
        assert one["scatter"][4] == pytest.approx(shown["change, y, y (after)"].value)


def test_the_true_error_explains_all_of_an_update_and_activity_less(fast):
    runs = fast("hebbian_alignment").result
    for one in runs["horn_heterogeneous"]:
        for when in ("before", "after"):
            assert one["explained_share"][f"error, {when}"][0] == pytest.approx(1.0)
            for post in "xy":
                assert np.abs(one["explained_share"][f"{post} after y, {when}"]).max() < 0.999
        assert set(one["locking"]) == {"grown", "shrunk", "all"}
    assert runs["rnn"][0]["explained_share"] == {}


def test_rows_are_shorter_and_wider(experiment):
    cls = experiment("hebbian_alignment")
    models = ["horn_heterogeneous", "rnn"]
    runs = cls.run("fast", rows=True, train=160, models=models)
    lags = [lag for lag in sys.modules[cls.__module__].LAGS if lag <= 14]
    for one in runs["horn_heterogeneous"]:
        # Lags up to half of the 28 steps, and an update that its factors still make up.
        assert len(one["explained_share"]["x after y, after"]) == len(lags)
        assert one["explained_share"]["error, after"][0] == pytest.approx(1.0)
        assert set(one["locking"]) == {"grown", "shrunk", "all"}
    assert len(runs["rnn"]) == 2


def test_probes_are_as_many_as_were_asked_for(experiment):
    run = experiment("hebbian_alignment")("fast", probe=3, train=160)
    run.follow = lambda name, seed: run.probe_digits.labels
    run.size, run.keep = "fast", lambda name, make: make()
    labels = run.measure()["rnn"][0]
    assert np.array_equal(np.bincount(labels), [3] * 10)


def test_too_many_digits_leave_no_folder(experiment, tmp_path):
    with pytest.raises(ValueError, match=r"train = 5000, but embedded \(train\) has 4000"):
        experiment("hebbian_alignment").run(train=5000, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
