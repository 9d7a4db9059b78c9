"""`simulate`: one call from parameters and stimulus to a recording."""

import time

import numpy as np

from horn_neuro._quantities import numbers
from horn_neuro.parameters import DiffusiveCoupling, HornParameters, child_seed, resolve_seed
from horn_neuro.recording import Recording, SpikeTrains, State
from horn_neuro.simulator.devices import choose_device
from horn_neuro.simulator.door import (
    SIGNALS,
    check_coupling,
    check_labels,
    check_plasticity,
    check_range,
    check_record,
    check_segments,
    counted,
    full_stimulus,
)
from horn_neuro.simulator.drives import Drive
from horn_neuro.simulator.kicks import DrawnKicks, PoissonKicks
from horn_neuro.simulator.memory import warn_about_memory
from horn_neuro.simulator.program import Program
from horn_neuro.simulator.runtime import run_in_process
from horn_neuro.simulator.spikes import SpikeCoupling
from horn_neuro.simulator.standalone import is_compiled, run_compiled, target_of
from horn_neuro.simulator.terms import (
    Crossings,
    Driven,
    Inputs,
    Oscillators,
    Sizes,
    coupling_terms,
    kicks_term,
)

__all__ = ["simulate"]


def simulate(
    params,
    stimulus,
    *,
    n_trials=None,
    kicks=None,
    drives=None,
    initial=None,
    segments=None,
    labels=None,
    record=("x", "y"),
    every=1,
    device="auto",
    coupling="auto",
    spike_threshold=0.0,
    dtype="float64",
    plasticity=None,
    learning=True,
    seed=None,
):
    """Simulate a network in Brian2, all trials together.

    Parameters
    ----------
    params : HornParameters
        The network.
    stimulus : array_like | int
        Input of shape (n_trials, n_steps, n_inputs), or (n_steps, n_inputs)
        for the same in every trial, or a number of steps without input.
    n_trials : int | None
        Number of trials; None reads it off the stimulus, the labels or the
        initial state, and is 1 if none of them tells.
    kicks : PoissonKicks | DrawnKicks | None
        Impulses on the velocities.
    drives : Drive | None
        Sines, chirps, pulses, noise or recorded signals inside the tanh, several added up by +.
    initial : State | None
        Where to start, for example the `final_state` of a recording; None
        starts at x = y = 0.
    segments : dict of str to int | None
        Names and lengths in steps of the parts of a trial, in their order, such
        as ``{"rest": 500, "stimulus": 784, "rebound": 500}``.
    labels : array_like of int, shape (n_trials,) | None
        Class of every trial.
    record : tuple of str
        What to record, of "x", "y", "kicks", "spikes" and, where it is plastic,
        "w_rec". Recorded kicks are summed over the steps since the last sample;
        spikes are upward crossings of x = 0, kept by step (`Recording.spikes`).
    every : int
        Record one sample in so many steps.
    device : 'auto' | 'numpy' | 'cython' | 'cpp' | 'cuda'
        Where to run. 'auto' takes numpy for short jobs, and cpp for long ones
        and for networks that have been compiled before. 'cuda' needs a GPU and
        the extra of that name (`horn_neuro.simulator.cuda_problem`).
    coupling : 'auto' | 'dense' | 'sparse' | SpikeCoupling | DiffusiveCoupling
        Whether the recurrent sum is a dense product or one over connections; 'auto'
        decides by the density of w_rec. A `SpikeCoupling` lets connections carry
        spikes instead of velocities; a `DiffusiveCoupling` of positions comes beside
        that of velocities.
    spike_threshold : float
        Smallest amplitude y/omega of a spike, in the unit of x.
    dtype : 'float64' | 'float32'
        Precision of the simulation and of what is recorded.
    plasticity : CovarianceRule | PhaseRule | None
        How the connections learn, those whose weights are not zero. Each trial
        is a network of its own then, and starts from w_rec; what it has learned
        is the `final_w_rec` of the recording.
    learning : bool | array_like of bool, shape (n_steps,)
        The switch: in which steps they learn.
    seed : int | None
        Seed of the Poisson kicks and of noise among the drives; None draws one. Equal seeds
        give equal kicks on one device, whatever the stimulus; each device draws its own. Noise
        is the same on all.

    Returns
    -------
    recording : Recording
        Sample k is the state at the end of step ``k * every``.

    Raises
    ------
    ValueError
        If an argument breaks a rule; nothing has run then. Or if the numbers leave the range
        of `dtype` on the way.
    RuntimeError
        If the device cannot work here, or compiling or running fails.

    Warns
    -----
    UserWarning
        If 'auto' would compile but finds no compiler.
    ResourceWarning
        If the simulation needs more than half of the free memory.

    Notes
    -----
    One step is the semi-implicit Euler scheme of `HornParameters`; kicks are
    added to y at its end. A compiled network is kept on disk and used again for
    every later call that differs in values only: stimulus, parameters, delays
    up to the same longest one, initial state, kick rates, seed.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(n_units=8, heterogeneous=True, seed=1)
    >>> rec = hn.simulate(params, 100, kicks=hn.PoissonKicks(20.0, 0.1), seed=1, device="numpy")
    >>> rec.data["x"].shape
    (1, 8, 100)
    """
    for name, value, kinds in (
        ("params", params, (HornParameters,)),
        ("kicks", kicks, (PoissonKicks, DrawnKicks, type(None))),
        ("drives", drives, (Drive, type(None))),
        ("initial", initial, (State, type(None))),
        ("segments", segments, (dict, type(None))),
    ):
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in kinds).replace("NoneType", "None")
            raise ValueError(f"{name} = {value!r}: give {names}")
    record = check_record(record)
    every = counted("every", every)
    labels = None if labels is None else numbers("labels", labels)
    stimulus = full_stimulus(params, stimulus, n_trials, labels, initial)
    n_trials, n_steps, _ = stimulus.shape
    labels = check_labels(labels, n_trials)
    # Trials that are alike are one in memory.
    stimulated = drives is not None or np.any(stimulus if stimulus.strides[0] else stimulus[:1])
    segments = check_segments(segments, n_steps, stimulated)
    spike_threshold = check_coupling(coupling, spike_threshold, params)
    longest = params.max_delay
    if isinstance(coupling, DiffusiveCoupling):
        longest = max(longest, coupling.connections.longest)
    if longest > n_steps and initial is None:
        raise ValueError(
            f"delays: the longest is {longest} steps, but {n_steps} are simulated, so it "
            "would never be heard; simulate longer, shorten it, or say where to start by initial="
        )
    if kicks is not None:
        kicks.check(n_trials, n_steps, params)
    elif "kicks" in record:
        raise ValueError("record has 'kicks', but there are none: give kicks=, or drop it")
    seed = resolve_seed(seed)
    dtype = dtype.name if isinstance(dtype, np.dtype) else dtype
    if not isinstance(dtype, str) or dtype not in ("float64", "float32"):
        raise ValueError(f"dtype = {dtype!r}: choose float64 or float32")
    learning = check_plasticity(plasticity, learning, record, coupling, params, stimulus)

    sizes = Sizes(params.n_units, params.n_inputs, n_trials, n_steps, params.step, every, dtype)
    state = State.zero(params.n_units) if initial is None else initial
    couplings = coupling_terms(sizes, params, coupling, plasticity, learning)
    terms = [Oscillators(sizes, params), Inputs(sizes, params.w_in, stimulus), *couplings]
    if drives is not None:
        terms.append(Driven(sizes, *drives.resolve(params, n_trials, n_steps, seed)))
    if "spikes" in record or isinstance(coupling, SpikeCoupling):
        terms.append(Crossings(sizes, spike_threshold))
    if kicks is not None:
        terms.append(kicks_term(sizes, kicks))
    program = Program(sizes, terms, record, state)
    device = choose_device(device, program, lambda: is_compiled(program, target_of("cpp")))
    warn_about_memory(program)

    started = time.perf_counter()
    if device in ("cpp", "cuda"):
        results = run_compiled(program, child_seed(seed, "kicks"), device)
    else:
        results = run_in_process(program, device, child_seed(seed, "kicks"))
    duration = time.perf_counter() - started
    final_state = State(**program.state(results))
    weights = _weights(couplings[0], results) if plasticity else None
    check_range(dtype, final_state, weights)
    return Recording.from_arrays(
        params,
        signals={name: _by_trial(results[name], sizes) for name in record if name in SIGNALS},
        stimulus=stimulus[:, ::every].transpose(0, 2, 1),
        final_state=final_state,
        every=every,
        segments=np.repeat(list(segments), list(segments.values()))[::every],
        labels=labels,
        spikes=_spike_trains(results["spikes"], sizes) if "spikes" in record else None,
        weights=weights,
        provenance={
            "device": device,
            "coupling": " and ".join(term.name for term in couplings),
            "spike_threshold": spike_threshold,
            "dtype": dtype,
            "plasticity": None if plasticity is None else repr(plasticity),
            "seed": seed,
            "n_steps": n_steps,
            "step": params.step,
            "every": every,
            "seconds": round(duration, 3),
            "kicks": None if kicks is None else kicks.marks,
            "drives": None if drives is None else repr(drives),
            "parameters": params.fingerprint,
            "parameters_provenance": params.provenance,
        },
    )


def _by_trial(recorded, sizes):
    """View a record, (sample, unit * trial), in MNE's order (trial, unit, sample)."""
    shape = (sizes.n_samples, sizes.n_units, sizes.n_trials)
    return recorded.reshape(shape).transpose(2, 1, 0)


def _spike_trains(packed, sizes):
    """Unpack spikes; they come in the order of steps, units and trials on every device."""
    sample, byte = np.nonzero(packed)
    bits = np.unpackbits(packed[sample, byte, None], axis=1, bitorder="little")
    entry, bit = np.nonzero(bits)
    unit, trial = np.divmod(8 * byte[entry] + bit, sizes.n_trials)
    shape = sizes.n_trials, sizes.n_units, sizes.n_steps
    return SpikeTrains(trial, unit, sample[entry].astype(np.int32), shape, sizes.step)


def _weights(plastic, results):
    """Return plastic weights, at the end and where they were recorded, as matrices."""
    weights = {"final_w_rec": plastic.matrices(results["recurrent.w"][None])[..., 0]}
    if "w_rec" in results:
        weights["w_rec"] = plastic.matrices(results["w_rec"])
    return weights
