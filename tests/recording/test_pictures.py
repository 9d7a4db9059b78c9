"""A recording shows itself."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

import horn_neuro as hn


@pytest.fixture(autouse=True)
def _closed():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def recording():
    params = hn.network(np.zeros((3, 3)), frequency_hz=[30, 10, 20], decay_ms=400)
    start = hn.State(np.array([1.0, 1.0, 2.0]), np.zeros(3))
    parts = {"rest": 400, "rebound": 112}
    return hn.simulate(params, 512, initial=start, segments=parts, record=("x", "y"))


def test_traces_are_those_of_the_units_by_frequency(recording):
    ax = recording.plot()
    x = recording.data["x"].values[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["10 Hz", "20 Hz", "30 Hz"]
    for line, unit, tick in zip(ax.lines, (1, 2, 0), ax.get_yticks(), strict=True):
        np.testing.assert_allclose(line.get_ydata() - tick, x[unit], atol=1e-12)
    assert [text.get_text() for text in ax.texts] == ["rest", "rebound"]
    assert ax.get_xlabel() == "time (s)"
    one = plt.subplots()[1]
    assert recording.plot(units=[2], ax=one) is one
    assert len(one.lines) == 1


def test_spectra_peak_where_units_ring(recording):
    ax = recording.plot_psd()
    peaks = [line.get_xdata()[line.get_ydata().argmax()] for line in ax.lines[:3]]
    np.testing.assert_allclose(peaks, [30, 10, 20], atol=2)
    with pytest.raises(ValueError, match="at least 16"):
        hn.Recording(recording.data.isel(time=slice(5))).plot_psd()


def test_crossings_come_once_a_period(recording):
    line = recording.plot_raster().lines[0]
    counts = np.bincount(line.get_ydata().astype(int), minlength=3)
    np.testing.assert_allclose(counts, 0.512 * np.array([10, 20, 30]), atol=1)


def test_spikes_are_drawn_where_they_are():
    params = hn.network(np.zeros((2, 2)), frequency_hz=[30, 10], decay_ms=400)
    start = hn.State(-np.ones((2, 2)), np.zeros((2, 2)))
    made = hn.simulate(params, 300, initial=start, record=("x", "spikes"), n_trials=2)
    line = made.plot_raster(trial=1).lines[0]
    of_trial = made.spikes.trial == 1
    np.testing.assert_allclose(np.sort(line.get_xdata()), np.sort(made.spikes.time[of_trial]))
    assert sorted(set(line.get_ydata())) == [0, 1]


def test_phases_turn(recording):
    shown = recording.plot_phase().images[0].get_array()
    assert shown.shape == (3, 512)
    turns = np.unwrap(shown, axis=1)
    np.testing.assert_allclose(
        (turns[:, -1] - turns[:, 0]) / (2 * np.pi * 0.511), [10, 20, 30], 0.01
    )


@pytest.mark.parametrize("shape", [(5,), (4, 3)])
def test_waves_are_shown_where_units_are(shape):
    params = hn.lattice(shape, 0.1, seed=1)
    start = hn.State(np.arange(1.0, 1 + params.n_units), np.zeros(params.n_units))
    made = hn.simulate(params, 20, initial=start, record=("x", "y"))
    ax = made.plot_waves()
    if len(shape) == 1:
        assert ax.collections[0].get_array().size == 5 * 20
    else:
        np.testing.assert_allclose(ax.collections[0].get_offsets(), 1e3 * made.positions)
        assert ax.get_title().endswith(" s")


def test_what_is_missing_is_named(recording):
    with pytest.raises(ValueError, match="no positions"):
        recording.plot_waves()
    bare = hn.Recording(recording.data.drop_vars("y"))
    with pytest.raises(ValueError, match="y was not recorded"):
        bare.plot_phase()


def test_in_a_notebook_it_has_a_picture(recording):
    shown = recording._repr_html_()
    assert "&lt;Recording" in shown
    assert "image/png;base64," in shown
    assert "image" not in hn.Recording(recording.data.drop_vars("x"))._repr_html_()
