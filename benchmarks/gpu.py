#!/usr/bin/env python
"""What does a GPU bring? All of its tests, time a step, training: in ten minutes.

    python benchmarks/gpu.py

It needs a GPU; where there is none, it says what is missing and exits with 2. It exits with 1
if a test fails or a device computes something else. It writes
`benchmarks/results/gpu.json`: `card`, `machine`, `versions`, `date`, `seconds`, and

- `tests`: of `run_tests`, for the marker gpu;
- `steps`: rows of `gpu_steps.step_rows`, for the devices cuda and cpp and for a loop in
  torch (on the GPU a CUDA graph) that they are checked against;
- `training`: rows of `training_rows`, for the backends.

A row without numbers says why in `skipped`: "time" if the ten minutes did not suffice,
"memory" if the machine does not. Compiled networks are kept, so that a second run goes further.
"""

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import torch
from gpu_cases import Case, calibrate
from gpu_steps import compilations, first_line, last_line, step_rows
from measure import interleaved, run_all
from train import network

from horn_neuro._files import atomic_path
from horn_neuro.simulator import cuda, cuda_problem

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "gpu.json"

# Of ten minutes, a reserve of half a minute for what takes longer than planned.
SECONDS = 570.0
SHARES = {"tests": 0.3, "compiling": 0.28, "steps": 0.27, "training": 0.15}

# The first matter most; (n, trials, variant).
CASES = [
    *((256, 64, variant) for variant in ("plain", "recorded", "delayed", "kicked")),
    *((1024, 64, "plain"), (1024, 1024, "plain"), (32, 1, "plain"), (4096, 64, "plain")),
    *((256, 64, "float32"), (1024, 64, "recorded"), (1024, 64, "delayed"), (1024, 64, "kicked")),
    *((256, 1024, "plain"), (256, 1, "plain"), (4096, 1024, "plain"), (32, 1024, "plain")),
    *((1024, 1024, "float32"), (1024, 1, "plain"), (4096, 1, "plain"), (32, 64, "plain")),
    *((1024, 1024, "recorded"), (1024, 1024, "delayed"), (4096, 64, "recorded")),
]
SIZES = ((128, 128), (32, 64), (512, 128), (256, 128))
BACKENDS = ("reference", "analytic", "cuda_graph")
STEPS = 784
MEASURED = ("sequences_per_second", "memory_mib", "difference")
NATIVE = "from horn_neuro.twin.native import native_problem as p; raise SystemExit(p())"


def run_tests(files, marker, seconds, workers):
    """Run the tests of a marker, file by file.

    Returns
    -------
    tests : dict
        Numbers of those that passed, failed, were skipped, and remained when the time
        was over, as far as it is known; `failures`, the names of the failed ones and of
        files that broke; `unfinished`, the files that the time ended or kept from starting.
    """
    options = ["-m", marker, "-v", "--color=no", "-p", "no:cacheprovider"]
    commands = {file: [sys.executable, "-m", "pytest", str(file), *options] for file in files}
    counts = dict.fromkeys(("passed", "failed", "skipped", "remained"), 0)
    failures, unfinished = [], []
    for file, (status, _, output) in run_all(commands, seconds, workers).items():
        found = dict(re.findall(r"^(\S+::.*) (PASSED|FAILED|ERROR|SKIPPED)\b", output, re.M))
        words = list(found.values())
        counts["passed"] += words.count("PASSED")
        counts["skipped"] += words.count("SKIPPED")
        bad = [name for name, word in found.items() if word in ("FAILED", "ERROR")]
        collected = re.search(r"\bcollected (\d+) items?(?:.*/ (\d+) selected)?", output)
        if collected:
            counts["remained"] += int(collected[2] or collected[1]) - len(found)
        if status is None:
            unfinished.append(Path(file).name)
        # Of its own statuses, 5 means that no test was selected.
        if status not in (0, 1, 5, None):
            bad.append(f"{file}: {last_line(output)}")
        counts["failed"] += len(bad)
        failures += bad
    return {**counts, "failures": failures, "unfinished": unfinished}


def training_rows(device, sizes, seconds, backends, n_steps=STEPS, repeats=3):
    """Time training steps of each backend, forward and backward, in turns.

    Parameters
    ----------
    device : str
        Of torch, for all backends but native, which runs on the CPU.
    sizes : sequence of (int, int)
        Units and sequences; those that come first matter most.
    seconds : float
        For all of them.
    backends : sequence of str
        The first is what the others are compared with.
    n_steps, repeats : int
        Length of a sequence; turns of which the median is taken.

    Returns
    -------
    rows : list of dict
        n, batch, backend, device; `sequences_per_second`; `memory_mib` on the GPU, or
        None; `difference` of the gradient of w_rec to the first backend, relative to its
        largest entry; `skipped`: None, or why there are no numbers.
    """
    deadline, longest, rows = time.monotonic() + seconds, 0.0, []
    for n, batch in sizes:
        started, steps, found = time.monotonic(), {}, {}
        for backend in backends:
            place = "cpu" if backend == "native" else device
            row = {"n": n, "batch": batch, "backend": backend, "device": place}
            row |= {**dict.fromkeys(MEASURED), "skipped": None}
            found[backend] = row
            if started + longest > deadline:
                row["skipped"] = "time"
                continue
            try:
                step = _training_step(n, batch, n_steps, backend, place)
                row |= _first_steps(step, steps.get(backends[0]), place)
                steps[backend] = step
            except RuntimeError as error:
                row["skipped"] = first_line(str(error))
        for backend, value in interleaved(steps, repeats).items():
            found[backend]["sequences_per_second"] = batch / value
        longest = max(longest, time.monotonic() - started)
        rows += found.values()
        for row in found.values():
            print(_line(row), flush=True)
    return rows


