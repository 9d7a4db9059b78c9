"""Synthetic waves of known kind, direction, speed and charge, in noise of their own power."""

import numpy as np
import pytest
from scipy.signal import hilbert

from horn_neuro import analysis

SIZE, TIMES = 16, 80
ROW, COLUMN, TIME = np.indices((SIZE, SIZE, TIMES)).astype(float)
KINDS = ("plane", "standing", "radial", "spiral")


def make(kind, seed, noise=1.0):
    """A wave of unit amplitude in white noise, and what it was made of."""
    rng = np.random.default_rng(seed)
    omega, q, angle = rng.uniform(0.4, 0.9), 2 * np.pi / rng.uniform(5, 10), rng.uniform(-3, 3)
    phase, centre, sense = rng.uniform(0, 6.3), rng.uniform(5, 10, 2), rng.choice([-1, 1])
    along = COLUMN * np.cos(angle) - ROW * np.sin(angle)
    down, right = ROW - centre[0], COLUMN - centre[1]
    distance = np.hypot(down, right)
    theta = np.arctan2(down, right)
    wave = {
        "plane": lambda: np.cos(omega * TIME - q * along + phase),
        "standing": lambda: np.sqrt(2) * np.cos(q * along + phase) * np.cos(omega * TIME),
        "radial": lambda: np.cos(omega * TIME - sense * q * distance + phase),
        "spiral": lambda: np.cos(omega * TIME - 0.4 * distance + sense * theta + phase),
    }[kind]()
    signal = wave + noise * np.sqrt(0.5) * rng.normal(size=wave.shape)
    truth = {"speed": omega / q, "wavelength": 2 * np.pi / q, "direction": angle}
    return hilbert(signal), truth | {"centre": centre, "sense": sense, "omega": omega}


def test_kinds_are_told_apart_in_noise():
    """At a signal-to-noise ratio of 1, in 95 % of 200 trials, and of each kind."""
    right = {k: [analysis.classify_wave(make(k, s)[0]) == k for s in range(50)] for k in KINDS}
    assert np.mean(list(right.values())) >= 0.95
    assert min(np.mean(hits) for hits in right.values()) >= 0.9


def test_noise_and_synchrony_are_no_waves():
    rng = np.random.default_rng(0)
    kinds = [analysis.classify_wave(hilbert(rng.normal(size=ROW.shape))) for _ in range(20)]
    assert set(kinds) == {"none"}
    assert analysis.classify_wave(np.exp(0.5j * TIME)) == "synchronous"


@pytest.mark.parametrize("seed", range(5))
def test_plane_waves_are_measured_in_noise(seed):
    field, truth = make("plane", seed)
    wave = analysis.measure_wave(field)
    assert wave.speed == pytest.approx(truth["speed"], rel=0.03)
    assert wave.wavelength == pytest.approx(truth["wavelength"], rel=0.03)
    assert abs((wave.direction - truth["direction"] + np.pi) % (2 * np.pi) - np.pi) < 0.05
    assert wave.frequency == pytest.approx(truth["omega"], rel=0.02)
    assert wave.coherence > 0.9
    assert analysis.leading_mode(field).travelling > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_centres_and_charges_are_found_in_noise(seed):
    field, truth = make("radial", seed)
    divergence = analysis.flow_divergence(field)
    extreme = divergence.argmax() if truth["sense"] > 0 else divergence.argmin()
    found = np.array(np.unravel_index(extreme, divergence.shape))
    assert np.abs(found - truth["centre"]).max() < 2
    field, truth = make("spiral", seed)
    where, charge = analysis.vortices(np.angle(analysis.leading_mode(field).pattern))
    assert charge.tolist() == [truth["sense"]]
    assert np.abs(where[0] - truth["centre"]).max() < 1


def test_quadrants_tell_the_sense_on_a_line():
    site, time = np.indices((24, 96))
    k, omega = 2 * np.pi / 8, 2 * np.pi / 12
    one, other = (hilbert(np.cos(omega * time - s * k * site)) for s in (1, -1))
    assert analysis.fourier_quadrants(one)[0] > 0.99
    assert analysis.fourier_quadrants(other)[1] > 0.99
    forward, backward, still = analysis.fourier_quadrants(one + other)
    assert forward == pytest.approx(0.5)
    assert backward == pytest.approx(0.5)
    assert still < 1e-9
    assert analysis.leading_mode(one + other).travelling < 0.05
    assert analysis.measure_wave(other).direction == pytest.approx(np.pi)


def test_charges_add_up_and_vortices_live():
    down, right = ROW[:, :, 0] - 7.4, COLUMN[:, :, 0] - 3.3
    pair = np.arctan2(down, right) - np.arctan2(down, right - 8)
    where, charge = analysis.vortices(pair)
    assert where.tolist() == [[7.5, 3.5], [7.5, 11.5]]
    assert charge.tolist() == [1, -1]
    twice = analysis.winding_number(2 * np.arctan2(down, right))
    assert twice.sum() == 2
    noise = np.random.default_rng(0).uniform(-np.pi, np.pi, (60, 60))
    charges = analysis.winding_number(noise, periodic=True)
    assert charges.shape == (60, 60)
    assert charges.sum() == 0  # nothing turns around a torus as a whole
    assert np.abs(charges).mean() == pytest.approx(1 / 3, abs=0.04)
    phase = np.stack([np.arctan2(down, right - k / 3) for k in range(9)], axis=-1)
    phase = np.concatenate([phase, np.zeros((SIZE, SIZE, 4))], axis=2)
    assert analysis.vortex_lifetimes(phase).tolist() == [9]


def test_superposition():
    one, other = np.random.default_rng(1).normal(size=(2, 50))
    assert analysis.superposition_error(one + other, one, other) < 1e-15
    assert analysis.superposition_error(one + other + 1, one + 1, other + 1, rest=1) < 1e-15
    assert analysis.superposition_error(1.1 * (one + other), one, other) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: analysis.leading_mode(np.exp(0.05j * TIME)), "fewer than a period"),
        (lambda: analysis.leading_mode(np.zeros((8, 8, 20))), "complex"),
        (lambda: analysis.classify_wave(np.exp(0.5j * TIME[0])), "sites, sites"),
        (lambda: analysis.leading_mode(np.exp(0.5j * TIME[:3])), "at least 4 sites"),
        (lambda: analysis.winding_number(np.zeros(9)), "a sheet"),
        (lambda: analysis.superposition_error([0, 0], [0, 0], [0, 0]), "nothing|neither"),
        (lambda: analysis.superposition_error([0], [0, 0], [0, 0]), "differ"),
        (lambda: analysis.fourier_quadrants(np.exp(0.5j * TIME), 2), "axis = 2"),
        (lambda: analysis.fourier_quadrants(np.exp(0.05j * TIME)), "fewer than a period"),
        (
            lambda: analysis.measure_wave(np.exp(1j * (0.5 * TIME - 0.2 * COLUMN))),
            r"16 sites along its longest side, fewer than a wavelength \(31\)",
        ),
        (lambda: analysis.measure_wave(np.exp(0.5j * TIME)), "fewer than a wavelength"),
        (lambda: analysis.flow_divergence(np.exp(0.5j * TIME[0])), "sites, sites"),
        (lambda: analysis.vortices(np.zeros(9)), "one map"),
        (lambda: analysis.vortices(np.zeros((9, 9, 9))), "one map"),
        (lambda: analysis.vortex_lifetimes(np.zeros((9, 9))), "n_times"),
        (lambda: analysis.winding_number(np.full((9, 9), np.nan)), "finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
