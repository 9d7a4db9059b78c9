"""Networks to start from: of the literature, named after their papers, and one that learns."""

import numpy as np

from horn_neuro._quantities import number, whole
from horn_neuro.parameters.horn import HornParameters
from horn_neuro.parameters.samplers import log_uniform, uniform_multiple
from horn_neuro.parameters.seeds import generator, resolve_seed
from horn_neuro.parameters.topology import dense_gaussian

__all__ = ["effenberger_2025", "trainable"]


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

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(16, heterogeneous=True, seed=1)
    >>> params.n_units, round(float(params.omega.min()), 3), round(float(params.omega.max()), 3)
    (16, 0.138, 0.381)
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


def trainable(n_units=64, n_inputs=1, n_outputs=10, n_steps=784, *, heterogeneous=True, seed=None):
    """Make an untrained network that learns sequences of a given length well.

    Units decay within a quarter of a sequence (gamma = 4 / n_steps) and turn between two and
    a half times in it and once in 21 steps; alpha is 30 gamma, and recurrent weights have a
    standard deviation of 0.2, three times that at which an uncoupled unit's damping is made up
    for. In sequential MNIST (784 steps) this is the setting that
    `benchmarks/results/smnist_search.md` found; other lengths scale it. In short sequences units
    would turn too fast, and be driven too hard, to learn well: there the slowest turns once in 42
    steps or more, and alpha is 1 at most.

    Parameters
    ----------
    n_units, n_inputs, n_outputs : int
        Sizes of the network.
    n_steps : int
        Length of the sequences, of ragged ones the longest.
    heterogeneous : bool
        Whether frequencies are drawn from the whole range, uniformly in their logarithm, or
        are all at its geometric mean.
    seed : int | None
        Root of all randomness; None draws one. It is kept in the provenance.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If a size or a length is no whole number of at least 1.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.trainable(n_units=16, n_inputs=3, n_outputs=2, n_steps=200, seed=1)
    >>> float(params.gamma[0])
    0.02
    """
    n_steps, seed = whole("n_steps", n_steps), resolve_seed(seed)
    gamma = min(4 / n_steps, 0.25)  # at most what leaves even the fastest unit stable
    alpha = min(30 * gamma, 1.0)
    low = min(5 * np.pi / n_steps, 0.15)
    high = max(0.3, 4 * low)
    sizes = {"heterogeneous": False, "gamma": gamma, "alpha": alpha, "seed": seed}
    params = effenberger_2025(n_units, n_inputs, n_outputs, omega=np.sqrt(low * high), **sizes)
    if not isinstance(heterogeneous, bool | np.bool_):
        raise ValueError(f"heterogeneous = {heterogeneous!r}: give True or False")
    drawn = {}
    if heterogeneous:
        drawn["omega"] = np.sort(log_uniform(low, high, params.n_units, generator(seed, "omega")))
    drawn["w_rec"] = dense_gaussian(params.n_units, 0.2, generator(seed, "coupling"))
    provenance = {
        "factory": "trainable",
        "n_steps": n_steps,
        "heterogeneous": bool(heterogeneous),
        "seed": seed,
    }
    return params.replace(**drawn, provenance=provenance)
