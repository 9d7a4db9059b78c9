import numpy as np
import pytest

from horn_neuro.analysis import Synchrony, locking_by_detuning


def test_binning_by_detuning():
    ppc = np.array([0.5, 0.3, 0.1, 0.9])
    one = Synchrony(ppc, ppc, ppc, np.array([1.0, 2.0, 6.0, 99.0]), np.zeros(3))
    found = locking_by_detuning([one], [0, 5, 10, 15])
    assert found[0, :2] == pytest.approx([0.4, 0.1])
    assert np.isnan(found[0, 2])
