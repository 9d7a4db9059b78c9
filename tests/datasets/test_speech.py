"""Spoken words of small generated WAV files, and the resonators that hear them."""

import struct

import numpy as np
import pytest
from brian2 import ms
from scipy.io import wavfile

import horn_neuro as hn
from horn_neuro.datasets import envelopes, load, resonator_bank, speech_commands

RATE = 16000
PITCH = {"zero": 200.0, "one": 1000.0}


def tone(frequency, seconds=0.3, rate=RATE, size=0.3):
    return size * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def folder(tmp_path):
    """Two words of three speakers each, in three formats, and what is beside them."""
    for word, pitch in PITCH.items():
        (tmp_path / word).mkdir()
        for speaker, sound, rate in (
            ("0ac15fe9", (32767 * tone(pitch)).astype(np.int16), RATE),
            ("42beb5eb", tone(pitch, 0.25, 8000).astype(np.float32), 8000),
            ("022cd682", np.stack([tone(pitch), 0 * tone(pitch)], axis=1).astype(np.float32), RATE),
        ):
            wavfile.write(tmp_path / word / f"{speaker}_nohash_0.wav", rate, sound)
    (tmp_path / "_background_noise_").mkdir()
    (tmp_path / "README.md").write_text("Speech Commands")
    return tmp_path


def listed(folder, validation="", testing=""):
    (folder / "validation_list.txt").write_text(validation)
    (folder / "testing_list.txt").write_text(testing)


def test_the_bank_is_a_network_that_brian2_simulates():
    bank, rng = resonator_bank(5, 300, 3000), np.random.default_rng(1)
    bank = bank.replace(
        w_in=rng.normal(size=(5, 1)), b_in=rng.normal(size=5), b_rec=rng.normal(size=5)
    )
    sound = rng.normal(size=(2, 330))
    y = hn.simulate(bank, sound[:, :, None], device="numpy", record=("y",)).data["y"].values
    windows = y[:, :, :320].reshape(2, 5, 4, 80)
    expected = np.sqrt(2 * (windows**2).mean(axis=3)).transpose(0, 2, 1)
    np.testing.assert_allclose(envelopes(bank, sound, 80), expected, rtol=1e-10)


