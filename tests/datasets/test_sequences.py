import mne
import numpy as np
import pytest
from brian2 import ms

import horn_neuro as hn
from horn_neuro.datasets import Sequences

RAGGED = [np.arange(6.0).reshape(3, 2), np.ones((1, 2)), -np.ones((5, 2))]


def test_a_list_of_arrays_is_padded_at_the_end():
    made = Sequences(RAGGED, ["b", "a", "b"], step=1 * ms, channels=["u", "v"])
    assert made.inputs.shape == (3, 5, 2)
    assert made.lengths.tolist() == [3, 1, 5]
    assert made.ragged
    for array, row, length in zip(RAGGED, made.inputs, made.lengths, strict=True):
        np.testing.assert_array_equal(row[:length], array)
        assert not row[length:].any()
    assert made.classes == ("a", "b")
    assert made.labels.tolist() == [1, 0, 1]
    assert made.step == 0.001
    assert repr(made) == "<Sequences | 3 of 1 to 5 steps, 2 channels, 2 classes>"


def test_an_array_with_lengths_is_the_same_as_the_list():
    padded = np.full((3, 5, 2), np.nan)
    for row, array in zip(padded, RAGGED, strict=True):
        row[: len(array)] = array
    one = Sequences(padded, [1, 0, 1], lengths=[3, 1, 5])
    other = Sequences(RAGGED, [1, 0, 1])
    np.testing.assert_array_equal(one.inputs, other.inputs)
    assert one.checksum == other.checksum
    assert one.checksum != Sequences(RAGGED, [1, 0, 0]).checksum


def test_one_channel_needs_no_axis():
    assert Sequences(np.ones((3, 4)), [0, 1, 1]).inputs.shape == (3, 4, 1)
    assert Sequences([np.ones(4), np.ones(2)], [0, 1]).inputs.shape == (2, 4, 1)
    assert not Sequences(np.ones((3, 4)), [0, 1, 1]).ragged


def test_arrays_of_objects_are_lists():
    ragged = np.empty(3, dtype=object)
    ragged[:] = RAGGED
    assert Sequences(ragged, [1, 0, 1]).checksum == Sequences(RAGGED, [1, 0, 1]).checksum


def test_a_part_keeps_what_it_is():
    made = Sequences(RAGGED, ["b", "a", "b"], channels=["u", "v"], source="here")
    part = made[1:]
    assert part.lengths.tolist() == [1, 5]
    assert part.classes == ("a", "b")
    assert part.channels == ("u", "v")
    assert part.checksum == made.checksum
    assert made[np.array([True, False, False])].labels.tolist() == [1]
    with pytest.raises(IndexError, match="slice"):
        made[1]


def test_balanced_takes_a_seed():
    made = Sequences(np.ones((6, 2, 1)), [0, 1, 0, 1, 0, 1])
    index = made.balanced(2, 3)
    assert made.labels[index].tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(index, made.balanced(2, np.random.default_rng(3)))


def test_trials_of_mne():
    info = mne.create_info(["left", "right", "bad", "trigger"], 250.0, ["eeg"] * 3 + ["stim"])
    info["bads"] = ["bad"]
    data = np.random.default_rng(0).normal(size=(4, 4, 10))
    events = np.column_stack([np.arange(4), np.zeros(4, int), [7, 3, 3, 7]])
    epochs = mne.EpochsArray(data, info, events, event_id={"go": 3, "stop": 7}, verbose="error")
    made = Sequences.from_epochs(epochs)
    assert made.channels == ("left", "right")
    assert made.step == 0.004
    assert [made.classes[k] for k in made.labels] == ["stop", "go", "go", "stop"]
    np.testing.assert_array_equal(made.inputs, data[:, :2].transpose(0, 2, 1))
    one = Sequences.from_epochs(epochs, picks=["right"], labels=[0, 1, 1, 0], source="mine")
    assert one.channels == ("right",)
    assert one.source == "mine"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"inputs": []}, "no sequence"),
        ({"inputs": [np.ones((2, 1)), np.ones((0, 1))]}, r"inputs\[1\].*\(0, 1\).*one step"),
        ({"inputs": [np.ones((2, 1)), np.ones((2, 3))]}, r"inputs\[1\] has 3 channels.* 1"),
        ({"inputs": np.ones((2, 3, 0))}, "one channel"),
        ({"inputs": [[1.0, np.nan], [1.0]]}, "not finite, first in sequence 0"),
        ({"inputs": np.ones(3)}, "shape"),
        ({"labels": [0.0, 1.0]}, "labels of float64.*whole"),
        ({"labels": [-1, 0]}, "labels from -1"),
        ({"labels": [0]}, "each of the 2"),
        ({"labels": ["a", "c"], "classes": ["a", "b"]}, "'c', which is none of a, b"),
        ({"labels": [0, 2], "classes": ["a", "b"]}, "0 to 2.*2"),
        ({"labels": [0, 10**12]}, "labels up to 1000000000000 .*give text"),
        ({"labels": [True, False]}, "labels of bool"),
        ({"classes": ["a", "a"]}, "classes = .* names that differ"),
        ({"classes": "ab"}, "classes = 'ab': give a list"),
        ({"inputs": np.full((2, 3, 1), np.inf)}, "not finite, first in sequence 0"),
        ({"inputs": [np.ones(3), np.ones((3, 1, 1))]}, r"inputs\[1\] has shape \(3, 1, 1\)"),
        ({"inputs": [["a", "b"], ["c"]]}, r"inputs\[0\]"),
        ({"lengths": [True, True]}, "lengths.*whole"),
        ({"lengths": [3]}, "each of the 2"),
        ({"lengths": [3, 4]}, "lengths.*1 to 3"),
        ({"lengths": [0, 3]}, "lengths.*1 to 3"),
        ({"lengths": [1.0, 3.0]}, "lengths.*whole"),
        ({"channels": ["a", "b"]}, "channels has 2 names.*1"),
        ({"channels": "a"}, "channels = 'a': give a list"),
        ({"step": 0}, "step"),
    ],
)
def test_bad_input(wrong, words):
    with pytest.raises(ValueError, match=words):
        Sequences(**{"inputs": np.ones((2, 3, 1)), "labels": [0, 1], **wrong})


def test_seeds_are_taken_where_generators_are():
    one = hn.parameters.dense_gaussian(3, 1.0, 5)
    np.testing.assert_array_equal(
        one, hn.parameters.dense_gaussian(3, 1.0, np.random.default_rng(5))
    )
    for wrong in (-1, True, 0.5, None, "1"):
        with pytest.raises(ValueError, match="rng = .*give a seed"):
            hn.parameters.dense_gaussian(3, 1.0, wrong)
