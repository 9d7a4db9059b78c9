import numpy as np
import pytest

from horn_neuro.analysis import represent
from horn_neuro.parameters import shuffled, sparse_random


def clouds(distance, rng, n=300, n_units=6):
    """Three Gaussian clouds of states, so far apart along random directions."""
    labels = np.arange(n) % 3
    centres = distance * np.linalg.qr(np.random.default_rng(0).normal(size=(n_units, 3)))[0].T
    return centres[labels] + rng.standard_normal((n, n_units)), labels


def test_clouds_apart_are_read_out_and_overlapping_ones_are_not():
    rng = np.random.default_rng(1)
    measures = []
    for distance in (8.0, 2.0, 0.0):
        fit, fit_labels = clouds(distance, rng)
        states, labels = clouds(distance, rng)
        noisy = states + 3 * rng.standard_normal(states.shape)
        measures.append(represent(fit, fit_labels, states, labels, noisy))
    far, near, same = measures
    assert far.accuracy == 1.0
    assert far.accuracy > far.noisy_accuracy > 0.5
    assert 0.55 < near.accuracy < 0.95
    assert abs(same.accuracy - 1 / 3) < 0.1
    assert far.separability > near.separability > same.separability
    assert abs(same.separability - 1) < 1  # an F ratio: 1 where there is nothing
    assert abs(same.dimension - 6) < 0.3  # isotropic
    assert far.dimension < 3  # the plane of the centres


def test_the_readout_never_sees_what_it_is_tested_on():
    """Labels of the test stimuli that are permuted cannot be read out."""
    rng = np.random.default_rng(2)
    fit, fit_labels = clouds(8.0, rng)
    states, labels = clouds(8.0, rng)
    found = represent(fit, fit_labels, states, rng.permutation(labels), states)
    assert abs(found.accuracy - 1 / 3) < 0.12


def test_one_class_cannot_be_told_apart():
    states = np.random.default_rng(3).standard_normal((10, 4))
    with pytest.raises(ValueError, match="one class; a readout needs two"):
        represent(states, np.zeros(10, int), states, np.zeros(10, int), states)


def test_shuffling_keeps_values_and_places():
    w = sparse_random(12, 0.4, 1.0, np.random.default_rng(4))
    np.fill_diagonal(w, np.arange(1.0, 13.0))
    other = shuffled(w, np.random.default_rng(5))
    assert not np.array_equal(other, w)
    np.testing.assert_array_equal(other != 0, w != 0)
    np.testing.assert_array_equal(np.sort(np.diag(other)), np.diag(w))
    np.testing.assert_array_equal(np.sort(other, axis=None), np.sort(w, axis=None))
