"""Tasks of rows, in a module that workers can import."""

import os
import signal
import time
from pathlib import Path

import numpy as np

import horn_neuro as hn
from horn_neuro.analysis import Estimate


def spread(coupling, seed, steps=40):
    """A small simulation."""
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
