import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.analysis import variance_across_trials, variance_within_groups


def test_against_numpy():
    signals = np.random.default_rng(1).normal(size=(9, 4, 6))
    expected = signals.var(axis=0, ddof=1).mean(axis=0)
    assert np.allclose(variance_across_trials(signals), expected)
    equal = np.full((2, 9), 1 / 9)
    assert np.allclose(variance_across_trials(signals, equal), [expected, expected])
    weights = np.array([[0, 0, 0, 1, 1, 0, 0, 0, 0]]) / 2
    pair = ((signals[3] - signals[4]) ** 2 / 4).mean(axis=0) * 9 / 8
    assert np.allclose(variance_across_trials(signals, weights), [pair])


def test_within_groups():
    rng = np.random.default_rng(1)
    groups = np.array([5, 5, 2, 2, 2])
    signals = rng.normal(size=(5, 3, 4)) + 10.0 * groups[:, None, None]
    found = variance_within_groups(signals, groups)
    assert found.shape == (2, 4)
    assert np.allclose(found[0], signals[2:].var(axis=0, ddof=1).mean(axis=0))
    with pytest.raises(ValueError, match="group 7 has a single trial"):
        variance_within_groups(signals, [5, 5, 2, 2, 7])


def test_without_recurrence_a_stimulus_cannot_quench():
    """Kicks add outside the tanh: they do not meet the stimulus but through other units."""
    params = hn.effenberger_2025(6, heterogeneous=True, seed=1)
    params = params.replace(w_rec=np.random.default_rng(1).normal(0, 3, (6, 6)))
    stimulus = 5 * np.random.default_rng(1).random((1, 300, 1)).repeat(4, axis=0)
    kicks = hn.PoissonKicks(100.0, 0.5).draw(4, 300, params, seed=1)

    def variance(network, drive):
        recording = hn.simulate(network, drive, kicks=kicks, device="numpy")
        return variance_within_groups(recording.data["x"].values, np.zeros(4))

    uncoupled = params.replace(w_rec=np.zeros((6, 6)))
    assert np.allclose(variance(uncoupled, stimulus), variance(uncoupled, 0 * stimulus))
    assert not np.allclose(variance(params, stimulus), variance(params, 0 * stimulus), rtol=0.05)
