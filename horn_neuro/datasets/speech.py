"""Spoken digits of a folder of Speech Commands, heard through a bank of resonators."""

import hashlib
import os
import re
import warnings
from math import gcd
from pathlib import Path

import numpy as np

from horn_neuro._quantities import number, whole
from horn_neuro.datasets.resonators import envelopes, resonator_bank
from horn_neuro.datasets.sequences import Sequences

__all__ = ["speech_commands"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
SAMPLING_RATE = 16000
LOWEST, HIGHEST = 100.0, 4000.0  # Hz


def speech_commands(folder, split="train", seed=0, *, words=DIGITS, n_channels=32, step=0.01):
    """Read spoken words, as the swing of oscillators that they set off.

    Every recording goes through `resonator_bank`, uncoupled oscillators of 100 to 4000 Hz, and
    a step has what their velocities swing in its window (`envelopes`), to the power of 2/3, as
    loudness grows. A second of sound takes some 5 ms of a processor, the 31,000 training digits
    of Speech Commands a few minutes.

    Parameters
    ----------
    folder : str | Path
        Speech Commands, unpacked: a folder for each word, with WAV files of any sampling rate,
        which are resampled to 16 kHz; of several audio channels, the mean is taken.
    split : 'train' | 'validation' | 'test'
        As the folder's validation_list.txt and testing_list.txt tell; where there is neither, by
        the rule that made them, in which all recordings of a speaker are in one part.
    seed : int | None
        Of the order of the recordings; None leaves that of words and names.
    words : sequence of str
        The classes, which are names of folders; None takes all folders, except those that
        begin with an underscore.
    n_channels : int
        Oscillators.
    step : float | brian2 Quantity
        Seconds of a window; a recording has as many steps as whole windows.

    Returns
    -------
    sequences : Sequences
        Channels are named by their frequency.

    Raises
    ------
    FileNotFoundError
        If the folder, or that of a word, is missing.
    ValueError
        If `split` is unknown or empty, only one of the two lists is there, or a file is damaged
        or shorter than a step.

    References
    ----------
    Warden (2018), Speech Commands, arXiv:1804.03209. Loudness: Hermansky (1990), J. Acoust. Soc.
    Am. 87:1738, doi:10.1121/1.399423, equation 8.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn, tempfile
    >>> from pathlib import Path
    >>> from scipy.io import wavfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for word, hertz in (("low", 200), ("high", 1600)):
    ...     folder.joinpath(word).mkdir()
    ...     tone = 1e4 * np.sin(2 * np.pi * hertz * np.arange(8000) / 16000)
    ...     wavfile.write(folder / word / "me_nohash_0.wav", 16000, tone.astype(np.int16))
    >>> for parts in ("validation_list.txt", "testing_list.txt"):
    ...     folder.joinpath(parts).touch()
    >>> words = hn.datasets.speech_commands(folder, words=("low", "high"), n_channels=4, seed=None)
    >>> words.inputs.shape, words.inputs.mean(axis=1).argmax(axis=1)
    ((2, 50, 4), array([0, 2]))
    """
    if not isinstance(split, str) or split not in ("train", *LISTS):
        raise ValueError(f"split = {split!r}: choose train, validation or test")
    if not isinstance(folder, str | os.PathLike):
        raise ValueError(f"folder = {folder!r}: give the folder of Speech Commands")
    every = round(number("step", step, "s", least=1 / SAMPLING_RATE) * SAMPLING_RATE)
    n_channels = whole("n_channels", n_channels, 2)
    bank = resonator_bank(n_channels, LOWEST, HIGHEST, SAMPLING_RATE)
    frequencies = np.geomspace(LOWEST, HIGHEST, n_channels)
    folder = Path(folder).expanduser()
    words = _words(folder, words)
    listed = _lists(folder)
    inputs, labels, digest = [], [], hashlib.sha256()
    for label, word in enumerate(words):
        for path in sorted((folder / word).glob("*.wav")):
            if _split_of(path, listed) == split:
                sound = _sound(path)
                if len(sound) < every:
                    raise ValueError(
                        f"{path} has {1000 * len(sound) / SAMPLING_RATE:.3g} ms of sound, which is "
                        "shorter than a step; give a shorter one, or take the file away"
                    )
                digest.update(f"{word} {len(sound)} ".encode() + sound.tobytes())
                inputs.append(envelopes(bank, sound, every) ** (2 / 3))
                labels.append(label)
    if not inputs:
        raise ValueError(f"split = {split!r}: none of the recordings in {folder} belongs to it")
    made = Sequences(
        inputs,
        labels,
        classes=words,
        step=every / SAMPLING_RATE,
        channels=[f"{frequency:.0f} Hz" for frequency in frequencies],
        task="spoken words",
        source=f"{folder.name} ({split})",
        checksum=digest.hexdigest(),
    )
    return made.shuffled(seed)


def _words(folder, words):
    """Return the classes (tuple of str), each of which is a folder."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}; give that of Speech Commands, which has a folder for each word"
        )
    there = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] not in "_.")
    words = there if words is None else words
    if isinstance(words, str):
        raise ValueError(f"words = {words!r}: give a list of words, such as [{words!r}]")
    missing = [word for word in words if word not in there]
    if missing or not words:
        raise FileNotFoundError(
            f"no folder {', '.join(missing) or 'of a word'} in {folder}; there are "
            f"{', '.join(there[:12]) or 'none'}: give some of these as words"
        )
    return tuple(words)


def _lists(folder):
    """Return the split of every recording that the folder's two lists name, or None."""
    paths = {split: folder / name for split, name in LISTS.items()}
    there = [path.is_file() for path in paths.values()]
    if not any(there):
        return None
    if not all(there):
        raise ValueError(
            f"{folder} has one of {' and '.join(LISTS.values())}; give both, as Speech Commands "
            "has them, or neither"
        )
    return {
        line.strip(): split
        for split, path in paths.items()
        for line in path.read_text(encoding="utf-8").splitlines()
    }


def _split_of(path, listed):
    """Return the part to which a recording belongs (str)."""
    if listed is not None:
        return listed.get(f"{path.parent.name}/{path.name}", "train")
    # A tenth of the speakers each for validation and test, by the hash of their names.
    speaker = re.sub("_nohash_.*", "", path.name)
    percent = int(hashlib.sha1(speaker.encode()).hexdigest(), 16) % 2**27 * 100 / (2**27 - 1)
    return "validation" if percent < 10 else "test" if percent < 20 else "train"


def _sound(path):
    """Return the samples of a WAV file at 16 kHz, from -1 to 1 (ndarray)."""
    # Not above: datasets are imported more often than sound is read.
    from scipy.io import wavfile
    from scipy.signal import resample_poly

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", wavfile.WavFileWarning)  # of files that are cut off
            warnings.filterwarnings("ignore", r"Chunk \(non-data\)")  # of what is not sound
            rate, sound = wavfile.read(path)
    except OSError:
        raise
    except Exception as error:  # whatever damage brings about
        raise ValueError(
            f"{path} is damaged, or no WAV file ({type(error).__name__}: {error}); get it again, "
            "or take it away"
        ) from None
    if not 1000 <= rate <= 1_000_000 or not sound.size or not np.isfinite(sound).all():
        raise ValueError(
            f"{path} has {len(sound)} samples at {rate} Hz; give sound of at least 1 kHz that is "
            "finite, or take the file away"
        )
    if sound.dtype.kind == "u":
        sound = (sound - 128.0) / 128
    elif sound.dtype.kind == "i":
        sound = sound / -float(np.iinfo(sound.dtype).min)
    sound = sound.reshape(len(sound), -1).mean(axis=1)
    shared = gcd(rate, SAMPLING_RATE)
    return resample_poly(sound, SAMPLING_RATE // shared, rate // shared)
