import numpy as np
import pytest
from horn_neuro.protocols import memory

from horn_neuro.analysis import critical_gain, pulse_information
from horn_neuro.parameters import Step

GAMMA = 0.02


def poles(params):
    return np.linalg.eigvals(Step(params).jacobian())


def test_all_kinds_decay_alike(experiment):
    run = experiment("memory")("fast", units=6)
    equal, other, overdamped = (run.network(kind, GAMMA, 3) for kind in memory.KINDS)
    for params in (equal, other, overdamped):
        assert np.abs(poles(params)).max() == pytest.approx(np.sqrt(1 - 2 * GAMMA), abs=1e-9)
        np.testing.assert_array_equal(params.w_in, equal.w_in)
    assert np.ptp(equal.omega) == 0
    assert other.omega.mean() == pytest.approx(equal.omega.mean())
    assert np.ptp(other.omega) > 0.3 * memory.OMEGA
    assert np.abs(poles(equal).imag).min() > 0.1
    assert np.abs(poles(overdamped).imag).max() < 1e-6
    slow = np.sort(poles(run.network(memory.SPREAD, GAMMA, 3)).real)[-6:]
    assert np.log(slow).mean() == pytest.approx(np.log(1 - 2 * GAMMA) / 2)
    assert slow.max() > np.sqrt(1 - 2 * GAMMA) > slow.min()


def test_coupling_is_a_share_of_the_edge(experiment):
    run = experiment("memory")("fast", units=6, coupling=0.25)
    for kind in memory.COUPLED:
        assert critical_gain(run.network(kind, GAMMA, 3)) == pytest.approx(4, rel=1e-3)


def test_pulses_are_bursts_of_their_frequencies():
    pulses = memory.sine_bursts()
    grid = np.linspace(0.05, 0.5, 500)
    spectrum = np.abs(
        (pulses[:, 0] - 1j * pulses[:, 1]) @ np.exp(-1j * np.outer(np.arange(84), grid))
    )
    peaks = grid[spectrum.argmax(axis=1)] / memory.OMEGA
    np.testing.assert_allclose(peaks, memory.FREQUENCIES, atol=0.01)
    assert np.abs(pulses[:, :, [0, -1]]).max() < 0.002


@pytest.fixture(scope="module")
def remembered(experiment):
    """Three kinds at a size at which readouts learn well."""
    run = experiment("memory")("fast", units=3, trials=1500, device="numpy")
    kinds = ("heterogeneous", "overdamped", "equal, coupled")
    return run, {kind: run.remember(kind, 0.1, 2) for kind in kinds}


def test_recall_is_as_predicted(remembered):
    _, found = remembered
    for one in found.values():
        for measure in memory.MEASURES:
            measured, expected = one["measured"][measure], one["expected"][measure]
            np.testing.assert_allclose(measured, expected, atol=0.06)
    phases = {kind: one["measured"]["phase"] for kind, one in found.items()}
    assert phases["heterogeneous"][0] > 0.85
    assert phases["overdamped"][0] < 0.6
    assert phases["heterogeneous"][-1] < 0.1


def test_noise_is_equal_at_the_end_of_the_pulse(remembered):
    run, found = remembered
    for kind, one in found.items():
        params = run.network(kind, 0.1, 2)
        variance = run.kick_rate * params.step * one["kick"] ** 2
        pulses = run.amplitude * memory.sine_bursts()
        information = pulse_information(params, pulses, [0], variance)
        assert np.trace(information[0]) / 20 == pytest.approx(30)


def test_delays_cover_the_decay_of_the_slowest_mode(remembered):
    run, found = remembered
    for kind, one in found.items():
        slowest = -np.log(np.abs(poles(run.network(kind, 0.1, 2))).max())
        assert 4 <= one["delays"][-1] * slowest < 4 + 5 * slowest
        np.testing.assert_array_equal(np.diff(one["delays"]), 5)


def planted(delays, last):
    """Recall that is perfect until it is lost."""
    curves = {
        measure: np.where(delays <= last, 1.0, memory.MEASURES[measure])
        for measure in ("phase", "frequency")
    }
    return curves | {"pulses": np.repeat(curves["phase"][:, None], 5, axis=1)}


def test_slopes_are_those_of_recall_times(experiment, monkeypatch):
    cls = experiment("memory")
    decays = {"equal": 2, "heterogeneous": 3, "overdamped": 1, memory.SPREAD: 1.5}

    def remember(self, kind, gamma, seed):
        delays = np.arange(int(6 / gamma))
        lasting = (decays.get(kind, 4) + 0.1 * (seed % 3)) / gamma + 7
        measured, expected = planted(delays, lasting), planted(delays, 2 * lasting - 7)
        kick = 3.0 if kind == "overdamped" else 1.0
        found = {"delays": delays, "kick": kick, "device": "none"}
        return found | {"measured": measured, "expected": expected}

    monkeypatch.setattr(cls, "remember", remember)
    run = cls("fast", gammas=(0.01, 0.02, 0.05), seeds=range(1, 11))
    _, findings = run.start()
    rows = findings.rows
    assert next(iter(rows)) == memory.PRIMARY
    assert rows[memory.PRIMARY].value == pytest.approx(1.0, abs=0.01)
    assert rows["phase: recall time per 1/gamma: heterogeneous"].value == pytest.approx(
        3.1, abs=0.02
    )
    share = rows["phase: recall time per 1/gamma: equal, over the prediction"]
    assert share.value == pytest.approx(0.5, abs=0.01)
    ends = rows["phase: recall time times gamma, 0.01 minus 0.05: equal"]
    assert ends.value == pytest.approx(7 * (0.01 - 0.05), abs=0.03)
    assert rows["gamma 0.02: kicks for the same ratio, overdamped over equal"].value == 3
    assert (
        rows["Control, phase: recall time in 1/gamma: equal minus overdamped, spread"].value > 0.4
    )
    assert "lasts longer in equal oscillators" in findings.answer[0]
    assert "0.5 of the edge lengthen these times" in findings.answer[1]


def test_too_few_trials_are_refused_before_anything_runs(experiment, monkeypatch):
    cls = experiment("memory")
    monkeypatch.delattr(cls, "remember")
    with pytest.raises(ValueError, match="trials = 150: 16 units need at least 160"):
        cls.run("fast", units=16, trials=150)
