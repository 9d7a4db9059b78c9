"""The Brian2 objects of a program.

All of them share one clock, and what is recorded when is decided by its count of steps, a
64-bit integer: a sample is that of its step up to 2**63 steps. (Two clocks of a compiled
Brian2 program are compared as times within 1e-14 s, and part from 64 s on.)
"""

import brian2

from horn_neuro.simulator import integrator  # noqa: F401  makes its scheme known to Brian2
from horn_neuro.simulator.equations import METHOD

__all__ = ["build_network"]

SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]


def build_network(program):
    """Declare a program's network in Brian2.

    Names are lower case and free of digits: other spellings go wrong in the
    arguments of compiled programs and in float32 code on some devices.

    Parameters
    ----------
    program : Program
        What to build.

    Returns
    -------
    network : brian2.Network
        With a clock and a schedule of its own, whatever the user's are.
    objects : dict of str to Brian2 object
        All objects by name.
    """
    sizes = program.sizes
    clock = brian2.Clock(sizes.step * brian2.second, name="step_clock")
    force = "".join(f" + {term.force}" for term in program.terms if term.force)
    horn = brian2.NeuronGroup(
        sizes.size,
        "\n".join(term.equations for term in program.terms).format(force=force),
        method=METHOD,
        method_options={"order": tuple(name for term in program.terms for name in term.order)},
        clock=clock,
        name="horn",
    )
    objects = [horn]
    for term in program.terms:
        objects += term.build(horn, clock)
    network = brian2.Network(*objects)
    network.schedule = SCHEDULE
    return network, {item.name: item for item in objects}
