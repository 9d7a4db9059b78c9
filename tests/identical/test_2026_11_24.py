"""Values stored on 2026-11-24: a later version must give the same."""

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.parameters import dense_gaussian, generator, uniform_delays

# Positions of units 0, 3 and 7 after 100, 400 and 784 steps.
STORED = np.array(
    [
        [0.1923642790243573, -0.49447298230653713, -0.0031475769045713475],
        [0.005196670994746064, -0.2671867973300516, 0.34414826203212245],
        [0.39498230919704663, 0.05706874669977577, -0.49744396178765066],
    ]
)


def test_trajectory():
    params = hn.effenberger_2025(8, heterogeneous=True, seed=11)
    params = params.replace(
        w_rec=dense_gaussian(8, 1.0, generator(11, "coupling")),
        delays=uniform_delays(8, 1, 9, generator(11, "delays")),
        feedback=0.1,
    )
    steps = np.arange(784)
    stimulus = 0.5 + 0.5 * np.sin(0.2 * steps)[:, None]
    kicks = hn.PoissonKicks(50.0, 0.1).draw(1, 784, params, seed=11)
    recording = hn.simulate(params, stimulus, kicks=kicks, device="numpy")
    found = recording.data["x"].values[0][[0, 3, 7]][:, [99, 399, 783]]
    assert found == pytest.approx(STORED, rel=1e-9)
