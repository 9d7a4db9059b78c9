"""Positions that are drawn towards each other, besides the recurrence of velocities."""

from horn_neuro.simulator.terms.wired import Wired

__all__ = ["Diffusion"]


class Diffusion(Wired):
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
    variable, out, of = "x", "horn.diffused", "diffusive_"
    name = "diffusive"

    def __init__(self, sizes, coupling):
        super().__init__(sizes, coupling.connections)
        self.degree = coupling.degree

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {"horn.degree": self.sizes.each_unit(self.degree)}