def _training_step(n, batch, n_steps, backend, device):
    """Return a function that takes a step, and returns the gradient of w_rec."""
    rng = torch.Generator().manual_seed(1)
    inputs = torch.rand(batch, n_steps, 1, generator=rng).to(device)
    labels = torch.randint(0, 10, (batch,), generator=rng).to(device)
    twin = network(n, backend).to(device)

    def step():
        twin.zero_grad()
        torch.nn.functional.cross_entropy(twin(inputs).logits, labels).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        return twin.w_rec.grad

    return step


def _first_steps(step, reference, device):
    """Take the first step, which compiles or captures, and another; measure both."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    step()
    gradient, found = step().cpu(), {}
    if device == "cuda":
        found["memory_mib"] = (torch.cuda.max_memory_allocated() - before) / 2**20
    if reference is not None:
        expected = reference().cpu()
        difference = (gradient - expected).abs().max() / expected.abs().max()
        found["difference"] = difference.item()
    return found


def _line(row):
    cells = f"n = {row['n']}, batch {row['batch']}, {row['backend']} on {row['device']}: "
    if row["skipped"]:
        return f"{cells}skipped: {row['skipped']}"
    return f"{cells}{row['sequences_per_second']:.0f} sequences a second"


def describe():
    """Return card, machine, versions and date."""
    gpu, asked = cuda.find_gpu(), ["--query-gpu=driver_version", "--format=csv,noheader"]
    driver = subprocess.run(["nvidia-smi", *asked], capture_output=True, text=True, check=False)
    toolkit = cuda._toolkit_version(cuda._toolkit())
    model = platform.processor()
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
    packages = ("horn_neuro", "brian2", "brian2cuda", "torch", "numpy")
    return {
        "card": {
            "name": gpu.name,
            "capability": gpu.capability,
            "free_memory_mib": gpu.free_memory and gpu.free_memory / 2**20,
            "driver": None if driver.returncode else driver.stdout.split()[0],
            "toolkit": ".".join(map(str, toolkit)),
        },
        "machine": {"processor": model, "cpus": os.cpu_count(), "system": platform.platform()},
        "versions": {
            "python": platform.python_version(),
            "torch_cuda": torch.version.cuda,
            **{package: importlib.metadata.version(package) for package in packages},
        },
        "date": datetime.date.today().isoformat(),
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args(argv)
    problem = cuda_problem()
    if problem:
        print(f"there is nothing to measure here: {problem}", file=sys.stderr)
        return 2
    started, share, report = time.monotonic(), 0.0, describe()

    def left(section):
        """Seconds of a section, with what the earlier ones have spared."""
        nonlocal share
        share += SHARES[section]
        return started + share * SECONDS - time.monotonic()

    def save(**sections):
        report.update(sections, seconds=round(time.monotonic() - started, 1))
        RESULT.parent.mkdir(exist_ok=True)
        with atomic_path(RESULT) as path:
            path.write_text(json.dumps(report, indent=1) + "\n")

    workers = max(1, min(4, (os.cpu_count() or 1) // 4))
    print(f"{report['card']['name']}: tests", flush=True)
    rooms = [ROOT / "tests" / room for room in ("twin", "simulator")]  # the quick ones first
    files = [file for room in rooms for file in sorted(room.glob("test_*.py"))]
    save(tests=run_tests(files, "gpu", left("tests"), workers))
    print(json.dumps(report["tests"], indent=1), flush=True)

    print("compiling", flush=True)
    with_cuda = torch.cuda.is_available()
    if with_cuda:
        calibrate("cuda")
    cases = [Case(*case) for case in CASES]
    ways = ("torch cuda" if with_cuda else "torch cpu", "cuda", "cpp")
    commands = {"native": [sys.executable, "-c", NATIVE], **compilations(cases, ways)}
    compiled = run_all(commands, left("compiling"), workers)
    save(steps=step_rows(cases, ways, compiled, left("steps")))

    backends = (*BACKENDS, "native") if compiled["native"][0] == 0 else BACKENDS
    if with_cuda:
        save(training=training_rows("cuda", SIZES, left("training"), backends))
    else:
        print("training is left out: this torch is built without CUDA", flush=True)
        save(training=[])
    print(f"written to {RESULT}")
    wrong = [row for row in report["steps"] if (row["skipped"] or "").startswith("differs")]
    return 1 if report["tests"]["failed"] or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
