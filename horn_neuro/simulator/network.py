"""The Brian2 objects of a network of a given structure."""

import brian2
import numpy as np

from horn_neuro.simulator import coupling
from horn_neuro.simulator.equations import (
    CONTINUOUS,
    CROSSING,
    KICKS,
    METHOD,
    OSCILLATOR,
    SPIKING,
)
from horn_neuro.simulator.plasticity import KINDS, PLASTIC

__all__ = ["build_network"]

# Each draws the same random numbers in every step, so that equal seeds give
# equal kicks whatever else changes.
_KICK = {
    "fixed": "new_kick = kick_amplitude*int(rand() < kick_rate*dt)",
    "signed": """draw = rand()
new_kick = kick_amplitude*(1 - 2*int(draw < 0.5*kick_rate*dt))*int(draw < kick_rate*dt)""",
    "gaussian": "new_kick = kick_amplitude*randn()*int(rand() < kick_rate*dt)",
    "drawn": "new_kick = drawn_kicks(t, i)",
}


def build_network(structure, device, values=None):
    """Declare a network in Brian2.

    Names are lower case and free of digits: other spellings go wrong in
    run_args and in float32 code on some devices.

    Parameters
    ----------
    structure : Structure
        What to build.
    device : brian2.devices.Device
        The active device.
    values : dict | None
        The arrays of `make_values`, or None to leave all values at zero, to be
        given to the compiled program.

    Returns
    -------
    network : brian2.Network
    objects : dict of str to Brian2 object
        All objects by name.
    """
    clock = brian2.Clock(structure.step * brian2.second, name="step_clock")
    timed = {}

    def timed_array(name, *columns):
        key = f"{name}.values"
        array = np.zeros((structure.n_steps, *columns)) if values is None else values[key]
        timed[name] = brian2.TimedArray(array, dt=structure.step * brian2.second, name=name)

    timed_array("stimulus", structure.n_inputs * structure.n_trials)
    spiking = structure.spike_delays is not None
    equations = OSCILLATOR + (SPIKING if spiking else CONTINUOUS)
    order = ("y", "x", "synaptic_y", "synaptic_x") if spiking else ("y", "x")
    events = {}
    if structure.plasticity:
        timed_array("learns")
        equations += KINDS[structure.plasticity].equations
        order += KINDS[structure.plasticity].means
    if structure.spikes or spiking:
        equations += "\nspike_threshold : 1 (shared, constant)"
        events = {"threshold": CROSSING, "reset": ""}
    if structure.kicks == "drawn":
        timed_array("drawn_kicks", structure.size)
        equations += "\nkick : 1"
    elif structure.kicks is not None:
        equations += KICKS

    groups = {
        "horn": brian2.NeuronGroup(
            structure.size,
            equations,
            method=METHOD,
            method_options={"order": order},
            **events,
            namespace=timed,
            clock=clock,
            name="horn",
        ),
        "channels": brian2.NeuronGroup(
            structure.n_inputs * structure.n_trials,
            "signal : 1",
            namespace=timed,
            clock=clock,
            name="channels",
        ),
        "input_weights": brian2.NeuronGroup(
            structure.n_units * structure.n_inputs,
            "w : 1 (constant)",
            clock=clock,
            name="input_weights",
        ),
    }
    horn = groups["horn"]
    groups["channels"].run_regularly("signal = stimulus(t, i)", when="start", order=-2)
    if structure.ring:
        groups["past"] = brian2.NeuronGroup(
            structure.ring * structure.size, "y : 1", clock=clock, name="past"
        )
    if structure.synapses is None:
        groups["recurrent_weights"] = brian2.NeuronGroup(
            structure.n_units**2,
            "w : 1 (constant)\ndelay_steps : integer (constant)",
            clock=clock,
            name="recurrent_weights",
        )
    elif spiking:
        groups["recurrent"] = _spiking_synapses(structure, horn, clock)
    elif structure.plasticity:
        groups["recurrent"] = _plastic_synapses(structure, horn, clock, timed)
    else:
        groups["recurrent"] = _sparse_synapses(structure, horn, clock)

    operations = coupling.operations(structure, groups, device)
    for owner, namespace in operations.namespaces.items():
        groups[owner].namespace.update(namespace)
    for order, code in operations.start:
        # numpy's BLAS and scipy's sparse product serve cython as well.
        horn.run_regularly(code, when="start", order=order, codeobj_class=operations.codeobj_class)

    if structure.kicks is not None:
        carry = "kick*int((t_in_timesteps - 1) % every != 0)" if structure.every > 1 else "0"
        horn.namespace["every"] = structure.every
        code = f"{_KICK[structure.kicks]}\ny += new_kick\nkick = {carry} + new_kick"
        # At the end of a step, in Brian2's slot for synaptic events.
        horn.run_regularly(code, when="synapses")
    if structure.record:
        groups["recorder"] = brian2.StateMonitor(
            horn,
            structure.record,
            record=True,
            dt=structure.every * structure.step * brian2.second,
            when="end",
            name="recorder",
        )
    if structure.weights:
        groups["weight_recorder"] = brian2.StateMonitor(
            groups["recurrent"],
            "w",
            record=np.arange(structure.n_connections * structure.n_trials),
            dt=structure.every * structure.step * brian2.second,
            when="end",
            name="weight_recorder",
        )
    if structure.spikes:
        groups["spikes"] = brian2.SpikeMonitor(horn, name="spikes")
    network = brian2.Network(*groups.values())
    if values is not None:
        for key, array in values.items():
            name, variable = key.split(".")
            if name not in timed:
                setattr(groups[name], f"{variable}_", array if array.size > 1 else array[0])
    return network, groups


