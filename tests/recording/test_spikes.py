import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.recording import SpikeTrains, phase_crossings


@pytest.fixture(scope="module")
def whole():
    """Spikes of every step beside every third sample."""
    params = hn.effenberger_2025(n_units=6, heterogeneous=True, seed=1)
    inputs = np.random.default_rng(0).random((3, 601, 1)) * 5
    return hn.simulate(params, inputs, record=("x", "spikes"), every=3, device="numpy")


@pytest.fixture
def trains():
    """Two trials, three units, ten steps of 2 ms; unit 1 is silent."""
    trial, unit, sample = np.array([[0, 0, 1], [1, 2, 2], [0, 2, 5], [0, 0, 9]]).T
    return SpikeTrains(trial, unit, sample, (2, 3, 10), 0.002)


def test_crossings_of_a_sine():
    """A wave of known period crosses once in each of its cycles."""
    steps = np.arange(1000)
    omega = np.array([2 * np.pi / 28, 2 * np.pi / 40])
    phase = omega[:, None] * steps - 1.0
    x, y = np.sin(phase)[None], (omega[:, None] * np.cos(phase))[None]
    trains = phase_crossings(x, y, omega, interval=1e-3)
    for unit in range(2):
        expected = np.ceil((1.0 + 2 * np.pi * np.arange(40)) / omega[unit])
        expected = expected[expected < 1000]
        assert np.allclose(trains.of(0, unit), expected * 1e-3)
    # An amplitude of 1 spikes up to a threshold of 1.
    assert len(phase_crossings(x, y, omega, 0.9)) == len(trains)
    assert len(phase_crossings(x, y, omega, 1.1)) == 0


def test_rates(trains):
    assert np.array_equal(trains.rates(), np.array([[2, 0, 1], [0, 0, 1]]) / 0.02)
    # Bins of four steps; the two steps left over are not counted.
    binned = trains.rates(0.008)
    assert binned.shape == (2, 3, 2)
    assert binned[0, 0].tolist() == [125.0, 0.0]
    assert binned[1, 2].tolist() == [125.0, 0.0]
    assert binned[0, 2].tolist() == [0.0, 125.0]
    for bad in (1.0, 1e-5):
        with pytest.raises(ValueError, match="give at least a step"):
            trains.rates(bad)


def test_neo(trains):
    pytest.importorskip("neo")
    block = trains.to_neo()
    assert len(block.segments) == 2
    times = [train.rescale("ms").magnitude.tolist() for train in block.segments[0].spiketrains]
    assert times == [pytest.approx([2.0, 18.0]), [], pytest.approx([10.0])]
    assert float(block.segments[1].spiketrains[2].t_stop) == 0.02
    assert block.segments[0].spiketrains[2].annotations["unit"] == 2


def test_without_neo(trains, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "neo", None)
    with pytest.raises(ImportError, match="pip install neo"):
        trains.to_neo()


@pytest.mark.parametrize("spiking", [True, False])
def test_spikes_are_saved(params, tmp_path, spiking):
    start = hn.State(np.full((2, 6), -0.3 if spiking else 0.0), np.zeros((2, 6)))
    still = params.replace(b_in=0.0, b_rec=0.0)
    recording = hn.simulate(still, 200, initial=start, record="spikes", every=3, device="numpy")
    recording.save(tmp_path / "spikes.nc")
    spikes = hn.load_recording(tmp_path / "spikes.nc").spikes
    assert (len(spikes) > 0) == spiking
    assert spikes.shape == (2, 6, 200)
    assert spikes.interval == pytest.approx(1e-3)
    for name in ("trial", "unit", "sample"):
        assert np.array_equal(getattr(spikes, name), getattr(recording.spikes, name))
    assert f"{len(spikes)} spikes" in repr(recording)


@pytest.mark.parametrize(
    "selection",
    [
        {"unit": [5, 2]},
        {"trial": [2, 0], "unit": slice(None, None, 2)},
        {"time": slice(100, None)},
        {"time": slice(40, 101), "trial": [1]},
        {"time": slice(5, 150, 4), "unit": [3]},
        {"time": [7]},
        {"unit": [1], "trial": [1], "time": slice(0, 1)},
    ],
)
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_spikes_of_a_part_are_those_of_its_trials_units_and_times(whole, selection, shift):
    part = hn.Recording(whole.data.isel(selection))
    samples, trials, units = (part.data[name].values for name in ("time", "trial", "unit"))
    step = 1e-3
    first = round(samples[0] / step)
    stride = 3 if len(samples) < 2 else round((samples[1] - samples[0]) / step)
    last = min(round(samples[-1] / step) + stride, 601)
    part = hn.Recording(part.data.assign_coords(time=part.data["time"] - shift))
    spikes, number = part.spikes, 0
    assert spikes.shape == (len(trials), len(units), last - first)
    for a, trial in enumerate(trials):
        for b, unit in enumerate(units):
            at = whole.spikes.sample[(whole.spikes.trial == trial) & (whole.spikes.unit == unit)]
            at = at[(at >= first) & (at < last)]
            number += len(at)
            assert spikes.of(a, b) == pytest.approx(at * step - shift, abs=1e-9)
            assert spikes.rates()[a, b] == pytest.approx(len(at) / ((last - first) * step))
            binned = spikes.rates(step * (last - first))
            assert binned[a, b] == pytest.approx([len(at) / ((last - first) * step)])
    assert len(spikes) == number
    assert len(whole.spikes) > 100


def test_neo_names_the_units_of_a_part(whole):
    pytest.importorskip("neo")
    part = hn.Recording(whole.data.isel(unit=[5, 2], trial=[1], time=slice(50, 150)))
    (segment,) = part.spikes.to_neo().segments
    assert segment.name == "trial 1"
    for train, unit in zip(segment.spiketrains, (5, 2), strict=True):
        assert train.annotations["unit"] == unit
        assert (float(train.t_start), float(train.t_stop)) == pytest.approx((0.15, 0.45))
        expected = whole.spikes.of(1, unit)
        expected = expected[(expected >= 0.15) & (expected < 0.45)]
        assert train.magnitude == pytest.approx(expected)


def test_parts_of_a_file_without_steps(whole):
    old = hn.Recording(whole.data.drop_vars("step").isel(unit=[4], time=slice(20, 60)))
    new = hn.Recording(whole.data.isel(unit=[4], time=slice(20, 60)))
    assert old.spikes.shape == new.spikes.shape == (3, 1, 120)
    assert np.array_equal(old.spikes.sample, new.spikes.sample)


def test_spikes_that_have_lost_their_owners_are_refused(whole):
    joined = whole.data.isel(trial=[0, 1, 1])
    for data in (joined, whole.data.drop_vars("trial"), whole.data.isel(trial=[0, 0])):
        with pytest.raises(ValueError, match="cannot tell the trials apart"):
            hn.Recording(data).spikes  # noqa: B018
    with pytest.raises(ValueError, match="not evenly spaced"):
        hn.Recording(whole.data.isel(time=[0, 5, 6])).spikes  # noqa: B018
