"""Sequential MNIST: a digit as 784 pixels, one a step."""

from dataclasses import replace

import numpy as np

from horn_neuro.datasets.mnist import load_mnist
from horn_neuro.datasets.sequences import Sequences

__all__ = ["pixel_permutation", "psmnist", "smnist"]

# This seed defines psMNIST here: it must never change.
_PERMUTATION_SEED = 784
_CLASSES = tuple("0123456789")


def smnist(source="embedded", split="train", seed=0):
    """Sequential MNIST: pixels row by row.

    Parameters
    ----------
    source : str | Path
        As in `load_mnist`.
    split : 'train' | 'test'
        As in `load_mnist`.
    seed : int | None
        Of the order of the digits; None leaves that of the source, which may be
        sorted by class, as that of the embedded digits is.

    Returns
    -------
    sequences : Sequences

    Examples
    --------
    >>> import horn_neuro as hn
    >>> digits = hn.datasets.smnist(split="test")
    >>> digits
    <Sequences | 1000 of 784 steps, 1 channel, 10 classes, smnist, embedded (test)>
    >>> digits[:3].inputs.shape
    (3, 784, 1)
    """
    digits = load_mnist(source, split)
    inputs = digits.images.reshape(len(digits), 784, 1) / 255.0
    origin = {"source": digits.source, "checksum": digits.checksum}
    plain = Sequences(inputs, digits.labels, classes=_CLASSES, task="smnist", **origin)
    return plain.shuffled(seed)


def pixel_permutation():
    """Return the one fixed order of pixels that defines psMNIST here.

    Returns
    -------
    order : ndarray of int, shape (784,)
        Step k shows pixel ``order[k]``.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.datasets.pixel_permutation()[:4]
    array([732, 223, 118, 374])
    """
    return np.random.default_rng(_PERMUTATION_SEED).permutation(784)


def psmnist(source="embedded", split="train", seed=0):
    """Permuted sequential MNIST: pixels in the order of `pixel_permutation`.

    Parameters
    ----------
    source : str | Path
        As in `load_mnist`.
    split : 'train' | 'test'
        As in `load_mnist`.
    seed : int | None
        Of the order of the digits; None leaves that of the source, which may be
        sorted by class, as that of the embedded digits is.

    Returns
    -------
    sequences : Sequences

    Examples
    --------
    >>> import horn_neuro as hn
    >>> plain, permuted = hn.datasets.smnist()[:1], hn.datasets.psmnist()[:1]
    >>> order = hn.datasets.pixel_permutation()
    >>> bool((permuted.inputs == plain.inputs[:, order]).all())
    True
    """
    plain = smnist(source, split, seed)
    return replace(plain, inputs=plain.inputs[:, pixel_permutation()], task="psmnist")
