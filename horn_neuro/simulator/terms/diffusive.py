"""Positions that are drawn towards each other, besides the recurrence of velocities."""

from horn_neuro.simulator.operations import Gather
from horn_neuro.simulator.terms.term import Term
from horn_neuro.simulator.terms.velocities import Past, wiring

__all__ = ["Diffusion"]


class Diffusion(Term):
    """``sum_j w_ij (x_j - x_i)``, each x_j as old as its delay.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    coupling : DiffusiveCoupling
        Weights and delays.
    """

    equations = """
    diffused : 1  # sum over w x of the senders
    degree : 1 (constant)  # sum over w
    """
    force = "diffused - degree*x"
    name = "diffusive"

    def __init__(self, sizes, coupling):
        super().__init__(sizes)
        self.coupling, self.connections = coupling, coupling.connections
        self.past = Past(sizes, "x", self.connections.longest)
        self.kept, self.states = self.past.kept, self.past.states
        self.key = (self.past.ring,)

    def start(self):
        """Return the operations at the start of a step."""
        shape = self.past.ring, self.sizes.n_units, self.sizes.n_trials
        out = "horn.diffused"
        return [
            *self.past.start(),
            Gather("w_diffusive", self.past.signal, out, *shape, of="diffusive_"),
        ]

    def given(self, state):
        """Return the arrays that operations are given."""
        given = {"w_diffusive": self.connections.weights, **self.past.given(state)}
        return given | wiring(self.connections, "diffusive_")

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {"horn.degree": self.sizes.each_unit(self.coupling.degree)}

    def state(self, results):
        """Return the past positions."""
        return self.past.final(results)

    def seconds(self):
        """Estimate the seconds of a step on the numpy device."""
        return 3e-10 * len(self.connections) * self.sizes.n_trials

    def memory(self):
        """Estimate the bytes it takes."""
        ring = self.past.ring * self.sizes.size
        return len(self.connections) * (8 + self.sizes.itemsize) + ring * self.sizes.itemsize
