import numpy as np
import pytest
from scipy import linalg

import horn_neuro as hn
from horn_neuro.analysis import (
    autocorrelation_time,
    avalanches,
    circular_shifts,
    critical_gain,
    fit_power_law,
    fixed_point,
    lyapunov_spectrum,
    order_susceptibility,
)
from horn_neuro.experiment import material
from horn_neuro.parameters import dense_gaussian, uniform_delays
from horn_neuro.recording import SpikeTrains


def network(std, n=6, seed=1, delayed=False, **changes):
    rng = np.random.default_rng(seed)
    params = hn.effenberger_2025(n, heterogeneous=True, seed=seed)
    return params.replace(
        w_rec=dense_gaussian(n, std, rng),
        delays=uniform_delays(n, 1, 4, rng) if delayed else None,
        **changes,
    )


def step_of(params, drive):
    """One step as a function of the whole state (x, y, past velocities), for differences."""
    n, h, lags = params.n_units, params.h, params.max_delay
    delays = np.ones((n, n), int) if params.delays is None else params.delays

    def step(state):
        x, past = state[:n], state[n:].reshape(lags, n)
        total = params.b_rec.copy()
        for i in range(n):
            for j in range(n):
                total[i] += params.w_rec[i, j] * past[delays[i, j] - 1, j]
        u = np.tanh(drive + params.b_in + total / np.sqrt(n) + params.feedback * x)
        y = past[0] + h * (params.alpha * u - params.omega**2 * x - 2 * params.gamma * past[0])
        return np.concatenate([x + h * y, y, past[:-1].ravel()])

    return step


@pytest.mark.parametrize("h", [1.0, 0.5])
def test_uncoupled_units_have_the_closed_form(h):
    """0.5 ln(1 - 2 gamma h), twice for each unit, the least damped one first."""
    params = network(0.0, n=3, h=h, feedback=0.0).replace(gamma=[0.01, 0.02, 0.03], alpha=0.0)
    spectrum = lyapunov_spectrum(params, n_exponents=6, n_steps=4000)
    expected = np.repeat(0.5 * np.log(1 - 2 * params.gamma * h), 2)
    assert spectrum.exponents == pytest.approx(expected, abs=4e-4)
    assert (spectrum.error < 1e-3).all()


@pytest.mark.parametrize("delayed", [False, True], ids=["undelayed", "delayed"])
def test_equals_products_of_numerical_jacobians(delayed):
    """A slow reference: differences of the step along the trajectory, and one QR a step."""
    params = network(3.0, delayed=delayed, alpha=0.2, feedback=0.1)
    rng = np.random.default_rng(7)
    n, lags, steps = params.n_units, params.max_delay, 400
    inputs = rng.random((steps, 1))
    x, y = rng.normal(0, 0.3, (2, n))
    options = {"n_steps": steps, "settle": 0, "n_exponents": 3, "seed": 5}
    spectrum = lyapunov_spectrum(params, inputs, x=x, y=y, **options)
    start = np.random.default_rng(5)
    tangent = linalg.qr(start.normal(size=((1 + lags) * n, 3)), mode="economic")[0]
    state, logs = np.concatenate([x, y, np.zeros((lags - 1) * n)]), np.zeros(3)
    for k in range(steps):
        step, tiny = step_of(params, params.w_in @ inputs[k]), 1e-6
        nudges = tiny * np.eye(len(state))
        columns = [(step(state + e) - step(state - e)) / (2 * tiny) for e in nudges]
        tangent, r = linalg.qr(np.transpose(columns) @ tangent, mode="economic")
        logs += np.log(np.abs(np.diag(r)))
        state = step(state)
    assert spectrum.exponents == pytest.approx(logs / steps, abs=1e-6)


def test_strong_coupling_is_chaotic_or_sustained_and_weak_is_not():
    weak, strong = (lyapunov_spectrum(network(std, n=40, alpha=0.1)) for std in (0.3, 6.0))
    assert weak.exponents[0] < 0
    assert strong.exponents[0] > 2 * weak.exponents[0] + 0.005


