"""Labelled time series, of one length or of many."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from horn_neuro._epochs import chosen_epochs
from horn_neuro._quantities import number, random_source, whole
from horn_neuro.datasets.checks import channelled, labels_of, lengths_of, names_of, padded
from horn_neuro.parameters.seeds import generator

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
        # NumPy keeps ragged ones as an array of objects.
        several = isinstance(self.inputs, list | tuple) or getattr(self.inputs, "dtype", 0) == "O"
        if several and self.lengths is None:
            inputs, lengths = padded(self.inputs)
        else:
            inputs = channelled("inputs", self.inputs, 3)
            lengths = lengths_of(self.lengths, inputs)
            if self.lengths is not None:
                past = np.arange(inputs.shape[1]) >= lengths[:, None]
                inputs = np.where(past[:, :, None], 0.0, inputs)
        if not len(inputs):
            raise ValueError("inputs hold no sequence; give at least one")
        if not np.isfinite(inputs).all():
            first = int(np.flatnonzero(~np.isfinite(inputs).all(axis=(1, 2)))[0])
            raise ValueError(f"inputs have values that are not finite, first in sequence {first}")
        labels, classes = labels_of(self.labels, self.classes, len(inputs))
        names = self.channels
        if names is not None:
            names = names_of("channels", names)
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

    def shuffled(self, seed):
        """Return them in another order.

        Parameters
        ----------
        seed : int | None
            The source of randomness; None keeps the order.

        Returns
        -------
        sequences : Sequences
        """
        rng = None if seed is None else np.random.default_rng(whole("seed", seed, 0, np.inf))
        return self if rng is None else self[rng.permutation(len(self))]

    def noisy(self, std, seed):
        """Add Gaussian noise to every step that there is, of which `source` tells.

        Parameters
        ----------
        std : float
            Standard deviation, in units of the inputs; 0 adds none.
        seed : int
            The source of randomness.

        Returns
        -------
        sequences : Sequences
        """
        if not (std := number("std", std, least=0)):
            return self
        noise = generator(seed, f"noise on {self.task} {self.checksum}")
        noise = std * noise.standard_normal(self.inputs.shape)
        noise[np.arange(self.inputs.shape[1]) >= self.lengths[:, None]] = 0
        source = f"{self.source}, noise {std:g} by seed {seed}".lstrip(", ")
        return replace(self, inputs=self.inputs + noise, source=source)

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

        Examples
        --------
        >>> import horn_neuro as hn
        >>> digits = hn.datasets.smnist()
        >>> some = digits[digits.balanced(2, rng=1)]
        >>> some.labels[:6]
        array([0, 0, 1, 1, 2, 2])
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
