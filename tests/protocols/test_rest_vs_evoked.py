import json

import numpy as np
import pytest
import xarray as xr

import horn_neuro as hn
from horn_neuro.experiment import material


def test_configuration_says_how(fast):
    folder, params = fast("rest_vs_evoked").folder, material.untrained(64, 0.5, 3)
    config = json.loads((folder / "config.json").read_text())
    assert config["options"]["seed"] == 3
    assert len(config["digits"]["index"]) == 50
    assert config["recordings"]["digits"]["parameters"] == params.fingerprint
    assert config["recordings"]["digits"]["device"] == "numpy"
    assert hn.load_parameters(folder / "params.safetensors") == params


def test_courses_are_complete(fast):
    done = fast("rest_vs_evoked")
    courses = xr.load_dataset(done.folder / "results.nc")
    assert courses["variance_within_repeats"].dims == ("condition", "bound", "time")
    assert courses.sizes["time"] == (400 + 784 + 600) // 4
    assert not any(np.isnan(courses[name]).any() for name in courses)
    across = courses["distance_from_rest"].sel(condition="digits", bound="value")
    np.testing.assert_array_equal(across, done.result["distance_from_rest"]["digits"].value)


def test_the_effects_and_their_controls(fast):
    """What must come out of any such network, with the margin of the intervals."""
    found = fast("rest_vs_evoked").result
    dimension, trials = found["dimension"], found["trials"]
    # A digit confines the states to few dimensions; the same kicks alone do not.
    assert dimension["digits"]["stimulus"].high < dimension["digits"]["rest"].low / 2
    assert dimension["digits"]["stimulus"].high < dimension["shuffled"]["stimulus"].low
    assert dimension["kicks only"]["stimulus"].low > dimension["digits"]["rest"].low * 0.8
    # Evoked states leave the cloud; those of kicks alone stay typical of it.
    assert found["evoked"]["digits"].low > 1.3
    assert found["evoked"]["kicks only"].value == pytest.approx(1, abs=0.05)
    # The return is as slow as the slower units, which ring longest.
    decay = trials.recordings["digits"].data["decay_time"].values
    for tau in found["return"].values():
        assert decay.min() < tau.low
        assert tau.high < decay.max()
    # Before the stimulus, all conditions with recurrence are the same trials.
    digits, shuffled = (
        trials.signal(name)[:, :, trials.times < 0] for name in ("digits", "shuffled")
    )
    assert np.array_equal(digits, shuffled)
    assert not np.array_equal(trials.signal("digits"), trials.signal("shuffled"))


def test_the_classes_are_told_apart_only_during_digits(fast):
    found = fast("rest_vs_evoked").result
    times, accuracy = found["trials"].times[found["at"]], found["accuracy"]
    course = accuracy["digits"].value
    assert course[(times > 0.2) & (times < 0.7)].max() > 0.25
    assert course[times < 0].max() < 0.25
    assert accuracy["kicks only"].value.max() < 0.3
    best = found["best"]["digits"]
    assert best.value == pytest.approx(100 * course.max())
    assert best.low < best.value < best.high


def test_bad_networks_and_sources_leave_nothing(experiment, tmp_path):
    run, out = experiment("rest_vs_evoked").run, tmp_path / "run"
    with pytest.raises(FileNotFoundError, match="no parameter file"):
        run(params=tmp_path / "none", out=out)
    hn.effenberger_2025(4, n_inputs=3, seed=1).save(tmp_path / "three.safetensors")
    with pytest.raises(ValueError, match="has 3 inputs"):
        run(params=tmp_path / "three.safetensors", out=out)
    with pytest.raises(FileNotFoundError, match="four IDX files"):
        run(coupling=1, source=tmp_path, out=out)
    assert not out.exists()
