"""Running a program in this process: the numpy and cython devices."""

import itertools

import numpy as np

from horn_neuro.simulator.devices import runtime_device

__all__ = ["run_in_process"]


def run_in_process(program, target, seed):
    """Simulate on Brian2's runtime device.

    Parameters
    ----------
    program : Program
        What to run.
    target : 'numpy' | 'cython'
        The code generation target.
    seed : int
        Seed of Brian2's random numbers, 32 bits.

    Returns
    -------
    results : dict of str to ndarray
        The `Program.variables` and what is `Program.kept`, flat, by their names, and the
        records of the tapes by theirs, shape (n_samples, -1).
    """
    with runtime_device(target, seed, program.sizes.dtype) as check:
        import brian2

        from horn_neuro.simulator.network import build_network

        network, objects = build_network(program)
        for key, array in program.values().items():
            name, variable = key.split(".")
            setattr(objects[name], f"{variable}_", array if array.size > 1 else array[0])
        arrays = _Arrays(objects, program.given())
        start = [operation.python(arrays) for operation in program.start]
        tapes = [tape.python(arrays) for tape in program.tapes]
        clock = objects["horn"].clock
        start = [lambda k: check(), *start]
        for when, functions in (("start", start), ("end", [tape for tape, _ in tapes])):
            if functions:
                network.add(_operation(functions, when, clock))
        # Whatever the user's settings; `simulate` looks at what comes of it.
        with np.errstate(all="ignore"):
            network.run(program.sizes.n_steps * program.sizes.step * brian2.second, namespace={})
        results = {name: np.array(arrays[name]) for name in (*program.variables, *program.kept)}
    return results | {
        tape.name: record for tape, (_, record) in zip(program.tapes, tapes, strict=True)
    }


class _Arrays(dict):
    """Given arrays by name, and those that Brian2 works on by "object.variable"."""

    def __init__(self, objects, given):
        super().__init__(given)
        self.objects = objects

    def __missing__(self, key):
        name, variable = key.split(".")
        return self.objects[name].variables[variable].get_value()


def _operation(functions, when, clock):
    import brian2

    steps = itertools.count()

    def operate():
        k = next(steps)
        for function in functions:
            function(k)

    return brian2.NetworkOperation(operate, clock=clock, when=when)
