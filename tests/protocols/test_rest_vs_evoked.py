import json
import sys

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.experiment import material


def test_configuration_says_how(fast):
    done = fast("rest_vs_evoked")
    config = json.loads((done.folder / "config.json").read_text())
    assert config["options"]["seed"] == 3
    expected = material.untrained(64, 0.5, 3).fingerprint
    assert config["networks"] == {"untrained": [expected]}


def test_noise_and_signal_are_where_they_must_be(fast):
    """What must come out of any untrained network."""
    ones = fast("rest_vs_evoked").result["untrained"]
    assert len(ones) == 1
    for one in ones:
        rest, end, _ = one["cells"]["digits"]
        # There is no signal before the onset, and digits add one.
        assert abs(rest["signal, scaled"]) < 0.1 * rest["noise, scaled"]
        assert end["signal, scaled"] > 5 * abs(rest["signal, scaled"])
        # Of the broad noise of rest nothing collapses; the response has few dimensions.
        calm = one["cells"]["kicks only"][1]
        assert end["noise"] == pytest.approx(calm["noise"], rel=0.1)
        assert end["noise dimension"] == pytest.approx(calm["noise dimension"], rel=0.3)
        assert end["signal dimension, scaled"] < 0.5 * end["noise dimension, scaled"]
        # The mixture of both looks like a collapse.
        assert one["pooled"]["digits"][1] < 0.7 * one["pooled"]["digits"][0]
        assert one["pooled"]["kicks only"][1] == pytest.approx(
            one["pooled"]["kicks only"][0], rel=0.2
        )


def test_controls_of_the_kicks(fast):
    for one in fast("rest_vs_evoked").result["untrained"]:
        noise = one["noise"]
        # An untrained network forgets its initial state: without kicks nothing is left.
        assert noise["silence"].max() < 1e-6
        # One state for all repeats of a digit differs by what kicks do from then on.
        assert noise["kicks only, one state"][0] < 1e-20
        late = noise["kicks only, one state"][-20:]
        assert late.mean() == pytest.approx(noise["kicks only"][-20:].mean(), rel=0.15)
        # Before the onset, both are the same trials.
        assert np.array_equal(noise["digits"][:90], noise["kicks only"][:90])
        assert not np.array_equal(noise["digits"][-90:], noise["kicks only"][-90:])


def test_classes_gather_and_are_told_during_digits_only(fast):
    for one in fast("rest_vs_evoked").result["untrained"]:
        f = one["clusters"]["digits"]
        assert f[:100].mean() == pytest.approx(1, abs=0.4)
        assert f[150:290].mean() > 1.5 * f[:100].mean()
        assert one["correct"]["digits"].shape == (50, len(one["at"]))


def test_a_signal_fades_as_fast_as_its_units_forget(fast):
    done = fast("rest_vs_evoked")
    (one,), rows = done.result["untrained"], done.findings.rows
    free = one["fading"]["were the units free"]
    params = material.untrained(64, 0.5, 3)
    assert free == pytest.approx(1000 * params.gamma.mean())
    # Slow units, which swing widest, outlast the mean; weak coupling keeps nothing longer.
    slowest = 1000 * params.gamma.min()
    for name in ("digits", "no recurrence"):
        assert slowest < one["fading"][name] < 1.5 * free
        row = rows[f"Fading of the signal after the end, {name}, untrained"]
        assert (row.value, row.unit) == (pytest.approx(one["fading"][name]), "/s")


def test_rows_are_those_of_the_arrays(fast):
    done = fast("rest_vs_evoked")
    ones, rows = done.result["untrained"], done.findings.rows
    module = sys.modules[type(done.run).__module__]
    last = module.windows()["at the end"]
    ratios = [
        one["noise"]["digits"][last].mean() / one["noise"]["kicks only"][last].mean()
        for one in ones
    ]
    row = rows[f"{module.PRIMARY}, untrained"]
    assert row.value == pytest.approx(np.mean(ratios))
    assert row.low is None  # one network has no interval
    end = ones[0]["at"].tolist().index(module.END)
    hits = ones[0]["correct"]["digits"][:, end]
    accuracy = rows["Decoding at the end, digits, untrained 1"]
    assert accuracy.value == pytest.approx(100 * hits.mean())
    assert (accuracy.n, accuracy.p_value is None) == (50, False)


