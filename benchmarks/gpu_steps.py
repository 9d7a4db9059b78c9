"""Time a step of the cases of `gpu.py`, and its memory."""

import dataclasses
import gc
import time

import numpy as np
import torch
from measure import interleaved, most, resident

from horn_neuro.simulator.cuda import find_gpu

COMPILED = ("cpp", "cuda")
TOLERANCE = {"float32": 1e-4}  # 1e-10 otherwise
MEASURED = ("steps", "microseconds", "start_seconds", "memory_mib", "difference")
# Seconds of a call without its steps, to plan with.
START = 0.6


def compilations(cases, ways):
    """Return the commands that compile what `step_rows` will run, by case and way."""
    return {
        (case, way): case.compilation(way)
        for case in cases
        for way in ways
        if way in COMPILED and not isinstance(case.lengths(way), str)
    }


def step_rows(cases, ways, compiled, seconds, repeats=3):
    """Time a step of each case in each way.

    Parameters
    ----------
    cases : sequence of Case
        Those that come first matter most.
    ways : sequence of str
        Devices of `simulate`, "torch cpu" and "torch cuda"; the first is what the
        others are compared with.
    compiled : dict
        What `run_all` returns for `compilations`.
    seconds : float
        For all of them.
    repeats : int
        Turns of which the median is taken.

    Returns
    -------
    rows : list of dict
        n, trials, variant, way; `steps`, how many a short and a long call took;
        `microseconds`, those of a step, from their difference; `start_seconds`, those
        of a call without steps; `memory_mib`; `difference` of the last positions to the
        first way, relative to the largest; `skipped`: None, or why there are no numbers.
    """
    deadline = time.monotonic() + seconds
    rows = []
    for case in cases:
        for way in ways:
            row = {**dataclasses.asdict(case), "way": way, **dict.fromkeys(MEASURED)}
            left = deadline - time.monotonic()
            row["skipped"] = _obstacle(case, way, compiled, left, repeats)
            if row["skipped"] is None:
                try:
                    row |= _timed(case, way, ways[0], repeats)
                except (RuntimeError, MemoryError) as error:
                    row["skipped"] = first_line(str(error))
            rows.append(row)
            print(_line(row), flush=True)
    return rows


def _obstacle(case, way, compiled, left, repeats):
    """Say why there is no point in trying, or None."""
    lengths = case.lengths(way)
    if isinstance(lengths, str):
        return lengths
    if way.startswith("torch") and case.variant == "kicked":
        return "not in the loop"
    status, _, output = compiled.get((case, way), (0, 0, ""))
    if status:
        return last_line(output)
    needed = (repeats + 3) * (sum(lengths) * case.guess(way) + 2 * START)
    return "time" if status is None or needed > left else None


def first_line(text):
    return text.strip().partition("\n")[0][:300] or "failed without a word"


def last_line(text):
    return first_line(text.strip().rpartition("\n")[2])


def _timed(case, way, reference, repeats):
    short, long = case.lengths(way)
    calls = {steps: case.call(way, steps) for steps in (short, long)}
    found = {"steps": [short, long], "difference": _difference(case, calls[short], way, reference)}
    if not (found["difference"] or 0.0) <= TOLERANCE.get(case.variant, 1e-10):
        return {**found, "skipped": f"differs from {reference}"}
    seconds = interleaved(calls, repeats)
    step = (seconds[long] - seconds[short]) / (long - short)
    if step <= 0:
        return {**found, "skipped": "noise"}
    return {
        **found,
        "microseconds": 1e6 * step,
        "start_seconds": seconds[short] - short * step,
        "memory_mib": _memory(case, way, long),
    }


def _difference(case, call, way, reference):
    """Largest difference of the last positions, relative to the largest of them, or None."""
    short, _ = case.lengths(way)
    if way == reference or case.variant == "kicked" or isinstance(case.lengths(reference), str):
        return None
    expected = case.call(reference, short)()
    return float(np.abs(call() - expected).max() / np.abs(expected).max())


def _memory(case, way, steps):
    """Largest memory in MiB that a call takes: on the GPU, or of this process and its children."""
    if way == "torch cuda":
        gc.collect()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        case.call(way, steps)()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    return most(case.call(way, steps), _on_gpu if way == "cuda" else resident) / 2**20


def _on_gpu():
    return -(find_gpu().free_memory or 0)


def _line(row):
    cells = f"n = {row['n']}, {row['trials']} trials, {row['variant']}, {row['way']}: "
    if row["skipped"]:
        return f"{cells}skipped: {row['skipped']}"
    return f"{cells}{row['microseconds']:.1f} us a step, {row['start_seconds']:.2f} s to start"
