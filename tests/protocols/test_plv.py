import warnings

import numpy as np
import pytest
from mne_connectivity import read_connectivity
from scipy import stats

from horn_neuro import analysis
from horn_neuro.sweep import command

NETWORKS = ("homogeneous", "heterogeneous")
PRIMARY = "Primary: demo, silence: SD of PLV in windows of 100 steps"


def test_networks_are_matched(experiment):
    run = experiment("plv")("fast")
    equal, other = (run.params(name, 0.8, 5) for name in NETWORKS)
    assert np.array_equal(equal.w_rec, other.w_rec)
    assert np.ptp(equal.omega) == 0
    assert np.ptp(other.omega) > 0.05
    assert equal.omega[0] == pytest.approx(other.omega.mean())
    assert equal.gamma[0] == pytest.approx(other.gamma.mean())
    strong = run.params("heterogeneous", 1.6, 5)
    assert np.allclose(strong.w_rec, 2 * other.w_rec)


def test_the_demo_locks_equal_units_and_spreads_unequal_ones(fast):
    result, rows = fast("plv").result, fast("plv").findings.rows
    equal, other = ([n["demo"]["silence"] for n in result[name]] for name in NETWORKS)
    for one, two in zip(equal, other, strict=True):
        assert one["mean"] > 0.85 > 0.6 > two["mean"]
        assert two["SD"] > one["SD"] + 0.1
    pair = [[demo["SD"] for demo in demos] for demos in (other, equal)]
    interval = stats.ttest_rel(*pair).confidence_interval()
    assert (rows[PRIMARY].low, rows[PRIMARY].high) == pytest.approx((interval.low, interval.high))
    assert "p = 0.5, the least that they can give" in fast("plv").findings.answer[0]


def test_short_windows_broaden_and_the_mean_falls_at_every_weight(fast):
    result = fast("plv").result
    for one, two in zip(*(result[name] for name in NETWORKS), strict=True):
        for setting in one["settings"]:
            a, b = one["settings"][setting]["rest"], two["settings"][setting]["rest"]
            assert a["PLV 100"]["SD"] < b["PLV 100"]["SD"], setting
            assert a["PLV 100"]["mean"] > b["PLV 100"]["mean"], setting


def test_weights_are_those_of_the_edge(fast, experiment):
    run, network = experiment("plv")("fast"), fast("plv").result["heterogeneous"][0]
    at = run.params("heterogeneous", network["edge"], 1)
    assert analysis.critical_gain(at) == pytest.approx(1, rel=2e-4)


def test_the_numpy_path_is_brian2s(fast):
    """And what all outcomes but the first cost is corrected for."""
    done = fast("plv")
    assert done.result["Brian2"] < 1e-10
    with warnings.catch_warnings():  # xarray adds a filter of its own
        example = read_connectivity(done.folder / "example_plv.h5").get_data("dense")
    assert example.shape == (10, 12, 12)
    tested = [r.p_value for r in done.findings.rows.values() if r.p_value is not None]
    assert tested[0] == pytest.approx(0.5)
    assert tested[1:] == [1.0] * (len(tested) - 1)


def test_the_coupling_of_the_demo_is_an_option(experiment, monkeypatch):
    """It may be that of the strong networks, too, which are simulated once then."""
    cls, spread = experiment("plv"), {"mean": 0.5, "SD": 0.2, "IQR": 0.1}
    stds = []

    def demo(self, params, seed):
        stds.append(params.w_rec.std())
        return {"drive": spread, "silence": spread}

    def segments(self, params, digits, seed):
        measures = ("PPC 784", *(f"PLV {w}" for w in (50, 100, 196, 392, 784)))
        return {name: dict.fromkeys(measures, spread) for name in ("rest", "digits")}

    monkeypatch.setattr(cls, "demo", demo)
    monkeypatch.setattr(cls, "segments", segments)
    monkeypatch.setattr(cls, "example", lambda self, digits: 0.0)
    for coupling, settings in ((0.4, ["std 0.4", "std 0.8"]), (0.8, ["std 0.8"])):
        result, findings = cls("fast", coupling=coupling).start()
        stds, (of_first, *_) = [], stds
        assert of_first == pytest.approx(coupling, rel=0.2)
        assert [s for s in result[NETWORKS[0]][0]["settings"] if s[:3] == "std"] == settings
        assert f"w_rec of std {coupling:g}" in findings.answer[0]
        assert all(f"Digits, {s}: SD of PLV over 100 steps" in findings.rows for s in settings)


def test_a_sweep_over_couplings_takes_the_networks_own_seeds(experiment, monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setattr(command, "sweep", lambda cls, over, **given: asked.update(given, over=over))
    words = ["plv", "--over", "coupling=0.1,0.4,0.8", "--seeds", *"12345", "--fast", "--out"]
    with pytest.raises(AttributeError, match="failed"):  # there is no result to tell of
        command.run_sweep(experiment, [*words, str(tmp_path)])
    assert asked["over"] == {"coupling": [0.1, 0.4, 0.8]}
    assert (asked["seeds"], asked["size"]) == ([1, 2, 3, 4, 5], "fast")
