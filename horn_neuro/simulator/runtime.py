"""Running a network in this process: the numpy and cython devices."""

import numpy as np

from horn_neuro.simulator.devices import runtime_device

__all__ = ["run_in_process"]


def run_in_process(structure, values, target, seed):
    """Simulate on Brian2's runtime device.

    Parameters
    ----------
    structure : Structure
        The network's structure.
    values : dict of str to ndarray
        Its values, by `make_values`.
    target : 'numpy' | 'cython'
        The code generation target.
    seed : int
        Seed of Brian2's random numbers, 32 bits.

    Returns
    -------
    results : dict of str to ndarray
        The `Structure.results` by "object.variable": what is recorded of shape
        (n_samples, -1), everything else flat; where spikes are recorded, also
        "spikes.i" and "spikes.t" in seconds, shape (n_spikes,).
    """
    import brian2

    from horn_neuro.simulator.network import build_network

    with runtime_device(target, seed, structure.dtype) as device:
        network, groups = build_network(structure, device, values)
        # After a run, Brian2 compares with 1e50, which float32 does not know.
        with np.errstate(over="ignore"):
            network.run(structure.n_steps * structure.step * brian2.second, namespace={})
        results = {
            f"{name}.{variable}": np.array(groups[name].variables[variable].get_value())
            for name, variable in structure.results
        }
        if structure.spikes:
            for variable in "it":
                values = groups["spikes"].variables[variable].get_value()
                results[f"spikes.{variable}"] = np.array(values)
    return results
