import json
from types import SimpleNamespace

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.analysis import Representation

ARGUMENTS = ["--fast", "--device", "numpy", "--rules", "covariance", "--units", "5"]


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    return protocol.main([*ARGUMENTS, "--models", "homogeneous", "--out", str(out)]), out


def test_every_rule_has_its_controls(run):
    runs, _ = run
    assert {(one.rule, one.shift, one.seed) for one in runs} == {
        ("covariance", shift, seed) for shift in (90, 270) for seed in (1, 2)
    }
    for one in runs:
        assert set(one.measures) == {"learned", "untrained", "shuffled", "random", "bptt"}
        assert one.largest <= 10
        before, after = one.weights
        assert one.change == pytest.approx(np.linalg.norm(after - before) / 5)
        assert one.change > 0
        assert one.seen[0] == 0
        assert one.seen[-1] == 5
        assert one.curves["learned"][0] == one.measures["untrained"].accuracy
        assert one.curves["learned"][-1] == one.measures["learned"].accuracy


def test_opposite_rules_move_weights_apart(run):
    runs, _ = run
    along, against = (
        next(one for one in runs if one.shift == shift and one.seed == 1) for shift in (90, 270)
    )
    # Identical units move together: one rule raises the weights between them, one lowers them.
    assert along.weights[1].mean() > along.weights[0].mean() > against.weights[1].mean()


def test_labels_do_not_matter_to_the_rule(protocol, run):
    """The whole way from digits to weights again, with labels that are wrong."""
    runs, _ = run
    args = protocol.parse(ARGUMENTS)
    digits = protocol.Digits.draw(*protocol.load(args), args, 1)
    digits.learn_labels[:] = 0
    params = protocol.make_network("homogeneous", 1, args)
    rule = hn.CovarianceRule(0.02, gain=5.0, shift=np.deg2rad(90), bound=10.0)
    _, w_rec = protocol.sweep(params, rule, digits, "numpy")[-1]
    np.testing.assert_array_equal(w_rec, runs[0].weights[1])


def test_the_verdict_asks_for_all_controls(protocol):
    """Two rules are above two of the controls, one of them above all three."""

    def run(shift, seed, untrained):
        accuracy = {"learned": 0.7, "untrained": untrained, "shuffled": 0.5, "random": 0.6}
        measures = {
            name: Representation(value + 0.01 * seed * (name == "learned"), 0.0, 0.0, 0.0)
            for name, value in accuracy.items()
        }
        return SimpleNamespace(
            model="homogeneous", rule="phase", shift=shift, seed=seed, measures=measures
        )

    runs = [run(shift, seed, best) for seed in (1, 2, 3) for shift, best in ((0, 0.72), (90, 0.5))]
    assert protocol.better_than_controls(runs) == "homogeneous, phase rule shifted by 90°"
    assert protocol.better_than_controls([one for one in runs if one.shift == 0]) == "none"


def test_digits_of_learning_readout_and_test_are_different(protocol):
    args = protocol.parse(["--digits", "50", "--readout", "100"])
    digits = protocol.Digits.draw(*protocol.load(args), args, 3)
    parts = [digits.learn, digits.fit, digits.test]
    keys = [one.tobytes() for part in parts for one in part]
    assert len(keys) == 250
    assert len(set(keys)) == 250
    assert np.std(digits.noisy - digits.test) == pytest.approx(0.2, rel=0.02)


def test_backpropagation_changes_recurrent_weights_and_readout_only(protocol):
    args = protocol.parse(["--fast"])
    digits = protocol.Digits.draw(*protocol.load(args), args, 1)
    params = protocol.make_network("heterogeneous", 1, args)
    trained = protocol.backpropagate(params, digits, 1)
    for name in ("w_in", "b_in", "b_rec", "omega"):
        np.testing.assert_array_equal(getattr(trained, name), getattr(params, name))
    assert not np.array_equal(trained.w_rec, params.w_rec)


def test_leaves_everything_in_one_folder(run):
    runs, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "results.json", "report.html", "figures"}
    assert len(list((folder / "figures").glob("*.png"))) == 4
    stored = json.loads((folder / "results.json").read_text())
    assert stored[0]["measures"]["learned"]["accuracy"] == runs[0].measures["learned"].accuracy


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--digits", "4000"], "--digits 4000 and --readout 1000, but embedded .train. has 4000"),
        (["--rate", "5000"], "rate = 5000 Hz changes all of a weight in one step"),
        (["--bound", "-1"], "bound = -1.0; give above 0"),
    ],
)
def test_what_cannot_be_leaves_no_folder(protocol, tmp_path, argv, message):
    with pytest.raises(ValueError, match=message):
        protocol.main([*argv, "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
