"""Training a classifier of sequences: reproducible, resumable, on one process or several."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from horn_neuro._files import atomic_path
from horn_neuro._quantities import number, whole
from horn_neuro.parameters import generator
from horn_neuro.twin.network import check_lengths
from horn_neuro.twin.torch_files import read_torch, write_torch

__all__ = ["Task", "TrainingConfig", "evaluate", "train"]

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
_SAVED = {"config", "metrics", "model", "optimizer", "schedule", "best", "random"}
_OPTIMIZERS = {"adamw": torch.optim.AdamW, "sgd": partial(torch.optim.SGD, momentum=0.9)}


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; saved with every run, and compared when one is resumed.

    Parameters
    ----------
    epochs, batch_size : int
        The batch is that of all processes together.
    learning_rate : float
        The highest of the one-cycle schedule.
    weight_decay : float
        Of AdamW; what SGD adds to a gradient, as a multiple of the weight.
    clip : float
        Largest norm of the gradient.
    noise : float
        Standard deviation of Gaussian noise on the training inputs.
    seed : int
        Root of all randomness.
    optimizer : 'adamw' | 'sgd'
        AdamW, or plain gradient descent with momentum, which needs another learning rate.
    patience : int | None
        Epochs without a lower validation loss after which training stops; None goes on to
        the end.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-2
    weight_decay: float = 1e-2
    clip: float = 1.0
    noise: float = 0.0
    seed: int = 1
    optimizer: str = "adamw"
    patience: int | None = None

    def __post_init__(self):
        if self.optimizer not in _OPTIMIZERS:
            raise ValueError(f"optimizer = {self.optimizer!r}: choose {', '.join(_OPTIMIZERS)}")
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            object.__setattr__(self, name, whole(name, getattr(self, name), least))
        if self.patience is not None:
            object.__setattr__(self, "patience", whole("patience", self.patience))
        for name, bound in (
            ("learning_rate", {"above": 0}),
            ("weight_decay", {"least": 0}),
            ("clip", {"above": 0}),
            ("noise", {"least": 0}),
        ):
            object.__setattr__(self, name, number(name, getattr(self, name), **bound))


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
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    n_validation: int
    lengths: torch.Tensor | None = None

    def __post_init__(self):
        inputs, labels, lengths = _sequences(self.inputs, self.labels, self.lengths)
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


def _sequences(inputs, labels, lengths):
    """Return inputs, labels and lengths as tensors that fit each other, or raise ValueError."""
    inputs, labels = torch.as_tensor(inputs), torch.as_tensor(labels)
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


def _batch(inputs, labels, lengths, index):
    """Return some of the sequences as far as the longest of them goes, labels, and lengths."""
    if lengths is None:
        return inputs[index], labels[index]
    return inputs[index, : lengths[index].max()], labels[index], lengths[index]


def _n_outputs(labels):
    """Return how many outputs a model needs at least (int), for classes or for numbers."""
    return labels.shape[1] if labels.is_floating_point() else int(labels.max()) + 1


def _loss(outputs, labels, n_outputs, reduction="mean"):
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
            f"{tuple(outputs.shape)}; give (batch, n_outputs) with an output for each"
        )
    function = nn.functional.mse_loss if told else nn.functional.cross_entropy
    return function(outputs, labels.to(outputs) if told else labels, reduction=reduction)


class _Loss(nn.Module):
    """Mean loss of a model; Fabric would round its outputs, but not inside of this."""

    def __init__(self, model, n_outputs):
        super().__init__()
        self.model, self.n_outputs = model, n_outputs

    def forward(self, inputs, labels, *lengths):
        return _loss(self.model(inputs, *lengths), labels, self.n_outputs)


def _noisy(inputs, std, seed, source):
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
        Returns logits of inputs.
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
        Steps of each, where they differ; the model gets them as a second argument.

    Returns
    -------
    loss, score : float
        Mean cross-entropy and share of correct predictions; of numbers, the mean squared
        error, and the coefficient of determination over all of them (R squared).

    Raises
    ------
    ValueError
        If a shape or a type does not fit, or the model has fewer outputs than there are classes.
    """
    inputs, labels, lengths = _sequences(inputs, labels, lengths)
    noise, batch_size = number("noise", noise, least=0), whole("batch_size", batch_size)
    n_outputs, told = _n_outputs(labels), labels.is_floating_point()
    like = next(model.parameters())
    loss, correct = 0.0, 0
    for first in range(0, len(labels), batch_size):
        batch, wanted, *ends = _batch(inputs, labels, lengths, slice(first, first + batch_size))
        batch = _noisy(batch, noise, seed, f"test noise {first}").to(like)
        outputs, wanted = model(batch, *ends), wanted.to(like.device)
        loss += _loss(outputs, wanted, n_outputs, "sum").item()
        correct += 0 if told else (outputs.argmax(1) == wanted).sum().item()
    if told:
        total = (labels - labels.mean(0)).square().sum().item()
        return loss / labels.numel(), 1 - loss / total if total else float("nan")
    return loss / len(labels), correct / len(labels)


