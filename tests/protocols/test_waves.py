"""What must come out of waves: speeds of linear theory, sums of small waves, a moving picture."""

import base64

import numpy as np
import pytest
from PIL import Image


def test_packets_have_the_speed_of_linear_theory(fast):
    """Within 1 %, and nothing travels without delay or direction."""
    packets = fast("waves").result["packets"]
    assert all(packet["stable"] for packet in packets)
    for packet in packets:
        if packet["medium"] == "symmetric":
            assert abs(packet["measured"]) < 1e-3
            assert packet["reach"] < 0.2
        else:
            assert packet["measured"] == pytest.approx(packet["expected"], rel=0.01)


def test_delays_set_speed_and_sense(fast):
    """Fastest near a quarter of a period, still near half of one, backwards beyond."""
    packets = fast("waves").result["packets"]
    light = {
        b["delay"]: b["measured"] for b in packets if b["weight"] == 0.1 and "d" in b["medium"]
    }
    assert sorted(light) == [2, 4, 7, 10, 14, 21]
    assert light[7] == max(light.values())
    assert abs(light[14]) < 0.2 * light[7]
    assert light[21] < -0.9 * light[7]


def test_sources_are_those_of_linear_theory(fast):
    """Phase velocity, decay and front within 5 %; without delay, the wave falls within sites."""
    sources = fast("waves").result["sources"]
    assert len(sources) == 11
    for b in sources:
        if b["medium"] == "symmetric":
            assert b["measured"]["decay"] < 1.5
        else:
            for what in ("phase", "decay", "front"):
                assert b["measured"][what] == pytest.approx(b["expected"][what], rel=0.05), what
            assert b["lag"][-1] > 2  # rad, over nine sites


def test_waves_add_up_until_the_tanh_saturates(fast):
    sums = fast("waves").result["sums"]
    assert max(sums["springs"]["errors"]) < 1e-12  # outside of the tanh, at any size
    errors = np.array(sums["symmetric, delayed"]["errors"])
    assert (np.diff(errors) > 0).all()
    # Of the third order: ten times the size, a hundred times the departure.
    assert errors[2] / errors[0] == pytest.approx(100, rel=0.01)


def test_the_animation_is_small_moves_and_is_in_the_report(fast):
    path = fast("waves").folder / "figures" / "two_sources.gif"
    assert path.stat().st_size < 3e6
    with Image.open(path) as image:
        assert image.n_frames > 10
    page = (fast("waves").folder / "report.html").read_text()
    text = base64.b64encode(path.read_bytes()).decode()
    assert f"data:image/gif;base64,{text}" in page.replace("\n", "").replace("base64, ", "base64,")
