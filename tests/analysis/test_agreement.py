import numpy as np
import pytest

from horn_neuro.analysis import Transfer, logit_margin, proportion, trajectory_error


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


@pytest.fixture
def transfer():
    float64 = np.array([[2.0, 0.0], [0.0, 1.0], [0.5, 0.4999]])
    float32 = float64 + np.array([[0, 0], [1e-5, 0], [0, 2e-4]])
    return Transfer(
        labels=np.array([0, 0, 0]),
        logits={"float64": float64, "float32": float32, "brian2": float64.copy()},
        error={"x": np.array([0.0, 2e-15]), "y": np.array([3e-15, 1e-15])},
        control=0.7,
        control_agreement=1 / 3,
    )


def test_differing_digits_are_listed_with_their_margins(transfer):
    assert transfer.differing("brian2") == []
    (row,) = transfer.differing("float32")
    assert row == {
        **{"digit": 2, "label": 0, "float64": 0, "float32": 1},
        "margin": pytest.approx(1e-4),
    }
    assert np.allclose(transfer.shift("float32"), [0, 1e-5, 2e-4])


def test_numbers_and_summary(transfer):
    numbers = dict(transfer.numbers())
    assert numbers["Same label as the float64 twin: Brian2 (float64)"].startswith("3 of 3")
    assert "largest margin of the others 1.0e-04" in str(numbers)
    assert numbers["Largest relative error of x, any step and at the last"] == "2.0e-15, 2.0e-15"
    summary = transfer.summary()
    assert summary["accuracy"]["brian2"]["value"] == pytest.approx(2 / 3)
    assert summary["accuracy"]["float32"]["value"] == pytest.approx(1 / 3)
    assert summary["smallest_margin"] == pytest.approx(1e-4)
    assert len(summary["differing"]["float32"]) == 1
