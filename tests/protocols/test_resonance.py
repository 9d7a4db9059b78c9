import numpy as np
import pytest

import horn_neuro as hn


def test_gain_is_exact_in_the_linear_regime(fast):
    curves = fast("resonance").result["curves"]
    assert list(curves) == ["homogeneous", "heterogeneous"]
    for curve in curves.values():
        assert curve["largest_gain_error"] < 0.005
        assert curve["largest_error"] < 0.005  # the phase as well


def test_heterogeneous_units_peak_where_they_should(fast):
    curves = fast("resonance").result["curves"]
    measured, units = curves["heterogeneous"]["measured"], curves["heterogeneous"]["units"]
    assert np.corrcoef(measured.peak, units.omega)[0, 1] > 0.99
    assert np.ptp(curves["homogeneous"]["measured"].peak) < 1e-6


def test_strong_drive_saturates_and_excites_the_third_harmonic(fast):
    strong = fast("resonance").result["strong"]
    at_peak = np.abs(strong["response"]).max(axis=1)
    assert np.all(np.diff(at_peak) < 0)
    assert np.abs(strong["response"] / strong["expected"] - 1).max() < 0.1

    def over_its_surroundings(rms):
        relative = strong["frequencies"] / strong["omega"]
        third = rms[np.isclose(relative, 1 / 3)][0]
        return third / np.interp([0.25, 0.42], relative, rms).mean()

    assert over_its_surroundings(strong["rms"][-1]) > 1.5
    assert over_its_surroundings(strong["rms"][0]) < 1.2


def test_variance_under_digits_is_gain_times_spectrum(fast):
    variance = fast("resonance").result["variance"]
    assert np.abs(variance["measured"] / variance["predicted"] - 1).max() < 0.005


def test_a_network_of_ones_own(experiment, tmp_path):
    params = hn.effenberger_2025(3, seed=2).replace(omega=[0.1, 0.2, 0.3], gamma=0.02)
    params.save(tmp_path / "net.safetensors")
    own = {"params": tmp_path / "net.safetensors", "digits": 10}
    found = experiment("resonance").run("fast", device="numpy", **own)
    assert found["curves"]["this network"]["largest_gain_error"] < 0.005
    with pytest.raises(ValueError, match="params would overrule units"):
        experiment("resonance").run("fast", units=3, **own)
