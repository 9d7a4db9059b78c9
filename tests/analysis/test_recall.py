import numpy as np
import pytest
from reference.loop import simulate_by_loop
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_predict

import horn_neuro as hn
from horn_neuro.analysis import (
    expected_frequency_recall,
    expected_phase_recall,
    fixed_point,
    pulse_information,
    recall_pulses,
    recall_time,
)


def bursts(frequencies, n_steps=60):
    angle = np.multiply.outer(frequencies, np.arange(n_steps))
    return np.hanning(n_steps) * np.stack([np.cos(angle), -np.sin(angle)], axis=1)


def uncoupled(omega, gamma, w_in):
    n = len(w_in)
    params = hn.effenberger_2025(n, omega=1.0, seed=1)
    nothing = {"w_rec": np.zeros((n, n)), "b_in": 0.0, "b_rec": 0.0}
    return params.replace(omega=omega, gamma=gamma, w_in=np.reshape(w_in, (-1, 1)), **nothing)


def test_information_is_that_of_the_steps_taken_one_by_one():
    """Oracle: responses to small pulses and to single kicks, by the slow nonlinear loop."""
    rng = np.random.default_rng(3)
    params = hn.effenberger_2025(3, gamma=0.1, heterogeneous=True, seed=2)
    params = params.replace(
        **{"w_rec": rng.normal(0, 0.8, (3, 3)), "feedback": 0.2, "b_in": [0.3, -0.6, 0.1]},
        delays=[[1, 2, 3], [2, 1, 1], [3, 1, 2]],
    )
    pulses, delays, size = bursts([0.15, 0.3], 20), np.array([0, 3, 10]), 1e-5
    variance = np.array([0.5, 1.0, 2.0])

    def final(inputs, kicks):
        """Deviations from rest, linear in what is small, at the end of every step."""
        place = {"x": fixed_point(params)[None]}
        inputs = np.asarray(inputs)[None, :, None]
        ends = [
            np.concatenate(simulate_by_loop(params, sign * inputs, sign * kicks, **place), axis=1)
            for sign in (size, -size)
        ]
        return (ends[0] - ends[1])[0] / (2 * size)

    quiet = np.zeros((1, 250, 3))
    kicked = [quiet.copy() for _ in range(3)]
    for unit, kicks in enumerate(kicked):
        kicks[0, 0, unit] = 1
    answers = [final(np.zeros(250), kicks) for kicks in kicked]
    noise = sum(v * a @ a.T for v, a in zip(variance, answers, strict=True))
    shown = np.zeros((4, 20 + delays[-1]))
    shown[:, :20] = pulses.reshape(4, 20)
    states = np.array([final(inputs, quiet[:, : shown.shape[1]]) for inputs in shown])
    expected = [
        s @ np.linalg.solve(noise, s.T) for s in np.moveaxis(states[:, :, 19 + delays], 2, 0)
    ]
    found = pulse_information(params, pulses, delays, variance)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * np.max(expected))


@pytest.mark.parametrize("gamma", [0.01, 0.02])
def test_recall_lasts_as_long_as_the_closed_forms_say(gamma):
    """Two numbers are remembered by oscillators, one by overdamped units of the same decay."""
    omega, ratio, delays = 2 * np.pi / 28, 30, np.arange(0, 5 / gamma, 4).astype(int)
    slow = np.sqrt(1 - 2 * gamma)
    lazy = np.sqrt((1 - slow) * (1 - 0.2 / slow))
    closed = {
        (omega, gamma): np.log(1 + ratio) / (2 * gamma),
        (lazy, 0.4): np.log(1 + 2 * ratio) / (4 * gamma),
    }
    for (own, damping), time in closed.items():
        params = uncoupled(own, damping, [1.0, -0.5])
        information = pulse_information(params, bursts([omega], 84), delays, 1.0)
        information *= 4 * ratio / np.trace(information[0])
        found = recall_time(delays, expected_phase_recall(information)[:, 0])
        assert found == pytest.approx(time, rel=0.03)


def test_frequency_recall_is_that_of_noncoherent_detection():
    """Two orthogonal signals of unknown phase are mistaken with probability exp(-E/4) / 2."""
    energies = np.array([0.0, 2.0, 6.0, 12.0])
    information = energies[:, None, None] * np.eye(4)
    found = expected_frequency_recall(information, np.random.default_rng(1), n_draws=20000)
    np.testing.assert_allclose(found, 1 - np.exp(-energies / 4) / 2, atol=0.01)


