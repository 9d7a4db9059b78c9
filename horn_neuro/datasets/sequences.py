"""Labelled time series, of one length or of many."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from horn_neuro._epochs import chosen_epochs
from horn_neuro._quantities import floats, number, random_source, whole

__all__ = ["Sequences"]


@dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """Time series of one or several channels, and what each of them is.

    Parameters
    ----------
    inputs : array_like, shape (n_sequences, n_steps, n_channels) or (n_sequences, n_steps)
        Or a list of arrays (n_steps, n_channels) or (n_steps,), each of a length of its own.
    labels : array_like of int or str, shape (n_sequences,)
        The class of each: its name, or its number from 0 on.
    lengths : array_like of int, shape (n_sequences,) | None
        Steps of each, in an array that is padded at the end; None is all of them.
    classes : sequence of str | None
        Names of the classes in the order of their numbers; None sorts the names that there
        are, and takes numbers for names.
    step : float | brian2 Quantity | None
        Seconds between two steps; None where there is no time.
    channels : sequence of str | None
        Names of the channels.
    task : str
        What there is to learn, in a word.
    source : str
        Where they come from.
    checksum : str | None
        SHA-256 over the data of the source; None takes that of inputs, lengths and labels.

    Attributes
    ----------
    inputs : ndarray of float64, shape (n_sequences, n_steps, n_channels)
        Padded with zeros.
    labels, lengths : ndarray of int64, shape (n_sequences,)
        Numbers of classes, and of steps.

    Raises
    ------
    ValueError
        If a sequence is empty, channels differ, a value is not finite, a label is no whole
        number or text, or a length lies beyond the array.

    Examples
    --------
    >>> import numpy as np
    >>> from horn_neuro.datasets import Sequences
    >>> Sequences([np.ones((5, 2)), np.zeros((3, 2))], ["high", "low"])
    <Sequences | 2 of 3 to 5 steps, 2 channels, 2 classes>
    """

    inputs: np.ndarray
    labels: np.ndarray
    lengths: np.ndarray | None = None
    classes: tuple | None = None
    step: float | None = None
    channels: tuple | None = None
    task: str = ""
    source: str = ""
    checksum: str | None = None

    def __post_init__(self):
        if isinstance(self.inputs, list | tuple) and self.lengths is None:
            inputs, lengths = _padded(self.inputs)
        else:
            inputs = _channelled("inputs", self.inputs, 3)
            lengths = _lengths(self.lengths, inputs)
            if self.lengths is not None:
                past = np.arange(inputs.shape[1]) >= lengths[:, None]
                inputs = np.where(past[:, :, None], 0.0, inputs)
        if not len(inputs):
            raise ValueError("inputs hold no sequence; give at least one")
        if not np.isfinite(inputs).all():
            first = int(np.flatnonzero(~np.isfinite(inputs).all(axis=(1, 2)))[0])
            raise ValueError(f"inputs have values that are not finite, first in sequence {first}")
        labels, classes = _labels(self.labels, self.classes, len(inputs))
        names = self.channels
        if names is not None:
            names = tuple(str(name) for name in names)
            if len(names) != inputs.shape[2]:
                raise ValueError(
                    f"channels has {len(names)} names; give one for each of the "
                    f"{inputs.shape[2]} channels"
                )
        step = None if self.step is None else number("step", self.step, "s", above=0)
        parts = {"inputs": inputs, "labels": labels, "lengths": lengths, "classes": classes}
        vars(self).update(parts, step=step, channels=names)
        if self.checksum is None:
            vars(self)["checksum"] = hashlib.sha256(
                b"".join(np.ascontiguousarray(part).tobytes() for part in (inputs, lengths, labels))
            ).hexdigest()

    @classmethod
    def from_epochs(cls, epochs, picks=None, **options):
        """Take the trials of MNE, and their events as classes.

        Parameters
        ----------
        epochs : mne.BaseEpochs
            Their event names are the labels, their sampling rate is the step.
        picks : str | array_like | None
            Channels, as MNE takes them; None is all but stimulus channels and bad ones.
        **options
            Of `Sequences`, in place of what the epochs say.

        Returns
        -------
        sequences : Sequences
        """
        chosen = chosen_epochs(epochs, picks)
        names = {code: name for name, code in epochs.event_id.items()}
        given = {
            "labels": [names[code] for code in epochs.events[:, 2]],
            "step": 1 / epochs.info["sfreq"],
            "channels": chosen.ch_names,
            **options,
        }
        return cls(chosen.get_data(picks="all").transpose(0, 2, 1), **given)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        """Return some of them: those of a slice, or of an array of indices or of bools."""
        labels = self.labels[index]
        if np.ndim(labels) != 1:
            raise IndexError(f"index {index!r}: give a slice or an array, such as [3:4] for one")
        parts = {"inputs": self.inputs[index], "labels": labels, "lengths": self.lengths[index]}
        return replace(self, **parts)

    def __repr__(self):
        shortest, longest = self.lengths.min(), self.lengths.max()
        steps = f"{longest}" if shortest == longest else f"{shortest} to {longest}"
        n_channels, n_classes = self.inputs.shape[2], len(self.classes)
        parts = [
            f"{len(self)} of {steps} steps",
            f"{n_channels} channel{'s' * (n_channels != 1)}",
            f"{n_classes} class{'es' * (n_classes != 1)}",
            *(text for text in (self.task, self.source) if text),
        ]
        return f"<Sequences | {', '.join(parts)}>"

    @property
    def ragged(self):
        """Whether some are shorter than others (bool)."""
        return bool((self.lengths < self.inputs.shape[1]).any())

    def balanced(self, per_class, rng):
        """Draw the same number of sequences from every class.

        Parameters
        ----------
        per_class : int
            Sequences of each class.
        rng : int | numpy.random.Generator
            The source of randomness, or its seed.

        Returns
        -------
        index : ndarray of int, shape (n_classes * per_class,)
            Sorted by class.

        Raises
        ------
        ValueError
            If a class has too few.
        """
        rng = random_source(rng)
        classes, counts = np.unique(self.labels, return_counts=True)
        fewest = counts.min(initial=len(self))
        if not 1 <= whole("per_class", per_class) <= fewest:
            raise ValueError(
                f"per_class = {per_class}: {self.source or 'this set'} has {fewest} in its "
                "smallest class; give 1 to that many"
            )
        return np.concatenate(
            [
                rng.choice(np.flatnonzero(self.labels == label), per_class, replace=False)
                for label in classes
            ]
        )


def _channelled(name, value, ndim):
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


def _padded(arrays):
    """Return a list of arrays as one, padded with zeros at the end, and their lengths."""
    each = [_channelled(f"inputs[{k}]", array, 2) for k, array in enumerate(arrays)]
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


def _lengths(given, inputs):
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


def _labels(given, classes, n):
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
        classes = tuple(str(name) for name in classes)
    if labels.dtype.kind == "U":
        classes = tuple(sorted(set(labels.tolist()))) if classes is None else classes
        unknown = sorted(set(labels.tolist()) - set(classes))
        if unknown:
            raise ValueError(f"labels have {unknown[0]!r}, which is none of {', '.join(classes)}")
        numbers = {name: number for number, name in enumerate(classes)}
        return np.array([numbers[name] for name in labels.tolist()], dtype=np.int64), classes
    count = int(labels.max()) + 1 if classes is None else len(classes)
    if labels.min() < 0 or labels.max() >= count:
        raise ValueError(
            f"labels from {labels.min()} to {labels.max()}: give numbers from 0 on, below the "
            f"number of classes ({count})"
        )
    if classes is None:
        classes = tuple(str(number) for number in range(count))
    return labels.astype(np.int64), classes
