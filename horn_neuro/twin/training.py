"""Training a classifier of sequences: reproducible, resumable, on one process or several."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from horn_neuro._quantities import number, whole
from horn_neuro.parameters import child_seed, generator
from horn_neuro.twin.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from horn_neuro.twin.evaluation import Loss, evaluate, noisy
from horn_neuro.twin.network import HornNetwork
from horn_neuro.twin.optimizers import OPTIMIZERS, make_optimizers
from horn_neuro.twin.task import batch_of, count_outputs

__all__ = ["TrainingConfig", "train"]

_PRECISIONS = ("highest", "high", "medium")


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
    input_dropout : float
        Share of the training inputs that are zeroed, as `torch.nn.Dropout` does it.
    oscillator_rate : float
        Learning rate of omega, gamma and alpha, where they learn, in shares of that of the
        weights; they have no weight decay.
    seed : int
        Root of all randomness.
    optimizer : 'adamw' | 'sgd' | 'muon'
        AdamW, or plain gradient descent with momentum, which needs another learning rate, or Muon
        for the recurrent weights (w_rec; weight_hh of torch's networks) and AdamW for all others.
        Muon makes the singular values of a step about equal [1]_; its steps have the root mean
        square of `learning_rate`.
    matmul : 'highest' | 'high' | 'medium'
        Precision of products of float32 while it trains, as `torch.set_float32_matmul_precision`
        has it: "high" takes two bfloat16 numbers for each, "medium" one, where a processor has a
        unit for that (AMX); states stay float32. Validation takes the precision that torch has.
    patience : int | None
        Epochs without a lower validation loss after which training stops; None goes on to
        the end.

    Raises
    ------
    ValueError
        If a value is out of its range, or torch is too old to have Muon (before 2.9).

    References
    ----------
    .. [1] Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024,
       https://kellerjordan.github.io/posts/muon.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.twin.TrainingConfig(epochs=3, patience=2).learning_rate
    0.01
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-2
    weight_decay: float = 1e-2
    clip: float = 1.0
    noise: float = 0.0
    input_dropout: float = 0.0
    oscillator_rate: float = 0.1
    seed: int = 1
    optimizer: str = "adamw"
    matmul: str = "highest"
    patience: int | None = None

    def __post_init__(self):
        for name, known in (("optimizer", OPTIMIZERS), ("matmul", _PRECISIONS)):
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"{name} = {value!r}: choose {', '.join(known)}")
        if self.optimizer == "muon" and not hasattr(torch.optim, "Muon"):
            raise ValueError(
                f"optimizer = 'muon' needs torch 2.9 or later, not {torch.__version__}; "
                "update torch, or choose adamw"
            )
        for name, *range_ in (("epochs",), ("batch_size",), ("seed", 0, np.inf)):
            object.__setattr__(self, name, whole(name, getattr(self, name), *range_))
        if self.patience is not None:
            object.__setattr__(self, "patience", whole("patience", self.patience))
        for name, bound in (
            ("learning_rate", {"above": 0}),
            ("weight_decay", {"least": 0}),
            ("clip", {"above": 0}),
            ("noise", {"least": 0}),
            ("input_dropout", {"least": 0, "below": 1}),
            ("oscillator_rate", {"above": 0}),
        ):
            object.__setattr__(self, name, number(name, getattr(self, name), **bound))


def train(model, task, config, folder, *, fabric=None, resume=False, progress=None, observe=None):
    """Train a classifier with a one-cycle schedule of rate and momentum, and gradient clipping.

    After every epoch, ``metrics.jsonl`` and a checkpoint with model, optimizer,
    schedule and best model are written to `folder`, each complete or not at
    all. All randomness is drawn by seed, epoch and batch, so that a resumed run
    continues to the same numbers, and several processes see the same batches.

    Parameters
    ----------
    model : torch.nn.Module
        A `HornNetwork`, or anything that returns logits of inputs; of logits at every step,
        all count in the loss, and the last are its answer.
    task : Task
        The data.
    config : TrainingConfig
        How to train.
    folder : str | Path
        An existing folder.
    fabric : lightning.fabric.Fabric | None
        Device, precision and processes; None takes one process on the CPU.
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

    Examples
    --------
    >>> import horn_neuro as hn, tempfile, torch
    >>> waves = torch.sin(torch.outer(1 + torch.arange(60) % 2, torch.arange(40) / 4))[:, :, None]
    >>> task = hn.twin.Task(waves, torch.arange(60) % 2, n_validation=10)
    >>> network = hn.HornNetwork(hn.trainable(8, 1, 2, n_steps=40, seed=1), "reference")
    >>> config = hn.twin.TrainingConfig(epochs=2, batch_size=10)
    >>> metrics, best = hn.twin.train(network, task, config, tempfile.mkdtemp())
    >>> _ = network.load_state_dict(best)
    >>> [row["epoch"] for row in metrics]
    [1, 2]
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"cannot train in {folder}: there is no such folder; create it")
    _check(model, task)
    fabric = fabric or Fabric(accelerator="cpu", devices=1)
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
    optimizers = make_optimizers(model, config)
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=config.epochs * n_batches,
        )
        for optimizer in optimizers
    ]
    # Before a checkpoint is loaded, which would lose bits in a model of another precision.
    model, *optimizers = fabric.setup(Loss(model, count_outputs(task.labels)), *optimizers)
    metrics, best = [], None
    if resume:
        state = read_checkpoint(folder / CHECKPOINT, config, task)
        try:
            bare.load_state_dict(state["model"])
            for parts, name in ((optimizers, "optimizer"), (schedules, "schedule")):
                for part, of_part in zip(parts, state[name], strict=True):
                    part.load_state_dict(of_part)
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
        dropout = child_seed(config.seed, f"dropout {epoch} {rank}")
        with _random(dropout, fabric.device), _matmul(config.matmul):
            for k in range(n_batches):
                index = order[k * config.batch_size : (k + 1) * config.batch_size]
                inputs, *rest = batch_of(task.inputs, task.labels, task.lengths, index)
                inputs = _disturbed(inputs, config, f"{epoch} {k}")
                batch = [t[rank::world].contiguous() for t in (inputs, *rest) if t is not None]
                model.zero_grad()
                loss = model(*map(fabric.to_device, batch))
                fabric.backward(loss)
                fabric.clip_gradients(
                    model, optimizers[0], max_norm=config.clip, error_if_nonfinite=False
                )
                for part in (*optimizers, *schedules):
                    part.step()
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
            "learning_rate": schedules[0].get_last_lr()[0],
            "sequences_per_second": n_batches * config.batch_size / seconds,
        }
        better = max((_goodness(earlier) for earlier in metrics), default=-np.inf)
        if _goodness(row) > better:
            best = {key: value.detach().cpu().clone() for key, value in bare.state_dict().items()}
        metrics.append(row)
        if rank == 0:
            parts = {"model": bare, "optimizer": optimizers, "schedule": schedules}
            write_checkpoint(folder, config, task, metrics, best, **parts)
        fabric.barrier()
        if progress is not None:
            progress(row)
    return metrics, best


