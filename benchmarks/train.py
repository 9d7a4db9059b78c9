#!/usr/bin/env python
"""How fast is one training step of each backend, beside eager autograd?

Forward and backward of a full-length batch (784 steps) with a linear readout
and cross-entropy, interleaved in one process, medians of the turns. "Eager" is
the reference backend. The share of the GEMM limit counts 6 n^2 operations for
each sequence and step against a large product measured in the same run.
What delays, masks, stacks, shorter products, lengths and readouts at every step
cost is told in seconds of one core, which other jobs disturb less.

    python benchmarks/train.py               # some 8 minutes on two cores
    python benchmarks/train.py --quick
    python benchmarks/train.py --kinds       # what delays and others cost only, 2 minutes
"""

import argparse
import platform
import sys

import numpy as np
import torch
from measure import interleaved, peak, processor_seconds

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays

STEPS = 784
BACKENDS = ("reference", "analytic", "native")
SIZES = ((32, 64), (128, 128), (256, 128), (512, 128))
KINDS_SIZES = ((32, 64), (64, 64), (128, 128), (256, 128))


def network(n, backend, heterogeneous=False):
    params = hn.effenberger_2025(n, heterogeneous=heterogeneous, seed=1)
    return hn.HornNetwork(params, backend)


def training_step(twin, inputs, labels, lengths=None):
    twin.zero_grad()
    logits = twin(inputs, lengths=lengths).logits
    if twin.readout == "every":
        logits = logits.mean(1)
    torch.nn.functional.cross_entropy(logits, labels).backward()


def inference(twin, inputs):
    with torch.no_grad():
        twin(inputs)


def gemm_limit():
    """Operations per second of a large float32 product."""
    a, b = torch.rand(2, 2048, 2048)
    seconds = interleaved({"gemm": lambda: a @ b}, 5)["gemm"]
    return 2 * 2048**3 / seconds


def batch_of(size):
    return torch.rand(size, STEPS, 1), torch.randint(0, 10, (size,))


def table(sizes, repeats):
    limit = gemm_limit()
    print(f"\n## {torch.get_num_threads()} threads; GEMM limit {limit / 1e9:.0f} GFLOP/s\n")
    print("Sequences a second, ratio to eager, share of the GEMM limit.\n")
    print("| n, batch | " + " | ".join(BACKENDS) + " | native, heterogeneous |")
    print("|---|" + "---|" * (len(BACKENDS) + 1))
    for n, size in sizes:
        inputs, labels = batch_of(size)
        twins = {name: network(n, name) for name in BACKENDS}
        twins["heterogeneous"] = network(n, "native", heterogeneous=True)
        calls = {
            name: lambda twin=twin, i=inputs, y=labels: training_step(twin, i, y)
            for name, twin in twins.items()
        }
        seconds = interleaved(calls, repeats)
        cells = [
            f"{size / s:.0f}, {seconds['reference'] / s:.1f}, "
            f"{100 * 6 * n**2 * size * STEPS / s / limit:.0f} %"
            for s in seconds.values()
        ]
        print(f"| {n}, {size} | " + " | ".join(cells) + " |", flush=True)


def kinds(n, size):
    """What is no plain network, beside one: calls by name."""
    plain, rng = hn.effenberger_2025(n, seed=1), np.random.default_rng(1)
    delayed = plain.replace(delays=uniform_delays(n, 1, 20, rng))
    layers = [hn.effenberger_2025(n // 2, seed=seed) for seed in (1, 2)]
    networks = {
        "delays of 1 to 20 steps": delayed,
        "all delays 5 steps": plain.replace(delays=np.full((n, n), 5)),
        "a tenth of the weights": plain.replace(w_rec=sparse_random(n, 0.1, 1.6, rng)),
        "the same with the delays": delayed.replace(w_rec=sparse_random(n, 0.1, 1.6, rng)),
        "two layers": hn.stack(layers, rng.normal(0, 1 / n, (n // 2, n // 2))),
    }
    inputs, labels = batch_of(size)
    lengths = torch.randint(1, STEPS + 1, (size,))
    twin = hn.HornNetwork(plain, "native")
    every = hn.HornNetwork(plain, "native", readout="every")
    later = hn.HornNetwork(delayed, "native")
    analytic = hn.HornNetwork(delayed, "analytic")
    calls = {"plain": lambda: training_step(twin, inputs, labels)}
    for name, params in networks.items():
        net = hn.HornNetwork(params, "native")
        calls[name] = lambda net=net: training_step(net, inputs, labels)
    if n <= 128:
        calls["delays of 1 to 20 steps, analytic"] = lambda: training_step(analytic, inputs, labels)

    def shorter(precision):
        torch.set_float32_matmul_precision(precision)
        training_step(twin, inputs, labels)
        torch.set_float32_matmul_precision("highest")

    return calls | {
        'matmul = "high"': lambda: shorter("high"),
        'matmul = "medium"': lambda: shorter("medium"),
        "loss at every step": lambda: training_step(every, inputs, labels),
        "lengths of 1 to 784 steps": lambda: training_step(twin, inputs, labels, lengths),
        "inference": lambda: inference(twin, inputs),
        "inference, delays of 1 to 20 steps": lambda: inference(later, inputs),
    }


def kinds_table(sizes, repeats):
    found = {}
    for n, size in sizes:
        seconds = interleaved(kinds(n, size), repeats, processor_seconds, warm=True)
        for name, value in seconds.items():
            cell = f"{1e3 * value:.0f} ms, {value / seconds['plain']:.2f}"
            found.setdefault(name, {})[n] = cell
    print("\n## What it costs: a training step or inference by native, one core\n")
    print("Time, and ratio to the training step of a plain network of as many units.\n")
    print("| | " + " | ".join(f"n = {n}, batch {size}" for n, size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name, cells in found.items():
        print(f"| {name} | " + " | ".join(cells.get(n, "") for n, _ in sizes) + " |")


def memory(n, size):
    print(f"\n## Peak memory of a training step, n = {n}, batch {size}\n")
    print("| backend | MiB over a tiny step | of eager |\n|---|---|---|")
    found = {name: peak(__file__, name, n, size) - peak(__file__, name, 4, 1) for name in BACKENDS}
    for name, value in found.items():
        print(f"| {name} | {value:.0f} | {100 * value / found['reference']:.0f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two sizes, few turns")
    parser.add_argument("--kinds", action="store_true", help="what delays and others cost only")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        name, n, size = args.alone
        training_step(network(int(n), name), *batch_of(int(size)))
        return
    print(f"    python {' '.join(sys.argv)}\n")
    print(f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}")
    for threads in () if args.kinds else (2, 1):
        torch.set_num_threads(threads)
        table(SIZES[:2] if args.quick else SIZES, 2 if args.quick else 3)
    torch.set_num_threads(1)
    kinds_table(KINDS_SIZES[:1] if args.quick else KINDS_SIZES, 2 if args.quick else 3)
    if args.kinds:
        return
    torch.set_num_threads(2)
    memory(*((128, 128) if args.quick else (512, 128)))


if __name__ == "__main__":
    main()
