"""What must come out of waves: speeds of linear theory, sums of small waves, matched controls."""

import numpy as np
import pytest
from PIL import Image


def test_speeds_are_those_of_linear_theory(fast):
    """Within 5 %, and nothing travels without delay or direction."""
    packets = fast("waves").result["packets"]
    assert all(packet["stable"] for packet in packets)
    for packet in packets:
        if packet["medium"] == "symmetric":
            assert abs(packet["measured"]) < 1e-3
            assert packet["reach"] < 0.2
        else:
            assert packet["measured"] == pytest.approx(packet["expected"], rel=0.05)
            assert packet["reach"] > 1


def test_waves_add_up_until_the_tanh_saturates(fast):
    sources = fast("waves").result["sources"]
    assert max(sources["springs"]["errors"]) < 1e-12  # outside of the tanh, at any size
    errors = np.array(sources["symmetric, delayed"]["errors"])
    assert (np.diff(errors) > 0).all()
    # Of the third order: ten times the size, a hundred times the departure.
    assert errors[2] / errors[0] == pytest.approx(100, rel=0.01)


def test_sheets_are_matched(experiment):
    sheets = experiment("waves")("fast").sheets(3)
    delayed, other = sheets["delayed"], sheets["random delays"]
    assert set(delayed.delays.data) == {7}
    assert other.delays.data.mean() == pytest.approx(7, abs=0.3)
    assert (delayed.w_rec != other.w_rec).nnz == 0
    assert (delayed.w_rec != sheets["no delay"].w_rec).nnz == 0
    assert not sheets["no coupling"].w_rec.nnz


def test_the_animation_is_small_and_moves(fast):
    path = fast("waves").folder / "waves.gif"
    assert path.stat().st_size < 3e6
    with Image.open(path) as image:
        assert image.n_frames > 10
