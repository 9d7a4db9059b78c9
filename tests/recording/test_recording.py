import mne
import netCDF4
import numpy as np
import pytest
import xarray as xr

import horn_neuro as hn


@pytest.fixture(scope="module")
def recording():
    params = hn.effenberger_2025(n_units=5, heterogeneous=True, seed=1)
    params = params.replace(delays=np.full((5, 5), 3), step=2e-3)
    stimulus = np.random.default_rng(1).random((4, 60, 1))
    return hn.simulate(
        params,
        stimulus,
        kicks=hn.PoissonKicks(50.0, 0.1),
        segments={"rest": 20, "stimulus": 30, "rebound": 10},
        labels=[3, 1, 3, 7],
        record=("x", "y", "kicks"),
        device="numpy",
        seed=1,
    )


def test_everything_is_labelled(recording):
    data = recording.data
    assert data["x"].dims == data["kicks"].dims == ("trial", "unit", "time")
    assert data["stimulus"].dims == ("trial", "channel", "time")
    assert data["label"].values.tolist() == [3, 1, 3, 7]
    assert data["time"].values[-1] == pytest.approx(59 * 2e-3)
    assert (data["segment"].values == ["rest"] * 20 + ["stimulus"] * 30 + ["rebound"] * 10).all()
    assert data["frequency"].attrs["units"] == "Hz"
    assert recording.sfreq == 500
    assert recording.segment("rebound").sizes["time"] == 10
    with pytest.raises(KeyError, match="rest, stimulus, rebound"):
        recording.segment("sleep")
    assert "4 trials, 5 units, 60 samples at 500 Hz" in repr(recording)


def test_provenance(recording):
    provenance = recording.provenance
    assert provenance["device"] == "numpy"
    assert provenance["seed"] == 1
    assert provenance["versions"]["horn_neuro"] == hn.__version__
    assert {"brian2", "numpy", "python"} <= set(provenance["versions"])
    assert provenance["parameters_provenance"]["factory"] == "effenberger_2025"
    assert len(provenance["parameters"]) == 64


def test_netcdf_round_trip_is_exact(recording, tmp_path):
    recording.save(tmp_path / "rec.nc")
    loaded = hn.load_recording(tmp_path / "rec.nc")
    xr.testing.assert_identical(loaded.data, recording.data)
    assert loaded.segments == recording.segments
    assert loaded.provenance == recording.provenance
    for name in ("x", "y", "past_y"):
        saved, found = (getattr(r.final_state, name) for r in (recording, loaded))
        assert np.array_equal(saved, found)


def test_a_loaded_recording_continues(recording, tmp_path):
    params = hn.effenberger_2025(n_units=5, heterogeneous=True, seed=1)
    params = params.replace(delays=np.full((5, 5), 3), step=2e-3)
    recording.save(tmp_path / "rec.nc")
    loaded = hn.load_recording(tmp_path / "rec.nc")
    runs = [
        hn.simulate(params, 10, initial=source.final_state, device="numpy").data["x"].values
        for source in (recording, loaded)
    ]
    assert np.array_equal(*runs)


@pytest.mark.parametrize("value", ["rest", ["a", "b"], [1j, 0], np.ma.masked_less([0, 1], 1)])
def test_states_are_numbers(value):
    with pytest.raises(ValueError, match="state: y (=|has)"):
        hn.State([0.0, 1.0], value)


def test_truncated_foreign_and_missing_files(recording, tmp_path):
    path = tmp_path / "rec.nc"
    with pytest.raises(FileNotFoundError, match="no recording at"):
        hn.load_recording(path)
    recording.save(path)
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:100], b"", b"text"):
        path.write_bytes(part)
        with pytest.raises(ValueError, match="truncated, damaged or no NetCDF-4"):
            hn.load_recording(path)
    path.unlink()
    xr.Dataset({"temperature": ("day", [1.0, 2.0])}).to_netcdf(path, engine="netcdf4")
    with pytest.raises(ValueError, match="not a recording of horn_neuro.*stimulus"):
        hn.load_recording(path)


