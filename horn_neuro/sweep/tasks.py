"""What a sweep does with each row: an experiment, or a function of the user's."""

import faulthandler
import functools
import inspect
import math
import multiprocessing
import numbers
import os
import signal
import threading
import time
import traceback
from contextlib import contextmanager

from joblib import parallel_config

# Estimate and Experiment are imported where they are needed, since they bring scipy.stats and
# matplotlib along: a worker with a function of numbers starts in a fifth of the time.

try:
    import resource
except ImportError:  # Windows
    resource = None

__all__ = ["ExperimentTask", "FunctionTask", "as_task", "run_row"]

GIB = 2**30
# An alarm ends what Python runs; what does not listen for so many seconds goes with its process.
GRACE = 10.0


def as_task(work, fixed):
    """Return the task (`ExperimentTask`, `FunctionTask`) that a class or function stands for.

    Raises
    ------
    ValueError
        If it is neither.
    """
    from horn_neuro.experiment import Experiment

    if isinstance(work, type) and issubclass(work, Experiment):
        return ExperimentTask(work, fixed)
    if callable(work) and not isinstance(work, type):
        return FunctionTask(work, fixed)
    raise ValueError(f"task = {work!r}: give an Experiment, or a function")


class FunctionTask:
    """A function of the values of a row, which returns outcomes.

    Parameters
    ----------
    function : callable
        Takes the values by name, and returns a number, an `Estimate`, or a dict of these.
    fixed : dict
        Further arguments, the same in each row.
    """

    takes_seeds = False

    def __init__(self, function, fixed):
        self.function, self.fixed = function, fixed
        module, name = function.__module__, getattr(function, "__qualname__", repr(function))
        # The same function has another module where its file is run as a script.
        self.name = name if module == "__main__" else f"{module}.{name}"

    def check(self, row):
        """Raise ValueError if the function does not take the values of a row."""
        try:
            inspect.signature(self.function).bind(**self.fixed, **row)
        except TypeError as error:
            raise ValueError(f"{self.name} does not take this row, {row}: {error}") from None

    def outcomes(self, row):
        """Return what the function says of a row (dict of str to number or Estimate)."""
        found = self.function(**self.fixed, **row)
        found = found if isinstance(found, dict) else {"value": found}
        for name, value in found.items():
            if not isinstance(name, str) or not (_is_number(value) or _is_estimate(value)):
                raise ValueError(
                    f"{self.name} returned {name!r}: {type(value).__name__}; give numbers or "
                    "Estimates by name, and save arrays in files of your own"
                )
        return found


class ExperimentTask:
    """An experiment with the values of a row as options.

    Parameters
    ----------
    experiment : type
        The `Experiment`.
    fixed : dict
        Further options, the same in each row, and "size".
    """

    def __init__(self, experiment, fixed):
        self.experiment, self.fixed = experiment, fixed
        self.name, self.takes_seeds = experiment.name(), "seeds" in experiment.options()

    def check(self, row):
        """Raise ValueError if a row has values that the options do not allow."""
        self.experiment(**self.fixed, **row)

    def outcomes(self, row):
        """Return the rows of the experiment's findings (dict of str to Estimate)."""
        experiment = self.experiment(**self.fixed, **row)
        experiment.quiet = True  # the sweep has the bar
        return experiment.start()[1].rows


def run_row(task, row, timeout=None, memory=None):
    """Do a task, and return the record of it.

    Parameters
    ----------
    task : FunctionTask | ExperimentTask
        What to do.
    row : dict
        With what.
    timeout : float | None
        Seconds after which the row has failed.
    memory : float | None
        GiB that it may take beside what its process has already.

    Returns
    -------
    record : dict
        The row, its outcomes (None if it failed), the error (a traceback, or None), and
        the seconds that it took.
    """
    _end_with_parent()
    started, outcomes, error = time.perf_counter(), None, None
    try:
        with _limits(timeout, memory), parallel_config(backend="sequential"):
            outcomes = {name: _numbers(value) for name, value in task.outcomes(row).items()}
    except (Exception, SystemExit):  # the latter would end the driver, too
        error = traceback.format_exc()
    seconds = round(time.perf_counter() - started, 3)
    return {"row": row, "outcomes": outcomes, "error": error, "seconds": seconds}


def _is_number(value):
    return isinstance(value, numbers.Real)


def _is_estimate(value):
    from horn_neuro.analysis import Estimate

    return isinstance(value, Estimate)


def _numbers(value):
    found = {"value": float(value)} if _is_number(value) else value.to_dict()
    # JSON has no numbers that are not finite.
    return {
        key: None if isinstance(one, float) and not math.isfinite(one) else one
        for key, one in found.items()
    }


@functools.cache
def _end_with_parent():
    """Of a process of the pool, end it once the one that has started it was killed."""
    if multiprocessing.parent_process() is None:
        return
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _limits(timeout, memory):
    def late(number, frame):
        raise TimeoutError(f"the row has not ended within {timeout:g} s")

    listens = hasattr(signal, "setitimer") and (
        threading.current_thread() is threading.main_thread()
    )
    apart = multiprocessing.parent_process() is not None  # not the user's own process
    before = resource.getrlimit(resource.RLIMIT_DATA) if memory and resource else None
    try:
        if timeout and listens:
            handler = signal.signal(signal.SIGALRM, late)
            # Again and again, since callbacks swallow what is raised in them.
            signal.setitimer(signal.ITIMER_REAL, timeout, 1.0)
        if timeout and apart:
            faulthandler.dump_traceback_later(timeout + listens * GRACE, exit=True)
        if before:
            resource.setrlimit(resource.RLIMIT_DATA, (_taken() + int(memory * GIB), before[1]))
        yield
    finally:
        if timeout and listens:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        if timeout and apart:
            faulthandler.cancel_dump_traceback_later()
        if before:
            resource.setrlimit(resource.RLIMIT_DATA, before)


def _taken():
    """Return the bytes that count for RLIMIT_DATA."""
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmData"))
    return 1024 * int(line.split()[1])
