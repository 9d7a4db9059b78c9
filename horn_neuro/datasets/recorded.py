"""Small recorded sets that come in the wheels of aeon and sktime."""

from importlib.util import find_spec
from pathlib import Path

from horn_neuro.datasets.ts_files import read_ts

__all__ = ["basic_motions", "japanese_vowels"]

# Both have the same files, which are read without importing either: that takes seconds.
PACKAGES = ("aeon", "sktime")
SPLITS = ("train", "test")


def japanese_vowels(split="train", seed=0):
    """Nine men say /ae/: who is it?

    640 utterances of 7 to 29 steps, each 12 cepstral coefficients by linear prediction, of
    frames of 25.6 ms that are 6.4 ms apart.

    Parameters
    ----------
    split : 'train' | 'test'
        The standard split: 270 utterances, 30 of each speaker, and 370, taken on other
        occasions, 24 to 88 of each.
    seed : int | None
        Of the order of the utterances; None leaves that of the file, which is by speaker.

    Returns
    -------
    sequences : Sequences
        Classes are the speakers, '1' to '9'.

    Raises
    ------
    ImportError
        If neither aeon nor sktime is installed, which ship the files.
    ValueError
        If `split` is unknown, or a file is damaged.

    References
    ----------
    Kudo, Toyama and Shimbo (1999), Pattern Recognition Letters 20:1103,
    doi:10.1016/S0167-8655(99)00077-X.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> vowels = hn.datasets.japanese_vowels("test")  # needs aeon or sktime
    >>> len(vowels), int(vowels.lengths.min()), int(vowels.lengths.max())
    (370, 7, 29)
    """
    channels = [f"cepstral coefficient {k}" for k in range(1, 13)]
    return _recorded("JapaneseVowels", split, seed, step=6.4e-3, channels=channels)


def basic_motions(split="train", seed=0):
    """Four people with a smart watch: do they stand, walk, run, or play badminton?

    80 recordings of 100 steps of 100 ms, each of an accelerometer and a gyroscope.

    Parameters
    ----------
    split : 'train' | 'test'
        The standard split: 40 recordings, ten of each class, and 40.
    seed : int | None
        Of the order of the recordings; None leaves that of the file, which is by class.

    Returns
    -------
    sequences : Sequences

    Raises
    ------
    ImportError
        If neither aeon nor sktime is installed, which ship the files.
    ValueError
        If `split` is unknown, or a file is damaged.

    References
    ----------
    Bagnall et al. (2018), The UEA multivariate time series classification archive,
    arXiv:1811.00075.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.datasets.basic_motions().classes  # needs aeon or sktime
    ('Standing', 'Running', 'Walking', 'Badminton')
    """
    channels = [f"{kind} {axis}" for kind in ("accelerometer", "gyroscope") for axis in "xyz"]
    return _recorded("BasicMotions", split, seed, step=0.1, channels=channels)


def _recorded(name, split, seed, **options):
    if not isinstance(split, str) or split not in SPLITS:
        raise ValueError(f"split = {split!r}: choose train or test")
    file = Path("datasets", "data", name, f"{name}_{split.upper()}.ts")
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in () if spec is None else spec.submodule_search_locations or ():
            if (path := Path(folder, file)).is_file():
                source = f"{package} ({split})"
                return read_ts(path, source=source, task=name, **options).shuffled(seed)
    raise ImportError(
        f"{name} comes with the package aeon, which is not installed; install it by "
        "pip install aeon, or pip install '.[timeseries]' in a clone"
    )
