import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.analysis import oscillator_phase, phase_coherence


def test_the_phase_of_a_free_oscillation_advances_at_its_frequency():
    params = hn.effenberger_2025(3, seed=1).replace(
        omega=[0.05, 0.1, 0.2], gamma=1e-5, alpha=1e-9, w_rec=np.zeros((3, 3))
    )
    start = hn.State(np.ones(3), np.zeros(3))
    data = hn.simulate(params, 1000, initial=start, device="numpy").data
    theta = np.unwrap(oscillator_phase(data["x"].values, data["y"].values, params.omega))
    slope = (theta[0, :, -1] - theta[0, :, 0]) / 999
    assert slope == pytest.approx(params.omega, rel=0.01)
    assert abs(theta[0, 0, 0]) < 0.1


def test_the_center_is_taken_away():
    x, y = np.array([[3.0 + 1.0]]), np.array([[-2.0]])
    assert oscillator_phase(x, y, [2.0], center=[3.0]) == pytest.approx(np.pi / 4)
    assert oscillator_phase(x - 2, y, [2.0], center=[3.0]) == pytest.approx(3 * np.pi / 4)


def test_coherence_of_equal_opposite_and_random_phases():
    assert phase_coherence(np.full((4, 3), 0.7), axis=0) == pytest.approx([1, 1, 1])
    assert phase_coherence([0.0, np.pi], axis=0) == pytest.approx(0)
    theta = np.random.default_rng(1).uniform(-np.pi, np.pi, (25, 4000))
    # The mean length of 25 random unit vectors is sqrt(pi / 4 / 25).
    assert phase_coherence(theta, axis=0).mean() == pytest.approx(np.sqrt(np.pi / 100), rel=0.03)
