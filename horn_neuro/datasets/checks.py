"""Inputs, lengths, labels and names of sequences: checked, and in one form."""

import numpy as np

from horn_neuro._quantities import floats

__all__ = ["channelled", "labels_of", "lengths_of", "names_of", "padded"]

MANY = 10_000  # classes, at most, that need no names


def channelled(name, value, ndim):
    """Return an array that has the axis of channels, which a single one may lack."""
    array = floats(name, value)
    array = array[..., None] if array.ndim == ndim - 1 else array
    if array.ndim != ndim or (array.size == 0 and (ndim == 2 or len(array))):
        wanted = ("n_sequences, ", "")[ndim == 2]
        raise ValueError(
            f"{name} has shape {np.shape(value)}; give ({wanted}n_steps, n_channels), with at "
            "least one step and one channel"
        )
    return array


def padded(arrays):
    """Return a list of arrays as one, padded with zeros at the end, and their lengths."""
    each = [channelled(f"inputs[{k}]", array, 2) for k, array in enumerate(arrays)]
    counts = {array.shape[1] for array in each}
    if len(counts) > 1:
        first = next(k for k, array in enumerate(each) if array.shape[1] != each[0].shape[1])
        raise ValueError(
            f"inputs[{first}] has {each[first].shape[1]} channels, and inputs[0] has "
            f"{each[0].shape[1]}; all need the same"
        )
    lengths = np.array([len(array) for array in each], dtype=np.int64)
    inputs = np.zeros((len(each), lengths.max(initial=1), max(counts, default=1)))
    for target, array in zip(inputs, each, strict=True):
        target[: len(array)] = array
    return inputs, lengths


def lengths_of(given, inputs):
    """Return the steps of each sequence (ndarray of int64), as given or all of them."""
    n, longest = inputs.shape[:2]
    if given is None:
        return np.full(n, longest, dtype=np.int64)
    lengths = np.asarray(given)
    fits = lengths.shape == (n,) and lengths.dtype.kind in "iu"
    if not fits or not ((lengths >= 1) & (lengths <= longest)).all():
        raise ValueError(
            f"lengths = {given!r}: give a whole number from 1 to {longest} for each of the "
            f"{n} sequences"
        )
    return lengths.astype(np.int64)


def names_of(what, given):
    """Return names (tuple of str)."""
    if isinstance(given, str):
        raise ValueError(f"{what} = {given!r}: give a list of names")
    return tuple(str(name) for name in given)


def labels_of(given, classes, n):
    """Return numbers of classes (ndarray of int64) and their names (tuple of str)."""
    labels = np.asarray(given)
    if labels.dtype == object and all(isinstance(label, str) for label in labels.flat):
        labels = labels.astype(str)
    if labels.shape != (n,) or labels.dtype.kind not in "iuU":
        raise ValueError(
            f"labels of {labels.dtype} and shape {labels.shape}: give the name (text) or the "
            f"number (a whole one, from 0 on) of a class for each of the {n} sequences"
        )
    if classes is not None:
        classes = names_of("classes", classes)
        if len(set(classes)) < len(classes):
            raise ValueError(f"classes = {classes}: give names that differ")
    if labels.dtype.kind == "U":
        classes = tuple(sorted(set(labels.tolist()))) if classes is None else classes
        unknown = sorted(set(labels.tolist()) - set(classes))
        if unknown:
            raise ValueError(f"labels have {unknown[0]!r}, which is none of {', '.join(classes)}")
        numbers = {name: number for number, name in enumerate(classes)}
        return np.array([numbers[name] for name in labels.tolist()], dtype=np.int64), classes
    if classes is None:
        if labels.max() >= MANY:
            raise ValueError(
                f"labels up to {labels.max()} would be of as many classes, numbered from 0 on; "
                "give text, such as labels.astype(str)"
            )
        classes = tuple(str(number) for number in range(int(labels.max()) + 1))
    if labels.min() < 0 or labels.max() >= len(classes):
        raise ValueError(
            f"labels from {labels.min()} to {labels.max()}: give numbers from 0 on, below the "
            f"number of classes ({len(classes)})"
        )
    return labels.astype(np.int64), classes