def test_five_networks_are_tested_and_corrected(experiment):
    """The network is the unit: intervals and p-values from five on."""
    cls = experiment("rest_vs_evoked")
    module, rng = sys.modules[cls.__module__], np.random.default_rng(1)

    def one(quench):
        cells = {"noise": 2.0, "signal": 1.0, "noise dimension": 3.0, "signal dimension": 2.0}
        cells |= {f"{name}, scaled": value for name, value in cells.items()} | {"log volume": 0.0}
        noise = {name: rng.uniform(0.9, 1.1, 446) for name in module.CONDITIONS}
        noise["digits"] = quench * noise["kicks only"]
        return {
            "at": np.array([0, module.END]),
            "cells": {name: [cells] * 3 for name in ("kicks only", "digits")},
            "noise": noise,
            "fading": {"digits": 2.0, "no recurrence": 20.0 + quench, "were the units free": 25.0},
            "clusters": {"digits": rng.uniform(0.5, 1.5, 446)},
            "correct": {name: rng.random((40, 2)) < 0.3 for name in module.TRIALS},
            "pooled": {"digits": [7.0, 13.0]},
        }

    rows = cls("fast").findings({"this network": [one(q) for q in np.linspace(0.5, 0.6, 6)]}).rows
    primary = rows[f"{module.PRIMARY}, this network"]
    assert primary.value == pytest.approx(0.55)
    assert primary.low < 0.55 < primary.high < 1
    assert primary.p_value == pytest.approx(2 / 2**6)  # not corrected, the floor of six networks
    in_rebound = "Noise in the rebound over that of kicks only (units scaled), this network"
    assert rows[in_rebound].p_value > 3 * primary.p_value
    fading = rows["Fading of the signal after the end, digits, this network"]
    assert fading.p_value == pytest.approx(9 * 2 / 2**6)  # of nine tests
    assert fading.at_floor
    assert primary.at_floor


def test_bad_networks_and_sources_leave_nothing(experiment, tmp_path):
    run, out = experiment("rest_vs_evoked").run, tmp_path / "run"
    with pytest.raises(FileNotFoundError, match="no parameter file"):
        run(params=tmp_path / "none", out=out)
    hn.effenberger_2025(4, n_inputs=3, seed=1).save(tmp_path / "three.safetensors")
    with pytest.raises(ValueError, match="has 3 inputs"):
        run(params=tmp_path / "three.safetensors", out=out)
    with pytest.raises(FileNotFoundError, match="four IDX files"):
        run(coupling=1, source=tmp_path, out=out)
    with pytest.raises(ValueError, match="params would overrule networks"):
        run(params=tmp_path / "three.safetensors", networks=2, out=out)
    assert not out.exists()


def test_units_alone_come_to_rest_as_told():
    """Against the decay of a simulation without input, of oscillators and of leaky integrators."""
    params = hn.network(np.zeros((2, 2)), frequency_hz=10, decay_ms=200)
    params = params.replace(gamma=[0.005, 0.1])
    start = hn.State(x=np.ones((1, 2)), y=np.zeros((1, 2)))
    x = hn.simulate(params, 1400, initial=start, device="numpy").data["x"].values[0]
    y = np.gradient(x, axis=1)
    size = np.hypot(x, y / params.omega[:, None])
    measured = np.log(size[:, 300] / size[:, 1300])  # over one second
    np.testing.assert_allclose(material.free_decay(params), measured, rtol=0.05)
    assert measured[1] > 10
