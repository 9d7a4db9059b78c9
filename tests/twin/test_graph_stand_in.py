"""The stand-in for CUDA graphs can fail as a CUDA graph would."""

import pytest
import torch
from graph_on_cpu import Tape


@pytest.mark.parametrize(
    "function",
    [
        lambda t: bool(t.any()),
        lambda t: t.sum().item(),
        lambda t: t[t > 0],
        lambda t: torch.masked_select(t, t > 0),
        lambda t: t.unique(),
        lambda t: t + torch.tensor([1.0]),
        lambda t: t.to("meta"),
        lambda t: torch.ones(2, device="meta"),
    ],
)
def test_the_stand_in_refuses_what_cannot_be_captured(function):
    with pytest.raises(RuntimeError, match="cannot be captured"):
        Tape(torch.device("cpu"))(lambda: function(torch.zeros(3)))


def test_the_stand_in_forgets_and_repeats():
    """It shows numbers that were captured, results that were not replayed, and unset memory."""
    given, factor = torch.ones(3), [2.0]
    replay, (out, unset) = Tape(given.device)(
        lambda: (given * factor[0] + given, given.new_empty(2))
    )
    assert out.isnan().all()
    factor[0] = 5.0
    given.fill_(4.0)
    replay()
    assert out.tolist() == [12.0] * 3  # by the captured factor
    assert unset.isnan().all()
