"""The layout of the authors' state-dicts: linear layers i2h, h2h and h2o."""

from pathlib import Path

import numpy as np
import torch

from horn_neuro._quantities import floats
from horn_neuro.parameters import HornParameters
from horn_neuro.twin.network import dense
from horn_neuro.twin.torch_files import read_torch, without_wrappers, write_torch

__all__ = ["load_checkpoint", "save_checkpoint"]

_KEYS = {
    "i2h.weight": "w_in",
    "i2h.bias": "b_in",
    "h2h.weight": "w_rec",
    "h2h.bias": "b_rec",
    "h2o.weight": "w_out",
    "h2o.bias": "b_out",
}


def load_checkpoint(path, *, omega=2 * np.pi / 28, gamma=0.01, alpha=0.04, h=1.0, step=1e-3):
    """Read a state-dict of linear layers i2h, h2h and h2o.

    It may be that of a wrapped network, whose names start with ``module.`` or
    ``_orig_mod.`` or the name of a larger one, and lie in a file with other things.

    Parameters
    ----------
    path : str | Path | dict of str to Tensor
        A file of `torch.save`, which is loaded with ``weights_only=True``, or what it holds.
    omega, gamma, alpha : float | array_like, shape (n_units,)
        Not in such a checkpoint; the defaults are those of the authors' public code.
    h, step : float
        As in `HornParameters`.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or its keys or shapes are others.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> sizes = {"i2h": (4, 1), "h2h": (4, 4), "h2o": (2, 4)}
    >>> state = {f"{name}.weight": torch.ones(size) for name, size in sizes.items()}
    >>> state |= {f"{name}.bias": torch.zeros(size[0]) for name, size in sizes.items()}
    >>> hn.load_checkpoint(state, omega=0.2, gamma=0.01, alpha=0.04).n_units
    4
    """
    if isinstance(path, dict):
        name, state = "a state-dict", _layout("this dict", path)
    else:
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no checkpoint at {path}")
        name, state = path.name, _layout(path, read_torch(path), path.stat().st_size)
    weights = {field: floats(f"{name}: {key}", state[key]) for key, field in _KEYS.items()}
    return HornParameters(
        **weights,
        omega=omega,
        gamma=gamma,
        alpha=alpha,
        h=h,
        step=step,
        provenance={"checkpoint": name},
    )


def _layout(path, content, size=np.inf):
    """Find the state-dict of this layout in what a file of a size in bytes holds."""
    found = [content, *content.values()] if isinstance(content, dict) else []
    for state in found:
        if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
            continue
        state = without_wrappers(state)
        before = next((name for name in state if name.endswith("i2h.weight")), "")
        before = before.removesuffix("i2h.weight")
        state = {name.removeprefix(before): value for name, value in state.items()}
        if set(state) != set(_KEYS):
            continue
        for name, value in state.items():
            strange = not isinstance(value, torch.Tensor) or value.layout != torch.strided
            if strange or value.numel() * value.element_size() > size:
                raise ValueError(f"{path}: {name} is no tensor that the file has the values of")
        return state
    keys = sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
    raise ValueError(f"{path} has {keys}; a checkpoint of this layout has {sorted(_KEYS)}")


def save_checkpoint(params, path):
    """Write the weights and biases of a network in that layout, as float32.

    Parameters
    ----------
    params : HornParameters
        The network; its omega, gamma, alpha, feedback and delays are not written, and a
        sparse w_rec becomes dense, as the layout has it.
    path : str | Path
        The file to write, complete or not at all.

    Examples
    --------
    >>> import horn_neuro as hn, tempfile
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hn.twin.save_checkpoint(params, f"{folder}/net.pt")
    ...     again = hn.load_checkpoint(f"{folder}/net.pt")
    >>> bool(abs(again.w_rec - params.w_rec).max() < 1e-7)  # it is float32
    True
    """
    state = {
        key: torch.tensor(dense(getattr(params, name)), dtype=torch.float32)
        for key, name in _KEYS.items()
    }
    write_torch(state, path)
