#!/usr/bin/env python
"""How do time and memory grow with n, trials, steps and workers, and where does that lead?

Whole calls on one thread each, with the exponents of power laws through the last three sizes;
rows of a sweep that compute for a second, that sleep for one, and that do nothing; sums over
two processes on loopback. From these, `scale_plan.py` writes the page benchmarks/scale.md,
which plans past one machine.

    python benchmarks/scale.py            # some 6 minutes on two cores
    python benchmarks/scale.py --quick    # smaller; writes nothing
    python benchmarks/scale.py --page     # the page alone, from the results that are kept
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import torch
from joblib.externals.loky import get_reusable_executor
from measure import most, peak
from scale_plan import page
from scipy import sparse
from threadpoolctl import threadpool_limits

import horn_neuro as hn
from horn_neuro.sweep import sweep

RESULT = Path(__file__).parent / "results" / "scale.json"
PAGE = Path(__file__).parent / "scale.md"
FAN_IN = 100
UNITS, TRIALS, STEPS = 512, 16, 400


def best(call, repeats=3):
    """Least seconds of a call, after one to warm up: others on the machine only add."""
    call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def held():
    """Bytes of this process and its children that are theirs alone, and of files in memory.

    The compiled programs write their records into such files.
    """
    own = psutil.Process()
    infos = [process.memory_info() for process in (own, *own.children(recursive=True))]
    return sum(k.rss - k.shared for k in infos) + shutil.disk_usage("/dev/shm").used


def measured(call, taken=None, **sizes):
    seconds = best(call)
    mebibytes = taken() if taken else most(call, held) / 2**20
    print(f"    {sizes}: {seconds:.4g} s, {mebibytes:.0f} MiB", flush=True)
    return sizes | {"seconds": seconds, "mebibytes": mebibytes}


def dense(n, trials, steps, record=()):
    params = hn.effenberger_2025(n, seed=1)
    options = {"n_trials": trials, "device": "cpp", "coupling": "dense", "record": record}
    return lambda: hn.simulate(params, steps, **options)


def few_connections(n, steps):
    """Every unit is reached by `FAN_IN` others, drawn anew for each."""
    rng, one = np.random.default_rng(1), hn.effenberger_2025(1, seed=1)
    sources = rng.integers(0, n, n * FAN_IN)
    starts = np.arange(0, n * FAN_IN + 1, FAN_IN)
    weights = sparse.csr_array((rng.normal(size=n * FAN_IN), sources, starts), shape=(n, n))
    params = hn.HornParameters(
        **{name: float(getattr(one, name)[0]) for name in ("omega", "gamma", "alpha")},
        w_in=rng.normal(size=(n, 1)),
        w_rec=weights,
        w_out=np.zeros((1, n)),
    )
    return lambda: hn.simulate(params, steps, device="cpp", coupling="sparse", record=())


def simulations(quick):
    sizes = (64, 128, 256) if quick else (256, 512, 1024, 2048)
    print("simulations", flush=True)
    return {
        "dense by n": [
            measured(dense(n, TRIALS, STEPS), n=n, trials=TRIALS, steps=STEPS) for n in sizes
        ],
        "dense by trials": [
            measured(dense(UNITS, trials, STEPS), n=UNITS, trials=trials, steps=STEPS)
            for trials in ((1, 8) if quick else (4, TRIALS, 64, 256))
        ],
        "recorded by steps": [
            measured(dense(UNITS, TRIALS, steps, ("x", "y")), n=UNITS, trials=TRIALS, steps=steps)
            for steps in ((50, 100) if quick else (STEPS, 4 * STEPS, 16 * STEPS))
        ],
        # Of two numbers of steps, so that what a call costs is no part of what a step does.
        "sparse by n": [
            measured(few_connections(n, steps), n=n, trials=1, steps=steps)
            for n in ((500, 1000) if quick else (1000, 10_000, 100_000))
            for steps in (50, 150)
        ],
    }


def training_step(n, batch, steps):
    """Return a step of the native backend, forward and backward, and how much it can learn."""
    twin = hn.HornNetwork(hn.effenberger_2025(n, seed=1), "native")
    inputs, labels = torch.rand(batch, steps, 1), torch.randint(0, 10, (batch,))

    def call():
        twin.zero_grad()
        torch.nn.functional.cross_entropy(twin(inputs).logits, labels).backward()

    return call, sum(weights.numel() for weights in twin.parameters())


def training(quick):
    print("training", flush=True)
    scale = 4 if quick else 1
    tiny = peak(__file__, 4, 1, 1)

    def step(n, batch, steps):
        n, steps = n // scale, steps // scale
        call, parameters = training_step(n, batch, steps)
        sizes = {"n": n, "batch": batch, "steps": steps, "parameters": parameters}
        # In a process of its own: C++ keeps others from looking, and memory is used again.
        return measured(call, lambda: peak(__file__, n, batch, steps) - tiny, **sizes)

    return {
        "training by n": [step(n, 32, 392) for n in (128, 256, 512, 1024)],
        "training by batch": [step(256, batch, 392) for batch in (32, 64, 128)],
        "training by steps": [step(256, 32, steps) for steps in (196, 392, 784)],
    }


def sum_in_two(rank, address, sizes, found):
    """Sum arrays of so many numbers over two processes, and say how long each takes."""
    torch.distributed.init_process_group("gloo", f"file://{address}", rank=rank, world_size=2)
    rows = []
    for size in sizes:
        numbers, seconds = torch.ones(size), []
        for _ in range(20):
            started = time.perf_counter()
            torch.distributed.all_reduce(numbers)
            seconds.append(time.perf_counter() - started)
        rows.append({"bytes": 4 * size, "seconds": min(seconds)})
    if rank == 0:
        Path(found).write_text(json.dumps(rows))
    torch.distributed.destroy_process_group()


def sums(quick):
    print("sums over two processes", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        sizes = [2**k for k in ((8, 12) if quick else (8, 12, 16, 20, 23))]
        arguments = (f"{folder}/meet", sizes, f"{folder}/found")
        torch.multiprocessing.spawn(sum_in_two, arguments, nprocs=2)
        return {"sums by bytes": json.loads(Path(folder, "found").read_text())}


def computing(seed, cpu_seconds):
    """A row that takes so many seconds of a core, however many others want it."""
    started, k = time.process_time(), 0
    while time.process_time() - started < cpu_seconds:
        k += 1
    return k


def sleeping(seed, seconds):
    time.sleep(seconds)
    return seed


def trivial(seed):
    return seed


def seconds_of(task, count, **options):
    get_reusable_executor().shutdown(wait=True)  # workers of an earlier sweep would be ready
    started = time.perf_counter()
    done = sweep(task, {"seed": range(count)}, **options, progress=False)
    assert done.failed.empty
    return time.perf_counter() - started


def sweeps(quick):
    import distributed

    print("sweeps", flush=True)
    one, few, many = 0.1 if quick else 1.0, 4, 24 if quick else 60
    found = {"row seconds": one, "rows by workers": [], "sleeping by rows": []}
    with tempfile.TemporaryDirectory() as folder:
        numbers = (Path(folder, str(k)) for k in range(100))
        seconds_of(trivial, 10, jobs=1, out=next(numbers))  # imports what is needed
        for workers in (1, 2):
            row = {"workers": workers, "rows": many // 3}
            row["seconds"] = seconds_of(computing, row["rows"], jobs=workers, cpu_seconds=one)
            found["rows by workers"].append(row)
        for count in (few, many):
            row = {"rows": count, "workers": 2, "out": True}
            row["seconds"] = seconds_of(sleeping, count, jobs=2, seconds=one, out=next(numbers))
            found["sleeping by rows"].append(row)
        found["driver by rows"] = []
        for count in (30, 100, 300) if quick else (300, 1000, 3000, 10_000):
            out = next(numbers)
            row = {"rows": count, "seconds": seconds_of(trivial, count, jobs=1, out=out)}
            row["resume seconds"] = seconds_of(trivial, count, jobs=1, out=out, resume=True)
            files = list((out / "rows").iterdir())
            row["bytes"] = sum(file.stat().st_size for file in files)
            row["disk bytes"] = sum(512 * file.stat().st_blocks for file in files)
            tracemalloc.start()
            seconds_of(trivial, count, jobs=1)
            row["mebibytes"] = tracemalloc.get_traced_memory()[1] / 2**20
            tracemalloc.stop()
            found["driver by rows"].append(row)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        seconds_of(trivial, 10, dask=client)
        found["dask by rows"] = [
            {"rows": count, "seconds": seconds_of(trivial, count, dask=client)}
            for count in ((20, 60, 180) if quick else (300, 1000, 3000, 10_000))
        ]
    for name, value in found.items():
        print(f"    {name}: {value}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="smaller; writes nothing")
    parser.add_argument("--page", action="store_true", help="the page from the kept results")
    parser.add_argument("--alone", nargs=3, type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        torch.set_num_threads(1)
        training_step(*args.alone)[0]()
        return
    if args.page:
        PAGE.write_text(page(json.loads(RESULT.read_text())))
        return
    # One thread, here and in the processes of the compiled networks.
    torch.set_num_threads(1)
    threadpool_limits(1)
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    started = time.monotonic()
    found = {
        "command": " ".join(["python", *sys.argv]),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, torch {torch.__version__}",
        "load": os.getloadavg()[0],
        "fan_in": FAN_IN,
    }
    for part in (sweeps, simulations, training, sums):
        found |= part(args.quick)
    found["minutes"] = (time.monotonic() - started) / 60
    if args.quick:
        print(page(found))
        return
    RESULT.write_text(json.dumps(found, indent=1))
    PAGE.write_text(page(found))
    print(PAGE.read_text())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
