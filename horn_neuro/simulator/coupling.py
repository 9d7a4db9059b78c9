"""The sums over inputs and units, as Brian2 functions with one implementation a device."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from brian2 import Function
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.devices.device import RuntimeDevice
from scipy import sparse

__all__ = ["Operations", "operations"]

REAL = {"float64": "double", "float32": "float"}


@dataclass
class Operations:
    """What the network's operations are called with.

    Parameters
    ----------
    start : list of (int, str)
        Order and code of the operations at the start of a step.
    namespaces : dict of str to dict
        The functions that the code of each object uses.
    codeobj_class : type | None
        The kind of code object that runs them; None is the device's own.
    """

    start: list
    namespaces: dict = field(default_factory=dict)
    codeobj_class: type | None = None


def operations(structure, groups, device):
    """Make the coupling operations of a network for the active device.

    Parameters
    ----------
    structure : Structure
        The network's structure.
    groups : dict of str to Brian2 object
        Its groups, by name.
    device : brian2.devices.Device
        The active device.

    Returns
    -------
    operations : Operations

    Notes
    -----
    All of them run before the state update, in code objects of their own: a
    unit must never read a neighbour that has already taken the step.
    """
    runtime = isinstance(device, RuntimeDevice)
    make = _runtime_functions if runtime else _cpp_functions
    if type(device).__name__ == "CUDAStandaloneDevice":
        make = _cuda_functions
    functions = make(structure, groups, device)
    result = Operations(
        start=[(-1, "input_sum = projected(i)")],
        namespaces={"horn": functions},
        codeobj_class=NumpyCodeObject if runtime else None,
    )
    if structure.ring:
        result.start.append((-1, "stored = remember(i, y, t_in_timesteps)"))
    if structure.spike_delays is not None:
        return result
    if structure.synapses is None:
        result.start.append((0, "recurrent_sum = coupled(i, t_in_timesteps)"))
    else:
        result.namespaces["recurrent"] = functions
    return result


def _function(python, arguments, implementations=None):
    """Wrap a Python function for Brian2; `arguments` are the types, one letter each."""
    types = [{"i": "integer", "f": "float"}[letter] for letter in arguments]
    function = Function(
        python,
        arg_units=[1] * len(types),
        return_unit=1,
        arg_types=types,
        return_type="float",
        stateless=False,
    )
    # With units, Brian2 would print every result into an error message it never shows.
    function.implementations.add_numpy_implementation(python, discard_units=True)
    for target, (code, options) in (implementations or {}).items():
        function.implementations.add_implementation(target, code, **options)
    return function


def _array(groups, owner, variable):
    return groups[owner].variables[variable].get_value()


def _runtime_functions(structure, groups, device):
    n, trials, ring = structure.n_units, structure.n_trials, structure.ring
    y = _array(groups, "horn", "y").reshape(n, trials)
    signal = _array(groups, "channels", "signal").reshape(-1, trials)
    w_in = _array(groups, "input_weights", "w").reshape(n, -1)
    functions = {"projected": _function(lambda i: (w_in @ signal).ravel(), "i")}
    if ring:
        past = _array(groups, "past", "y").reshape(ring, n, trials)

        def remember(i, velocity, k):
            past[k % ring] = velocity.reshape(n, trials)
            return velocity

        functions["remember"] = _function(remember, "ifi")
    if structure.synapses is not None:
        if ring:
            functions["past_velocity"] = _past_velocity(structure, past)
        return functions

    w = _array(groups, "recurrent_weights", "w").reshape(n, n)
    if not ring:
        functions["coupled"] = _function(lambda i, k: (w @ y).ravel(), "ii")
        return functions

    delays = _array(groups, "recurrent_weights", "delay_steps").reshape(n, n)
    by_age = None

    def coupled(i, k):
        # One sparse product over all ages: column (delay - 1) * n + pre. It is
        # made at the first step, when the weights have been filled in.
        nonlocal by_age
        if by_age is None:
            post, pre = np.nonzero(w)
            columns = (delays[post, pre] - 1) * n + pre
            by_age = sparse.csr_array((w[post, pre], (post, columns)), shape=(n, ring * n))
        ages = (k - np.arange(ring)) % ring
        return (by_age @ past[ages].reshape(ring * n, trials)).ravel()

    functions["coupled"] = _function(coupled, "ii")
    return functions


def _past_velocity(structure, past):
    """Read the ring by (unit, delay, step); for the (summed) synapses of sparse networks."""
    ring, size = structure.ring, structure.size
    flat = past.reshape(-1)

    def python(unit, delay, k):
        return flat[(k + 1 - delay) % ring * size + unit]

    cython = f"""
    cdef double past_velocity(int unit, int delay, long k):
        global _namespace_past_ring
        return _namespace_past_ring[((k + 1 - delay) % {ring} + {ring}) % {ring} * {size} + unit]
    """
    return _function(python, "iii", {"cython": (cython, {"namespace": {"_past_ring": flat}})})


def _cpp_functions(structure, groups, device):
    def name(owner, variable):
        return f"brian::{device.get_array_name(groups[owner].variables[variable])}"

    n, trials, ring = structure.n_units, structure.n_trials, structure.ring

    real = REAL[structure.dtype]

    def block_function(name, arguments, rows, call):
        # Units come in ascending order: the first of a block computes it whole.
        return f"""
        static {real} {name}({arguments})
        {{
            constexpr int SIZE = {rows} * {trials};
            static {real} block[SIZE];
            const int row = i / {trials};
            if (i % SIZE == 0) {call};
            return block[i % SIZE];
        }}
        """

    rows = "horn_coupling::ROWS"
    codes = {
        "projected": (
            "i",
            block_function(
                "projected",
                "const int i",
                rows,
                f"horn_coupling::product({name('input_weights', 'w')}, "
                f"{name('channels', 'signal')}, row, {n}, {structure.n_inputs}, {trials}, block)",
            ),
        )
    }
    if ring:
        past = name("past", "y")
        codes["remember"] = (
            "ifi",
            f"""
            static {real} remember(const int i, const {real} velocity, const int64_t k)
            {{
                return {past}[k % {ring} * {structure.size} + i] = velocity;
            }}
            """,
        )
    if structure.synapses is not None:
        if ring:
            codes["past_velocity"] = (
                "iii",
                f"""
                static {real} past_velocity(const int unit, const int delay, const int64_t k)
                {{
                    return {past}[horn_coupling::past_slot(k, delay, {ring})
                                  * {structure.size} + unit];
                }}
                """,
            )
    elif ring:
        codes["coupled"] = (
            "ii",
            block_function(
                "coupled",
                "const int i, const int64_t k",
                "1",
                f"horn_coupling::delayed_product({name('recurrent_weights', 'w')}, "
                f"{name('recurrent_weights', 'delay_steps')}, {past}, k, {ring}, row, {n}, "
                f"{trials}, block)",
            ),
        )
    else:
        codes["coupled"] = (
            "ii",
            block_function(
                "coupled",
                "const int i, const int64_t k",
                rows,
                f"horn_coupling::product({name('recurrent_weights', 'w')}, {name('horn', 'y')}, "
                f"row, {n}, {n}, {trials}, block)",
            ),
        )
    header = {
        "headers": ['"coupling.h"'],
        "include_dirs": [str(Path(__file__).parent)],
        "define_macros": [("HORN_REAL", real)],
    }
    return {
        key: _function(_refuse, arguments, {"cpp": (code, {"compiler_kwds": header})})
        for key, (arguments, code) in codes.items()
    }


def _refuse(*arguments):
    raise NotImplementedError("this function is for generated code only")


def _cuda_functions(structure, groups, device):
    """One thread a unit and trial, without atomics: equal runs give equal bits."""

    def name(owner, variable):
        return f"brian::d{device.get_array_name(groups[owner].variables[variable])}"

    n, trials, ring, size = structure.n_units, structure.n_trials, structure.ring, structure.size
    real = REAL[structure.dtype]
    # Trials lie side by side, so that neighbouring threads read neighbouring values.
    head = f"const int row = i / {trials}, trial = i % {trials};\n{real} sum = 0;"

    def summed(function, arguments, sources, term):
        return f"""
        __device__ {real} {function}({arguments})
        {{
            {head}
            for (int j = 0; j < {sources}; j++) sum += {term};
            return sum;
        }}
        """

    weights = name("input_weights", "w")
    signal = name("channels", "signal")
    term = f"{weights}[row * {structure.n_inputs} + j] * {signal}[j * {trials} + trial]"
    codes = {"projected": ("i", summed("projected", "const int i", structure.n_inputs, term))}
    if ring:
        past = name("past", "y")
        # Slot k % ring belongs to step k.
        slot = f"(int)((k + 1 - delay + {ring}) % {ring})"
        codes["remember"] = (
            "ifi",
            f"""
            __device__ {real} remember(const int i, const {real} velocity, const int64_t k)
            {{
                {past}[(int)(k % {ring}) * {size} + i] = velocity;
                return velocity;
            }}
            """,
        )
        codes["past_velocity"] = (
            "iii",
            f"""
            __device__ {real} past_velocity(const int unit, const int delay, const int64_t k)
            {{
                return {past}[{slot} * {size} + unit];
            }}
            """,
        )
    if structure.synapses is None:
        w = name("recurrent_weights", "w")
        term = f"{w}[row * {n} + j] * {name('horn', 'y')}[j * {trials} + trial]"
        if ring:
            delay = f"{name('recurrent_weights', 'delay_steps')}[row * {n} + j]"
            place = f"{slot.replace('delay', delay)} * {size} + j * {trials} + trial"
            term = f"{w}[row * {n} + j] * {past}[{place}]"
        codes["coupled"] = ("ii", summed("coupled", "const int i, const int64_t k", n, term))
    return {
        key: _function(_refuse, arguments, {"cuda": (code, {})})
        for key, (arguments, code) in codes.items()
    }
