import numpy as np

from horn_neuro.parameters import is_stable


def test_agrees_with_the_roots_of_the_scheme():
    rng = np.random.default_rng(0)
    for _ in range(500):
        omega, gamma, h = rng.uniform(0.01, 2.5), rng.uniform(0.001, 1.2), rng.uniform(0.2, 2)
        roots = np.roots([1, -(2 - 2 * gamma * h - (h * omega) ** 2), 1 - 2 * gamma * h])
        assert bool(is_stable(omega, gamma, h)) == (np.abs(roots).max() < 1)


def test_the_authors_defaults_are_stable_and_undamped_is_not():
    assert is_stable(2 * np.pi / 28, 0.01)
    assert not is_stable(2 * np.pi / 28, 0.0)
