import numpy as np
import pytest
from brian2 import Hz, ms
from scipy import sparse

import horn_neuro as hn

WEIGHTS = np.array([[0.0, 0.3, 0.0], [-0.2, 0.0, 0.1], [0.0, 0.4, 0.0]])


@pytest.mark.parametrize("dt_ms", [0.1, 0.5, 2.0])
@pytest.mark.parametrize(("frequency", "decay"), [(3.0, 300.0), (40.0, 50.0), (100.0, 5.0)])
def test_a_unit_rings_at_its_frequency_and_decays_in_its_time(frequency, decay, dt_ms):
    params = hn.network([[0.0]], frequency_hz=frequency, decay_ms=decay, dt_ms=dt_ms)
    turn = np.exp(2j * np.pi * frequency * dt_ms / 1000 - dt_ms / decay)
    found = np.linalg.eigvals(hn.parameters.Step(params).jacobian())
    assert abs(found - turn).min() < 1e-10
    assert params.step == pytest.approx(dt_ms / 1000)


def test_the_step_of_integration_changes_little():
    """The same network at half the step: the same ringing, up to the scheme's first order."""
    ends = []
    for dt_ms in (0.5, 0.25, 0.125):
        params = hn.network(WEIGHTS, frequency_hz=[8, 10, 12], decay_ms=80, dt_ms=dt_ms)
        start = hn.State(np.array([1.0, 0.0, -0.5]), np.array([0.0, 0.1, 0.0]))
        ends.append(hn.simulate(params, round(100 / dt_ms), initial=start).final_state.x[0])
    first, second = (np.abs(ends[k] - ends[k + 1]).max() for k in (0, 1))
    assert np.abs(ends[-1]).max() > 0.1
    assert first < 0.01
    assert 1.7 < first / second < 2.3


def test_weights_need_no_square_root():
    params = hn.network(WEIGHTS, frequency_hz=10)
    np.testing.assert_allclose(params.w_rec / np.sqrt(3), WEIGHTS)
    many = hn.network(sparse.csr_array(WEIGHTS), frequency_hz=10)
    assert sparse.issparse(many.w_rec)
    np.testing.assert_allclose(many.w_rec.toarray(), params.w_rec)


def test_delays_become_steps():
    delays = np.array([[0.0, 0.0, 9.9], [1.2, 0.1, 7.0], [0.0, 0.74, 0.0]])
    params = hn.network(WEIGHTS, frequency_hz=10, dt_ms=0.5, delays_ms=delays)
    assert params.delays.tolist() == [[1, 1, 1], [2, 1, 14], [1, 1, 1]]
    many = hn.network(
        sparse.csr_array(WEIGHTS), frequency_hz=10, dt_ms=0.5, delays_ms=sparse.csr_array(delays)
    )
    connected = WEIGHTS != 0
    assert many.delays.toarray()[connected].tolist() == params.delays[connected].tolist()


def test_quantities_are_converted():
    plain = hn.network(WEIGHTS, frequency_hz=10, decay_ms=50, dt_ms=0.5, delays_ms=2 * WEIGHTS**0)
    united = hn.network(
        WEIGHTS,
        frequency_hz=10 * Hz,
        decay_ms=0.05 * 1000 * ms,
        dt_ms=500 * ms / 1000,
        delays_ms=2 * WEIGHTS**0 * ms,
    )
    assert united == plain
    with pytest.raises(ValueError, match="frequency_hz = 10. ms: give a rate"):
        hn.network(WEIGHTS, frequency_hz=10 * ms)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"weights": np.ones((2, 3))}, r"weights have shape \(2, 3\).*post, pre"),
        ({"frequency_hz": -10}, "frequency_hz = -10.*above 0"),
        ({"frequency_hz": [10, 10]}, r"frequency_hz.*shape \(2,\).*each of the 3"),
        ({"frequency_hz": 300}, "dt_ms = 1: 300 Hz has a period of 3.33.* at most 0.83.*Hz"),
        ({"dt_ms": 500}, "dt_ms = 500: 10 Hz has a period of 100 ms.* 25 ms"),
        ({"decay_ms": 0}, "decay_ms = 0"),
        ({"delays_ms": np.full((3, 3), 0.2)}, r"delays_ms\[0, 1\] = 0.2.*step of 1 ms"),
        ({"delays_ms": np.full((3, 3), -1.0)}, r"delays_ms\[0, 1\] = -1"),
        ({"delays_ms": np.ones(3)}, "delays_ms have shape"),
        ({"positions": np.ones((3, 2))}, "positions"),
    ],
)
def test_bad_input(wrong, words):
    with pytest.raises(ValueError, match=words):
        hn.network(**{"weights": WEIGHTS, "frequency_hz": 10, **wrong})


def test_negative_omega_and_long_steps_are_refused():
    params = hn.effenberger_2025(2, seed=1)
    with pytest.raises(ValueError, match="omega.*above 0"):
        params.replace(omega=-params.omega)
    with pytest.raises(ValueError, match="step = 0.5.*seconds"):
        params.replace(step=0.5)


@pytest.mark.parametrize("n_steps", [1, 5, 20, 100, 784, 100_000])
def test_trainable_networks_are_stable_at_every_length(n_steps):
    params = hn.trainable(16, 2, 3, n_steps, seed=1)
    assert params.n_inputs == 2
    assert (np.diff(params.omega) > 0).all()
    assert hn.trainable(16, 2, 3, n_steps, seed=1) == params
    assert np.ptp(hn.trainable(4, n_steps=n_steps, heterogeneous=False, seed=1).omega) == 0
    with pytest.raises(ValueError, match="n_steps"):
        hn.trainable(n_steps=0)


def test_trainable_networks_are_slow_and_gently_driven_in_short_sequences():
    """What learns 784 steps, scaled to 29, turns too fast and is driven too hard to learn."""
    long, short = (hn.trainable(200, n_steps=n_steps, seed=1) for n_steps in (784, 29))
    assert long.alpha[0] == pytest.approx(30 * 4 / 784)
    assert long.omega.min() == pytest.approx(5 * np.pi / 784, rel=0.05)
    assert long.omega.max() == pytest.approx(0.3, rel=0.05)
    assert short.alpha[0] == 1
    assert short.omega.min() == pytest.approx(0.15, rel=0.05)
    assert short.omega.max() == pytest.approx(0.6, rel=0.05)
    for params in (long, short):
        assert params.w_rec.std() == pytest.approx(0.2, rel=0.02)
