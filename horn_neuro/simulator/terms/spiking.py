"""Spikes at upward crossings, and recurrence that is carried by them."""

import numpy as np

from horn_neuro.simulator.equations import CROSSING
from horn_neuro.simulator.tapes import SpikeTape
from horn_neuro.simulator.terms.term import Term
from horn_neuro.simulator.terms.wired import Wired

__all__ = ["Crossings", "Spikes"]


class Crossings(Term):
    """Notice when units spike.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    threshold : float
        Smallest amplitude y/omega of a spike.
    """

    equations = """
    spike_threshold : 1 (shared, constant)
    spiked : 1  # whether x has crossed 0 upwards in this step
    """

    def __init__(self, sizes, threshold):
        super().__init__(sizes)
        self.threshold = threshold

    def build(self, horn, clock):
        """Add Brian2's code."""
        horn.run_regularly(f"spiked = int({CROSSING})", when="thresholds")
        return []

    def tapes(self):
        """Return what can be recorded."""
        return {"spikes": SpikeTape("spikes", "horn.spiked", self.sizes.size, self.sizes.n_steps)}

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {"horn.spike_threshold": np.array([float(self.threshold)])}


class Spikes(Wired):
    """Connections that carry spikes, each after its delay (see `SpikeCoupling`).

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    connections : Connections
        The connections.
    coupling : SpikeCoupling
        What spikes carry and do.
    """

    # Spikes kick synaptic oscillators of the receiving units.
    equations = """
    recurrent_sum = synaptic_y : 1
    dsynaptic_y/dt = (-omega**2*synaptic_x - 2*synaptic_damping*synaptic_y)/tau : 1
    dsynaptic_x/dt = synaptic_y/tau : 1
    synaptic_damping : 1 (constant)  # per unit of model time
    charge : 1 (constant)
    graded : 1 (shared, constant)  # 1: spikes carry the sender's velocity, 0: they are alike
    emitted : 1  # what the spike of this step carries
    """
    order = ("synaptic_y", "synaptic_x")
    variables = ("horn.synaptic_x", "horn.synaptic_y", "horn.emitted")
    # What was emitted until now arrives at the start of a step.
    variable, out, add = "emitted", "horn.synaptic_y", True

    def __init__(self, sizes, connections, coupling):
        super().__init__(sizes, connections)
        self.coupling = coupling
        self.name = "graded spikes" if coupling.graded else "spikes"

    def build(self, horn, clock):
        """Add Brian2's code."""
        code = "emitted = spiked*charge*(1 + graded*(y - 1))"
        horn.run_regularly(code, when="thresholds", order=1)
        return []

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {
            "horn.charge": self.sizes.each_unit(self.coupling.charge),
            "horn.synaptic_damping": self.sizes.each_unit(self.coupling.damping),
            "horn.graded": np.array([float(self.coupling.graded)]),
            **super().values(state),
        }