def _arriving(structure):
    """The sender's velocity, as old as the delay of the connection."""
    return "past_velocity(i, delay_steps, t_in_timesteps)" if structure.ring else "y_pre"


def _sparse_synapses(structure, horn, clock):
    """Brian2's own way of summing: one synapse for each connection and trial."""
    synapses = brian2.Synapses(
        horn,
        horn,
        "w : 1 (constant)\n"
        "delay_steps : integer (constant)\n"
        f"recurrent_sum_post = w*{_arriving(structure)} : 1 (summed)",
        clock=clock,
        name="recurrent",
    )
    _connect(synapses, structure)
    return synapses


def _spiking_synapses(structure, horn, clock):
    """Connections that carry spikes, each after Brian2's own delay."""
    # What a spike carries is fixed when it is fired, whenever it arrives.
    horn.run_regularly(
        f"strength += int({CROSSING})*(charge*(1 + graded*(y - 1)) - strength)",
        when="before_thresholds",
    )
    synapses = brian2.Synapses(
        horn,
        horn,
        "w : 1 (constant)",
        on_pre="synaptic_y_post += w*strength_pre",
        clock=clock,
        name="recurrent",
    )
    _connect(synapses, structure)
    # A delay of one step is none for Brian2: what is spiked now acts on the next step.
    delays = np.repeat(np.frombuffer(structure.spike_delays, np.int32), structure.n_trials)
    synapses.pre.delay = (delays - 1) * structure.step * brian2.second
    return synapses


def _plastic_synapses(structure, horn, clock, timed):
    """Connections that learn; every trial has weights of its own."""
    kind = KINDS[structure.plasticity]
    delays = "delay_steps : integer (constant)" if structure.ring else ""
    synapses = brian2.Synapses(
        horn,
        horn,
        PLASTIC.format(change=kind.change) + delays,
        method=METHOD,
        namespace={"learns": timed["learns"]},
        clock=clock,
        order=2,  # after the state of the units, and after what they make of it
        name="recurrent",
    )
    _connect(synapses, structure)
    horn.run_regularly(kind.code, when="groups", order=1)
    synapses.run_regularly(f"arriving = {_arriving(structure)}", when="start")
    # Whatever the rate, the activity or the precision: no weight runs away.
    synapses.run_regularly("w = clip(w, -bound, bound)", when="groups", order=3)
    return synapses


def _connect(synapses, structure):
    post, pre = (
        (np.repeat(index.astype(np.int64), structure.n_trials) * structure.n_trials)
        + np.tile(np.arange(structure.n_trials), len(index))
        for index in structure.pairs
    )
    synapses.connect(i=pre, j=post)
