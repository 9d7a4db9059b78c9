import sys

import numpy as np
import pytest
from scipy import stats

from horn_neuro import analysis


@pytest.fixture
def module(experiment):
    return sys.modules[experiment("omega_sweep").__module__]


def test_frequencies_differ_and_nothing_else(experiment):
    run = experiment("omega_sweep")("fast", spread=0.5)
    for kind in ("equal", "heterogeneous"):
        slow, fast = (run.network(kind, cycles, 3) for cycles in (0.5, 2.0))
        np.testing.assert_allclose(fast.omega / slow.omega, 4)
        for name in ("gamma", "alpha", "w_rec", "w_in", "w_out", "b_in", "b_rec"):
            np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    octaves = np.log2(slow.omega / (0.5 * 2 * np.pi / 28))
    assert 0.1 < np.abs(octaves).max() <= 0.5
    assert np.ptp(run.network("equal", 0.5, 3).omega) == 0


def test_proportional_damping_scales_what_drives_against_it_too(experiment):
    run = experiment("omega_sweep")("fast", damping="proportional")
    slow, fast = (run.network("equal", cycles, 3) for cycles in (0.5, 2.0))
    for name in ("omega", "gamma", "alpha"):
        np.testing.assert_allclose(getattr(fast, name) / getattr(slow, name), 4)


def test_shuffled_pixels_are_the_same_ones_without_the_rhythm(fast):
    run = fast("omega_sweep").run
    digits = run.learned
    first, second = (run.ordered(digits, "shuffled pixels", seed) for seed in run.seeds)
    np.testing.assert_array_equal(np.sort(first.inputs, axis=1), np.sort(digits.inputs, axis=1))
    np.testing.assert_array_equal(run.ordered(run.tested, "digits", 1).inputs, run.tested.inputs)
    assert (first.inputs != second.inputs).any()
    # One order for all digits: what is a pixel of one of them is the same pixel of all.
    steps = np.lexsort(first.inputs[:, :, 0])
    original = np.lexsort(digits.inputs[:, :, 0])
    np.testing.assert_array_equal(first.inputs[:, steps], digits.inputs[:, original])
    row = 2 * np.pi / 28
    for order, low, high in (("digits", 20, 100), ("shuffled pixels", 0.2, 3)):
        frequencies, power = run.spectrum(order, 1)
        assert power.mean() == pytest.approx(1)
        assert low < power[np.abs(frequencies - row).argmin()] < high


def test_powers_are_those_of_the_impulse_response(experiment, module):
    run = experiment("omega_sweep")("fast", damping="proportional")
    frequencies = np.linspace(0, np.pi, 4001)
    for cycles in (0.5, 2.0):
        units = run.network("equal", cycles, 1)
        omega, gamma, alpha = (getattr(units, name)[0] for name in ("omega", "gamma", "alpha"))
        x = y = squares = 0.0
        for step in range(3000):
            y += alpha * (step == 0) - omega**2 * x - 2 * gamma * y
            x += y
            squares += x**2
        flat = module.powers(units, frequencies, np.ones(4001))
        assert flat["heard"] == pytest.approx(1)
        assert flat["passed"] == pytest.approx(np.pi * squares, rel=1e-2)
        near = np.abs(frequencies - omega) < 0.01
        beside = np.abs(frequencies - 1.5 * omega) < 0.01
        heard = [
            module.powers(units, frequencies, 1.0 * there)["heard"] for there in (near, beside)
        ]
        assert heard[0] > 20 * heard[1]


def test_peak_of_a_known_curve(module):
    octaves = np.array([-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])
    tent = np.clip(1 - np.abs(octaves + 1), 0, None)  # half of it is there half an octave away
    rising = octaves
    best, width = module.peak(np.array([tent, rising]), octaves).T
    np.testing.assert_array_equal(best, [-1, 2])
    np.testing.assert_allclose(width, [1, 2.5], atol=0.05)


def test_agreement_is_the_rank_correlation_of_each_seed(module):
    rng = np.random.default_rng(5)
    predicted, accuracy = rng.random((2, 4, 9))
    each, p_value = module.agreement(predicted, accuracy, rng)
    expected = [stats.spearmanr(*pair)[0] for pair in zip(predicted, accuracy, strict=True)]
    np.testing.assert_allclose(each, expected)
    assert p_value > 0.05
    # Of 120 orders of five frequencies, two have a correlation of 1 or -1.
    same = np.tile(np.arange(5.0), (3, 1))
    each, p_value = module.agreement(same, np.exp(same), rng)
    np.testing.assert_allclose(each, 1)
    assert p_value == pytest.approx(2 / 120, abs=0.01)


def test_validation_digits_choose_the_rate(fast, module, monkeypatch):
    run = fast("omega_sweep").run
    network, shares = run.network("equal", 1.0, 1), iter([0.3, 0.8])

    def train(model, digits, n, *, learning_rate, **options):
        if learning_rate == diverges:
            raise FloatingPointError
        good = {rates[0]: 0.5, rates[1]: 0.4}[learning_rate]
        return [{"validation_accuracy": good - 0.1}, {"validation_accuracy": good}], {}

    rates, diverges = module.RATES, None
    monkeypatch.setattr(module.material, "train_briefly", train)
    monkeypatch.setattr(module, "evaluate", lambda *a, **k: (0.0, next(shares)))
    monkeypatch.setattr(module.HornNetwork, "load_state_dict", lambda self, state: None)
    found = run.learn(network, "digits", 1)
    assert (found["rate"], found["validation"], found["test"]) == (rates[0], 0.5, 0.3)
    diverges = rates[0]
    found = run.learn(network, "digits", 1)
    assert (found["rate"], found["test"]) == (rates[1], 0.8)
    monkeypatch.setattr(module, "RATES", rates[:1])
    found = run.learn(network, "digits", 1)
    assert (found["validation"], found["test"]) == (0.0, 0.1)


def test_every_network_is_where_it_belongs(fast, module):
    done = fast("omega_sweep")
    run, place = done.run, (1, 2)  # the second seed, the last frequency
    seed, cycles = run.seeds[1], run.cycles[2]
    network = run.network("heterogeneous", cycles, seed)
    arm = done.result["arms"]["heterogeneous, shuffled pixels"]
    again = run.learn(network, "shuffled pixels", seed)
    for name in ("test", "validation", "rate"):
        assert arm[name][place] == again[name]
    frequencies, power = run.spectrum("shuffled pixels", seed)
    assert arm["heard"][place] == module.powers(network, frequencies, power)["heard"]


def test_findings_are_means_over_seeds(fast):
    done = fast("omega_sweep")
    arms, rows = done.result["arms"], done.findings.rows
    shares = 100 * arms["equal, digits"]["test"]
    best = shares.mean(axis=0).argmax()
    assert rows["equal, digits: best frequency"].value == pytest.approx(done.run.cycles[best])
    there = analysis.mean_interval(shares[:, best])
    found = rows["equal, digits: test accuracy there"]
    assert (found.value, found.low) == pytest.approx((there.value, there.low))
    rho = [
        stats.spearmanr(a, b)[0]
        for a, b in zip(arms["equal, digits"]["heard"], shares, strict=True)
    ]
    name = "equal, digits: rank correlation with power heard in digits"
    assert rows[name].value == pytest.approx(np.mean(rho))


def test_unstable_units_are_refused_before_anything_runs(experiment):
    with pytest.raises(ValueError, match="unstable unit"):
        experiment("omega_sweep").run("fast", cycles=(0.5, 1, 10))
