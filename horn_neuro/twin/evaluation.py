"""How well a model does: its loss and its score."""

import numpy as np
import torch
from torch import nn

from horn_neuro._quantities import number, whole
from horn_neuro.parameters import generator
from horn_neuro.twin.state import at_ends
from horn_neuro.twin.task import as_sequences, batch_of, count_outputs

__all__ = ["Loss", "evaluate", "noisy"]


def outputs_of(model, inputs, lengths=None):
    """Return what a model answers: its logits, if it answers with a `HornOutput`."""
    outputs = model(inputs) if lengths is None else model(inputs, lengths=lengths)
    return getattr(outputs, "logits", outputs)


def loss_of(outputs, labels, n_outputs, reduction="mean"):
    """Return the cross-entropy of classes, or the squared error of numbers."""
    told = labels.is_floating_point()
    if (
        outputs.ndim != 2
        or (told and outputs.shape[1] != n_outputs)
        or outputs.shape[1] < n_outputs
    ):
        what = "numbers to tell" if told else "classes"
        raise ValueError(
            f"labels: there are {n_outputs} {what}, but the model returns outputs of shape "
            f"{tuple(outputs.shape)}; give (batch, n_outputs), or (batch, time, n_outputs), with "
            "an output for each"
        )
    function = nn.functional.mse_loss if told else nn.functional.cross_entropy
    return function(outputs, labels.to(outputs) if told else labels, reduction=reduction)


class Loss(nn.Module):
    """Mean loss of a model, over all steps where it answers at every one.

    Fabric would round the model's outputs, but not inside of this.

    Parameters
    ----------
    model : torch.nn.Module
        Answers sequences.
    n_outputs : int
        How many outputs are asked for.
    """

    def __init__(self, model, n_outputs):
        super().__init__()
        self.model, self.n_outputs = model, n_outputs

    def forward(self, inputs, labels, lengths=None):
        """Return the loss (Tensor) of a batch."""
        outputs = outputs_of(self.model, inputs, lengths)
        if outputs.ndim == 3:
            steps = torch.arange(outputs.shape[1], device=outputs.device)
            ends = torch.full_like(labels, len(steps)) if lengths is None else lengths
            valid = steps < ends.reshape(len(ends), -1)[:, :1]
            outputs, labels = outputs[valid], labels[valid.nonzero()[:, 0]]
        return loss_of(outputs, labels, self.n_outputs)


def noisy(inputs, std, seed, source):
    """Return inputs with Gaussian noise."""
    if not std:
        return inputs
    noise = generator(seed, source).standard_normal(inputs.shape, dtype=np.float32)
    return inputs + std * torch.from_numpy(noise).to(inputs)


@torch.no_grad()
def evaluate(model, inputs, labels, noise=0.0, seed=0, batch_size=500, lengths=None):
    """Measure loss and accuracy, or the share of variance that is told.

    Parameters
    ----------
    model : torch.nn.Module
        A `HornNetwork`, or anything that returns logits of inputs; of logits at every step,
        the last count. It is asked in the mode that it is in (`torch.nn.Module.eval`).
    inputs : Tensor, shape (n_sequences, time, n_inputs)
        Sequences; the model gets them in the type of its parameters.
    labels : Tensor of int64, shape (n_sequences,), or float, (n_sequences, n_outputs)
        Classes, or numbers.
    noise : float
        Standard deviation of Gaussian noise added to the inputs.
    seed : int
        Seed of that noise.
    batch_size : int
        Sequences at a time.
    lengths : Tensor of int64, shape (n_sequences,) | None
        Steps of each, where they differ; the model gets them by this name.

    Returns
    -------
    loss, score : float
        Mean cross-entropy and share of correct predictions; of numbers, the mean squared
        error, and the coefficient of determination over all of them (R squared), which is
        nan where all are the same.

    Raises
    ------
    ValueError
        If a shape or a type does not fit, or the model has fewer outputs than there are classes.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> twin = hn.HornNetwork(hn.trainable(8, n_outputs=2, n_steps=50, seed=1), "reference")
    >>> loss, accuracy = hn.twin.evaluate(twin, torch.rand(20, 50, 1), torch.arange(20) % 2)
    >>> 0 <= accuracy <= 1
    True
    """
    inputs, labels, lengths = as_sequences(inputs, labels, lengths)
    noise, batch_size = number("noise", noise, least=0), whole("batch_size", batch_size)
    n_outputs, told = count_outputs(labels), labels.is_floating_point()
    like = next(model.parameters())
    loss, correct = 0.0, 0
    for first in range(0, len(labels), batch_size):
        part = slice(first, first + batch_size)
        batch, wanted, ends = batch_of(inputs, labels, lengths, part)
        batch = noisy(batch, noise, seed, f"test noise {first}").to(like)
        outputs, wanted = outputs_of(model, batch, ends), wanted.to(like.device)
        if outputs.ndim == 3:
            outputs = at_ends(outputs, ends)
        loss += loss_of(outputs, wanted, n_outputs, "sum").item()
        correct += 0 if told else (outputs.argmax(1) == wanted).sum().item()
    if told:
        total = (labels - labels.mean(0)).square().sum().item()
        return loss / labels.numel(), 1 - loss / total if total else float("nan")
    return loss / len(labels), correct / len(labels)
