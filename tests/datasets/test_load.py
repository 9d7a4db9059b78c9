"""Data sets by name, and the recorded ones that come in wheels."""

import sys

import numpy as np
import pytest

import horn_neuro as hn
from horn_neuro.datasets import load, read_ts, recorded

TS = """# a comment
@problemName Pulses
@timeStamps false
@univariate false
@equalLength false
@classLabel true up down

@data
1,2,3:-1,-2,-3:down
4.5,5e-1:0,1:up
"""


def test_japanese_vowels_are_the_standard_ones():
    train, test = (load("japanese_vowels", split, seed=None) for split in ("train", "test"))
    assert np.bincount(train.labels).tolist() == [30] * 9
    # As the UCI repository tells of ae.test.
    assert np.bincount(test.labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert (train.lengths.min(), test.lengths.max()) == (7, 29)
    assert train.classes == tuple("123456789")
    assert train.inputs[0, 0, :2].tolist() == [1.860936, -0.207383]
    assert len(train.channels) == 12
    assert train.step == 0.0064
    # What they were on 2026-11-25.
    assert train.checksum[:16] == "02057ee37c0d0358"
    assert test.checksum[:16] == "c6a265dda178c822"
    mixed = load("japanese_vowels", "test")
    assert len(set(mixed.labels[:20])) > 4
    assert mixed.checksum == test.checksum
    assert sorted(mixed.lengths) == sorted(test.lengths)


def test_basic_motions_are_the_standard_ones():
    train, test = (load("basic_motions", split) for split in ("train", "test"))
    assert np.bincount(train.labels).tolist() == np.bincount(test.labels).tolist() == [10] * 4
    assert train.inputs.shape == test.inputs.shape == (40, 100, 6)
    assert train.classes == ("Standing", "Running", "Walking", "Badminton")
    assert train.channels[:2] == ("accelerometer x", "accelerometer y")
    assert train.channels[5] == "gyroscope z"
    assert (train.checksum[:16], test.checksum[:16]) == ("c583b8853e3f0009", "214c024c1b5c45fa")


def test_digits_and_noise():
    plain, noisy, permuted = (
        load(name, "test", noise=noise)
        for name, noise in (("smnist", 0.0), ("smnist", 0.2), ("psmnist", 0.2))
    )
    np.testing.assert_array_equal(plain.inputs, hn.datasets.smnist(split="test").inputs)
    noise = noisy.inputs - plain.inputs
    assert abs(noise.std() - 0.2) < 1e-3
    assert abs(noise.mean()) < 1e-3
    assert noisy.source == "embedded (test), noise 0.2 by seed 0"
    assert permuted.task == "psmnist"
    assert permuted.checksum == noisy.checksum == plain.checksum


def test_noise_is_drawn_by_data_and_seed():
    one, other = (hn.datasets.Sequences(np.full((4, 500), k), [0, 1, 0, 1]) for k in (0.0, 1.0))
    first = one.noisy(0.2, 1).inputs
    np.testing.assert_array_equal(first, one.noisy(0.2, 1).inputs)
    for drawn in (one.noisy(0.2, 2).inputs, other.noisy(0.2, 1).inputs - 1):
        assert abs(np.corrcoef(first.ravel(), drawn.ravel())[0, 1]) < 0.1


def test_noise_ends_where_a_sequence_ends():
    made = hn.datasets.Sequences([np.zeros(3), np.zeros(50)], [0, 1])
    noisy = made.noisy(1.0, seed=1)
    assert np.all(noisy.inputs[0, :3])
    assert not noisy.inputs[0, 3:].any()
    assert made.noisy(0, seed=1) is made
    with pytest.raises(ValueError, match="std = -1"):
        made.noisy(-1, seed=1)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mnist", {}, "choose one of smnist, psmnist, japanese_vowels"),
        (3, {}, "name = 3"),
        ("smnist", {"folder": "here"}, "smnist takes no folder; it takes source, split, seed"),
        ("speech_commands", {}, "speech_commands needs folder: give load"),
        ("japanese_vowels", {"split": "dev"}, "split = 'dev': choose train or test"),
        ("basic_motions", {"split": ["train"]}, "choose train or test"),
        ("smnist", {"noise": -0.1}, "noise = -0.1: give a finite number of at least 0"),
        ("smnist", {"noise": 0.1, "seed": None}, "seed = None: noise needs one"),
        ("japanese_vowels", {"seed": 0.5}, "seed = 0.5: give a whole number"),
    ],
)
def test_what_cannot_be_loaded(name, options, words):
    with pytest.raises(ValueError, match=words):
        load(name, **options)


