import json

import numpy as np
import pytest
import xarray as xr

import horn_neuro as hn


@pytest.fixture(scope="module")
def run(protocol, tmp_path_factory):
    """One fast run on a network of its own; the analysis, its folder and the network."""
    base = tmp_path_factory.mktemp("protocol")
    params = protocol.untrained_network(0.5, seed=3)
    params.save(base / "net.safetensors")
    argv = ["--fast", "--seed", "2", "--device", "numpy"]
    argv += ["--params", str(base / "net.safetensors"), "--out", str(base / "run")]
    return protocol.main(argv), base / "run", params


def test_leaves_everything_in_one_folder(run):
    _, folder, params = run
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("config.json", "results.json", "results.nc", "report.html"),
        *("params.safetensors", "figures"),
    }
    figures = {path.stem for path in (folder / "figures").iterdir()}
    assert figures == {
        *("state_space", "dimension", "variance_across_trials", "class_separability"),
        *("distance_and_return", "example_traces", "phases"),
    }
    assert len(list((folder / "figures").glob("*.png"))) == 7
    assert len(list((folder / "figures").glob("*.svg"))) == 7
    assert hn.load_parameters(folder / "params.safetensors") == params
    report = (folder / "report.html").read_text()
    assert "Participation ratio" in report
    assert "95 % bootstrap intervals over digits" in report
    assert report.count("data:image/png;base64") >= 7


def test_configuration_says_how(run):
    _, folder, params = run
    config = json.loads((folder / "config.json").read_text())
    assert config["arguments"]["seed"] == 2
    assert config["steps"] == {"rest": 400, "stimulus": 784, "rebound": 600}
    assert len(config["digits"]["index"]) == 50
    assert config["recordings"]["digits"]["parameters"] == params.fingerprint
    assert config["recordings"]["digits"]["device"] == "numpy"
    assert config["recordings"]["digits"]["versions"]["horn_neuro"] == hn.__version__


def test_results_hold_what_the_analysis_found(run):
    found, folder, _ = run
    results = json.loads((folder / "results.json").read_text())
    ratio = results["participation_ratio"]["digits"]["stimulus"]
    assert ratio["value"] == pytest.approx(found.dimension["digits"]["stimulus"].value)
    assert ratio["low"] < ratio["high"]
    courses = xr.load_dataset(folder / "results.nc")
    assert courses["variance_within_repeats"].dims == ("condition", "bound", "time")
    assert courses.sizes["time"] == len(found.times) == (400 + 784 + 600) // 4
    assert not any(np.isnan(courses[name]).any() for name in courses)


def test_the_effects_and_their_controls(run):
    """What must come out of any such network, with the margin of the intervals."""
    found, _, _ = run
    dimension = found.dimension
    # A digit confines the states to few dimensions; the same kicks alone do not.
    assert dimension["digits"]["stimulus"].high < dimension["digits"]["rest"].low / 2
    assert dimension["digits"]["stimulus"].high < dimension["shuffled"]["stimulus"].low
    assert dimension["kicks only"]["stimulus"].low > dimension["digits"]["rest"].low * 0.8
    # Evoked states leave the cloud; those of kicks alone stay typical of it.
    assert found.evoked_distance["digits"].low > 1.3
    assert found.evoked_distance["kicks only"].value == pytest.approx(1, abs=0.05)
    # The return is as slow as the slower units, which ring longest.
    for tau in found.return_time.values():
        assert found.decay_time.min() < tau.low
        assert tau.high < found.decay_time.max()
    # Before the stimulus, all conditions with recurrence are the same trials.
    before = found.times < 0
    assert np.array_equal(found.x("digits")[:, :, before], found.x("shuffled")[:, :, before])
    assert not np.array_equal(found.x("digits"), found.x("shuffled"))


def test_the_classes_are_told_apart_only_during_digits(run):
    found, _, _ = run
    accuracy = found.separability["digits"].accuracy
    times = found.times[found.snapshots]
    assert accuracy[(times > 0.2) & (times < 0.7)].max() > 0.25
    assert accuracy[times < 0].max() < 0.25
    assert found.separability["kicks only"].accuracy.max() < 0.3


def test_bad_networks_and_sources_leave_no_results(protocol, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(FileNotFoundError, match="no parameter file"):
        protocol.main(["--params", str(tmp_path / "none"), "--out", str(out)])
    hn.effenberger_2025(4, n_inputs=3, seed=1).save(tmp_path / "three.safetensors")
    with pytest.raises(ValueError, match="3 input channels"):
        protocol.main(["--params", str(tmp_path / "three.safetensors"), "--out", str(out)])
    assert not out.exists()
    with pytest.raises(FileNotFoundError, match="four IDX files"):
        protocol.main(["--coupling", "1", "--source", str(tmp_path), "--out", str(out)])
    assert list(out.iterdir()) == []


def test_ctrl_c_leaves_no_half_written_file(protocol, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(hn.analysis, "RestVsEvoked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        protocol.main(
            ["--fast", "--coupling", "0.5", "--device", "numpy", "--out", str(tmp_path / "run")]
        )
    assert list((tmp_path / "run").iterdir()) == []
