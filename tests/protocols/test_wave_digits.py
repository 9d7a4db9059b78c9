"""What must come out of wave_digits: matched sheets, both ways in, and readouts that see alike."""

import numpy as np
import pytest

SIDE = 28


@pytest.fixture(scope="module")
def run(fast):
    return fast("wave_digits").run


def test_sheets_are_matched(run):
    sheets = {arm: run.sheet(arm, weight, False, 3) for arm, weight in run.arms()}
    delayed, other = sheets["delayed"][0], sheets["random delays"][0]
    assert set(delayed.delays.data) == {7}
    assert other.delays.data.mean() == pytest.approx(7, abs=0.3)
    assert len(set(other.delays.data)) == 13
    assert (delayed.w_rec != other.w_rec).nnz == 0
    assert (delayed.w_rec != sheets["no delay"][0].w_rec).nnz == 0
    assert not sheets["no coupling"][0].w_rec.nnz
    assert set(sheets["springs"][1]) == {"coupling", "kicks"}
    assert set(sheets["springs, no kicks"][1]) == {"coupling"}
    assert sheets["delayed, no kicks"][1] == {}
    assert sheets["delayed, no kicks"][0].fingerprint == delayed.fingerprint


def test_below_the_edge_is_below_and_no_delay_is_beyond(run):
    arms = dict(run.arms())
    for arm in ("delayed", "below the edge", "springs", "no coupling"):
        assert run.growth(arm, arms[arm]) < 0
    assert run.growth("no delay", arms["no delay"]) > 0


def test_at_an_edge_only_the_edge_hears(run):
    """Without coupling and kicks, all other sites are silent; springs carry the digit on."""
    states = run.end(run.seeds[0], "at an edge", 1.0, "no coupling, no kicks", 0.0)
    x = states[:, : SIDE**2].reshape(-1, SIDE, SIDE)
    assert np.abs(x[:, :, 0]).max() > 0.01
    assert not x[:, :, 1:].any()
    states = run.end(run.seeds[0], "at an edge", 1.0, "springs, no kicks", 0.05)
    x = states[:, : SIDE**2].reshape(-1, SIDE, SIDE)
    assert np.abs(x[:, :, 8]).max() > 0.1 * np.abs(x[:, :, 0]).max()


def test_the_first_row_enters_first(run):
    """An impulse decays: what came last is larger."""
    one = run.some[run.seeds[0]]
    rows = one.inputs[:, :, 0].reshape(-1, SIDE, SIDE)
    assert rows.shape[0] == 10 * run.repeats
    column = np.arange(SIDE) * SIDE
    states = run.end(run.seeds[0], "at an edge", 1.0, "no coupling, no kicks", 0.0)
    h, omega, gamma, alpha = 1.0, 2 * np.pi / 28, 0.005, 0.04
    x, y = np.zeros((2, len(rows), SIDE))
    for k in range(SIDE * run.hold + run.wait):
        drive = rows[:, k // run.hold] if k < SIDE * run.hold else 0.0 * x
        y = y + h * (alpha * np.tanh(drive) - 2 * gamma * y - omega**2 * x)
        x = x + h * y
    np.testing.assert_allclose(states[:, column], x, atol=1e-12)


def test_readouts_of_a_copy_are_those_of_the_pixels(fast):
    """Without coupling and kicks, every unit rings with its pixel: nothing is gained or lost."""
    result = fast("wave_digits").result
    rings = [
        one
        for one in result["read"]
        if one["arm"] == "no coupling, no kicks" and one["way"] == "at once"
    ]
    assert len(rings) == len(result["pixels"]) == 2
    for ring, pixels in zip(rings, result["pixels"], strict=True):
        trial = 1 / (10 * fast("wave_digits").run.repeats)
        assert ring["support vectors"] == pytest.approx(pixels["support vectors"], abs=1.5 * trial)
        assert ring["ridge"] == pytest.approx(pixels["ridge"], abs=3.5 * trial)  # penalties differ
        assert pixels["ridge"] > 0.4


def test_kicks_hide_what_is_damped(fast):
    read = [one for one in fast("wave_digits").result["read"] if one["way"] == "at once"]
    mean = {
        arm: np.mean([one["ridge"] for one in read if one["arm"] == arm])
        for arm in ("no coupling", "no coupling, no kicks")
    }
    assert mean["no coupling"] < mean["no coupling, no kicks"]