def test_no_damage_goes_unnoticed(recording, tmp_path):
    path, rng = tmp_path / "rec.nc", np.random.default_rng(1)
    recording.save(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(300):
        damaged = whole.copy()
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        path.write_bytes(damaged.tobytes())
        with pytest.raises(ValueError, match=f"{path} is truncated, damaged"):
            hn.load_recording(path)


def test_files_without_a_checksum_load_with_a_word(recording, tmp_path):
    path = tmp_path / "rec.nc"
    recording.data.to_netcdf(path, engine="netcdf4")
    with pytest.warns(UserWarning, match="before recordings had checksums.*; save it again"):
        loaded = hn.load_recording(path)
    xr.testing.assert_identical(loaded.data, recording.data)


@pytest.mark.changes_process
def test_files_that_another_program_has_changed(recording, tmp_path):
    path = tmp_path / "rec.nc"
    recording.save(path)
    with netCDF4.Dataset(path, "a") as file:
        file["x"][0, 0, 0] = 7.0
    with pytest.raises(ValueError, match="if another program has changed it on purpose, use"):
        hn.load_recording(path)
    assert hn.Recording(xr.load_dataset(path)).data["x"][0, 0, 0] == 7
    # A copy by another program has the attribute, and nothing at its end.
    xr.load_dataset(path).to_netcdf(path, engine="netcdf4")
    with pytest.raises(ValueError, match="its checksum is"):
        hn.load_recording(path)


def test_an_interrupted_save_leaves_nothing(recording, tmp_path, monkeypatch):
    def interrupted(self, path, **kwargs):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.Dataset, "to_netcdf", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recording.save(tmp_path / "rec.nc")
    assert list(tmp_path.iterdir()) == []


def test_raw_of_one_trial(recording):
    raw = recording.to_raw(("x", "stimulus"), trial=2)
    assert raw.ch_names[0] == "x000"
    assert raw.ch_names[-1] == "stim000"
    assert set(raw.get_channel_types()) == {"misc"}
    assert raw.info["sfreq"] == 500.0
    assert np.array_equal(raw.get_data("x003")[0], recording.data["x"].values[2, 3])
    assert raw.annotations.description.tolist() == ["rest", "stimulus", "rebound"]
    assert raw.annotations.onset == pytest.approx([0, 0.04, 0.1])
    assert raw.annotations.duration == pytest.approx([0.04, 0.06, 0.02])


def test_raw_of_all_trials(recording):
    raw = recording.to_raw()
    assert raw.n_times == 4 * 60
    joined = np.concatenate(list(recording.data["x"].values), axis=1)
    assert np.array_equal(raw.get_data(), joined)
    descriptions = raw.annotations.description.tolist()
    assert descriptions.count("stimulus") == 4
    assert descriptions.count("BAD boundary") == 3
    third = raw.annotations[raw.annotations.description == "stimulus"][2]
    assert third["onset"] == pytest.approx(2 * 0.12 + 0.04)
    with pytest.raises(IndexError):
        recording.to_raw(trial=4)


def test_epochs(recording):
    epochs = recording.to_epochs(("x", "y"))
    assert isinstance(epochs, mne.EpochsArray)
    assert epochs.info["sfreq"] == 500.0
    assert epochs.tmin == pytest.approx(-0.04)
    assert epochs.times[20] == 0
    assert np.array_equal(epochs.get_data("misc")[:, :5], recording.data["x"].values)
    assert np.array_equal(epochs.get_data("misc")[:, 5:], recording.data["y"].values)
    assert epochs.metadata["label"].tolist() == [3, 1, 3, 7]
    assert set(epochs.event_id) == {"label/1", "label/3", "label/7"}
    assert len(epochs["label/3"]) == 2
    assert epochs["label == 7"].metadata["trial"].tolist() == [3]


def test_epochs_without_labels_or_onset(params):
    epochs = hn.simulate(params, 10, n_trials=2, device="numpy").to_epochs()
    assert epochs.event_id == {"trial": 1}
    assert epochs.tmin == 0


def test_only_recorded_signals_can_be_converted(params):
    recording = hn.simulate(params, 10, record="x", device="numpy")
    for signals in (("y",), ("z",), ()):
        with pytest.raises(ValueError, match="choose from what was recorded, x, stimulus"):
            recording.to_epochs(signals)


def test_what_follows_from_the_times_is_computed_from_them(recording):
    def part(*selection):
        return hn.Recording(recording.data.isel(time=slice(*selection)))

    thin = part(1, None, 3)
    assert thin.sfreq == pytest.approx(500 / 3, rel=1e-12)
    assert thin.to_raw(trial=0).info["sfreq"] == pytest.approx(500 / 3)
    assert thin.to_epochs().tmin == pytest.approx(-7 * 6e-3)
    assert thin.segments == {"rest": (0, 7), "stimulus": (7, 10), "rebound": (17, 3)}
    assert part(20, 50).sfreq == part(7, 8).sfreq == 500
    later = hn.Recording(recording.data.assign_coords(time=recording.data["time"] - 0.04))
    assert later.sfreq == pytest.approx(500, rel=1e-12)


def test_times_with_gaps_have_no_sampling_frequency(recording):
    gap = hn.Recording(recording.data.isel(time=[0, 1, 2, 40, 41]))
    assert "5 samples of several stretches" in repr(gap)
    for use in (lambda: gap.sfreq, gap.to_raw, gap.to_epochs):
        with pytest.raises(ValueError, match="not evenly spaced.*select one stretch"):
            use()
    backwards = hn.Recording(recording.data.isel(time=slice(None, None, -1)))
    with pytest.raises(ValueError, match="not evenly spaced"):
        backwards.sfreq  # noqa: B018
    twice = hn.Recording(recording.data.isel(time=[0, 1, 30, 31, 1]))
    with pytest.raises(ValueError, match="comes twice: rest, stimulus, rest"):
        twice.segments  # noqa: B018


def test_the_final_state_is_that_of_the_end(recording):
    data = recording.data
    for selection in (slice(20, None), slice(None, None, 2), [58, 59]):
        part = hn.Recording(data.isel(time=selection, trial=[1], unit=[4, 0]))
        assert np.array_equal(part.final_state.x, data["final_x"].values[[1]][:, [4, 0]])
    for selection in (slice(0, 59), [10], slice(0, 50, 3)):
        with pytest.raises(ValueError, match="ends before its last step"):
            hn.Recording(data.isel(time=selection)).final_state  # noqa: B018


@pytest.mark.parametrize("dim", ["trial", "unit", "time"])
def test_dims_that_have_gone_are_refused_and_their_order_is_ours(recording, dim):
    for selection in (0, []):
        with pytest.raises(ValueError, match=rf"no {dim}.*isel\({dim}=\[0\]\)"):
            hn.Recording(recording.data.isel({dim: selection}))
    turned = hn.Recording(recording.data.transpose("time", "unit", "channel", "trial", ...))
    xr.testing.assert_identical(turned.data, recording.data)
    assert turned.data["x"].dims == ("trial", "unit", "time")


@pytest.mark.parametrize("selection", [{}, {"time": slice(0, 20)}, {"time": slice(None, None, 4)}])
def test_names_of_segments_take_no_place_in_a_file(params, tmp_path, selection):
    segments = {"rest": 4000, "stimulus of length": 3000, "après": 3000}
    recording = hn.simulate(params, 10000, record=(), segments=segments, device="numpy")
    recording = hn.Recording(recording.data.isel(selection))
    recording.save(tmp_path / "rec.nc")
    assert (tmp_path / "rec.nc").stat().st_size < 150_000  # names alone would take 400 kB
    loaded = hn.load_recording(tmp_path / "rec.nc")
    xr.testing.assert_identical(loaded.data, recording.data)
    loaded = hn.Recording(loaded.data.isel(time=slice(0, 5)))
    loaded.save(tmp_path / "part.nc")
    xr.testing.assert_identical(hn.load_recording(tmp_path / "part.nc").data, loaded.data)
