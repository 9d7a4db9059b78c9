"""Sequential MNIST: a digit as 784 pixels, one a step."""

from dataclasses import dataclass, replace

import numpy as np

from horn_neuro._quantities import numbers, random_source, whole
from horn_neuro.datasets.mnist import load_mnist

__all__ = ["DigitSequences", "pixel_permutation", "psmnist", "smnist"]

# This seed defines psMNIST here: it must never change.
_PERMUTATION_SEED = 784


@dataclass(frozen=True, eq=False)
class DigitSequences:
    """Digits as input sequences.

    Parameters
    ----------
    inputs : ndarray of float64, shape (n_digits, 784, 1)
        Pixels between 0 and 1, one a step.
    labels : ndarray of int64, shape (n_digits,)
        Digits 0 to 9.
    task : str
        'smnist' or 'psmnist'.
    source : str
        Where the digits come from.
    checksum : str
        SHA-256 over the images and labels of the source.
    """

    inputs: np.ndarray
    labels: np.ndarray
    task: str
    source: str
    checksum: str

    def __post_init__(self):
        inputs, labels = numbers("inputs", self.inputs), numbers("labels", self.labels)
        if inputs.ndim != 3 or labels.shape != inputs.shape[:1] or labels.dtype.kind not in "iu":
            raise ValueError(
                f"inputs of shape {inputs.shape} and labels of {labels.dtype} and shape "
                f"{labels.shape}: give (n_digits, n_steps, n_inputs), and a whole number for each"
            )
        if not np.isfinite(inputs).all():
            raise ValueError("inputs have values that are not finite")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "labels", labels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        """Return some of the digits: those of a slice, or of an array of indices or of bools."""
        labels = self.labels[index]
        if np.ndim(labels) != 1:
            raise IndexError(f"index {index!r}: give a slice or an array, such as [3:4] for one")
        return replace(self, inputs=self.inputs[index], labels=labels)

    def __repr__(self):
        return f"<DigitSequences | {len(self)} digits, {self.task}, {self.source}>"

    def balanced(self, per_class, rng):
        """Draw the same number of digits from every class.

        Parameters
        ----------
        per_class : int
            Digits of each class.
        rng : numpy.random.Generator
            The source of randomness.

        Returns
        -------
        index : ndarray of int, shape (n_classes * per_class,)
            Sorted by class.

        Raises
        ------
        ValueError
            If a class has too few digits.
        """
        rng = random_source(rng)
        classes, counts = np.unique(self.labels, return_counts=True)
        fewest = counts.min(initial=len(self))
        if not 1 <= whole("per_class", per_class) <= fewest:
            raise ValueError(
                f"{per_class} digits of each class: {self.source} has {fewest} in its "
                "smallest class, and at least 1 is needed"
            )
        return np.concatenate(
            [
                rng.choice(np.flatnonzero(self.labels == label), per_class, replace=False)
                for label in classes
            ]
        )


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
    sequences : DigitSequences
    """
    digits = load_mnist(source, split)
    inputs = digits.images.reshape(len(digits), 784, 1) / 255.0
    plain = DigitSequences(inputs, digits.labels, "smnist", digits.source, digits.checksum)
    if seed is None:
        return plain
    return plain[np.random.default_rng(whole("seed", seed, 0, np.inf)).permutation(len(plain))]


def pixel_permutation():
    """Return the one fixed order of pixels that defines psMNIST here.

    Returns
    -------
    order : ndarray of int, shape (784,)
        Step k shows pixel ``order[k]``.
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
    sequences : DigitSequences
    """
    plain = smnist(source, split, seed)
    inputs = plain.inputs[:, pixel_permutation()]
    return DigitSequences(inputs, plain.labels, "psmnist", plain.source, plain.checksum)
