#!/usr/bin/env python
"""How long does a step of the Brian2 simulation take, beside a plain NumPy loop?

For each size: the seconds of whole calls over 784 steps, interleaved in one
process, medians; per step, per recurrent product, and as a ratio to a NumPy
(BLAS) loop of the same model without delays. Then heterogeneous delays, dense
against sparse coupling by density, recording, and peak memory.

    python benchmarks/simulate.py            # all, some 15 minutes on two cores
    python benchmarks/simulate.py --quick    # a few sizes
"""

import argparse
import platform
import sys

import numpy as np
from measure import interleaved, peak

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays

STEPS = 784
DEVICES = ("numpy", "cython", "cpp")
LONGEST_DELAY = 10


def numpy_loop(params, stimulus, keep=False):
    """The same model as a loop over steps with one BLAS product each, for all trials."""
    n, h = params.n_units, params.h
    w_in, w_rec = params.w_in.T, params.w_rec.T / np.sqrt(n)
    bias = params.b_in + params.b_rec / np.sqrt(n)
    kept = np.empty((2, STEPS, len(stimulus), n)) if keep else None
    x, y = np.zeros((2, len(stimulus), n))
    for k in range(STEPS):
        drive = stimulus[:, k] @ w_in + bias + y @ w_rec + params.feedback * x
        y = y + h * (params.alpha * np.tanh(drive) - params.omega**2 * x - 2 * params.gamma * y)
        x = x + h * y
        if keep:
            kept[:, k] = x, y
    return kept if keep else (x, y)


def simulation(params, stimulus, **options):
    options = {"record": (), **options}
    return lambda: hn.simulate(params, stimulus, **options)


def network(n, **changes):
    return hn.effenberger_2025(n, heterogeneous=True, seed=1).replace(**changes)


def input_of(trials):
    return np.random.default_rng(1).random((trials, STEPS, 1))


def sizes(ns, trial_counts, repeats):
    print(f"\n## Dense coupling, no delays, nothing recorded ({STEPS} steps)\n")
    print(
        "| n | trials | " + " | ".join(f"{d}: us/step, ps/product, ratio" for d in DEVICES) + " |"
    )
    print("|---|---|" + "---|" * len(DEVICES))
    measured = {}
    for n in ns:
        for trials in trial_counts:
            params, stimulus = network(n), input_of(trials)
            calls = {d: simulation(params, stimulus, device=d) for d in DEVICES}
            calls["loop"] = lambda p=params, s=stimulus: numpy_loop(p, s)
            seconds = interleaved(calls, repeats)
            measured[n, trials] = seconds
            cells = [
                f"{1e6 * seconds[d] / STEPS:.0f}, {1e12 * seconds[d] / STEPS / n**2 / trials:.0f}, "
                f"{seconds[d] / seconds['loop']:.2f}"
                for d in DEVICES
            ]
            print(f"| {n} | {trials} | " + " | ".join(cells) + " |", flush=True)
    for name in (*DEVICES, "loop"):
        for axis, label, other in ((0, "n", max(trial_counts)), (1, "trials", max(ns))):
            rows = [(key, value[name]) for key, value in measured.items() if key[1 - axis] == other]
            points = [(key[axis], seconds) for key, seconds in rows[-3:]]
            slope = np.polyfit(*np.log(np.array(points).T), 1)[0]
            at = f"{'trials' if axis == 0 else 'n'} = {other}"
            span = f"{points[0][0]} to {points[-1][0]}"
            print(f"- {name}: seconds grow as {label}^{slope:.2f} ({label} {span}, {at})")


def delays(cases, repeats):
    print(f"\n## Heterogeneous delays of 1 to {LONGEST_DELAY} steps; ratio to the undelayed loop\n")
    print("| n | trials | " + " | ".join(f"{d}: us/step, ratio" for d in DEVICES) + " |")
    print("|---|---|" + "---|" * len(DEVICES))
    for n, trials in cases:
        params, stimulus = network(n), input_of(trials)
        rng = np.random.default_rng(1)
        delayed = params.replace(delays=uniform_delays(n, 1, LONGEST_DELAY, rng))
        calls = {d: simulation(delayed, stimulus, device=d) for d in DEVICES}
        calls["loop"] = lambda p=params, s=stimulus: numpy_loop(p, s)
        seconds = interleaved(calls, repeats)
        cells = [
            f"{1e6 * seconds[d] / STEPS:.0f}, {seconds[d] / seconds['loop']:.2f}" for d in DEVICES
        ]
        print(f"| {n} | {trials} | " + " | ".join(cells) + " |", flush=True)


def density(n, trials, densities, repeats):
    print(f"\n## Sparse against dense coupling by density, cpp, n = {n}, {trials} trials\n")
    print("| density | dense, us/step | sparse, us/step | sparse / dense |\n|---|---|---|---|")
    for share in densities:
        params = network(n, w_rec=sparse_random(n, share, 1.0, np.random.default_rng(1)))
        stimulus = input_of(trials)
        calls = {
            c: simulation(params, stimulus, device="cpp", coupling=c) for c in ("dense", "sparse")
        }
        seconds = interleaved(calls, repeats)
        dense, sparse = (1e6 * seconds[c] / STEPS for c in ("dense", "sparse"))
        print(f"| {share} | {dense:.0f} | {sparse:.0f} | {sparse / dense:.2f} |", flush=True)


def recording(n, trials, repeats):
    print(f"\n## Recording x and y, n = {n}, {trials} trials; the loop keeps them too\n")
    print("| | us/step | ratio to the loop |\n|---|---|---|")
    params, stimulus = network(n), input_of(trials)
    calls = {d: simulation(params, stimulus, device=d, record=("x", "y")) for d in DEVICES}
    calls["loop"] = lambda: numpy_loop(params, stimulus, keep=True)
    seconds = interleaved(calls, repeats)
    for name, value in seconds.items():
        print(f"| {name} | {1e6 * value / STEPS:.0f} | {value / seconds['loop']:.2f} |")


def memory(n, trials):
    print(f"\n## Peak memory, x and y recorded, n = {n}, {trials} trials\n")
    print("| | MiB over a tiny simulation |\n|---|---|")
    for name in (*DEVICES, "loop"):
        run_alone(name, n, trials)  # whatever has to be compiled is compiled here
        run_alone(name, 4, 1)
        print(
            f"| {name} | {peak(__file__, name, n, trials) - peak(__file__, name, 4, 1):.0f} |",
            flush=True,
        )


def run_alone(name, n, trials):
    params, stimulus = network(n), input_of(trials)
    if name == "loop":
        return numpy_loop(params, stimulus, keep=True)
    return simulation(params, stimulus, device=name, record=("x", "y"))()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few sizes")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        name, n, trials = args.alone
        run_alone(name, int(n), int(trials))
        return
    print(f"# {' '.join(['python', *sys.argv])}\n")
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}")
    repeats = 2 if args.quick else 3
    ns = (64, 256) if args.quick else (32, 64, 128, 256, 512, 1024)
    trial_counts = (1, 64) if args.quick else (1, 8, 64, 128)
    sizes(ns, trial_counts, repeats)
    delays([(256, 64)] if args.quick else [(64, 1), (64, 100), (256, 1), (256, 64)], repeats)
    shares = (0.02, 0.3) if args.quick else (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    density(256, 16, shares, repeats)
    recording(256, 64, repeats)
    memory(256, 64)


if __name__ == "__main__":
    main()