def test_critical_gain_of_equal_units():
    """Linear theory: max Re eig(W / sqrt(n)) = 2 gamma / alpha, for weak coupling."""
    n = 80
    params = hn.effenberger_2025(n, seed=1).replace(
        w_rec=dense_gaussian(n, 1.0, np.random.default_rng(1)), h=0.05, gamma=1e-3, b_in=0, b_rec=0
    )
    widest = linalg.eigvals(params.w_rec / np.sqrt(n)).real.max()
    assert critical_gain(params) == pytest.approx(2 * 1e-3 / 0.04 / widest, rel=0.05)
    at = critical_gain(params)
    assert critical_gain(params.replace(w_rec=2 * params.w_rec)) == pytest.approx(at / 2, rel=1e-3)
    assert critical_gain(params.replace(w_rec=0 * params.w_rec)) == np.inf


def test_the_exponent_changes_sign_at_the_critical_gain():
    """With biases, feedback and delays, along the fixed point that the network really has."""
    params = network(1.0, n=30, feedback=0.2, delayed=True)
    gain, x = critical_gain(params), fixed_point(params)
    assert gain > 1.1 * critical_gain(params.replace(b_in=0.0, b_rec=0.0, feedback=0.0))
    for factor, sign in ((0.9, -1), (1.1, 1)):
        scaled = params.replace(w_rec=factor * gain * params.w_rec)
        spectrum = lyapunov_spectrum(
            scaled, n_steps=1500, settle=500, x=x + 1e-9, y=np.full(30, 1e-9)
        )
        assert np.sign(spectrum.exponents[0]) == sign


@pytest.mark.parametrize("feedback", [0.0, -0.5, 3.0])
def test_a_network_stays_at_its_fixed_point(feedback):
    params = network(2.0, feedback=feedback)
    x = fixed_point(params, 0.7)
    state = hn.State(x[None], np.zeros((1, 6)))
    rec = hn.simulate(params, np.full((50, 1), 0.7), initial=state, device="numpy", n_trials=1)
    assert np.abs(rec.data["x"].values[0] - x[:, None]).max() < 1e-9
    assert np.abs(x).max() > 0.01


def test_a_thousand_steps_hide_chaos_and_say_so():
    params = material.untrained(32, 6.4, 1, alpha=0.07, gamma=0.02)
    params = material.mixed(params, 0)
    short = lyapunov_spectrum(params, n_steps=1000, settle=1000)
    assert abs(short.exponents[0]) < 5e-4
    assert not short.converged
    long = lyapunov_spectrum(params, n_steps=8000, n_exponents=2)
    assert long.converged
    assert long.exponents[0] > 0.003
    assert long.exponents[0] >= long.exponents[1] - 1e-3


def test_autocorrelation_time_of_a_noisy_oscillation():
    """A complex AR(1) process decays by r a step, whatever its frequency."""
    rng = np.random.default_rng(1)
    r, n = np.exp(-1 / 20), 20000
    noise = rng.standard_normal((2, 3, n)) + 1j * rng.standard_normal((2, 3, n))
    z = np.zeros((2, 3, n), complex)
    for k in range(1, n):
        z[:, :, k] = r * np.exp(0.224j) * z[:, :, k - 1] + noise[:, :, k]
    assert autocorrelation_time(z) == pytest.approx(20, rel=0.15)
    assert np.isnan(autocorrelation_time(np.ones((1, 1, 50)) * np.exp(0.1j * np.arange(50)))).all()


def test_a_constant_with_an_offset_has_no_autocorrelation_time():
    assert np.isnan(autocorrelation_time(np.full((2, 3, 1000), 0.1 + 0j))).all()


def test_avalanches_of_a_known_activity():
    #       bins of two steps: 0 1 2 3 4 5 6 7 8, spikes in 1, 2, 4 and 7 (which is cut off)
    sample = np.array([2, 3, 4, 9, 16, 17])
    trains = SpikeTrains(np.zeros(6, int), np.arange(6) % 3, sample, (1, 3, 18))
    bursts = avalanches(trains, bin_steps=2)
    assert bursts.size.tolist() == [3, 1]
    assert bursts.duration.tolist() == [2, 1]
    assert avalanches(trains).bin_steps == 3
    silent = SpikeTrains(*np.zeros((3, 0), int), (2, 3, 18))
    assert len(avalanches(silent).size) == 0


