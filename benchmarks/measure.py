"""What the benchmarks share: seconds of calls taken in turns, memory by sampling, commands."""

import contextlib
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil

# Seconds of a turn, at least.
TURN = 0.2


def interleaved(calls, repeats, clock=time.perf_counter, warm=False):
    """Median seconds of each call, taken in turns after one warm-up.

    A turn repeats a short call until `TURN` seconds have passed, as training does
    with its steps, so that it does not pay for the memory that the others used.
    `processor_seconds` is a clock that other jobs on the machine disturb less. With
    `warm` every turn begins with a call that does not count, for long calls too.
    """
    seconds = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            if warm and turn:
                call()
            count, started = 0, clock()
            while not count or clock() - started < TURN:
                call()
                count += 1
            if turn:
                seconds[name].append((clock() - started) / count)
    return {name: statistics.median(values) for name, values in seconds.items()}


def processor_seconds():
    """Seconds that this process, and its children that have ended, had a processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak(script, *arguments):
    """Largest resident memory in MiB of a script with its children, by sampling."""
    process = psutil.Popen([sys.executable, script, "--alone", *map(str, arguments)])
    largest = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            largest = max(largest, resident(process))
        time.sleep(0.002)
    return largest / 2**20


def resident(process=None):
    """Resident memory in bytes of a process, by default this one, with its children."""
    process = process or psutil.Process()
    return sum(member.memory_info().rss for member in (process, *process.children(recursive=True)))


def most(call, used):
    """Largest increase of what `used` returns while a call runs, by sampling."""
    done, before, found = threading.Event(), used(), [0]

    def watch():
        while not done.wait(0.01):
            with contextlib.suppress(psutil.Error):
                found.append(used() - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        call()
    finally:
        done.set()
        thread.join()
    return max(found)


def run_all(commands, seconds, workers):
    """Run commands side by side, as far as the time suffices.

    Parameters
    ----------
    commands : dict of hashable to list of str
        By a key, those that come first matter most.
    seconds : float
        For all of them.
    workers : int
        How many run at once.

    Returns
    -------
    found : dict of hashable to (int | None, float, str)
        Exit status, None where the time ended the command or kept it from starting;
        seconds; output.
    """
    deadline = time.monotonic() + seconds

    def run(command):
        started = time.monotonic()
        if started >= deadline:
            return None, 0.0, ""
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                status = process.wait(deadline - started)
            except subprocess.TimeoutExpired:
                status = None
                # With the compilers that it has started; an interrupt lets it tidy up.
                for number in (signal.SIGINT, signal.SIGKILL):
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(5)
            log.seek(0)
            return status, time.monotonic() - started, log.read()

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(commands, pool.map(run, commands.values()), strict=True))
