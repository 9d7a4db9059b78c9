"""Networks from the literature, named after their papers, with the numbers of their public code."""

import numpy as np

from horn_neuro._quantities import number, whole
from horn_neuro.parameters.horn import HornParameters
from horn_neuro.parameters.samplers import uniform_multiple
from horn_neuro.parameters.seeds import generator, resolve_seed

__all__ = ["effenberger_2025"]


def effenberger_2025(
    n_units=32,
    n_inputs=1,
    n_outputs=10,
    *,
    heterogeneous=False,
    omega=2 * np.pi / 28,
    gamma=0.01,
    alpha=0.04,
    seed=None,
):
    """Make an untrained network with the parameters of Effenberger et al.'s public code (2025).

    All weights and biases are uniform on ``(-1, 1)/sqrt(fan_in)``, the default
    of `torch.nn.Linear`, which networks in the authors' public code start from.

    Parameters
    ----------
    n_units, n_inputs, n_outputs : int
        Sizes of the network.
    heterogeneous : bool
        Whether each unit's omega and gamma are `omega` and `gamma` times
        factors drawn uniformly from 0.5 to 2, instead of the same everywhere.
    omega : float
        Natural frequency in rad per step. The default gives a period of 28
        steps, one row of an MNIST digit.
    gamma : float
        Damping per step.
    alpha : float
        Excitability, common to all units.
    seed : int | None
        Root of all randomness; None draws one. It is kept in the provenance.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, or a value breaks a rule of
        `HornParameters`.

    References
    ----------
    Effenberger, Carvalho, Dubinin, Singer: The functional role of oscillatory
    dynamics in neocortical circuits: a computational perspective. PNAS 122(4),
    e2412830122, 2025, doi:10.1073/pnas.2412830122.
    """
    n_units, n_inputs, n_outputs = (
        whole(name, value)
        for name, value in (("n_units", n_units), ("n_inputs", n_inputs), ("n_outputs", n_outputs))
    )
    if not isinstance(heterogeneous, bool | np.bool_):
        raise ValueError(f"heterogeneous = {heterogeneous!r}: give True or False")
    omega, gamma = number("omega", omega), number("gamma", gamma)
    seed = resolve_seed(seed)
    provenance = {
        "factory": "effenberger_2025",
        "doi": "10.1073/pnas.2412830122",
        "heterogeneous": bool(heterogeneous),
        "omega": omega,
        "gamma": gamma,
        "seed": seed,
    }

    def linear(source, *shape, fan_in):
        return generator(seed, source).uniform(-1, 1, shape) / np.sqrt(fan_in)

    if heterogeneous:
        omega = uniform_multiple(omega, n_units, generator(seed, "omega"))
        gamma = uniform_multiple(gamma, n_units, generator(seed, "gamma"))
    return HornParameters(
        omega=omega,
        gamma=gamma,
        alpha=alpha,
        w_in=linear("w_in", n_units, n_inputs, fan_in=n_inputs),
        b_in=linear("b_in", n_units, fan_in=n_inputs),
        w_rec=linear("w_rec", n_units, n_units, fan_in=n_units),
        b_rec=linear("b_rec", n_units, fan_in=n_units),
        w_out=linear("w_out", n_outputs, n_units, fan_in=n_units),
        b_out=linear("b_out", n_outputs, fan_in=n_units),
        provenance=provenance,
    )
