import numpy as np
import pytest

from horn_neuro.analysis import Representation


def test_every_rule_has_its_controls(fast):
    runs = fast("hebbian_learning").result
    assert {(one["rule"], one["shift"], one["seed"]) for one in runs} == {
        ("covariance", shift, seed) for shift in (90, 270) for seed in (1, 2)
    }
    for one in runs:
        assert set(one["measures"]) == {"learned", "untrained", "shuffled", "random", "bptt"}
        assert one["largest"] <= 10
        before, after = one["weights"]
        assert one["change"] == pytest.approx(np.linalg.norm(after - before) / 5)
        assert one["change"] > 0


def test_opposite_rules_move_weights_apart(fast):
    runs = fast("hebbian_learning").result
    weights = {one["shift"]: one["weights"] for one in runs if one["seed"] == 1}
    along, against = weights[90], weights[270]
    # Identical units move together: one rule raises the weights between them, one lowers them.
    assert along[1].mean() > along[0].mean() > against[1].mean()


def prepared(experiment, **options):
    """An experiment with its digits, as `measure` would load them."""
    run = experiment("hebbian_learning")("fast", device="numpy", **options)
    run.training, run.test = run.load_digits("train"), run.load_digits("test")
    return run


def test_labels_do_not_matter_to_the_rule(experiment, fast):
    """The whole way from digits to weights again, with labels that are wrong."""
    run = prepared(experiment, units=5)
    learn, *_ = run.draw(1)
    learn.labels[:] = 0
    params = run.network("homogeneous", 1)
    w_rec = run.sweep(params, run.rule("covariance", 90), learn)
    np.testing.assert_array_equal(w_rec, fast("hebbian_learning").result[0]["weights"][1])


def test_the_verdict_asks_for_all_controls(experiment):
    """Two rules are above two of the controls, one of them above all three."""

    def one(shift, seed, untrained):
        accuracy = {"learned": 0.7, "untrained": untrained, "shuffled": 0.5, "random": 0.6}
        measures = {
            name: Representation(value + 0.01 * seed * (name == "learned"), 0.0, 0.0, 0.0)
            for name, value in (accuracy | {"bptt": 0.9}).items()
        }
        names = {"model": "homogeneous", "rule": "phase", "shift": shift, "seed": seed}
        return {**names, "measures": measures, "largest": 1.0}

    run = experiment("hebbian_learning")(seeds=(1, 2, 3))
    runs = [one(shift, seed, best) for seed in (1, 2, 3) for shift, best in ((0, 0.72), (90, 0.5))]
    told = run.findings(runs).answer[0]
    assert told.startswith("Of 2 pairs of network and rule, 1 make digits easier")
    assert "alike: homogeneous, phase rule, 90° (95 %" in told
    told = run.findings([one for one in runs if one["shift"] == 0]).answer[0]
    assert told.startswith("Of 1 pairs of network and rule, none make digits easier")


def test_digits_of_learning_readout_and_test_are_different(experiment):
    learn, fit, test, noisy = prepared(experiment, digits=50, readout=100).draw(3)
    keys = [one.tobytes() for part in (learn, fit, test) for one in part.inputs]
    assert len(keys) == 250
    assert len(set(keys)) == 250
    assert np.std(noisy - test.inputs) == pytest.approx(0.2, rel=0.02)


def test_backpropagation_changes_recurrent_weights_and_readout_only(experiment):
    from horn_neuro.protocols.hebbian_learning import backpropagate

    run = prepared(experiment)
    params = run.network("heterogeneous", 1)
    trained = backpropagate(params, run.draw(1)[0], 1)
    for name in ("w_in", "b_in", "b_rec", "omega"):
        np.testing.assert_array_equal(getattr(trained, name), getattr(params, name))
    assert not np.array_equal(trained.w_rec, params.w_rec)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"digits": 4000}, r"digits = 4000 and readout = 500, but embedded \(train\) has 4000"),
        ({"rate": 5000}, "rate = 5000 Hz changes all of a weight in one step"),
        ({"bound": -1}, "bound = -1.0: give a number above 0"),
        ({"gain": -5}, "gain = -5.0: give a number above 0"),
    ],
)
def test_what_cannot_be_leaves_no_folder(experiment, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        experiment("hebbian_learning").run(out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
