"""What the benchmarks share: seconds of calls taken in turns, and memory by sampling."""

import contextlib
import statistics
import sys
import time

import psutil


def interleaved(calls, repeats):
    """Median seconds of each call, taken in turns after one warm-up."""
    seconds = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - started)
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
