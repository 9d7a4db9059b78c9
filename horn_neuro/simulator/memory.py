"""How much memory a simulation takes, and a warning before it hurts."""

import warnings

import psutil

__all__ = ["warn_about_memory"]


def warn_about_memory(program):
    """Warn if a simulation would take more than half of the memory that is free.

    Parameters
    ----------
    program : Program
        What is to run.
    """
    needed, free = program.memory(), psutil.virtual_memory().available
    if needed > free / 2:
        warnings.warn(
            f"this simulation needs about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB "
            "are free; record fewer variables (record=), fewer samples (every=), or fewer trials "
            "at a time",
            ResourceWarning,
            stacklevel=3,
        )
