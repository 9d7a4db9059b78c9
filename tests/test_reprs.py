"""What a user looks at in a shell is short, and says what matters."""

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.datasets import Digits, Sequences
from horn_neuro.recording import SpikeTrains
from horn_neuro.simulator import SpikeCoupling

SPIKES = SpikeTrains(*np.zeros((3, 500), int), shape=(2, 64, 300), interval=1e-3)
SHOWN = {
    "<PoissonKicks | 5..9 Hz, amplitude 0.1, signed>": hn.PoissonKicks(np.linspace(5, 9, 64), 0.1),
    "<DrawnKicks | 2 trials, 90 steps, 64 units, 11520 kicks>": hn.DrawnKicks(np.ones((2, 90, 64))),
    "<SpikeCoupling | charge 1..2, damping 0.1, graded>": SpikeCoupling(
        np.linspace(1, 2, 64), 0.1, graded=True
    ),
    "<SpikeTrains | 500 spikes of 64 units in 2 trials of 300 steps, 0.001 s each>": SPIKES,
    "<Digits | 9 of 28 x 28 pixels, drawn by hand>": Digits(
        np.zeros((9, 28, 28), np.uint8), np.arange(9), "drawn by hand"
    ),
    "<Sequences | 9 of 40 steps, 2 channels, 3 classes>": Sequences(
        np.ones((9, 40, 2)), np.arange(9) % 3
    ),
    "State(x (2, 64), y (2, 64))": hn.State(*np.zeros((2, 2, 64))),
}


@pytest.mark.parametrize("text", SHOWN)
def test_reprs_are_short(text):
    assert repr(SHOWN[text]) == text
