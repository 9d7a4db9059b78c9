"""Plastic connections: the simulator against the torch twin, fixed points, bounds, the switch."""

import numpy as np
import pytest
from reference.plastic import run_plastic

import horn_neuro as hn
from horn_neuro.parameters import dense_gaussian, sparse_random, uniform_delays

UNITS, TRIALS, STEPS = 5, 3, 150
RECORD = ("x", "w_rec")
COVARIANCE = hn.CovarianceRule(rate=20.0, gain=1.5, shift=0.7, bound=3.0, memory=0.05)
PHASE = hn.PhaseRule(rate=20.0, gain=2.0, shift=-0.4, bound=3.0)
RULES = pytest.mark.parametrize("rule", [COVARIANCE, PHASE], ids=["covariance", "phase"])


def make_case(rule, n_trials=TRIALS):
    """A network of which some connections are missing; the covariance rule reads its delays."""
    rng = np.random.default_rng(4)
    delayed = isinstance(rule, hn.CovarianceRule)
    params = hn.effenberger_2025(UNITS, heterogeneous=True, alpha=0.07, gamma=0.02, seed=2)
    params = params.replace(
        w_rec=np.clip(sparse_random(UNITS, 0.7, 1.5, rng), -2.9, 2.9),
        delays=uniform_delays(UNITS, 1, 4, rng) if delayed else None,
    )
    means = rng.normal(0, 0.1, (2, n_trials, UNITS)) if delayed else (None, None)
    past = rng.normal(0, 0.1, (n_trials, 3, UNITS)) if delayed else None
    x, y = rng.normal(0, 0.5, (2, n_trials, UNITS))
    state = hn.State(x, y, past, mean_x=means[0], mean_y=means[1])
    return params, rng.random((n_trials, STEPS, 1)), state


@RULES
def test_equals_the_twin(device, rule):
    params, stimulus, state = make_case(rule)
    learning = np.arange(STEPS) >= 20
    options = {"learning": learning}
    found = hn.simulate(
        params, stimulus, plasticity=rule, initial=state, record=RECORD, device=device, **options
    )
    expected = run_plastic(params, stimulus, rule, state=state, **options)
    assert found.provenance["device"] == device
    for name in (*RECORD, "final_w_rec", "final_x", "final_y"):
        difference = found.data[name].values - expected.data[name].values
        assert np.abs(difference).max() < 1e-9, name
    w = found.data["w_rec"].values
    assert (w[..., 19] == params.w_rec).all()
    assert np.abs(w[..., -1] - params.w_rec).max() > 0.1
    assert not w[:, params.w_rec == 0].any()
    assert np.array_equal(found.final_w_rec, w[..., -1])
    assert np.abs(w[0] - w[1]).max() > 1e-3  # every trial learns on its own


@RULES
@pytest.mark.parametrize("sign", [1, -1])
def test_no_weight_runs_away(device, rule, sign):
    """Everything is done to blow them up: as fast as possible, towards absurdly large weights."""
    params, stimulus, _ = make_case(rule)
    wild = type(rule)(rate=999.0, gain=sign * 1e12, bound=3.0)
    rec = hn.simulate(params, 1e6 * stimulus, plasticity=wild, record=RECORD, device=device)
    w = rec.data["w_rec"].values
    assert np.isfinite(w).all()
    assert np.abs(w).max() == 3.0


@RULES
def test_the_switch(rule):
    params, stimulus, state = make_case(rule)
    frozen = hn.simulate(params, stimulus, plasticity=rule, learning=False, initial=state)
    start = hn.State(state.x, state.y, state.past_y)  # without plasticity there are no means
    plain = hn.simulate(params, stimulus, initial=start, coupling="sparse")
    assert (frozen.final_w_rec == params.w_rec).all()
    np.testing.assert_array_equal(frozen.data["x"], plain.data["x"])


