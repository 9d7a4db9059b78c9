"""The simulations that `gpu.py` times, and the same in plain torch."""

import dataclasses
import functools
import json
import sys

import numpy as np
import torch
from measure import interleaved

import horn_neuro as hn
from horn_neuro.parameters import uniform_delays
from horn_neuro.twin.graph import CudaCapture

VARIANTS = {
    "plain": {},
    "recorded": {"record": ("x", "y")},
    "delayed": {},
    "kicked": {"kicks": hn.PoissonKicks(20.0, 0.02), "seed": 1},
    "float32": {"dtype": "float32"},
}
LONGEST_DELAY = 10

# Steps of the torch loop that are one CUDA graph; all lengths are multiples.
CHUNK = 5
# A long simulation has this many times the steps of a short one.
RATIO = 11
SHORT = 1000
# Guesses that choose how many steps are timed, in seconds: of a step, and beside that of
# a product in it, in float64 and float32.
GUESS = {
    "numpy": (4e-4, 5e-11, 5e-11),
    "cpp": (1e-5, 5e-11, 5e-11),
    "cuda": (2e-5, 1e-12, 1e-12),
    "torch cpu": (1e-4, 5e-11, 5e-11),
    "torch cuda": (2e-5, 1e-12, 1e-12),
}
# Seconds that a long simulation should take, and may at most; bytes that it may record.
LONG, TOO_LONG, RECORDED = 0.5, 3.5, 2**31


@functools.lru_cache(2)
def parameters_of(case):
    params = hn.effenberger_2025(case.n, heterogeneous=True, seed=1)
    if case.variant == "delayed":
        rng = np.random.default_rng(1)
        params = params.replace(delays=uniform_delays(case.n, 1, LONGEST_DELAY, rng))
    return params


@dataclasses.dataclass(frozen=True)
class Case:
    """One network, and what is asked of it."""

    n: int
    trials: int
    variant: str

    def stimulus(self, steps):
        return np.random.default_rng(2).random((self.trials, steps, 1))

    def simulation(self, device, steps):
        """Return a function that simulates."""
        params, stimulus = parameters_of(self), self.stimulus(steps)
        options = {"record": (), **VARIANTS[self.variant]}

        def run():
            return hn.simulate(params, stimulus, device=device, **options).final_state.x

        return run

    def call(self, way, steps):
        """Return a function that runs so many steps, and returns the last positions."""
        if way.startswith("torch"):
            return torch_loop(self, steps, way.split()[1])
        return self.simulation(way, steps)

    def compilation(self, way):
        """Return a command that compiles what `call` needs."""
        job = [*dataclasses.astuple(self), way, *self.lengths(way)]
        return [sys.executable, __file__, json.dumps(job)]

    def guess(self, way):
        """Seconds that a step may take."""
        step, double, single = GUESS[way]
        product = single if self.variant == "float32" else double
        ages = LONGEST_DELAY if self.variant == "delayed" else 1
        return step + product * self.n**2 * self.trials * ages

    def lengths(self, way):
        """Return a short and a long number of steps, or say what they would exceed."""
        long = min(RATIO * SHORT, LONG / self.guess(way))
        if self.variant == "recorded":
            most = RECORDED / (16 * self.n * self.trials)
            if most < RATIO * CHUNK:
                return "memory"
            long = min(long, most)
        # Delays have to be heard.
        least = LONGEST_DELAY if self.variant == "delayed" else CHUNK
        short = max(least, int(long / (RATIO * CHUNK)) * CHUNK)
        if RATIO * short * self.guess(way) > TOO_LONG:
            return "time"
        return short, RATIO * short


def calibrate(device, size=4096):
    """Measure what a product takes on a GPU: in float64, cards differ by a hundredfold."""
    step, *_ = GUESS[device]
    products = []
    for dtype in (torch.float64, torch.float32):
        a = torch.rand(size, size, dtype=dtype, device=device)
        # The number that is read waits for the device.
        seconds = interleaved({"": lambda a=a: (a @ a)[0, 0].item()}, 1)[""]
        # Products of narrow matrices take longer.
        products.append(2 * seconds / size**3)
    GUESS[device] = GUESS[f"torch {device}"] = (step, *products)


def torch_loop(case, steps, device):
    """The same model in plain torch, on a GPU as CUDA graphs; returns a function that runs it."""
    params, device = parameters_of(case), torch.device(device)
    dtype = torch.float32 if case.variant == "float32" else torch.float64

    def to(array):
        return torch.as_tensor(np.array(array), dtype=dtype, device=device)

    n, h, trials, lag = case.n, params.h, case.trials, params.max_delay
    omega, gamma, alpha, feedback, w_in = (
        to(getattr(params, name)) for name in ("omega", "gamma", "alpha", "feedback", "w_in")
    )
    bias, w = to(params.b_in + params.b_rec / np.sqrt(n)), params.w_rec / np.sqrt(n)
    ages = [1] if params.delays is None else np.unique(params.delays).tolist()
    masks = [1 if params.delays is None else params.delays == d for d in ages]
    by_age = [(d, to(w * mask).T) for d, mask in zip(ages, masks, strict=True)]
    part, x = to(np.zeros((CHUNK, trials, 1))), to(np.zeros((trials, n)))
    # past[lag + k] is the velocity after step k of a chunk.
    past, xs = to(np.zeros((lag + CHUNK, trials, n))), to(np.zeros((CHUNK, trials, n)))

    def chunk():
        drives = part @ w_in.T + bias
        for k, drive in enumerate(drives, lag):
            for age, weights in by_age:
                drive.addmm_(past[k - age], weights)
            y = past[k - 1]
            force = alpha * torch.tanh(drive.addcmul_(feedback, x)) - omega**2 * x - 2 * gamma * y
            past[k] = y + h * force
            x.add_(past[k], alpha=h)
            xs[k - lag] = x
        past[:lag] = past[CHUNK:].clone()

    replay = CudaCapture(device)(chunk)[0] if device.type == "cuda" else chunk
    given = case.stimulus(steps)

    def run():
        stimulus = to(given).transpose(0, 1)
        kept = x.new_empty((2, steps, trials, n) if case.variant == "recorded" else 0)
        x.zero_()
        past.zero_()
        for first in range(0, steps, CHUNK):
            part.copy_(stimulus[first : first + CHUNK])
            replay()
            if kept.numel():
                kept[0, first : first + CHUNK] = xs
                kept[1, first : first + CHUNK] = past[-CHUNK:]
        kept.cpu()
        return x.cpu().numpy()

    return run


def main():
    *case, way, short, long = json.loads(sys.argv[1])
    for steps in (short, long):
        Case(*case).call(way, steps)()


if __name__ == "__main__":
    main()
