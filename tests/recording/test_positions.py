"""Places of units: in recordings, in files and on the maps of MNE."""

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

import horn_neuro as hn


@pytest.fixture(scope="module")
def params():
    return hn.lattice((5, 6), 0.3, seed=1)


@pytest.fixture(scope="module")
def recording(params):
    pulse = np.r_[np.ones(5), np.zeros(35)][:, None]
    return hn.simulate(params, pulse, device="numpy")


def test_selections_and_files_keep_them(params, recording, tmp_path):
    assert np.array_equal(recording.positions, params.positions)
    assert recording.data["space"].values.tolist() == ["x", "y"]
    part = hn.Recording(recording.data.isel(unit=[3, 17], time=slice(5, 20)))
    assert np.array_equal(part.positions, params.positions[[3, 17]])
    recording.save(tmp_path / "rec.nc")
    again = hn.load_recording(tmp_path / "rec.nc")
    assert np.array_equal(again.positions, params.positions)
    assert again.data.identical(recording.data)


def test_without_them_it_says_so(params):
    bare = hn.simulate(params.replace(positions=None), 20, device="numpy")
    with pytest.raises(ValueError, match="no positions; simulate a network that has them"):
        _ = bare.positions
    assert set(bare.to_raw().get_channel_types()) == {"misc"}


def test_sensors_lie_as_the_units_do(params, recording):
    raw = recording.to_raw(("x", "stimulus"))
    assert raw.get_channel_types() == ["eeg"] * 30 + ["misc"]
    fig = raw.plot_sensors(show=False)
    drawn = np.asarray(fig.axes[0].collections[0].get_offsets())
    plt.close(fig)
    own = params.positions - params.positions.mean(axis=0)
    scale = (drawn * own).sum() / (own**2).sum()
    np.testing.assert_allclose(drawn, scale * own, atol=1e-6)
    assert np.linalg.norm(drawn, axis=1).max() == pytest.approx(0.9 * 0.095)


@pytest.mark.parametrize("drawn", ["evoked", "array", "layout"])
def test_maps_work(recording, drawn):
    epochs = recording.to_epochs(("x", "y"))
    evoked = epochs.average(picks="all").pick([name for name in epochs.ch_names if name[0] == "y"])
    if drawn == "evoked":
        fig = evoked.plot_topomap([0.01], show=False)
    elif drawn == "array":
        fig = mne.viz.plot_topomap(evoked.data[:, 9], evoked.info, show=False)[0].figure
    else:
        layout = mne.channels.make_eeg_layout(evoked.info)
        assert len(np.unique(layout.pos[:, :2], axis=0)) == 30
        return
    plt.close(fig)


def test_a_map_shows_each_unit_where_it_is(params, recording):
    """What MNE draws of one signal, with no hints, at the places of its sensors."""
    evoked = recording.to_epochs("x").average()
    values = 1e6 * evoked.data[:, 20]
    fig = evoked.plot_topomap([evoked.times[20]], res=400, show=False)
    image = fig.axes[0].images[0]
    drawn = (np.asarray(item.get_offsets()) for item in fig.axes[0].collections)
    places = next(offsets for offsets in drawn if len(offsets) == 30)
    shown, (left, right, bottom, top) = image.get_array(), image.get_extent()
    plt.close(fig)
    column = np.interp(places[:, 0], (left, right), (0, shown.shape[1] - 1)).round().astype(int)
    row = np.interp(places[:, 1], (bottom, top), (0, shown.shape[0] - 1)).round().astype(int)
    assert image.origin == "lower"
    there = np.asarray(shown[row, column])
    assert np.abs(there - values).max() < 0.05 * np.abs(values).max()
    assert np.argmax(np.abs(there)) == 2 * 6 + 3  # where the input comes in, in the middle
    own = params.positions - params.positions.mean(axis=0)
    np.testing.assert_allclose(places / places.max(), own / own.max(), atol=1e-6)


@pytest.mark.parametrize("n_dimensions", [1, 3])
def test_lines_and_clouds(n_dimensions):
    positions = np.random.default_rng(1).normal(size=(8, n_dimensions))
    params = hn.effenberger_2025(8, seed=1).replace(positions=positions)
    raw = hn.simulate(params, 20, device="numpy").to_raw()
    places = np.array([channel["loc"][:3] for channel in raw.info["chs"]])
    assert np.isfinite(places).all()
    assert np.linalg.norm(places, axis=1).max() <= 0.095 * (1 + 1e-6)
    fig = raw.plot_sensors(show=False)
    drawn = np.asarray(fig.axes[0].collections[0].get_offsets())
    plt.close(fig)
    assert (np.argsort(drawn[:, 0]) == np.argsort(positions[:, 0])).all() or n_dimensions == 3