def _check(model, task):
    """Raise ValueError for a network that these sequences can tell nothing."""
    if not isinstance(model, HornNetwork):
        return
    if not model.batch_first:
        raise ValueError("batch_first = False: train a network with batch_first=True")
    longest = task.inputs.shape[1] if task.lengths is None else int(task.lengths.max())
    if model.initial.max_delay > longest:
        raise ValueError(
            f"delays of up to {model.initial.max_delay} steps, but the longest sequence has "
            f"{longest}, in which they never arrive; give shorter ones"
        )


@contextmanager
def _random(seed, device):
    """Draw dropout by a seed, and leave torch's own random state as it was."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def _matmul(precision):
    """Take products of a precision, and leave torch's own as it was."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _disturbed(inputs, config, source):
    """Return training inputs with what makes them harder."""
    inputs = noisy(inputs, config.noise, config.seed, f"noise {source}")
    if not config.input_dropout:
        return inputs
    drawn = generator(config.seed, f"input dropout {source}").random(inputs.shape, np.float32)
    kept = torch.from_numpy(drawn >= config.input_dropout).to(inputs)
    return inputs * kept / (1 - config.input_dropout)


def _goodness(row):
    """Return what the best epoch has most of: accuracy, or the least error."""
    return row.get("validation_accuracy", -row["validation_loss"])


def _stalled(metrics, patience):
    """Say whether the validation loss has not become lower for `patience` epochs."""
    losses = [row["validation_loss"] for row in metrics]
    return bool(patience and losses) and len(losses) > patience + int(np.argmin(losses))
