"""What version 0.1 has saved can still be read, and means the same.

The files were written by the last commit before 0.2: a network with delays and feedback, 40 steps
of it under a sine and kicks that had been drawn, and how a run was set up.
"""

from pathlib import Path

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.experiment import load_results

FOLDER = Path(__file__).with_name("files_of_0_1")
UNPROVEN = pytest.mark.filterwarnings("ignore:.*checksums, so that damage would not show")


@pytest.fixture
def params():
    return hn.load_parameters(FOLDER / "parameters.safetensors")


@pytest.fixture
def recording():
    return hn.load_recording(FOLDER / "recording.nc")


@UNPROVEN
def test_networks(params):
    drawn = hn.effenberger_2025(5, n_outputs=3, heterogeneous=True, seed=11)
    for name in ("omega", "gamma", "alpha", "w_rec", "w_in", "b_in", "b_rec", "w_out", "b_out"):
        assert np.array_equal(getattr(params, name), getattr(drawn, name)), name
    assert (params.delays.min(), params.delays.max()) == (1, 9)
    assert params.feedback == pytest.approx([0.1] * 5)
    assert params.provenance["doi"] == "10.1073/pnas.2412830122"


@UNPROVEN
def test_recordings(params, recording):
    assert recording.sfreq == 1000
    assert recording.provenance["parameters"] == params.fingerprint
    assert recording.provenance["versions"]["horn_neuro"] == "0.1.0"
    assert recording.spikes.sample.tolist() == [11, 14, 32, 35, 36]
    assert recording.spikes.unit.tolist() == [2, 3, 2, 0, 4]
    assert np.array_equal(recording.final_state.x[0], recording.data["x"].values[0, :, -1])


@UNPROVEN
def test_a_simulation_of_then_is_one_of_now(params, recording):
    kicks = hn.PoissonKicks(50.0, 0.1).draw(1, 40, params, seed=11)
    stimulus = recording.data["stimulus"].values[0].T
    again = hn.simulate(params, stimulus, kicks=kicks, device="numpy", record=("x", "y", "spikes"))
    for name in ("x", "y"):
        before, now = recording.data[name].values, again.data[name].values
        np.testing.assert_allclose(now, before, rtol=1e-9, atol=1e-12)
    assert again.spikes.sample.tolist() == recording.spikes.sample.tolist()


@UNPROVEN
def test_configurations_of_runs():
    config = load_results(FOLDER / "config.json")
    assert config["protocol"] == "resonance"
    assert config["arguments"]["frequencies"] == 24


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (hn.load_parameters, "parameters.safetensors"),
        (hn.load_recording, "recording.nc"),
        (load_results, "config.json"),
    ],
)
def test_that_they_cannot_prove_themselves_is_said(load, name):
    with pytest.warns(UserWarning, match=f"{name} was written .*before .* checksums"):
        load(FOLDER / name)