def test_without_the_package_it_says_so(monkeypatch):
    monkeypatch.setattr(recorded, "PACKAGES", ("no_such_package",))
    with pytest.raises(ImportError, match=r"JapaneseVowels comes with .* aeon.*\[timeseries\]"):
        load("japanese_vowels")


def test_files_of_either_package_will_do(monkeypatch, tmp_path):
    """And without importing it, which takes seconds."""
    folder = tmp_path / "other_package" / "datasets" / "data" / "JapaneseVowels"
    folder.mkdir(parents=True)
    (tmp_path / "other_package" / "__init__.py").write_text("raise RuntimeError('imported')")
    line = ":".join(["0.5,1,2"] * 12)
    text = f"@classLabel true 1 2\n@data\n{line}:2\n"
    (folder / "JapaneseVowels_TRAIN.ts").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(recorded, "PACKAGES", ("no_such_package", "other_package"))
    made = load("japanese_vowels")
    assert repr(made).endswith("12 channels, 2 classes, JapaneseVowels, other_package (train)>")
    assert "other_package" not in sys.modules
    (folder / "JapaneseVowels_TRAIN.ts").unlink()
    with pytest.raises(ImportError, match="is not installed"):
        load("japanese_vowels")


def test_a_file_of_the_archive(tmp_path):
    path = tmp_path / "Pulses_TRAIN.ts"
    path.write_text(TS)
    made = read_ts(path, step=0.5)
    assert made.classes == ("up", "down")
    assert made.labels.tolist() == [1, 0]
    assert made.lengths.tolist() == [3, 2]
    assert made.inputs[0].tolist() == [[1, -1], [2, -2], [3, -3]]
    assert made.inputs[1, :2].tolist() == [[4.5, 0], [0.5, 1]]
    assert (made.task, made.source, made.step) == ("Pulses", str(path), 0.5)
    with pytest.raises(FileNotFoundError):
        read_ts(tmp_path / "nowhere.ts")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("@data", "", "no line is @data; get it again"),
        (TS, "", "no line is @data; get it again"),
        ("@classLabel true up down", "@targetLabel true", "has no classes"),
        ("true up down", "true", "has no classes"),
        ("@timeStamps false", "@timeStamps true", "a time for every value"),
        ("4.5,5e-1", "4.5,?", r"line 10: .*fill in the values that are missing"),
        ("4.5,5e-1", "4.5,x", r"line 10: .*get the file again"),
        ("4.5,5e-1", "4.5", "line 10 has channels of 1, 2 steps"),
        ("4.5,5e-1:0,1:up", "up", "line 10 has channels of no steps"),
        ("4.5,5e-1:", "", r"inputs\[1\] has 1 channels, and inputs\[0\] has 2"),
        ("4.5,5e-1", "4.5,nan", "Pulses.ts: inputs have values that are not finite"),
        (":up\n", ":left\n", "'left', which is none of up, down"),
        ("1,2,3:-1,-2,-3:down\n4.5,5e-1:0,1:up\n", "", "no sequence"),
    ],
)
def test_damaged_files(tmp_path, old, new, words):
    path = tmp_path / "Pulses.ts"
    assert old in TS
    path.write_text(TS.replace(old, new))
    with pytest.raises(ValueError, match=words):
        read_ts(path)


def test_what_is_no_text(tmp_path):
    path = tmp_path / "Pulses.ts"
    path.write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(ValueError, match="is no text; get it again"):
        read_ts(path)
