"""What the benchmarks share: seconds of calls taken in turns, and memory by sampling."""

import contextlib
import statistics
import sys
import time

import psutil

# Seconds of a turn, at least.
TURN = 0.2


def interleaved(calls, repeats):
    """Median seconds of each call, taken in turns after one warm-up.

    A turn repeats a short call until `TURN` seconds have passed, as training does
    with its steps, so that it does not pay for the memory that the others used.
    """
    seconds = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            count, started = 0, time.perf_counter()
            while not count or time.perf_counter() - started < TURN:
                call()
                count += 1
            if turn:
                seconds[name].append((time.perf_counter() - started) / count)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak(script, *arguments):
    """Largest resident memory in MiB of a script with its children, by sampling."""
    process = psutil.Popen([sys.executable, script, "--alone", *map(str, arguments)])
    most = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            family = [process, *process.children(recursive=True)]
            most = max(most, sum(member.memory_info().rss for member in family))
        time.sleep(0.002)
    return most / 2**20