def train(model, task, config, folder, *, fabric, resume=False, progress=None, observe=None):
    """Train a classifier with a one-cycle schedule of rate and momentum, and gradient clipping.

    After every epoch, ``metrics.jsonl`` and a checkpoint with model, optimizer,
    schedule and best model are written to `folder`, each complete or not at
    all. All randomness is drawn by seed, epoch and batch, so that a resumed run
    continues to the same numbers, and several processes see the same batches.

    Parameters
    ----------
    model : torch.nn.Module
        Returns logits of inputs.
    task : Task
        The data.
    config : TrainingConfig
        How to train.
    folder : Path
        An existing folder.
    fabric : lightning.fabric.Fabric
        Device, precision and processes.
    resume : bool
        Whether to continue from the checkpoint in `folder`.
    progress : callable | None
        Called with the metrics of every epoch.
    observe : callable | None
        Called with the number of steps so far, and the bare model, before the
        first step and after every one.

    Returns
    -------
    metrics : list of dict
        Of every epoch.
    best : dict of str to Tensor
        State of the model in the epoch of best validation accuracy, or least error.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no checkpoint to resume from.
    ValueError
        If the checkpoint is damaged or of another configuration, task or network, the
        batch does not divide among the processes, or the model has too few outputs.
    FloatingPointError
        If the loss is not finite; the last good checkpoint stays.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot train in {folder}: there is no such folder; create it")
    world, rank = fabric.world_size, fabric.global_rank
    if config.batch_size % world:
        raise ValueError(
            f"batch_size = {config.batch_size} does not divide among {world} processes"
        )
    training, validation = task.split(config.seed)
    n_batches = len(training) // config.batch_size
    if n_batches == 0:
        raise ValueError(
            f"batch_size = {config.batch_size}, but there are {len(training)} training sequences"
        )
    bare = model
    optimizer = _OPTIMIZERS[config.optimizer](
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.epochs * n_batches
    )
    # Before a checkpoint is loaded, which would lose bits in a model of another precision.
    model, optimizer = fabric.setup(_Loss(model, _n_outputs(task.labels)), optimizer)
    metrics, best = [], None
    if resume:
        state = _load(folder / CHECKPOINT, config, task)
        try:
            bare.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            schedule.load_state_dict(state["schedule"])
        except Exception as error:  # whatever other contents bring about
            raise ValueError(
                f"{folder / CHECKPOINT} is of another network "
                f"({' '.join(str(error).split())[-200:]}); resume with the same one"
            ) from None
        metrics, best = state["metrics"], state["best"]
    name = "validation_r2" if task.labels.is_floating_point() else "validation_accuracy"
    if observe is not None and not metrics:
        observe(0, bare)
    for epoch in range(len(metrics), config.epochs):
        if _stalled(metrics, config.patience):
            break
        model.train()
        started, total = time.perf_counter(), torch.zeros((), device=fabric.device)
        order = generator(config.seed, f"epoch {epoch}").permutation(training)
        for k in range(n_batches):
            index = order[k * config.batch_size : (k + 1) * config.batch_size]
            inputs, *rest = _batch(task.inputs, task.labels, task.lengths, index)
            inputs = _noisy(inputs, config.noise, config.seed, f"noise {epoch} {k}")
            batch = [fabric.to_device(t[rank::world].contiguous()) for t in (inputs, *rest)]
            optimizer.zero_grad()
            loss = model(*batch)
            fabric.backward(loss)
            fabric.clip_gradients(model, optimizer, max_norm=config.clip, error_if_nonfinite=False)
            optimizer.step()
            schedule.step()
            total += loss.detach()
            if observe is not None:
                observe(epoch * n_batches + k + 1, bare)
        seconds = time.perf_counter() - started
        loss = fabric.all_reduce(total / n_batches, reduce_op="mean").item()
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} in epoch {epoch + 1}: lower the learning rate"
            )
        model.eval()
        ends = None if task.lengths is None else task.lengths[validation]
        found = evaluate(bare, task.inputs[validation], task.labels[validation], lengths=ends)
        row = {
            "epoch": epoch + 1,
            "loss": loss,
            "validation_loss": found[0],
            name: found[1],
            "learning_rate": schedule.get_last_lr()[0],
            "sequences_per_second": n_batches * config.batch_size / seconds,
        }
        better = max((_goodness(earlier) for earlier in metrics), default=-np.inf)
        if _goodness(row) > better:
            best = {key: value.detach().cpu().clone() for key, value in bare.state_dict().items()}
        metrics.append(row)
        if rank == 0:
            _save(folder, config, task, metrics, best, bare, optimizer, schedule)
        fabric.barrier()
        if progress is not None:
            progress(row)
    return metrics, best


def _goodness(row):
    """Return what the best epoch has most of: accuracy, or the least error."""
    return row.get("validation_accuracy", -row["validation_loss"])


def _stalled(metrics, patience):
    """Say whether the validation loss has not become lower for `patience` epochs."""
    losses = [row["validation_loss"] for row in metrics]
    return bool(patience and losses) and len(losses) > patience + int(np.argmin(losses))


def _save(folder, config, task, metrics, best, model, optimizer, schedule):
    with atomic_path(folder / METRICS) as path:
        path.write_text("".join(json.dumps(row) + "\n" for row in metrics))
    state = {
        "config": json.dumps(asdict(config)),
        "task": _fingerprint(task),
        "metrics": json.dumps(metrics),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "best": best,
        "random": torch.get_rng_state(),
    }
    write_torch(state, folder / CHECKPOINT)


def _fingerprint(task):
    """Return what tells a task from others: its shape, its labels and the size of its sets."""
    known = task.labels.numpy().tobytes()
    known += b"" if task.lengths is None else task.lengths.numpy().tobytes()
    labels = hashlib.sha256(known).hexdigest()
    return f"{tuple(task.inputs.shape)}, {task.n_validation} for validation, labels {labels}"


def _load(path, config, task):
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint to resume from at {path}")
    state = read_torch(path)
    missing = _SAVED - set(state) if isinstance(state, dict) else _SAVED
    if missing:
        raise ValueError(f"{path} is no checkpoint of a training: it has no {sorted(missing)}")
    try:
        saved, state["metrics"] = json.loads(state["config"]), json.loads(state["metrics"])
        saved = {"optimizer": "adamw", "patience": None, **saved}  # of before there was a choice
        torch.Generator().set_state(state["random"])  # which checks it
    except (RecursionError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint of a training ({error})") from None
    if state.get("task", _fingerprint(task)) != _fingerprint(task):
        raise ValueError(
            f"{path} was trained on other sequences ({state['task']}), not {_fingerprint(task)}; "
            "resume with the same ones"
        )
    changed = [name for name, value in asdict(config).items() if saved.get(name) != value]
    if changed:
        name = changed[0]
        raise ValueError(
            f"{path} was trained with {name} = {saved.get(name)}, not {asdict(config)[name]}; "
            "resume with the same configuration"
        )
    torch.set_rng_state(state["random"])
    return state
