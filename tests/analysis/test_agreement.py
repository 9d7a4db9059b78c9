import numpy as np
import pytest

from horn_neuro.analysis import changed_answers, logit_margin, proportion, trajectory_error


def test_trajectory_error_is_relative_to_the_largest_value_of_each_step():
    expected = np.array([[[0.0, 1.0, -4.0], [0.0, 2.0, 1.0]]])
    found = expected + np.array([[[0.0, 0.1, 0.0], [0.0, -0.4, 0.2]]])
    assert np.allclose(trajectory_error(found, expected), [0.0, 0.2, 0.05])
    # Nothing was expected at all: the difference itself.
    assert trajectory_error([[[3.0]]], [[[0.0]]]) == [3.0]


def test_margin_is_between_the_two_largest():
    assert logit_margin([[1.0, 5.0, 4.5], [2.0, 2.0, -1.0]]).tolist() == [0.5, 0.0]


def test_proportion_covers_the_truth():
    """95 % of Wilson's intervals hold the true share, also near the edge."""
    rng = np.random.default_rng(1)
    for truth in (0.5, 0.95):
        draws = [proportion(rng.random(60) < truth) for _ in range(600)]
        covered = np.mean([e.low <= truth <= e.high for e in draws])
        assert 0.92 < covered < 0.985
    certain = proportion(np.ones(50, bool))
    assert (certain.value, certain.high) == (1.0, pytest.approx(1.0))
    assert 0.9 < certain.low < 1
    with pytest.raises(ValueError, match="at least one trial"):
        proportion([])


def test_changed_answers_are_listed_with_their_margins():
    expected = np.array([[2.0, 0.0], [0.0, 1.0], [0.5, 0.4999]])
    logits = expected + np.array([[0, 0], [1e-5, 0], [0, 2e-4]])
    assert changed_answers(expected, expected) == []
    (row,) = changed_answers(logits, expected)
    assert row == {"trial": 2, "answer": 1, "expected": 0, "margin": pytest.approx(1e-4)}
