"""How much memory a simulation takes, and a warning before it hurts."""

import warnings

import psutil

__all__ = ["estimate_memory", "warn_about_memory"]


def estimate_memory(structure):
    """Estimate the peak memory of a simulation.

    Parameters
    ----------
    structure : Structure
        The network's structure.

    Returns
    -------
    size : int
        Bytes: every recorded value twice (as Brian2 keeps it and as it is
        handed over), the inputs and drawn kicks twice, the weights, and the delay ring.
    """
    recorded = structure.size * structure.n_samples * len(structure.record)
    given = structure.n_trials * structure.n_inputs * structure.n_steps
    if structure.kicks == "drawn":
        given += structure.size * structure.n_steps
    trials = 1 if structure.synapses is None else structure.n_trials
    connections = 3 * structure.n_connections * trials
    ring = structure.ring * structure.size
    if structure.plasticity:
        connections *= 2  # what arrives, and indices both ways
    if structure.weights:
        recorded += structure.n_samples * structure.n_connections * trials
    return 8 * (2 * recorded + 2 * given + connections + ring)


def warn_about_memory(structure):
    """Warn if a simulation would take more than half of the memory that is free.

    Parameters
    ----------
    structure : Structure
        The network's structure.
    """
    needed, free = estimate_memory(structure), psutil.virtual_memory().available
    if needed > free / 2:
        warnings.warn(
            f"this simulation needs about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB "
            "are free; record fewer variables (record=), fewer samples (every=), or fewer trials "
            "at a time",
            ResourceWarning,
            stacklevel=3,
        )
