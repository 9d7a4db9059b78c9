"""What a Brian2 network is made of: its structure, which is compiled, and its values."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass

import numpy as np

from horn_neuro.simulator.plasticity import KINDS, kind_of, rule_values
from horn_neuro.simulator.spikes import SpikeCoupling

__all__ = ["SIGNALS", "Structure", "make_structure", "make_values"]

# Below this share of non-zero weights, Brian2's (summed) synapses beat the
# dense product on cpp (benchmarks/simulate.md).
SPARSE_BELOW = 0.05
# What is recorded of every unit.
SIGNALS = ("x", "y", "kicks")


@dataclass(frozen=True)
class Structure:
    """All that generated code depends on; networks of one structure share a binary.

    Units of all trials are one Brian2 group, trials innermost:
    index = unit * n_trials + trial.

    Parameters
    ----------
    n_units, n_inputs, n_trials, n_steps : int
        Sizes.
    step : float
        Seconds per step.
    every : int
        A sample is recorded every so many steps.
    record : tuple of str
        The variables of the group that are recorded.
    ring : int
        Number of past velocities kept for the delays, 0 without delays.
    kicks : str | None
        None, 'drawn', or the marks of `PoissonKicks`.
    synapses : tuple of (bytes, bytes) | None
        The (post, pre) indices as int32 of a sparse or spiking network; None is dense.
    spikes : bool
        Whether spikes are recorded.
    spike_delays : bytes | None
        Delays in steps as int32 of connections that carry spikes, in the order
        of `synapses`; None where connections carry velocities.
    dtype : str
        'float64' or 'float32'.
    plasticity : str | None
        The kind of the rule by which weights learn, of `KINDS`.
    weights : bool
        Whether weights are recorded.
    """

    n_units: int
    n_inputs: int
    n_trials: int
    n_steps: int
    step: float
    every: int
    record: tuple
    ring: int
    kicks: str | None
    synapses: tuple | None
    spikes: bool = False
    spike_delays: bytes | None = None
    dtype: str = "float64"
    plasticity: str | None = None
    weights: bool = False

    @property
    def size(self):
        """Number of units of all trials (int)."""
        return self.n_units * self.n_trials

    @property
    def n_samples(self):
        """Number of recorded samples (int)."""
        return -(-self.n_steps // self.every)

    @property
    def pairs(self):
        """The (post, pre) index arrays of a sparse network, each of shape (n_synapses,)."""
        return tuple(np.frombuffer(index, np.int32) for index in self.synapses)

    @property
    def n_connections(self):
        """Number of recurrent products of one trial and step (int)."""
        return self.n_units**2 if self.synapses is None else len(self.pairs[0])

    @property
    def results(self):
        """Names of what a run leaves besides spikes, ("object", "variable") pairs."""
        names = [("horn", "x"), ("horn", "y")]
        if self.ring:
            names.append(("past", "y"))
        if self.plasticity:
            names += [("horn", name) for name in KINDS[self.plasticity].means]
            names.append(("recurrent", "w"))
        if self.weights:
            names.append(("weight_recorder", "w"))
        return names + [("recorder", name) for name in self.record]

    @property
    def digest(self):
        """A hash (str) over all fields."""
        fields = dataclasses.asdict(self)
        if self.spike_delays is not None:
            fields["spike_delays"] = hashlib.sha256(self.spike_delays).hexdigest()
        if self.synapses is not None:
            fields["synapses"] = [hashlib.sha256(index).hexdigest() for index in self.synapses]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def make_structure(
    params,
    n_trials,
    n_steps,
    *,
    every,
    record,
    kicks,
    coupling="auto",
    dtype="float64",
    plasticity=None,
):
    """Read the structure off a network and the size of a simulation.

    Parameters
    ----------
    params : HornParameters
        The network.
    n_trials, n_steps, every : int
        Size of the simulation and its recording.
    record : tuple of str
        Recorded variables.
    kicks : PoissonKicks | DrawnKicks | None
        The kicks.
    coupling : 'auto' | 'dense' | 'sparse' | SpikeCoupling
        How the recurrent sum is formed; 'auto' decides by density.
    dtype : 'float64' | 'float32'
        Precision.
    plasticity : CovarianceRule | PhaseRule | None
        How weights learn; plastic connections are always sparse.

    Returns
    -------
    structure : Structure
    """
    present = params.w_rec != 0
    if coupling == "auto":
        # A network without any connection shares the binary of the dense one.
        coupling = "sparse" if 0 < present.mean() < SPARSE_BELOW or plasticity else "dense"
    synapses = spike_delays = None
    ring = 0 if params.max_delay == 1 else params.max_delay
    if isinstance(coupling, SpikeCoupling):
        delays = np.ones_like(params.w_rec) if params.delays is None else params.delays
        spike_delays = delays[present].astype(np.int32).tobytes()
        ring = 0  # Brian2's spike queues are the memory of the delays
    if coupling == "sparse" or spike_delays is not None:
        synapses = tuple(index.astype(np.int32).tobytes() for index in np.nonzero(present))
    return Structure(
        n_units=params.n_units,
        n_inputs=params.n_inputs,
        n_trials=n_trials,
        n_steps=n_steps,
        step=params.step,
        every=every,
        record=tuple("kick" if name == "kicks" else name for name in record if name in SIGNALS),
        ring=ring,
        kicks=None if kicks is None else kicks.marks,
        synapses=synapses,
        spikes="spikes" in record,
        spike_delays=spike_delays,
        dtype=dtype,
        plasticity=None if plasticity is None else kind_of(plasticity),
        weights="w_rec" in record,
    )


def make_values(
    structure, params, stimulus, kicks, state, coupling, spike_threshold, plasticity, learning
):
    """Lay out all values of a simulation the way the Brian2 network keeps them.

    Parameters
    ----------
    structure : Structure
        The network's structure.
    params : HornParameters
        Its parameters.
    stimulus : ndarray, shape (n_trials, n_steps, n_inputs)
        The input.
    kicks : PoissonKicks | DrawnKicks | None
        The kicks.
    state : State
        Initial x and y, shape (n_trials, n_units), and past_y.
    coupling : str | SpikeCoupling
        As of `make_structure`.
    spike_threshold : float
        Smallest amplitude of a spike.
    plasticity : CovarianceRule | PhaseRule | None
        How weights learn.
    learning : ndarray of bool, shape (n_steps,)
        When they learn.

    Returns
    -------
    values : dict of str to ndarray
        Flat arrays by "object.variable".
    """
    n, trials = structure.n_units, structure.n_trials

    def each_unit(vector):
        return np.repeat(np.broadcast_to(np.asarray(vector, float), n), trials)

    values = {
        f"horn.{name}": each_unit(getattr(params, name))
        for name in ("omega", "gamma", "alpha", "feedback", "b_in", "b_rec")
    }
    values["horn.tau"] = np.array([params.step / params.h])
    values["horn.n_units"] = np.array([float(n)])
    values["horn.x"] = state.x.T.ravel()
    values["horn.y"] = state.y.T.ravel()
    values["input_weights.w"] = params.w_in.ravel()
    values["stimulus.values"] = stimulus.transpose(1, 2, 0).reshape(structure.n_steps, -1)
    where = ... if structure.synapses is None else structure.pairs

    def each_connection(matrix):
        if structure.synapses is None:
            return matrix.ravel()
        return np.repeat(matrix[where], trials)

    prefix = "recurrent_weights" if structure.synapses is None else "recurrent"
    values[f"{prefix}.w"] = each_connection(params.w_rec)
    if structure.ring:
        values[f"{prefix}.delay_steps"] = each_connection(params.delays.astype(np.int32))
        ring = np.zeros((structure.ring, n, trials))
        # Slot k % ring belongs to step k; the velocity of `lag` steps ago to slot -lag.
        for lag in range(1, structure.ring):
            ring[-lag] = state.past_y[:, lag - 1].T
        values["past.y"] = ring.ravel()
    if structure.spikes or structure.spike_delays is not None:
        values["horn.spike_threshold"] = np.array([float(spike_threshold)])
    if structure.spike_delays is not None:
        values["horn.charge"] = each_unit(coupling.charge)
        values["horn.synaptic_damping"] = each_unit(coupling.damping)
        values["horn.graded"] = np.array([float(coupling.graded)])
    if plasticity is not None:
        values |= rule_values(plasticity, learning, state)
    if structure.kicks == "drawn":
        values["drawn_kicks.values"] = kicks.values.transpose(1, 2, 0).reshape(
            structure.n_steps, -1
        )
    elif structure.kicks is not None:
        values["horn.kick_rate"] = each_unit(kicks.rate)
        values["horn.kick_amplitude"] = each_unit(kicks.amplitude)
    return values
