import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.recording import SpikeTrains, phase_crossings


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
