import numpy as np
import pytest

import horn_neuro as hn


def test_defaults_are_those_of_the_authors_code():
    params = hn.effenberger_2025(seed=1)
    assert params.n_units == 32
    assert np.allclose(params.omega, 2 * np.pi / 28)
    assert np.allclose(params.gamma, 0.01)
    assert np.allclose(params.alpha, 0.04)
    assert params.h == 1
    # n^2 + 13 n + 10 trainable values for one input and ten classes.
    trained = ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")
    assert sum(getattr(params, name).size for name in trained) == 1450


def test_heterogeneous_ranges():
    params = hn.effenberger_2025(500, heterogeneous=True, seed=1)
    for values, base in ((params.omega, 2 * np.pi / 28), (params.gamma, 0.01)):
        assert (values >= 0.5 * base).all()
        assert (values <= 2 * base).all()
        assert abs(values.mean() / base - 1.25) < 0.06  # 3 standard errors
    assert np.ptp(params.alpha) == 0


def test_seconds_and_hertz(params):
    one = params.replace(omega=2 * np.pi / 28, gamma=0.01)
    # of the stepped oscillator: 0.2 % above omega / (2 pi step)
    assert np.allclose(one.frequency_hz, 1000 * np.arcsin(np.pi / 28) / np.pi)
    assert np.allclose(one.decay_time, 0.1)
    half = one.replace(h=0.5, step=2e-3)
    assert np.allclose(half.frequency_hz, 500 * np.arcsin(np.pi / 56) / np.pi)
    assert params.replace(omega=1.5, gamma=0.01).frequency_hz == pytest.approx(269.9, abs=0.1)
    assert np.allclose(half.decay_time, 0.4)


def test_frozen_and_replaced(params):
    with pytest.raises(AttributeError):
        params.h = 2.0
    with pytest.raises(ValueError, match="read-only"):
        params.omega[0] = 1.0
    changed = params.replace(alpha=0.1)
    assert (changed.alpha == 0.1).all()
    assert changed != params
    assert changed.replace(alpha=params.alpha) == params
    assert hash(changed.replace(alpha=params.alpha)) == hash(params)
    with pytest.raises(TypeError):
        params.replace(omegas=1.0)


def test_arrays_are_copies():
    source = np.full(6, 0.2)
    params = hn.effenberger_2025(6, seed=1).replace(omega=source)
    source[0] = 99.0
    assert params.omega[0] == 0.2


def test_provenance_takes_no_part_in_equality(params):
    assert params.replace(provenance={"note": "other"}) == params


def test_delays_matter_for_equality(params):
    assert params.replace(delays=np.ones((6, 6), int)) != params


def test_repr_tells_the_essentials(params):
    text = repr(params.replace(delays=np.full((6, 6), 3)))
    for part in ("6 units", "1 inputs", "3 outputs", "Hz", "delays 3 steps", "36 of 36"):
        assert part in text


def test_step_accepts_a_brian2_duration(params):
    brian2 = pytest.importorskip("brian2")
    assert params.replace(step=0.5 * brian2.ms).step == 5e-4
    with pytest.raises(ValueError, match="give a duration"):
        params.replace(step=0.5 * brian2.mV)


BAD = [
    ({"omega": np.ones(5)}, r"omega has shape \(5,\).* ask for \(6,\)"),
    ({"w_in": np.ones(6)}, "w_in has 1 dimensions"),
    ({"w_in": np.ones((7, 1))}, r"w_in has shape \(7, 1\).*\(6, 1\)"),
    ({"w_rec": np.ones((6, 5))}, r"w_rec has shape \(6, 5\)"),
    ({"b_out": np.ones(4)}, r"b_out has shape \(4,\).*\(3,\)"),
    ({"alpha": [0.1, 0.1, np.nan, 0.1, 0.1, 0.1]}, r"alpha\[2\] = nan .*finite"),
    ({"w_rec": np.full((6, 6), np.inf)}, r"w_rec\[0, 0\] = inf \(36 such"),
    ({"omega": "fast"}, "omega = 'fast': give real numbers"),
    ({"delays": np.zeros((6, 6))}, r"delays\[0, 0\] = 0.*at least 1"),
    ({"delays": np.full((6, 6), 1.5)}, r"delays\[0, 0\] = 1.5.*whole number"),
    ({"delays": np.full((6, 6), np.nan)}, r"delays\[0, 0\] = nan"),
    ({"delays": np.ones(6)}, r"delays has shape \(6,\).*\[post, pre\]"),
    ({"gamma": 0.0}, "unstable unit 0 .*gamma h in|unstable unit 0 .*0 < gamma h < 1"),
    ({"gamma": 1.0}, "unstable unit 0"),
    ({"omega": 2.0}, "unstable unit 0 .*lower h, omega or gamma"),
    ({"omega": 0.0}, "unstable unit 0"),
    ({"h": 20.0}, "unstable unit"),
    ({"h": -1.0}, "h = -1.0: give a finite number above 0"),
    ({"h": None}, "h = None"),
    ({"step": 0.0}, "step = 0.0"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_values_are_refused_by_name(params, change, message):
    with pytest.raises(ValueError, match=message):
        params.replace(**change)


def test_empty_network_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        hn.effenberger_2025(n_units=3, n_outputs=1).replace(w_in=np.zeros((3, 0)))
