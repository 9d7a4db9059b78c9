"""What a training leaves in its folder after every epoch, to be resumed from."""

import json
from dataclasses import asdict

from horn_neuro._files import atomic_path
from horn_neuro.twin.torch_files import read_torch, write_torch

__all__ = ["CHECKPOINT", "read_checkpoint", "write_checkpoint"]

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
_SAVED = {"config", "metrics", "model", "optimizer", "schedule", "best"}


def write_checkpoint(folder, config, task, metrics, best, **parts):
    """Write metrics of every epoch, and what a training goes on from, each whole or not at all.

    Parameters
    ----------
    folder : Path
        Where to.
    config : TrainingConfig
        How it is trained.
    task : Task
        On what.
    metrics : list of dict
        Of every epoch.
    best : dict of str to Tensor
        State of the best model.
    **parts
        What has a state, or a list of such: model, optimizer and schedule.
    """
    with atomic_path(folder / METRICS) as path:
        path.write_text("".join(json.dumps(row) + "\n" for row in metrics))
    state = {
        "config": json.dumps(asdict(config)),
        "task": task.fingerprint,
        "metrics": json.dumps(metrics),
        "best": best,
        **{name: _state(part) for name, part in parts.items()},
    }
    write_torch(state, folder / CHECKPOINT)


def _state(part):
    """Return the state of a part, or the states of its parts."""
    return [_state(one) for one in part] if isinstance(part, list) else part.state_dict()


def read_checkpoint(path, config, task):
    """Read what a training goes on from.

    Parameters
    ----------
    path : Path
        The file.
    config, task : TrainingConfig, Task
        How and on what it is to be trained.

    Returns
    -------
    state : dict
        By the names of `write_checkpoint`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another configuration or task.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint to resume from at {path}")
    state = read_torch(path)
    missing = _SAVED - set(state) if isinstance(state, dict) else _SAVED
    if missing:
        raise ValueError(f"{path} is no checkpoint of a training: it has no {sorted(missing)}")
    try:
        saved, state["metrics"] = json.loads(state["config"]), json.loads(state["metrics"])
        saved = {**asdict(type(config)()), **saved}  # of before there was a choice
        for name in ("optimizer", "schedule"):  # of before there could be several
            state[name] = [state[name]] if isinstance(state[name], dict) else state[name]
    except (RecursionError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint of a training ({error})") from None
    if state.get("task", task.fingerprint) != task.fingerprint:
        raise ValueError(
            f"{path} was trained on other sequences ({state['task']}), not {task.fingerprint}; "
            "resume with the same ones"
        )
    changed = [name for name, value in asdict(config).items() if saved.get(name) != value]
    if changed:
        name = changed[0]
        raise ValueError(
            f"{path} was trained with {name} = {saved.get(name)}, not {asdict(config)[name]}; "
            "resume with the same configuration"
        )
    return state
