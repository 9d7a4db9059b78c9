"""`Task`: what is learned, in tensors."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch

from horn_neuro._quantities import whole
from horn_neuro.parameters import generator
from horn_neuro.twin.state import check_lengths

__all__ = ["Task", "as_sequences", "batch_of", "count_outputs"]


@dataclass(frozen=True)
class Task:
    """Sequences and labels of a training and a validation set.

    Parameters
    ----------
    inputs : Tensor, shape (n_sequences, time, n_inputs)
        Training and validation sequences together.
    labels : Tensor of int64, shape (n_sequences,), or float, (n_sequences, n_outputs)
        Their classes, or numbers to be told, as the squared error has them.
    n_validation : int
        How many of them are drawn, by the seed, for validation; at least one, and not all.
    lengths : Tensor of int64, shape (n_sequences,) | None
        Steps of each sequence, where they differ (`HornNetwork.forward`).

    Raises
    ------
    ValueError
        If a shape or a type does not fit, an input is not finite, a label is negative, a
        length lies beyond the inputs, or a set is empty.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> task = hn.twin.Task.of(hn.datasets.smnist()[:100], n_validation=20)
    >>> [len(part) for part in task.split(seed=1)]
    [80, 20]
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    n_validation: int
    lengths: torch.Tensor | None = None

    def __post_init__(self):
        inputs, labels, lengths = as_sequences(self.inputs, self.labels, self.lengths)
        for name, values in (("inputs", inputs), ("labels", labels)):
            if not values.isfinite().all():
                raise ValueError(f"{name} have values that are not finite; give numbers everywhere")
        n_validation = whole("n_validation", self.n_validation)
        if n_validation >= len(labels):
            raise ValueError(
                f"n_validation = {n_validation} of {len(labels)} sequences leaves none to train "
                "with; give fewer"
            )
        vars(self).update(inputs=inputs, labels=labels, n_validation=n_validation, lengths=lengths)

    @classmethod
    def of(cls, sequences, n_validation):
        """Take `horn_neuro.datasets.Sequences`, in float32.

        Parameters
        ----------
        sequences : Sequences
            Training and validation sequences together.
        n_validation : int
            How many of them are for validation.

        Returns
        -------
        task : Task
        """
        inputs = torch.from_numpy(sequences.inputs.astype(np.float32))
        lengths = torch.from_numpy(sequences.lengths) if sequences.ragged else None
        return cls(inputs, torch.from_numpy(sequences.labels), n_validation, lengths)

    def split(self, seed):
        """Return the indices of training and validation sequences for a seed."""
        order = generator(seed, "validation").permutation(len(self.labels))
        return np.sort(order[self.n_validation :]), np.sort(order[: self.n_validation])

    @property
    def fingerprint(self):
        """What tells it from others: its shape, its labels and the size of its sets (str)."""
        known = self.labels.numpy().tobytes()
        known += b"" if self.lengths is None else self.lengths.numpy().tobytes()
        labels = hashlib.sha256(known).hexdigest()
        shape = tuple(self.inputs.shape)
        return f"{shape}, {self.n_validation} for validation, labels {labels}"


def as_sequences(inputs, labels, lengths):
    """Return inputs, labels and lengths as tensors that fit each other, or raise ValueError."""
    inputs, labels = _tensor("inputs", inputs), _tensor("labels", labels)
    if inputs.ndim != 3 or not inputs.is_floating_point() or not inputs.numel():
        raise ValueError(
            f"inputs: {inputs.dtype} of shape {tuple(inputs.shape)}; give floating numbers of "
            "shape (n_sequences, time, n_inputs)"
        )
    kind = labels.dtype
    told = kind.is_floating_point and labels.ndim == 2 and len(labels) == len(inputs)
    integers = not (kind.is_floating_point or kind.is_complex or kind == torch.bool)
    if not told and (labels.shape != inputs.shape[:1] or not integers or (labels < 0).any()):
        raise ValueError(
            f"labels: {kind} of shape {tuple(labels.shape)}; give a class, 0 or above, for each of "
            f"the {len(inputs)} sequences, or floating numbers of shape ({len(inputs)}, n_outputs)"
        )
    if lengths is not None:
        lengths = check_lengths(lengths, inputs.transpose(0, 1))
    return inputs, labels if told else labels.long(), lengths


def _tensor(name, values):
    try:
        return torch.as_tensor(values)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name} of type {type(values).__name__} are no numbers ({error}); give a tensor, or "
            "an array; np.unique(names, return_inverse=True) numbers names"
        ) from None


def batch_of(inputs, labels, lengths, index):
    """Return some of the sequences as far as the longest of them goes, labels, and lengths."""
    if lengths is None:
        return inputs[index], labels[index], None
    return inputs[index, : lengths[index].max()], labels[index], lengths[index]


def count_outputs(labels):
    """Return how many outputs a model needs at least (int), for classes or for numbers."""
    return labels.shape[1] if labels.is_floating_point() else int(labels.max()) + 1
