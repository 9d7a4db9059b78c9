"""The parts of a simulated network, each found from its declaration."""

from scipy import sparse

from horn_neuro.parameters import Connections, CovarianceRule, DiffusiveCoupling, PhaseRule
from horn_neuro.simulator.kicks import DrawnKicks, PoissonKicks
from horn_neuro.simulator.spikes import SpikeCoupling
from horn_neuro.simulator.terms.diffusive import Diffusion
from horn_neuro.simulator.terms.driven import Driven
from horn_neuro.simulator.terms.inputs import Inputs
from horn_neuro.simulator.terms.kicked import Drawn, Poisson
from horn_neuro.simulator.terms.oscillators import Oscillators
from horn_neuro.simulator.terms.plastic import Covariance, Phase
from horn_neuro.simulator.terms.spiking import Crossings, Spikes
from horn_neuro.simulator.terms.term import Sizes, Term
from horn_neuro.simulator.terms.velocities import Dense, Sparse

__all__ = [
    "RULES",
    "Crossings",
    "Driven",
    "Inputs",
    "Oscillators",
    "Sizes",
    "Term",
    "coupling_terms",
    "kicks_term",
]

# The term of each kind of kicks and of rules.
KICKS = {PoissonKicks: Poisson, DrawnKicks: Drawn}
RULES = {CovarianceRule: Covariance, PhaseRule: Phase}

# Below this share of non-zero weights, going through connections beats the dense
# product: from 0.3 to 0.5 on cpp, at about 0.1 on numpy (benchmarks/simulate.md).
SPARSE_BELOW = 0.1


def kicks_term(sizes, kicks):
    """Return the `Term` of kicks."""
    return KICKS[type(kicks)](sizes, kicks)


def coupling_terms(sizes, params, coupling, plasticity=None, learning=None):
    """Return the terms of recurrent connections.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    params : HornParameters
        The network.
    coupling : 'auto' | 'dense' | 'sparse' | SpikeCoupling | DiffusiveCoupling
        How units hear of each other; 'auto' decides by the share of connections.
    plasticity : CovarianceRule | PhaseRule | None
        How weights learn.
    learning : ndarray of bool, shape (n_steps,) | None
        When they do.

    Returns
    -------
    terms : list of Term
        The first of them is that of `w_rec`.
    """
    connections = Connections(params.w_rec, params.delays)
    beside = []
    if isinstance(coupling, DiffusiveCoupling):
        beside, coupling = [Diffusion(sizes, coupling)], "auto"
    if plasticity is not None:
        return [RULES[type(plasticity)](sizes, connections, plasticity, learning), *beside]
    if isinstance(coupling, SpikeCoupling):
        return [Spikes(sizes, connections, coupling)]
    if sparse.issparse(params.w_rec):
        coupling = "sparse"  # never made dense
    if coupling == "auto":
        share = len(connections) / params.n_units**2
        coupling = "sparse" if 0 < share < SPARSE_BELOW else "dense"
    if coupling == "dense" and connections.longest == 1:
        return [Dense(sizes, params.w_rec), *beside]
    return [Sparse(sizes, connections), *beside]
