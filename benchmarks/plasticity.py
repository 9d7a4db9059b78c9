#!/usr/bin/env python
"""What does it cost that connections learn?

Times networks with plastic and with fixed connections on the same devices, in
turns, and prints a Markdown table. The fixed ones are dense products, and sums over
connections; plastic connections are Brian2 synapses.

    python benchmarks/plasticity.py          # some four minutes on two cores
"""

import sys

import numpy as np
from measure import interleaved

import horn_neuro as hn
from horn_neuro.parameters import dense_gaussian
from horn_neuro.simulator import compiler_problem

SIZES = ((32, 1), (32, 16), (128, 1), (128, 16))  # units, trials
STEPS, REPEATS = 2000, 3
RULES = {"covariance": hn.CovarianceRule(0.02), "phase": hn.PhaseRule(0.02)}


def calls_of(n_units, n_trials):
    """What is compared, by name."""
    rng = np.random.default_rng(1)
    params = hn.effenberger_2025(n_units, heterogeneous=True, alpha=0.07, gamma=0.02, seed=1)
    params = params.replace(w_rec=np.clip(dense_gaussian(n_units, 1.0, rng), -9, 9))
    stimulus = rng.random((n_trials, STEPS, 1))
    calls = {}
    for device in ("numpy",) if compiler_problem() else ("numpy", "cpp"):
        for name, options in (
            ("dense", {"coupling": "dense"}),
            ("sparse", {"coupling": "sparse"}),
            *((kind, {"plasticity": rule}) for kind, rule in RULES.items()),
        ):

            def call(device=device, options=options):
                hn.simulate(params, stimulus, record=("x",), every=STEPS, device=device, **options)

            calls[f"{device}, {name}"] = call
    return calls


def main():
    print(f"    python {' '.join(sys.argv)}\n")
    tables = {size: interleaved(calls_of(*size), REPEATS) for size in SIZES}
    names = list(next(iter(tables.values())))
    print(f"Milliseconds a step, over {STEPS} steps (with start and end of the run).\n")
    print(f"| units, trials | {' | '.join(names)} |")
    print(f"|---|{'---|' * len(names)}")
    for (n_units, n_trials), seconds in tables.items():
        cells = " | ".join(f"{1e3 * seconds[name] / STEPS:.3f}" for name in names)
        print(f"| {n_units}, {n_trials} | {cells} |")


if __name__ == "__main__":
    main()
