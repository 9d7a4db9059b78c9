import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.analysis import oscillator_phase, oscillator_signal, phase_coherence


@pytest.mark.parametrize("h", [1.0, 0.5])
def test_the_phase_of_a_free_oscillation_is_exact(h):
    """Velocities come half a step early, which is 0.33 rad at omega 1.5 if it is forgotten."""
    omega = np.array([0.05, 0.224, 1.5])
    params = hn.effenberger_2025(3, seed=1).replace(
        omega=omega, gamma=1e-12, alpha=1e-12, w_rec=np.zeros((3, 3)), h=h
    )
    start = hn.State(np.ones(3), np.zeros(3))
    data = hn.simulate(params, 1000, initial=start, device="numpy").data
    z = oscillator_signal(data["x"].values, data["y"].values, omega, h)[0]
    turned = np.diff(np.unwrap(np.angle(z)), axis=1)
    assert np.abs(turned - 2 * np.arcsin(omega * h / 2)[:, None]).max() < 1e-6
    assert np.ptp(np.abs(z), axis=1).max() < 1e-6
    assert params.frequency_hz == pytest.approx(1000 * turned[:, 0] / (2 * np.pi))


def test_the_center_is_taken_away():
    x, y = np.array([[3.0 + 1.0]]), np.array([[-0.2]])
    shifted = oscillator_phase(x - 3, y, [0.2])
    assert oscillator_phase(x, y, [0.2], center=[3.0]) == pytest.approx(shifted)


def test_unlike_units_locked_to_one_sine_read_1():
    omega = 2 * np.pi / 28 * np.linspace(0.5, 2, 8)
    params = hn.effenberger_2025(8, seed=1).replace(
        omega=omega, gamma=0.02, w_rec=np.zeros((8, 8)), b_in=0.0
    )
    drive = 0.3 * np.sin(2 * np.pi / 30 * np.arange(2400))[:, None]
    parts = {"settling": 1200, "locked": 1200}
    for every in (1, 4):
        rec = hn.simulate(params, drive, segments=parts, every=every, device="numpy")
        plv = analysis.plv_over_time(rec, segment="locked").get_data("dense")[0]
        assert plv.min() > 0.995, every


def relaxing():
    """Two equal units that ring down about one constant input, from different sides."""
    params = hn.effenberger_2025(2, seed=1).replace(w_rec=np.zeros((2, 2)), b_in=[0.5, 0.2])
    return params, hn.simulate(params, 200, device="numpy")


def test_transients_go_round_the_fixed_point():
    params, rec = relaxing()
    center = analysis.fixed_point(params)
    asked = analysis.plv_over_time(rec, center=center).get_data("dense")[0, 1, 0]
    assert asked > 0.999
    alone = analysis.plv_over_time(rec).get_data("dense")[0, 1, 0]
    assert alone > 0.999
    z = analysis.analytic_signal(rec).values
    assert np.allclose(z, analysis.analytic_signal(rec, center=center).values, atol=2e-3)
    with pytest.raises(ValueError, match="give a finite position for each of the 2 units"):
        analysis.analytic_signal(rec, center=[0.1])
    with pytest.raises(ValueError, match="center says nothing with band"):
        analysis.analytic_signal(rec, band=(20, 60), center=center)
    with pytest.raises(ValueError, match="center is that of the coordinates"):
        analysis.analytic_signal(np.zeros((1, 2, 400)), (20, 60), 1000.0, center=center)


def sines(n=6000):
    """Sines of 10 Hz in 12 trials of a recording in three parts, and their phases."""
    rng = np.random.default_rng(0)
    theta = 0.02 * np.pi * np.arange(n) + rng.uniform(0, 2 * np.pi, (12, 2, 1))
    params = hn.effenberger_2025(2, seed=1)
    names = np.repeat(["rest", "stimulus", "rebound"], [2100, 1800, 2100])
    state = hn.State(np.zeros((12, 2)), np.zeros((12, 2)))
    signals = {"x": np.cos(theta)}
    rec = hn.Recording.from_arrays(
        params, signals, np.zeros((12, 1, n)), state, {"device": "none"}, segments=names
    )
    return rec, theta[:, :, 2100:3900]


def test_a_band_is_filtered_before_the_segment_is_cut():
    rec, theta = sines()
    z = analysis.analytic_signal(rec, band=(7.0, 13.0), segment="stimulus")
    assert z.values.shape == theta.shape
    assert z.times[0] == pytest.approx(2.1)
    assert np.abs(np.angle(z.values * np.exp(-1j * theta))).max() < 0.1
    plv = analysis.plv_over_time(rec, band=(7.0, 13.0), segment="stimulus").get_data("dense")
    assert plv[:, 1, 0].min() > 0.9999


@pytest.mark.parametrize("offset", [0.1, 1e7])
def test_a_constant_channel_with_an_offset_has_no_phase(offset):
    data = np.random.default_rng(2).standard_normal((5, 3, 600))
    data[:, 1:] = offset
    with pytest.warns(UserWarning, match="silent channels have no phase.*: 1, 2"):
        plv = analysis.plv_over_time(data, band=(8.0, 14.0), sfreq=200.0).get_data("dense")
    assert np.abs(plv[:, 1:]).max() == 0
    _, rec = relaxing()
    x = rec.data["x"].values
    x[0, 1], rec.data["y"].values[0, 1] = offset, 0.0
    assert not analysis.analytic_signal(rec).values[0, 1].any()


def test_coherence_of_equal_opposite_and_random_phases():
    assert phase_coherence(np.full((4, 3), 0.7), axis=0) == pytest.approx([1, 1, 1])
    assert phase_coherence([0.0, np.pi], axis=0) == pytest.approx(0)
    theta = np.random.default_rng(1).uniform(-np.pi, np.pi, (25, 4000))
    # The mean length of 25 random unit vectors is sqrt(pi / 4 / 25).
    assert phase_coherence(theta, axis=0).mean() == pytest.approx(np.sqrt(np.pi / 100), rel=0.03)
