#!/usr/bin/env python
"""How fast is one training step of each backend, beside eager autograd?

Forward and backward of a full-length batch (784 steps) with a linear readout
and cross-entropy, interleaved in one process, medians of the turns. "Eager" is
the reference backend. The share of the GEMM limit counts 6 n^2 operations for
each sequence and step against a large product measured in the same run.

    python benchmarks/train.py               # some 6 minutes on two cores
    python benchmarks/train.py --quick
"""

import argparse
import platform
import sys

import torch
from measure import interleaved, peak

import horn_neuro as hn

STEPS = 784
BACKENDS = ("reference", "analytic", "native")
SIZES = ((32, 64), (128, 128), (256, 128), (512, 128))


def network(n, backend, heterogeneous=False):
    params = hn.effenberger_2025(n, heterogeneous=heterogeneous, seed=1)
    return hn.HornNetwork(params, backend)


def training_step(twin, inputs, labels, record=False):
    twin.zero_grad()
    out = twin(inputs, record=record)
    torch.nn.functional.cross_entropy(out.logits, labels).backward()


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


def memory(n, size):
    print(f"\n## Peak memory of a training step, n = {n}, batch {size}\n")
    print("| backend | MiB over a tiny step | of eager |\n|---|---|---|")
    found = {name: peak(__file__, name, n, size) - peak(__file__, name, 4, 1) for name in BACKENDS}
    for name, value in found.items():
        print(f"| {name} | {value:.0f} | {100 * value / found['reference']:.0f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two sizes, few turns")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        name, n, size = args.alone
        training_step(network(int(n), name), *batch_of(int(size)))
        return
    print(f"    python {' '.join(sys.argv)}\n")
    print(f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}")
    for threads in (2, 1):
        torch.set_num_threads(threads)
        table(SIZES[:2] if args.quick else SIZES, 2 if args.quick else 3)
    memory(*((128, 128) if args.quick else (512, 128)))


if __name__ == "__main__":
    main()
