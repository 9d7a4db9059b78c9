"""Data sets as NumPy arrays, with their source and checksum."""

from horn_neuro.datasets.idx import read_idx
from horn_neuro.datasets.mnist import Digits, load_mnist
from horn_neuro.datasets.pixels import pixel_permutation, psmnist, smnist
from horn_neuro.datasets.sequences import Sequences

__all__ = [
    "Digits",
    "Sequences",
    "load_mnist",
    "pixel_permutation",
    "psmnist",
    "read_idx",
    "smnist",
]
