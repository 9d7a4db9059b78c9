"""The door of `simulate`: each argument is checked before anything runs."""

import numpy as np

from horn_neuro._quantities import LARGEST, floats, number, numbers, usable, whole
from horn_neuro.parameters import Connections, CovarianceRule, DiffusiveCoupling, PhaseRule
from horn_neuro.simulator.spikes import SpikeCoupling

__all__ = [
    "SIGNALS",
    "check_coupling",
    "check_labels",
    "check_plasticity",
    "check_range",
    "check_record",
    "check_segments",
    "counted",
    "full_stimulus",
]

# What is recorded of every unit.
SIGNALS = ("x", "y", "kicks")
RECORDABLE = (*SIGNALS, "spikes", "w_rec")
# Brian2 and spikes count with 32 bits.
COUNTED = 2**31


def check_record(record):
    """Return what to record as a tuple of names."""
    record = (record,) if isinstance(record, str) else record
    if not isinstance(record, tuple | list):
        raise ValueError(f"record = {record!r}: give a tuple of {', '.join(RECORDABLE)}")
    record = tuple(record)
    unknown = [name for name in record if not (isinstance(name, str) and name in RECORDABLE)]
    if unknown or len(set(record)) < len(record):
        raise ValueError(f"record = {record!r}: choose from {', '.join(RECORDABLE)}, each once")
    return record


def check_coupling(coupling, spike_threshold, params):
    """Return the smallest amplitude of a spike (float)."""
    if isinstance(coupling, SpikeCoupling | DiffusiveCoupling):
        coupling.check(params)
    elif not isinstance(coupling, str) or coupling not in ("auto", "dense", "sparse"):
        raise ValueError(
            f"coupling = {coupling!r}: choose auto, dense or sparse, or give a SpikeCoupling or a "
            "DiffusiveCoupling"
        )
    if coupling == "dense" and not isinstance(params.w_rec, np.ndarray):
        raise ValueError(
            "coupling = 'dense', but w_rec is sparse; leave coupling at 'auto', or give a dense "
            "w_rec"
        )
    return number("spike_threshold", spike_threshold, least=0)


def check_plasticity(plasticity, learning, record, coupling, params, stimulus):
    """Return when weights learn, ndarray of bool of shape (n_steps,)."""
    if plasticity is None:
        if "w_rec" in record:
            raise ValueError("record has 'w_rec', but no rule changes it: give plasticity=")
        if learning is not True:
            raise ValueError("learning= is the switch of plasticity=: give a rule, or drop it")
        return None
    if not isinstance(plasticity, CovarianceRule | PhaseRule):
        raise ValueError(f"plasticity = {plasticity!r}: give a CovarianceRule or a PhaseRule")
    if isinstance(coupling, SpikeCoupling) or coupling == "dense":
        raise ValueError(
            f"coupling = {coupling!r}: plastic connections carry velocities, and each is a Brian2 "
            "synapse; leave coupling at 'auto', or drop plasticity="
        )
    plasticity.check(params)
    n_trials, n_steps, _ = stimulus.shape
    counted("n_trials, times the connections,", n_trials * len(Connections(params.w_rec)))
    learning = numbers("learning", learning)
    if learning.dtype != bool or learning.shape not in ((), (n_steps,)):
        raise ValueError(
            f"learning: {learning.dtype} of shape {learning.shape}; give True, False or a bool "
            f"for each of the {n_steps} steps"
        )
    return np.broadcast_to(learning, n_steps)


def full_stimulus(params, stimulus, n_trials, labels, initial):
    """Return the stimulus as a float array of shape (n_trials, n_steps, n_inputs), a copy."""
    if not isinstance(stimulus, list | tuple) and np.ndim(stimulus) == 0:
        steps = counted("stimulus, a number of steps,", stimulus)
        stimulus = np.zeros((steps, params.n_inputs))
    stimulus = floats("stimulus", stimulus)
    if stimulus.ndim not in (2, 3) or stimulus.size == 0:
        raise ValueError(
            f"stimulus has shape {stimulus.shape}; give (n_trials, n_steps, n_inputs), "
            "(n_steps, n_inputs) or a number of steps"
        )
    if stimulus.shape[-1] != params.n_inputs:
        raise ValueError(
            f"stimulus has {stimulus.shape[-1]} channels (its last dimension), but the network "
            f"has n_inputs = {params.n_inputs}"
        )
    n_trials = None if n_trials is None else counted("n_trials", n_trials)
    if stimulus.ndim == 3:
        if n_trials not in (None, len(stimulus)):
            raise ValueError(f"n_trials = {n_trials}, but the stimulus has {len(stimulus)} trials")
        n_trials = len(stimulus)
    if n_trials is None and np.ndim(labels) == 1:
        n_trials = len(labels)
    if n_trials is None and initial is not None and np.ndim(initial.x) == 2:
        n_trials = len(initial.x)
    n_trials = 1 if n_trials is None else n_trials
    counted("stimulus: its number of steps", stimulus.shape[-2])
    counted("n_trials, times the number of units,", n_trials * params.n_units)
    if not usable(stimulus).all():
        raise ValueError(
            "stimulus has values that are not finite; every value must be a number, of at most "
            f"{LARGEST:g} in size"
        )
    # What the user does to it later does nothing to the recording.
    return np.broadcast_to(stimulus.copy(), (n_trials, *stimulus.shape[-2:]))


def counted(name, value):
    """Return a whole number of at least 1 that can be counted to, or raise ValueError."""
    number = whole(name, value, below=np.inf)
    if number >= COUNTED:
        raise ValueError(
            f"{name} = {number}: give less than 2**31, since Brian2 counts with 32 bits; run "
            "shorter pieces (initial=recording.final_state), or fewer trials at a time"
        )
    return number


def check_range(dtype, state, weights):
    """Raise ValueError if a simulation has gone where there are no numbers."""
    arrays = {name: state[name] for name in state} | (weights or {})
    lost = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if lost:
        other = ", or choose float64" if dtype != "float64" else ""
        raise ValueError(
            f"dtype = {dtype!r}: {lost[0]} has left its range, up to {np.finfo(dtype).max:.3g}; "
            f"lower weights, alpha, kicks or the stimulus{other}"
        )


def check_labels(labels, n_trials):
    """Return one integer for each trial, a copy, or None."""
    if labels is None:
        return None
    if labels.shape != (n_trials,) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels: {labels.dtype} of shape {labels.shape}; give one integer for each of the "
            f"{n_trials} trials"
        )
    return labels.copy()


def check_segments(segments, n_steps, stimulated):
    """Return the lengths of the segments by name."""
    if segments is None:
        return {"stimulus" if stimulated else "rest": n_steps}
    for name in segments:
        if not (isinstance(name, str) and name.isprintable() and name):
            raise ValueError(f"segments: {name!r} is no name; give a text of one line")
    lengths = {name: whole(f"segments[{name!r}]", n) for name, n in segments.items()}
    total = sum(lengths.values())
    if total != n_steps:
        raise ValueError(
            f"segments {lengths} declare {total} steps, but the stimulus has {n_steps}"
        )
    return lengths
