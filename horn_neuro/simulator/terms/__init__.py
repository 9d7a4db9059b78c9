"""The parts of a simulated network, each found from its declaration."""

from horn_neuro.parameters import CovarianceRule, PhaseRule
from horn_neuro.simulator.kicks import DrawnKicks, PoissonKicks
from horn_neuro.simulator.spikes import SpikeCoupling
from horn_neuro.simulator.terms.inputs import Inputs
from horn_neuro.simulator.terms.kicked import Drawn, Poisson
from horn_neuro.simulator.terms.oscillators import Oscillators
from horn_neuro.simulator.terms.plastic import Covariance, Phase
from horn_neuro.simulator.terms.spiking import Crossings, Spikes
from horn_neuro.simulator.terms.term import Sizes, Term
from horn_neuro.simulator.terms.velocities import Connections, Dense, Sparse

__all__ = [
    "RULES",
    "Crossings",
    "Inputs",
    "Oscillators",
    "Sizes",
    "Term",
    "coupling_term",
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


def coupling_term(sizes, params, coupling, plasticity=None, learning=None):
    """Return the `Term` of recurrent connections.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    params : HornParameters
        The network.
    coupling : 'auto' | 'dense' | 'sparse' | SpikeCoupling
        How units hear of each other; 'auto' decides by the share of connections.
    plasticity : CovarianceRule | PhaseRule | None
        How weights learn.
    learning : ndarray of bool, shape (n_steps,) | None
        When they do.

    Returns
    -------
    term : Term
    """
    connections = Connections(params.w_rec, params.delays)
    if plasticity is not None:
        return RULES[type(plasticity)](sizes, connections, plasticity, learning)
    if isinstance(coupling, SpikeCoupling):
        return Spikes(sizes, connections, coupling)
    if coupling == "auto":
        share = len(connections) / params.n_units**2
        coupling = "sparse" if 0 < share < SPARSE_BELOW else "dense"
    if coupling == "dense" and connections.longest == 1:
        return Dense(sizes, params.w_rec)
    return Sparse(sizes, connections)
