"""Where the emulated CUDA toolkit is, and the environment in which programs find it."""

import os
import sys
from pathlib import Path

__all__ = ["TOOLKIT", "environment"]

TOOLKIT = Path(__file__).resolve().parent


def environment(
    *,
    order="forward",
    block=32,
    memory=2**34,
    log=None,
    sanitize=False,
    cache=None,
    gpu="Emulated GPU",
    capability=9.0,
    free=None,
    mig=0,
    busy=False,
):
    """Return the environment variables (dict of str to str) of a process that uses the emulation.

    All variables of the emulation are in it, so that nothing is left over from elsewhere.

    Parameters
    ----------
    order : 'forward' | 'backward' | int
        Order in which threads and blocks are begun; a number seeds permutations.
    block : int
        Threads of a block that the occupancy API proposes.
    memory : int
        Bytes that programs find on the card.
    log : path | None
        Where a program writes how often it made each call, as JSON.
    sanitize : bool
        Whether to compile with the address and undefined-behaviour sanitizers.
    cache : path | None
        Folder of precompiled headers; None takes one in the temporary folder.
    gpu : str
        Name of the card; 'none' for a machine without one.
    capability : float
        Its compute capability.
    free : int | str | None
        Bytes that nvidia-smi says are free, or the text that it says instead of
        a number; None takes `memory`.
    mig : int
        Into how many slices (MIG) the card is cut.
    busy : bool
        Whether another process has the card to itself.
    """
    path = [str(TOOLKIT / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        "CUDA_PATH": str(TOOLKIT),
        "PATH": os.pathsep.join(path),
        "CUDA_ON_CPU_ORDER": str(order),
        "CUDA_ON_CPU_BLOCK": str(block),
        "CUDA_ON_CPU_MEMORY": str(memory),
        "CUDA_ON_CPU_LOG": str(log or ""),
        "CUDA_ON_CPU_SANITIZE": "1" if sanitize else "",
        "CUDA_ON_CPU_CACHE": str(cache or ""),
        "CUDA_ON_CPU_GPU": gpu,
        "CUDA_ON_CPU_CAPABILITY": str(capability),
        "CUDA_ON_CPU_FREE": "" if free is None else str(free),
        "CUDA_ON_CPU_MIG": str(mig),
        "CUDA_ON_CPU_BUSY": "1" if busy else "",
    }
