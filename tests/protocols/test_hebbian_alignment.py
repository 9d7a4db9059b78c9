import sys

import numpy as np
import pytest

from horn_neuro import analysis

ARM = "horn_heterogeneous, adamw"


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
    oscillators, tanh = (runs[arm][0]["alignment"] for arm in (ARM, "rnn, adamw"))
    assert "change, x, x (after), partial" in oscillators
    assert "change, x, x (after), partial" not in tanh
    for alignment in oscillators.values():
        assert len(alignment.null) == 99
        # Relabelled units have no alignment on average.
        assert abs(alignment.null.mean()) < 0.1
    # What is aligned at the end is what the example shows.
    after, correlation = runs[ARM][0]["example"][2]
    off = ~np.eye(len(after), dtype=bool)
    expected = np.corrcoef(after[off], correlation[off])[0, 1]
    assert oscillators["weights after, y, y"].value == pytest.approx(expected)
    # The scatter is of the pair of variables that the sentence is about.
    for one in runs[ARM]:
        shown = one["alignment"]
        values = [shown[f"{what}, y, y"].value for what in ("weights before", "weights after")]
        assert one["scatter"][:3:2] == pytest.approx(values)
        assert one["scatter"][4] == pytest.approx(shown["change, y, y (after)"].value)


def test_two_optimizers_go_from_the_same_weights_to_others(fast):
    done = fast("hebbian_alignment")
    runs, rows = done.result, done.findings.rows
    assert list(runs) == [ARM, "horn_heterogeneous, sgd", "rnn, adamw"]
    for adamw, sgd in zip(runs[ARM], runs["horn_heterogeneous, sgd"], strict=True):
        assert np.array_equal(adamw["example"][0][0], sgd["example"][0][0])
        changes = [one["example"][4][0] for one in (adamw, sgd)]
        assert np.abs(changes[0] - changes[1]).max() > 1e-3
    # By chance, a change goes with the activity of another network.
    one, other = (run["example"][4] for run in runs[ARM])
    off = ~np.eye(12, dtype=bool)
    chance = [np.corrcoef(a[0][off], b[1][off])[0, 1] for a, b in ((one, other), (other, one))]
    assert rows[f"{ARM}: change, y, y (another network)"].value == pytest.approx(np.mean(chance))
    assert not np.allclose(chance, [run["scatter"][4] for run in runs[ARM]], atol=0.01)


def test_what_changes_is_what_the_gradient_changes(experiment, monkeypatch):
    """Decay would take a share of each weight, and go against activity for no other reason."""
    cls = experiment("hebbian_alignment")
    material, asked = sys.modules[cls.__module__].material, []

    def train_briefly(*args, **options):
        asked.append(options)
        raise InterruptedError

    monkeypatch.setattr(material, "train_briefly", train_briefly)
    for optimizers in ("adamw", "sgd"):
        with pytest.raises(InterruptedError):
            cls.run("fast", train=160, optimizers=[optimizers], models=["horn_homogeneous"])
    assert [(one["optimizer"], one["weight_decay"]) for one in asked] == [("adamw", 0), ("sgd", 0)]


def test_the_sentence_says_where_optimizers_agree(fast):
    run = fast("hebbian_alignment").run
    module = sys.modules[type(run).__module__]
    rows = dict(fast("hebbian_alignment").findings.rows)

    def told(adamw, sgd):
        for optimizer, sign in (("adamw", adamw), ("sgd", sgd)):
            for key in (module.RISE, module.FITS):
                interval = analysis.Estimate(float(sign), sign - 0.5, sign + 0.5)
                rows[f"horn_heterogeneous, {optimizer}: {key}"] = interval
        return run.answer("horn_heterogeneous", rows)

    both = told(1, 1)
    assert "So training raises this with AdamW and SGD. " in both
    assert both.endswith("it goes with activity with AdamW and SGD.")
    apart = told(1, 0)
    assert "raises this with AdamW, and does not clearly change this with SGD. " in apart
    assert apart.endswith("goes with activity with AdamW, and does not clearly do so with SGD.")


def test_the_true_error_explains_all_of_an_update_and_activity_less(fast):
    runs = fast("hebbian_alignment").result
    for one in runs[ARM]:
        for when in ("before", "after"):
            assert one["explained_share"][f"error, {when}"][0] == pytest.approx(1.0)
            for post in "xy":
                assert np.abs(one["explained_share"][f"{post} after y, {when}"]).max() < 0.999
        assert set(one["locking"]) == {"grown", "shrunk", "all"}
    assert runs["rnn, adamw"][0]["explained_share"] == {}


def test_rows_are_shorter_and_wider(experiment):
    cls = experiment("hebbian_alignment")
    models = ["horn_heterogeneous", "rnn"]
    runs = cls.run("fast", rows=True, train=160, models=models)
    lags = [lag for lag in sys.modules[cls.__module__].LAGS if lag <= 14]
    for one in runs[ARM]:
        # Lags up to half of the 28 steps, and an update that its factors still make up.
        assert len(one["explained_share"]["x after y, after"]) == len(lags)
        assert one["explained_share"]["error, after"][0] == pytest.approx(1.0)
        assert set(one["locking"]) == {"grown", "shrunk", "all"}
    assert len(runs["rnn, adamw"]) == 2


def test_probes_are_as_many_as_were_asked_for(experiment):
    run = experiment("hebbian_alignment")("fast", probe=3, train=160)
    run.follow = lambda *arm: run.probe_digits.labels
    run.size, run.keep = "fast", lambda name, make: make()
    labels = run.measure()["rnn, adamw"][0]
    assert np.array_equal(np.bincount(labels), [3] * 10)


def test_too_many_digits_leave_no_folder(experiment, tmp_path):
    with pytest.raises(ValueError, match=r"train = 5000, but embedded \(train\) has 4000"):
        experiment("hebbian_alignment").run(train=5000, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
