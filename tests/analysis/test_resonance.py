import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import horn_neuro as hn
from horn_neuro.analysis import (
    GainCurve,
    continuous_gain,
    describing_function,
    discrete_gain,
    fit_sine,
    input_spectrum,
)


@pytest.fixture
def unit():
    return hn.effenberger_2025(1, seed=1)


def test_the_closed_forms_of_the_default_unit(unit):
    """The oracles of the model: |H(omega)|, the peak of both gains, and Q."""
    omega = unit.omega[0]
    assert abs(discrete_gain(unit, [omega])[0, 0]) == pytest.approx(8.875, abs=5e-4)
    peak = minimize_scalar(
        lambda o: -abs(discrete_gain(unit, [o])[0, 0]), bounds=(0.2, 0.25), method="bounded"
    )
    assert peak.x == pytest.approx(0.22557, abs=1e-4)
    assert -peak.fun == pytest.approx(8.934, abs=5e-4)
    at = np.sqrt(omega**2 - 2 * 0.01**2)
    assert abs(continuous_gain(unit, [at])[0, 0]) == pytest.approx(8.92, abs=5e-3)


def test_both_gains_agree_for_small_steps():
    params = hn.effenberger_2025(4, heterogeneous=True, seed=1).replace(h=1e-3, feedback=0.3)
    frequencies = np.linspace(0.05, 0.6, 40)
    discrete, continuous = discrete_gain(params, frequencies), continuous_gain(params, frequencies)
    assert np.abs(discrete / continuous - 1).max() < 0.01


@pytest.mark.parametrize("feedback", [0.0, -0.5])
def test_simulated_units_have_the_discrete_gain_and_phase(feedback):
    """All frequencies in one simulation, within 0.5 % of the exact gain."""
    n = 5
    params = hn.effenberger_2025(n, heterogeneous=True, seed=2).replace(
        w_in=np.ones((n, 1)),
        w_rec=np.zeros((n, n)),
        b_in=0.0,
        b_rec=0.0,
        feedback=feedback,
        h=0.8,
    )
    frequencies = np.linspace(0.08, 0.5, 12)
    weak = 1e-3
    drive = weak * np.sin(frequencies[:, None] * params.h * np.arange(4000))[:, :, None]
    x = hn.simulate(params, drive, record="x", device="numpy").data["x"].values
    measured = fit_sine(x, frequencies, params.h, start=3000) / weak
    exact = discrete_gain(params, frequencies)
    assert np.abs(measured / exact - 1).max() < 0.005


def test_strong_sines_follow_the_describing_function(unit):
    """tanh before a linear filter: the gain at the drive's frequency is known for any strength."""
    params = unit.replace(w_in=[[1.0]], w_rec=[[0.0]], b_in=0.0, b_rec=0.0)
    amplitudes = np.array([0.01, 0.5, 2.0, 20.0])
    frequency = 0.2
    drive = amplitudes[:, None] * np.sin(frequency * np.arange(3000))
    x = hn.simulate(params, drive[:, :, None], record="x", device="numpy").data["x"].values
    response = fit_sine(x, np.full(4, frequency), start=2000)[0] / amplitudes
    expected = discrete_gain(params, [frequency])[0, 0] * describing_function(amplitudes)
    # Harmonics of a stepped sine fold back onto it, by less than this.
    assert np.abs(response / expected - 1).max() < 0.02


def test_describing_function_at_its_limits():
    share = describing_function([0.0, 1e-4, 1e4])
    assert share[:2] == pytest.approx([1, 1], abs=1e-6)
    assert share[2] == pytest.approx(4 / (np.pi * 1e4), rel=1e-3)


def test_peak_bandwidth_and_quality_of_a_known_resonance():
    frequencies = np.linspace(0.02, 0.6, 600)
    params = hn.effenberger_2025(3, seed=1).replace(
        omega=[0.1, 0.2, 0.4], gamma=[0.01, 0.02, 0.005], h=1e-3
    )
    curve = GainCurve(frequencies, np.abs(continuous_gain(params, frequencies)))
    omega, gamma = params.omega, params.gamma
    assert curve.peak == pytest.approx(np.sqrt(omega**2 - 2 * gamma**2), rel=2e-3)
    # In a narrow band, the half-power width is 2 gamma.
    assert curve.bandwidth == pytest.approx(2 * gamma, rel=0.05)
    assert curve.quality == pytest.approx(omega / (2 * gamma), rel=0.05)
    cut = GainCurve(frequencies[:50], curve.gain[:, :50])
    assert np.isnan(cut.bandwidth[1:]).all()


def test_the_spectrum_of_a_sine_and_its_power():
    frequency = 2 * np.pi / 28
    wave = 3 + np.cos(frequency * np.arange(784))[None]
    frequencies, power = input_spectrum(wave)
    assert frequencies[power[0].argmax()] == pytest.approx(frequency, abs=0.01)
    assert np.sum(power[0]) * frequencies[1] == pytest.approx(0.5, rel=0.01)


def test_too_short_a_recording(unit):
    with pytest.raises(ValueError, match="10 steps are left to fit, but a cycle .* takes 63"):
        fit_sine(np.zeros((1, 1, 100)), [0.1], start=90)
