import numpy as np
import pytest

from horn_neuro.analysis import pair_locking, spread_over_pairs, windowed_plv


@pytest.fixture
def z():
    rng = np.random.default_rng(1)
    steps = rng.normal(0.2, 0.3, (3, 4, 90))
    return rng.uniform(0.5, 2, (3, 4, 90)) * np.exp(1j * np.cumsum(steps, axis=2))


def test_windows_equal_the_definition_one_by_one(z):
    theta, found = np.angle(z), windowed_plv(z, 30, 15)
    assert found.shape == (5, 3, 6)
    for window in range(5):
        inside = slice(15 * window, 15 * window + 30)
        for pair, (j, k) in enumerate(zip(*np.tril_indices(4, -1), strict=True)):
            difference = theta[:, j, inside] - theta[:, k, inside]
            expected = np.abs(np.exp(1j * difference).mean(axis=1))
            assert found[window, :, pair] == pytest.approx(expected, abs=1e-12)


def test_the_locking_of_a_pair_is_its_mean_over_windows_and_trials(z):
    plv, ppc = pair_locking(z, 30)
    windows = windowed_plv(z, 30)
    assert plv == pytest.approx(windows.mean(axis=(0, 1)))
    assert ppc == pytest.approx(((30 * windows**2 - 1) / 29).mean(axis=(0, 1)))
    assert pair_locking(z)[0] == pytest.approx(windowed_plv(z, 90)[0].mean(axis=0))


def test_what_is_silent_locks_to_nothing(z):
    z[:, 2] = 0
    pairs = np.array(np.tril_indices(4, -1))
    assert not windowed_plv(z, 30)[:, :, (pairs == 2).any(axis=0)].any()


def test_spread():
    found = spread_over_pairs(np.arange(101) / 100)
    assert found == pytest.approx({"mean": 0.5, "SD": 0.29155, "IQR": 0.5}, abs=1e-5)


def test_bad_windows(z):
    for values, length in ((z, 91), (z, 0), (z[:, :1], 10)):
        with pytest.raises(ValueError, match="a window of at least 1 that fits in"):
            windowed_plv(values, length)