@RULES
def test_two_halves_are_a_whole(rule):
    params, stimulus, state = make_case(rule, n_trials=1)
    whole = hn.simulate(params, stimulus, plasticity=rule, initial=state)
    first = hn.simulate(params, stimulus[:, :70], plasticity=rule, initial=state)
    learned = params.replace(w_rec=first.final_w_rec[0])
    second = hn.simulate(learned, stimulus[:, 70:], plasticity=rule, initial=first.final_state)
    np.testing.assert_allclose(second.final_w_rec, whole.final_w_rec, rtol=0, atol=1e-12)


def test_single_precision():
    params, stimulus, state = make_case(PHASE)
    options = {"plasticity": PHASE, "initial": state, "device": "numpy"}
    single = hn.simulate(params, stimulus, dtype="float32", **options).final_w_rec
    assert single.dtype == np.float32
    double = hn.simulate(params, stimulus, **options).final_w_rec
    np.testing.assert_allclose(single, double, atol=1e-4)


@pytest.mark.parametrize("every", [1, 7])
def test_recorded_weights_survive_a_file(tmp_path, every):
    params, stimulus, _ = make_case(PHASE)
    recording = hn.simulate(
        params, stimulus, plasticity=PHASE, record=RECORD, every=every, device="numpy"
    )
    assert recording.data["w_rec"].shape == (TRIALS, UNITS, UNITS, -(-STEPS // every))
    assert "x, w_rec, stimulus" in repr(recording)
    recording.save(tmp_path / "plastic.nc")
    again = hn.load_recording(tmp_path / "plastic.nc")
    np.testing.assert_array_equal(again.data["w_rec"], recording.data["w_rec"])
    np.testing.assert_array_equal(again.final_w_rec, recording.final_w_rec)
    assert "rate=20.0" in again.provenance["plasticity"]


def driven(rule, omegas):
    """Two units, hardly coupled at first, that the same sinusoid drives for 20 s."""
    params = hn.effenberger_2025(2, alpha=0.07, gamma=0.02, seed=1).replace(omega=omegas)
    params = params.replace(
        w_in=np.ones((2, 1)), w_rec=np.full((2, 2), 1e-3), b_in=np.zeros(2), b_rec=np.zeros(2)
    )
    stimulus = 0.1 * np.sin(0.22 * np.arange(20000))[:, None]
    return params, hn.simulate(params, stimulus, plasticity=rule, device="numpy", every=1)


def test_the_phase_rule_settles_at_the_cosine_of_the_phases():
    """A unit below and one above its resonance lag the drive differently; weak coupling."""
    _, recording = driven(hn.PhaseRule(rate=1.0, gain=0.2), [0.2, 0.24])
    x, y = (recording.data[name].values[0, :, -10000:] for name in "xy")
    phase = np.arctan2(-y / np.array([[0.2], [0.24]]), x)
    difference = phase[0] - phase[1]
    w = recording.final_w_rec[0]
    assert np.ptp(np.unwrap(difference)) < 1.0  # they lock
    np.testing.assert_allclose(w[0, 1], 0.2 * np.cos(difference).mean(), rtol=0.01)
    np.testing.assert_allclose(w[0, 1], w[1, 0], rtol=1e-12)
    np.testing.assert_allclose(np.diag(w), 0.2, rtol=1e-6)
    assert w[0, 1] < 0.15


@pytest.mark.parametrize("gain", [0.2, -0.2])
def test_the_covariance_rule_settles_at_the_regression(gain):
    """Expected from the record: gain <p q> / <p**2>, with q one step older than p."""
    rule = hn.CovarianceRule(rate=20.0, gain=gain, shift=np.pi / 2, memory=2.0)
    params, recording = driven(rule, [0.2, 0.24])
    velocity = recording.data["y"].values[0, :, -10000:] / params.omega[:, None]
    p, q = velocity[:, 1:], velocity[:, :-1]
    expected = gain * (p @ q.T) / (p**2).sum(axis=1)[:, None]
    np.testing.assert_allclose(recording.final_w_rec[0], expected, rtol=0, atol=0.03 * abs(gain))
    assert np.abs(expected[0, 1] / gain) < 0.9


def test_nothing_is_learned_at_rest():
    params = hn.effenberger_2025(3, seed=1).replace(b_in=np.zeros(3), b_rec=np.zeros(3))
    for rule in (hn.CovarianceRule(10.0), hn.PhaseRule(10.0)):
        learned = hn.simulate(params, 300, plasticity=rule, device="numpy").final_w_rec[0]
        # The phase rule still forgets: units at rest have no phase.
        expected = params.w_rec * (0.99**300 if isinstance(rule, hn.PhaseRule) else 1)
        np.testing.assert_allclose(learned, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hn.PhaseRule(-1.0), "PhaseRule: rate = -1.0; give at least 0 Hz"),
        (lambda: hn.PhaseRule(1.0, gain=np.nan), "gain = nan; give a finite number"),
        (lambda: hn.PhaseRule(1.0, shift=np.inf), "shift = inf; give a finite angle in rad"),
        (lambda: hn.CovarianceRule(1.0, bound=0.0), "bound = 0.0; give above 0"),
        (lambda: hn.CovarianceRule(1.0, memory=0.0), "memory = 0.0; give above 0 s"),
        (lambda: hn.PhaseRule("slow"), "rate = 'slow': give real numbers"),
        (lambda: hn.CovarianceRule([1.0, 2.0]), "rate = .* give at least 0 Hz"),
    ],
)
def test_rules_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"w_rec": np.zeros((UNITS, UNITS))}, {}, "w_rec has no connection that could learn"),
        ({"w_rec": np.full((UNITS, UNITS), 7.0)}, {}, "bound = 3, but w_rec has a weight of 7"),
        ({"step": 0.1}, {}, "rate = 20 Hz changes all of a weight in one step of 0.1 s"),
        ({}, {"plasticity": hn.CovarianceRule(1.0, memory=1e-3)}, "memory = 0.001 s is not above"),
        ({}, {"plasticity": "hebb"}, "plasticity = 'hebb': give a CovarianceRule or a PhaseRule"),
        ({}, {"plasticity": None}, "record has 'w_rec', but no rule changes it"),
        ({}, {"plasticity": None, "record": "x", "learning": False}, "give a rule, or drop it"),
        ({}, {"coupling": "dense"}, "coupling = 'dense': plastic connections"),
        ({}, {"learning": np.ones(7, bool)}, r"learning: bool of shape \(7,\); give True, False"),
        ({}, {"learning": 2}, "learning: int64 of shape"),
    ],
)
def test_bad_input(changes, options, message):
    params, stimulus, _ = make_case(PHASE)
    options = {"plasticity": PHASE, "record": RECORD, **options}
    with pytest.raises(ValueError, match=message):
        hn.simulate(params.replace(**changes), stimulus, **options)


def test_there_are_no_weights_without_plasticity():
    recording = hn.simulate(hn.effenberger_2025(3, seed=1), 5, device="numpy")
    with pytest.raises(KeyError, match="no weights were plastic; simulate with plasticity="):
        recording.final_w_rec  # noqa: B018


def test_wide_networks_are_plastic_too():
    """Many connections: post and pre are not swapped anywhere."""
    params = hn.effenberger_2025(40, seed=1, alpha=0.07, gamma=0.02)
    params = params.replace(w_rec=dense_gaussian(40, 1.0, np.random.default_rng(1)))
    stimulus = np.random.default_rng(2).random((1, 60, 1))
    rule = hn.CovarianceRule(50.0, gain=3.0, shift=np.pi / 2, bound=6.0)
    found = hn.simulate(params, stimulus, plasticity=rule, device="numpy").final_w_rec
    np.testing.assert_allclose(
        found, run_plastic(params, stimulus, rule).final_w_rec, rtol=0, atol=1e-9
    )
