"""Tasks of rows, in a module that workers can import."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from joblib.externals.loky import get_reusable_executor

import horn_neuro as hn

NIGHT = {"coupling": [0.0, 0.5, 1.0], "steps": [20, 40]}, range(4)


def night(out, resume=False, jobs=2):
    """A sweep of 24 rows, for which no worker needs long to start."""
    from horn_neuro.sweep import sweep

    return sweep(drawn, *NIGHT, out, resume=resume, jobs=jobs, progress=False, seconds=0.15)


def drive(out, resume):
    """The same as a process, which writes into a log what it has to say."""
    log = os.open(f"{out}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    night(out, resume)
    # As at the end of a script, which a child of multiprocessing does not have.
    get_reusable_executor().shutdown(wait=True)


def drawn(coupling, steps, seed, seconds):
    """Random numbers instead of a simulation."""
    time.sleep(seconds)
    numbers = coupling * np.random.default_rng(seed).normal(size=steps)
    return {"last": numbers[-1], "spread": numbers.std()}


def spread(coupling, seed, steps=40, seconds=0.0, folder=""):
    """A small simulation, which leaves a mark of its process."""
    from horn_neuro.analysis import Estimate

    if folder:
        Path(folder, f"{time.monotonic_ns()} {os.getpid()}").touch()
    time.sleep(seconds)
    params = hn.effenberger_2025(6, seed=seed)
    params = params.replace(w_rec=coupling * params.w_rec)
    x = hn.simulate(params, steps, device="numpy").data["x"].values
    return {"spread": x.std(), "last": Estimate(x[0, -1].mean(), -1.0, 1.0, "a.u.", 6)}


def troubled(trouble, seed=0, folder="", seconds=0.0):
    """Do what the row says, and leave a mark."""
    if folder:
        Path(folder, f"{trouble} {seed} {os.getpid()} {time.monotonic_ns()}").touch()
    time.sleep(seconds)
    if trouble == "raises":
        raise KeyError("this row")
    if trouble == "exits":
        sys.exit("this row")
    if trouble == "hangs":
        while True:
            time.sleep(0.05)
    if trouble == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "dies once" and len(list(Path(folder).glob("dies once*"))) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "eats":
        held = [np.zeros(2**27) for _ in range(30)]  # not touched, which would take long
        return len(held)
    return seed + 0.5


def threads(seed):
    """How many each library would take."""
    import threadpoolctl
    import torch

    return {
        "pools": max(pool["num_threads"] for pool in threadpoolctl.threadpool_info()),
        "torch": torch.get_num_threads(),
        "OpenMP": int(os.environ["OMP_NUM_THREADS"]),
    }


def compiled(coupling, seed):
    """A simulation that is compiled."""
    params = hn.effenberger_2025(5, seed=seed)
    params = params.replace(w_rec=coupling * params.w_rec)
    x = hn.simulate(params, 30, device="cpp", record=("x",)).data["x"].values
    return float(x[0, -1].sum())


def native(seed, log):
    """The build of the native backend, with a compiler that takes half a second."""
    from horn_neuro.twin import native

    native._BUILD = f"""
import sys, time
from pathlib import Path
time.sleep(0.5)
with open({log!r}, "a") as log:
    log.write("built once\\n")
Path(sys.argv[3], sys.argv[1] + ".so").write_text("whole")
"""
    native._compile("stub", native.cache_folder() / "stub")
    return len((native.cache_folder() / "stub" / "stub.so").read_text())
