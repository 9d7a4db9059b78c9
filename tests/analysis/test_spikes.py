import numpy as np
import pytest

from horn_neuro.analysis import field_phase, spike_phase_locking
from horn_neuro.recording import SpikeTrains


def make_spikes(rng, phase, kappa, n_spikes):
    """Draw spikes whose phases follow a von Mises distribution about 1 rad."""
    n_trials, n_units, n_steps = phase.shape
    weights = np.exp(kappa * np.cos(phase - 1.0))
    weights /= weights.sum(axis=2, keepdims=True)
    entries = [
        (trial, unit, step)
        for trial in range(n_trials)
        for unit in range(n_units)
        for step in np.sort(rng.choice(n_steps, n_spikes, replace=False, p=weights[trial, unit]))
    ]
    return SpikeTrains(*np.array(entries).T, phase.shape, 1e-3)


def slow_ppc(spikes, phase, unit):
    """The mean cosine over all pairs of spikes of different trials, one by one."""
    of_unit = spikes.unit == unit
    trials, samples = spikes.trial[of_unit], spikes.sample[of_unit]
    at = [(trial, phase[trial, unit, k]) for trial, k in zip(trials, samples, strict=True)]
    return np.mean([np.cos(a - b) for trial, a in at for other, b in at if trial != other])


@pytest.fixture
def phase():
    rng = np.random.default_rng(3)
    return np.cumsum(rng.normal(0.22, 0.05, (8, 3, 400)), axis=2)


def test_equals_the_pairs_one_by_one(phase):
    spikes = make_spikes(np.random.default_rng(1), phase, 1.0, 9)
    locking = spike_phase_locking(spikes, phase)
    assert locking == pytest.approx([slow_ppc(spikes, phase, unit) for unit in range(3)], abs=1e-12)


def test_known_locking(phase):
    """PPC estimates the squared length of the mean vector: (I1/I0)**2 of von Mises phases."""
    rng = np.random.default_rng(2)
    draws = [
        [spike_phase_locking(make_spikes(rng, phase, k, 12), phase) for _ in range(40)]
        for k in (0.0, 2.0)
    ]
    means, errors = np.mean(draws, axis=(1, 2)), np.std(draws, axis=(1, 2)) / np.sqrt(120)
    assert abs(means[0]) < 4 * errors[0]  # unbiased: a mean vector would give 0.1
    assert means[1] == pytest.approx(0.6978**2, abs=0.05)


def test_units_without_pairs_are_nan_without_a_warning(phase):
    spikes = SpikeTrains(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([3, 4, 5]), phase.shape)
    locking = spike_phase_locking(spikes, phase)
    assert np.isnan(locking[[0, 2]]).all()
    assert np.isfinite(locking[1])


def test_the_field_leaves_the_unit_out():
    """Two units: each sees the other's phase, whatever its size."""
    time = np.arange(2000) * 1e-3
    wave = np.stack([np.cos(2 * np.pi * 10 * time), 50 * np.sin(2 * np.pi * 10 * time)])[None]
    phase = field_phase(wave)[0, :, 500:1500]
    expected = np.exp(2j * np.pi * 10 * time[500:1500])
    assert np.abs(np.exp(1j * phase[1]) - expected).max() < 0.01
    assert np.abs(np.exp(1j * phase[0]) - expected * np.exp(-0.5j * np.pi)).max() < 0.01


def test_a_constant_unit_has_no_part_in_the_field():
    x = np.random.default_rng(1).standard_normal((2, 4, 500))
    x[:, 3] = 0.1  # whose computed mean and deviation are off by rounding
    assert np.allclose(field_phase(x)[:, :3], field_phase(x[:, :3]))


def test_bad_shapes(phase):
    spikes = make_spikes(np.random.default_rng(1), phase, 0, 3)
    with pytest.raises(ValueError, match="phase has shape"):
        spike_phase_locking(spikes, phase[:, :, :-1])
    with pytest.raises(ValueError, match="at least two"):
        field_phase(np.zeros((2, 1, 10)))
