"""Kicks on the velocities, drawn by Brian2 or given beforehand."""

import numpy as np

from horn_neuro.simulator.operations import Copy, Row
from horn_neuro.simulator.terms.term import Term

__all__ = ["Drawn", "Poisson"]


class _Kicked(Term):
    """Kicks at the end of a step, in Brian2's slot for synaptic events."""

    new_kick = None  # Brian2's code of the kick of a step, of a subclass

    def build(self, horn, clock):
        """Add Brian2's code."""
        every = self.sizes.every
        carried = f"kick*int((t_in_timesteps - 1) % {every} != 0)" if every > 1 else "0"
        code = f"{self.new_kick}\ny += new_kick\nkick = {carried} + new_kick"
        horn.run_regularly(code, when="synapses")
        return []

    def tapes(self):
        """Return what can be recorded."""
        return {"kicks": self.tape("kicks", "horn.kick")}


# Each draws the same random numbers in every step, so that equal seeds give
# equal kicks whatever else changes.
_NEW_KICK = {
    "fixed": "new_kick = kick_amplitude*int(rand() < kick_rate*dt)",
    "signed": """draw = rand()
new_kick = kick_amplitude*(1 - 2*int(draw < 0.5*kick_rate*dt))*int(draw < kick_rate*dt)""",
    "gaussian": "new_kick = kick_amplitude*randn()*int(rand() < kick_rate*dt)",
}


class Poisson(_Kicked):
    """`PoissonKicks`; rates and amplitudes are values of a compiled network.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    kicks : PoissonKicks
        The kicks.
    """

    equations = """
    kick : 1  # what the kicks added to y since the last recorded step
    kick_rate : Hz (constant)
    kick_amplitude : 1 (constant)
    """

    def __init__(self, sizes, kicks):
        super().__init__(sizes)
        self.kicks = kicks
        self.new_kick = _NEW_KICK[kicks.marks]
        self.key = (kicks.marks,)

    def values(self, state):
        """Return the values of Brian2's variables."""
        return {
            "horn.kick_rate": self.sizes.each_unit(self.kicks.rate),
            "horn.kick_amplitude": self.sizes.each_unit(self.kicks.amplitude),
        }


class Drawn(_Kicked):
    """`DrawnKicks`.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the simulation.
    kicks : DrawnKicks
        The kicks.
    """

    equations = """
    kick : 1  # what the kicks added to y since the last recorded step
    new_kick : 1
    """
    new_kick = ""

    def __init__(self, sizes, kicks):
        super().__init__(sizes)
        self.kicks = kicks

    def start(self):
        """Return the operations at the start of a step."""
        return [Copy(Row("drawn_kicks", self.sizes.size), "horn.new_kick")]

    def given(self, state):
        """Return the arrays that operations are given."""
        return {"drawn_kicks": np.ascontiguousarray(self.kicks.values.transpose(1, 2, 0))}

    def memory(self):
        """Estimate the bytes it takes."""
        return self.sizes.size * self.sizes.n_steps * self.sizes.itemsize