def test_surrogates_keep_rates_and_destroy_synchrony():
    """All units spike together; shifted, they hardly ever do."""
    rng = np.random.default_rng(2)
    together = np.sort(rng.choice(1000, 40, replace=False))
    sample, unit = np.repeat(together, 20), np.tile(np.arange(20), 40)
    trains = SpikeTrains(np.zeros(800, int), unit, sample, (1, 20, 1000))
    shifted = circular_shifts(trains, rng)
    assert np.array_equal(shifted.rates(), trains.rates())
    assert avalanches(trains, 1).size.min() == 20
    assert np.median(avalanches(shifted, 1).size) < 5
    # Intervals of a unit stay, but for the seam.
    before, after = (np.sort(np.diff(np.sort(t.sample[t.unit == 3]))) for t in (trains, shifted))
    assert len(np.intersect1d(before, after)) >= len(np.unique(before)) - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_exponents": 13}, "this state has 12 dimensions"),
        ({"n_steps": 10}, "give at least 40"),
        ({"inputs": np.zeros((5, 1))}, r"inputs have shape \(5, 1\); give \(6000, 1\)"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        lyapunov_spectrum(network(0.5), **options)


def test_the_critical_gain_of_delayed_networks_is_where_small_states_stop_decaying():
    params = network(1.0, feedback=0.0).replace(b_in=0.0, b_rec=0.0)
    params = params.replace(delays=np.full((6, 6), 7))  # a quarter of a period
    gain = critical_gain(params)
    rest = {"x": np.full(6, 1e-9), "y": np.zeros(6), "n_steps": 4000, "settle": 200}
    below, above = (
        lyapunov_spectrum(params.replace(w_rec=factor * gain * params.w_rec), **rest).exponents[0]
        for factor in (0.9, 1.1)
    )
    assert below < 0 < above
    assert not 0.9 < gain / critical_gain(params.replace(delays=None)) < 1.1


def test_diffusion_moves_the_exponents_of_springs_as_its_modes_say():
    """Without recurrence every mode decays by 0.5 ln(1 - 2 gamma h), whatever its frequency."""
    ring = np.roll(np.eye(6), 1, 0) + np.roll(np.eye(6), -1, 0)
    params = network(0.0).replace(gamma=0.02, alpha=0.0)
    spectrum = lyapunov_spectrum(params, n_exponents=12, coupling=hn.DiffusiveCoupling(0.02 * ring))
    assert spectrum.exponents == pytest.approx(np.full(12, 0.5 * np.log(0.96)), abs=1e-3)
    late = hn.DiffusiveCoupling(0.02 * ring, np.full((6, 6), 7))
    assert lyapunov_spectrum(params, coupling=late).exponents[0] > spectrum.exponents[0] + 1e-3


def test_power_laws_are_told_from_what_is_none():
    pytest.importorskip("powerlaw")
    rng = np.random.default_rng(3)
    scale_free = np.floor(rng.pareto(1.5, 3000) + 1).astype(int)
    fit = fit_power_law(scale_free)
    assert fit["exponent"] == pytest.approx(2.5, abs=0.2)
    assert fit["exponential"] > 2
    bounded = fit_power_law(rng.geometric(0.2, 3000))
    assert bounded["exponential"] < fit["exponential"]
    with pytest.raises(ValueError, match="10 avalanches of 1 sizes: a fit needs at least 50"):
        fit_power_law(np.ones(10, int))


def test_without_powerlaw(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "powerlaw", None)
    with pytest.raises(ImportError, match="pip install powerlaw"):
        fit_power_law(np.arange(1, 100))


def test_fluctuation_of_independent_phases():
    rng = np.random.default_rng(4)
    order = np.abs(np.exp(2j * np.pi * rng.random((20, 64, 2000))).mean(axis=1))
    assert order_susceptibility(order, 64) == pytest.approx(1 - np.pi / 4, rel=0.03)
    assert order_susceptibility(np.ones((2, 5)), 64) == 0