def pulses_in_noise(n_trials, strength, seed=4):
    """States of 6 correlated features after pulses of 3 frequencies, and their information."""
    rng = np.random.default_rng(seed)
    response, mix = strength * rng.normal(size=(6, 6)), rng.normal(size=(6, 6)) + 2 * np.eye(6)
    frequency, phase = np.arange(n_trials) % 3, rng.uniform(0, 2 * np.pi, n_trials)
    shown = np.zeros((n_trials, 3, 2))
    shown[np.arange(n_trials), frequency] = np.column_stack([np.cos(phase), np.sin(phase)])
    states = 5 + shown.reshape(n_trials, 6) @ response + rng.normal(size=(n_trials, 6)) @ mix.T
    information = response @ np.linalg.solve(mix @ mix.T, response.T)
    return states, frequency, phase, information[None]


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_readouts_reach_what_is_there(strength):
    states, frequency, phase, information = pulses_in_noise(4500, strength)
    r2, accuracy = recall_pulses(states, frequency, phase)
    np.testing.assert_allclose(r2, expected_phase_recall(information)[0], atol=0.03)
    (expected,) = expected_frequency_recall(information, np.random.default_rng(1))
    assert accuracy == pytest.approx(expected, abs=0.03)
    for one, found in enumerate(r2):  # an independent readout of the phase
        shown = np.column_stack([np.cos(phase), np.sin(phase)])[frequency == one]
        read = cross_val_predict(RidgeCV(np.logspace(-1, 3, 9)), states[frequency == one], shown)
        assert found == pytest.approx(1 - ((read - shown) ** 2).sum(axis=1).mean(), abs=0.02)


def test_nothing_is_read_from_noise():
    states, frequency, phase, _ = pulses_in_noise(1500, 0.0)
    r2, accuracy = recall_pulses(states, frequency, phase)
    assert np.abs(r2).max() < 0.02
    assert accuracy == pytest.approx(1 / 3, abs=0.04)


def test_trials_in_another_order_are_read_as_well():
    states, frequency, phase, _ = pulses_in_noise(900, 1.0)
    order = np.argsort(frequency, kind="stable")
    sorted_ = recall_pulses(states[order], frequency[order], phase[order])
    for found, other in zip(recall_pulses(states, frequency, phase), sorted_, strict=True):
        np.testing.assert_allclose(found, other, atol=1e-12)


def test_theory_holds_for_a_simulated_network():
    """A coupled network in Brian2, with its tanh, under Poisson kicks."""
    params = hn.effenberger_2025(4, gamma=0.05, heterogeneous=True, seed=5)
    w_rec = 2.0 * np.random.default_rng(1).normal(size=(4, 4))
    params = params.replace(w_rec=w_rec, b_in=0.0, b_rec=0.0)
    pulses, delays, n_trials = 0.05 * bursts([0.15, 0.25, 0.4]), 20 * np.arange(4), 2400
    information = pulse_information(params, pulses, delays, 1.0)
    variance = np.trace(information[0]) / (12 * 20)
    frequency = np.arange(n_trials) % 3
    phase = np.random.default_rng(2).uniform(0, 2 * np.pi, n_trials)
    shown = np.column_stack([np.cos(phase), np.sin(phase)])
    stimulus = np.zeros((n_trials, 181 + delays[-1], 1))
    stimulus[:, 121:181, 0] = np.einsum("tp,tps->ts", shown, pulses[frequency])
    kicks = hn.PoissonKicks(100.0, np.sqrt(variance / 0.1))
    recording = hn.simulate(params, stimulus, kicks=kicks, every=20, device="numpy", seed=1)
    states = np.concatenate([recording.data[name].values for name in "xy"], axis=1)[:, :, -4:]
    read = [recall_pulses(states[:, :, k], frequency, phase) for k in range(4)]
    r2, accuracy = (np.array(values) for values in zip(*read, strict=True))
    expected = expected_phase_recall(information / variance)
    assert expected[0].min() > 0.8
    assert expected[3].max() < 0.6
    np.testing.assert_allclose(r2, expected, atol=0.05)
    expected = expected_frequency_recall(information / variance, np.random.default_rng(1))
    np.testing.assert_allclose(accuracy, expected, atol=0.04)


def test_growing_networks_and_too_few_trials_are_refused():
    params = hn.effenberger_2025(3, seed=1).replace(w_rec=40 * np.eye(3))
    with pytest.raises(ValueError, match="params: small deviations grow by 1"):
        pulse_information(params, bursts([0.2]), [0], 1.0)
    states, frequency, phase, _ = pulses_in_noise(24, 1.0)
    with pytest.raises(ValueError, match="24 trials in 5 folds, 8 of the rarest .* 10 of each"):
        recall_pulses(states, frequency, phase)
