"""Invertible transforms that keep learnable oscillators inside the stability region."""

import torch

__all__ = ["constrain", "unconstrain"]


def constrain(raw, h):
    """Map unconstrained values to omega, gamma and alpha of stable oscillators.

    ``gamma h = sigmoid(raw gamma)``, ``h omega = 2 sqrt(1 - gamma h) sigmoid(raw
    omega)`` and ``alpha = exp(raw alpha)`` cover the interior of the region
    ``0 < gamma h < 1``, ``0 < h**2 omega**2 < 4 (1 - gamma h)``, ``alpha > 0``.

    Parameters
    ----------
    raw : dict of str to Tensor, shape (n_units,)
        Unconstrained "omega", "gamma" and "alpha".
    h : float
        Step size.

    Returns
    -------
    values : dict of str to Tensor, shape (n_units,)
        The same names, in the units of `HornParameters`.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> raw = {name: torch.zeros(1) for name in ("omega", "gamma", "alpha")}
    >>> values = hn.twin.constrain(raw, h=1.0)
    >>> {name: round(value.item(), 3) for name, value in values.items()}
    {'omega': 0.707, 'gamma': 0.5, 'alpha': 1.0}
    """
    gamma = torch.sigmoid(raw["gamma"]) / h
    omega = 2 / h * torch.sqrt(1 - gamma * h) * torch.sigmoid(raw["omega"])
    return {"omega": omega, "gamma": gamma, "alpha": torch.exp(raw["alpha"])}


def unconstrain(values, h):
    """Invert `constrain`.

    Parameters
    ----------
    values : dict of str to Tensor, shape (n_units,)
        "omega", "gamma" and "alpha" of stable oscillators.
    h : float
        Step size.

    Returns
    -------
    raw : dict of str to Tensor, shape (n_units,)

    Raises
    ------
    ValueError
        If an alpha is not positive.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> values = {"omega": 0.2, "gamma": 0.01, "alpha": 0.04}
    >>> raw = hn.twin.unconstrain({name: torch.tensor([v]) for name, v in values.items()}, h=1.0)
    >>> again = hn.twin.constrain(raw, h=1.0)
    >>> {name: round(value.item(), 3) for name, value in again.items()}
    {'omega': 0.2, 'gamma': 0.01, 'alpha': 0.04}
    """
    if not (values["alpha"] > 0).all():
        raise ValueError(
            f"alpha = {values['alpha'].min().item():g}: only a positive alpha can be learned"
        )
    share = h * values["omega"] / (2 * torch.sqrt(1 - values["gamma"] * h))
    return {
        "omega": torch.logit(share),
        "gamma": torch.logit(values["gamma"] * h),
        "alpha": torch.log(values["alpha"]),
    }