@pytest.mark.parametrize("k", [0, 7, 15])
def test_each_resonator_tells_the_amplitude_of_its_own_tone(k):
    bank, frequencies = resonator_bank(16), np.geomspace(100, 4000, 16)
    heard = envelopes(bank, tone(frequencies[k], size=0.01), RATE // 10)[-1]
    assert heard.argmax() == k
    assert heard[k] == pytest.approx(0.01, rel=2e-3)


def test_neighbours_meet_at_half_of_their_power():
    between = np.sqrt(np.geomspace(100, 4000, 32)[15:17].prod())
    heard = envelopes(resonator_bank(), tone(between, size=0.01), RATE // 10)[-1]
    np.testing.assert_allclose(heard[15:17] ** 2 / 1e-4, 0.5, rtol=0.05)
    # Low tones do not reach high units, which the position of an oscillator would let them.
    low = envelopes(resonator_bank(16), tone(100, size=0.01), RATE // 10)[-1]
    assert low[-1] < 0.01 * low[0]


def test_words_are_classes(folder):
    listed(folder)
    made = load("speech_commands", folder=folder, words=["zero", "one"], seed=None)
    assert made.classes == ("zero", "one")
    assert made.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert made.lengths.tolist() == [30, 30, 25] * 2
    assert made.inputs.shape == (6, 30, 32)
    assert made.step == 0.01
    assert made.channels[0] == "100 Hz"
    assert made.channels[-1] == "4000 Hz"
    assert made.source == f"{folder.name} (train)"
    # Each is loudest where its pitch is.
    frequencies = np.geomspace(100, 4000, 32)
    for row, length, word in zip(
        made.inputs, made.lengths, ("zero",) * 3 + ("one",) * 3, strict=True
    ):
        loudest = row[5:length].mean(axis=0).argmax()
        assert loudest == np.abs(np.log(frequencies / PITCH[word])).argmin()
    # A silent second channel halves what the tanh of an oscillator gets.
    half, full, slower = made.inputs[:3, 10:20].max(axis=(1, 2))
    assert half / full == pytest.approx((np.tanh(0.15) / np.tanh(0.3)) ** (2 / 3), rel=5e-3)
    assert slower == pytest.approx(full, rel=5e-3)
    assert load("speech_commands", folder=folder, words=["zero", "one"]).checksum == made.checksum


def test_formats_are_the_same_sound(folder):
    """Integers of 8, 16 and 32 bits, floats, two equal channels, and another sampling rate."""
    listed(folder)
    for path in (folder / "one").iterdir():
        path.unlink()
    sound = tone(1000.0)
    for name, content, rate in (
        ("a", np.round(127.5 + 127 * sound).astype(np.uint8), RATE),
        ("b", np.round(2**15 * sound).astype(np.int16), RATE),
        ("c", np.round(2**31 * sound).astype(np.int32), RATE),
        ("d", sound.astype(np.float64), RATE),
        ("e", np.stack([sound, sound], axis=1).astype(np.float32), RATE),
        ("f", tone(1000.0, rate=44100).astype(np.float32), 44100),
    ):
        wavfile.write(folder / "one" / f"{name}.wav", rate, content)
    made = speech_commands(folder, words=["one"], seed=None)
    assert made.lengths.tolist() == [30] * 6
    middle = made.inputs[:, 5:25].mean(axis=1)
    loudest = middle.argmax(axis=1)[0]
    np.testing.assert_allclose(middle[:, loudest], middle[3, loudest], rtol=5e-3)
    np.testing.assert_allclose(middle[1:5], middle[[3] * 4], atol=1e-3)


def test_lists_of_the_folder_decide(folder):
    listed(folder, "zero/0ac15fe9_nohash_0.wav\n", "zero/022cd682_nohash_0.wav\none/gone.wav\n")
    sizes = {
        split: np.bincount(speech_commands(folder, split, words=["zero", "one"]).labels).tolist()
        for split in ("train", "validation", "test")
    }
    assert sizes == {"train": [1, 3], "validation": [1], "test": [1]}


def test_without_lists_speakers_are_divided(folder):
    """By the rule of Speech Commands, by which 022cd682 and 42beb5eb are for testing."""
    test = speech_commands(folder, "test", words=["zero", "one"])
    assert np.bincount(test.labels).tolist() == [2, 2]
    train = speech_commands(folder, "train", words=["zero", "one"])
    assert np.bincount(train.labels).tolist() == [1, 1]
    with pytest.raises(ValueError, match="split = 'validation': none of the recordings"):
        speech_commands(folder, "validation", words=["zero", "one"])


def test_words_and_steps_of_ones_own(folder):
    listed(folder)
    made = speech_commands(folder, words=None, n_channels=8, step=20 * ms)
    assert made.classes == ("one", "zero")
    assert made.inputs.shape == (6, 15, 8)
    assert made.step == 0.02


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "dev"}, "choose train, validation or test"),
        ({"folder": None}, "folder = None"),
        ({"words": "zero"}, r"such as \['zero'\]"),
        ({"step": 1e-6}, "step = 1e-06: give a finite number of at least 6.25e-05"),
        ({"step": 0.28}, "42beb5eb_nohash_0.wav has 250 ms of sound, which is shorter than a step"),
        ({"n_channels": 1}, "n_channels = 1: give a whole number of at least 2"),
    ],
)
def test_bad_options(folder, options, words):
    listed(folder)
    with pytest.raises(ValueError, match=words):
        speech_commands(**{"folder": folder, "words": ["zero"], **options})


def test_what_is_missing_is_named(folder):
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere; give that of Speech"):
        speech_commands(folder / "nowhere")
    with pytest.raises(FileNotFoundError, match="no folder two, three.*there are one, zero"):
        speech_commands(folder)
    (folder / "testing_list.txt").write_text("")
    with pytest.raises(ValueError, match="has one of validation_list.txt and testing_list.txt"):
        speech_commands(folder, words=["zero"])


def test_damaged_recordings(folder):
    listed(folder)
    path = folder / "zero" / "0ac15fe9_nohash_0.wav"
    whole = path.read_bytes()
    for content in (b"", b"RIFF", whole[:40], whole[:-2], b"ID3" + whole):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"0ac15fe9_nohash_0.wav is damaged, or no WAV file"):
            speech_commands(folder, words=["zero"])
    for rate in (0, 50, 2**31):
        path.write_bytes(whole[:24] + struct.pack("<I", rate) + whole[28:])
        with pytest.raises(ValueError, match=r"0ac15fe9_nohash_0.wav"):
            speech_commands(folder, words=["zero"])
    wavfile.write(path, RATE, np.full(5000, np.nan, dtype=np.float32))
    with pytest.raises(ValueError, match="give sound of at least 1 kHz that is finite"):
        speech_commands(folder, words=["zero"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_units": 1}, "n_units = 1"),
        ({"low_hz": 500, "high_hz": 400}, "frequencies that grow"),
        ({"high_hz": 4001}, r"up to a quarter of the sampling rate \(4000 Hz\)"),
        ({"low_hz": 0}, "low_hz = 0"),
    ],
)
def test_banks_that_cannot_be(options, words):
    with pytest.raises(ValueError, match=words):
        resonator_bank(**options)


def test_what_a_bank_cannot_hear():
    bank = resonator_bank(3)
    with pytest.raises(ValueError, match="give uncoupled oscillators"):
        envelopes(hn.effenberger_2025(3, seed=1), np.zeros(100), 10)
    for wrong in (np.zeros(9), np.full(20, np.nan), 1.0):
        with pytest.raises(ValueError, match="give finite numbers, with at least the 10 steps"):
            envelopes(bank, wrong, 10)
