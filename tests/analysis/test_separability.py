import math

import numpy as np
import pytest

from horn_neuro.analysis import decoding_accuracy, nested_decoding, separability_over_time


def make(separation, seed=1, n_stimuli=40, repeats=2):
    """Two classes that differ by `separation` at the second of three times only."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_stimuli), repeats)
    labels = groups % 2
    snapshots = rng.normal(size=(len(groups), 6, 3))
    snapshots[:, 0, 1] += separation * labels
    return snapshots, labels, groups


def test_finds_the_classes_when_they_differ():
    found = separability_over_time(*make(6.0), n_permutations=20, seed=1)
    assert found.chance == 0.5
    assert found.correct.shape == (80, 3)
    assert found.accuracy[1] > 0.95
    assert (np.abs(found.accuracy[[0, 2]] - 0.5) < 0.2).all()
    assert found.null.shape == (20, 3)
    assert found.p_value == pytest.approx(1 / 21)


def test_finds_nothing_when_there_is_nothing():
    found = separability_over_time(*make(0.0), n_permutations=20, seed=1)
    assert (np.abs(found.accuracy - 0.5) < 0.2).all()
    assert found.p_value > 0.1


def test_repeats_of_a_stimulus_do_not_leak():
    """Identical repeats with random labels are decoded perfectly if they may be split."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 4)
    labels = rng.permutation(np.arange(40) % 2)[groups]
    snapshots = rng.normal(size=(40, 60, 1))[groups]
    leaky = separability_over_time(snapshots, labels, np.arange(160), seed=1)
    kept = separability_over_time(snapshots, labels, groups, seed=1)
    assert leaky.accuracy[0] > 0.95
    assert kept.accuracy[0] < 0.75


def test_is_deterministic():
    first, second = (separability_over_time(*make(1.0), n_permutations=3, seed=4) for _ in range(2))
    assert np.array_equal(first.correct, second.correct)
    assert np.array_equal(first.null, second.null)


def test_bad_labels():
    snapshots, labels, groups = make(1.0)
    with pytest.raises(ValueError, match="all trials are of class 0"):
        separability_over_time(snapshots, 0 * labels, groups)
    with pytest.raises(ValueError, match="different labels"):
        separability_over_time(snapshots, np.arange(80) % 3, groups)
    with pytest.raises(ValueError, match=r"has 2 stimuli, fewer than the\s+5 folds"):
        separability_over_time(snapshots[:8], labels[:8], groups[:8])


def test_nested_decoding():
    """Separable classes are decoded; noise is at chance, for the choice of C sees no test trial."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(4), 30)
    noise = rng.standard_normal((120, 10))
    apart = noise + 6 * np.eye(4, 10)[labels]
    assert nested_decoding(apart, labels).mean() > 0.95
    assert nested_decoding(noise, labels).mean() < 0.4
    with pytest.raises(ValueError, match="class 0 has 4 trials; nested folds need at least 5"):
        nested_decoding(noise[:8], np.repeat([0, 1], 4))
    with pytest.raises(ValueError, match="needs two classes"):
        nested_decoding(noise[:8], np.zeros(8, int))


def test_accuracy_is_tested_exactly():
    """Against the binomial distribution, summed term by term."""
    correct = np.arange(20) < 6
    found = decoding_accuracy(correct, 0.1)
    tail = sum(math.comb(20, k) * 0.1**k * 0.9 ** (20 - k) for k in range(6, 21))
    assert found.p_value == pytest.approx(tail)
    assert (found.value, found.unit, found.n) == (pytest.approx(30), "%", 20)

    def at_least(share, hits):
        return sum(math.comb(20, k) * share**k * (1 - share) ** (20 - k) for k in range(hits, 21))

    # Clopper and Pearson: either bound leaves 2.5 % of the distribution beyond what was seen.
    assert at_least(found.low / 100, 6) == pytest.approx(0.025)
    assert 1 - at_least(found.high / 100, 7) == pytest.approx(0.025)
