"""The layout of the authors' state-dicts: linear layers i2h, h2h and h2o."""

from pathlib import Path

import numpy as np
import torch

from horn_neuro._files import atomic_path
from horn_neuro.parameters import HornParameters
from horn_neuro.twin.network import dense

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

    Parameters
    ----------
    path : str | Path
        A file of `torch.save`; it is loaded with ``weights_only=True``.
    omega, gamma, alpha : float | array_like, shape (n_units,)
        Not in such a checkpoint; the defaults are the paper's.
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
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} is truncated, damaged or no state-dict of torch ({type(error).__name__})"
        ) from None
    if not isinstance(state, dict) or set(state) != set(_KEYS):
        keys = sorted(map(str, state)) if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"{path} has {keys}; a checkpoint of this layout has {sorted(_KEYS)}")
    weights = {name: state[key].double().numpy() for key, name in _KEYS.items()}
    return HornParameters(
        **weights,
        omega=omega,
        gamma=gamma,
        alpha=alpha,
        h=h,
        step=step,
        provenance={"checkpoint": path.name},
    )


def save_checkpoint(params, path):
    """Write the weights and biases of a network in that layout, as float32.

    Parameters
    ----------
    params : HornParameters
        The network; its omega, gamma, alpha, feedback and delays are not written, and a
        sparse w_rec becomes dense, as the layout has it.
    path : str | Path
        The file to write, complete or not at all.
    """
    state = {
        key: torch.tensor(dense(getattr(params, name)), dtype=torch.float32)
        for key, name in _KEYS.items()
    }
    with atomic_path(path) as temporary:
        torch.save(state, temporary)
