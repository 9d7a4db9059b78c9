import json

import numpy as np
import pytest

import horn_neuro as hn


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    out = tmp_path_factory.mktemp("protocol") / "run"
    argv = ["--fast", "--units", "12", "--device", "numpy", "--out", str(out)]
    return *protocol.main(argv), out


def test_gain_is_exact_in_the_linear_regime(run):
    curves, _, _, _ = run
    assert list(curves) == ["homogeneous", "heterogeneous"]
    for curve in curves.values():
        assert curve["gain_error"] < 0.005
        assert curve["error"] < 0.005  # the phase as well


def test_heterogeneous_units_peak_where_they_should(run):
    curves, _, _, _ = run
    measured, params = curves["heterogeneous"]["measured"], curves["heterogeneous"]["params"]
    assert np.corrcoef(measured.peak, params.omega)[0, 1] > 0.99
    assert np.ptp(curves["homogeneous"]["measured"].peak) < 1e-6


def test_strong_drive_saturates_and_excites_the_third_harmonic(run):
    _, strong, _, _ = run
    at_peak = np.abs(strong["response"]).max(axis=1)
    assert np.all(np.diff(at_peak) < 0)
    assert np.abs(strong["response"] / strong["expected"] - 1).max() < 0.1

    def over_its_surroundings(rms):
        relative = strong["frequencies"] / strong["omega"]
        third = rms[np.isclose(relative, 1 / 3)][0]
        return third / np.interp([0.25, 0.42], relative, rms).mean()

    assert over_its_surroundings(strong["rms"][-1]) > 1.5
    assert over_its_surroundings(strong["rms"][0]) < 1.2


def test_variance_under_digits_is_gain_times_spectrum(run):
    _, _, (measured, predicted), _ = run
    assert np.abs(measured / predicted - 1).max() < 0.005


def test_leaves_everything_in_one_folder(run):
    *_, folder = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.json", "results.json", "report.html", "params.safetensors", "figures"),
    }
    assert len(list((folder / "figures").glob("*.png"))) == 4
    results = json.loads((folder / "results.json").read_text())
    assert len(results["networks"]["heterogeneous"]["quality"]) == 12
    assert "Power at 2 pi / 28" in (folder / "report.html").read_text()


def test_a_network_of_ones_own(protocol, tmp_path):
    params = hn.effenberger_2025(3, seed=2).replace(omega=[0.1, 0.2, 0.3], gamma=0.02)
    params.save(tmp_path / "net.safetensors")
    argv = ["--fast", "--params", str(tmp_path / "net.safetensors"), "--device", "numpy"]
    curves, _, _ = protocol.main([*argv, "--out", str(tmp_path / "run")])
    assert curves["this network"]["gain_error"] < 0.005


def test_too_many_digits_leave_no_folder(protocol, tmp_path):
    with pytest.raises(ValueError, match="--digits 5000, but embedded .train. has 4000"):
        protocol.main(["--digits", "5000", "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
