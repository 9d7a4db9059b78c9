"""Data sets as NumPy arrays, with their source and checksum."""

from horn_neuro.datasets.catalogue import load
from horn_neuro.datasets.idx import read_idx
from horn_neuro.datasets.mnist import Digits, load_mnist
from horn_neuro.datasets.pixels import pixel_permutation, psmnist, smnist
from horn_neuro.datasets.recorded import basic_motions, japanese_vowels
from horn_neuro.datasets.resonators import envelopes, resonator_bank
from horn_neuro.datasets.sequences import Sequences
from horn_neuro.datasets.speech import speech_commands
from horn_neuro.datasets.ts_files import read_ts

__all__ = [
    "Digits",
    "Sequences",
    "basic_motions",
    "envelopes",
    "japanese_vowels",
    "load",
    "load_mnist",
    "pixel_permutation",
    "psmnist",
    "read_idx",
    "read_ts",
    "resonator_bank",
    "smnist",
    "speech_commands",
]
