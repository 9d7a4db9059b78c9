"""Devices: what is available, which one to take, and leaving Brian2 as it was."""

import logging
import signal
import threading
import warnings
from contextlib import contextmanager

import numpy as np

from horn_neuro._toolchain import compiler_problem

__all__ = ["DEVICES", "choose_device", "compiler_problem", "interrupts", "runtime_device"]

DEVICES = ("auto", "numpy", "cython", "cpp", "cuda")

# Brian2's devices, preferences and random numbers belong to the whole process: one
# simulation at a time uses them, whatever thread it is called from.
_LOCK = threading.RLock()

# From here on, compiling (some 10 s, once) is the better choice.
LONG_JOB = 15.0


def choose_device(device, program, is_compiled):
    """Resolve a device name to one that can run here.

    Parameters
    ----------
    device : 'auto' | 'numpy' | 'cython' | 'cpp' | 'cuda'
        The wish. 'auto' takes numpy for short jobs, and cpp for long ones and
        for networks that have been compiled before.
    program : Program
        What is to run.
    is_compiled : callable
        Whether a program like this one has been compiled before.

    Returns
    -------
    device : str
        'numpy', 'cython', 'cpp' or 'cuda'.

    Raises
    ------
    ValueError
        If the name is unknown.
    RuntimeError
        If the device was asked for by name and cannot work here.
    MemoryError
        If the simulation needs more memory than the GPU has free.
    """
    if device not in DEVICES:
        raise ValueError(f"device = {device!r}: choose one of {', '.join(DEVICES)}")
    if device == "numpy":
        return device
    if device == "cuda":
        _check_gpu(program)
        return device
    problem = compiler_problem()
    if device != "auto":
        if problem:
            raise RuntimeError(f"device {device!r} needs a compiler: {problem}")
        return device
    if problem is None and is_compiled():
        return "cpp"
    if program.seconds() < LONG_JOB:
        return "numpy"
    if problem:
        warnings.warn(f"device 'auto' falls back to numpy: {problem}", stacklevel=4)
        return "numpy"
    return "cpp"


def _check_gpu(program):
    """Raise RuntimeError or MemoryError unless a simulation can run on the GPU."""
    from horn_neuro.simulator import cuda

    problem = cuda.cuda_problem()
    if problem:
        raise RuntimeError(f"device 'cuda': {problem}")
    gpu, needed = cuda.find_gpu(), program.device_memory(gpu=True)
    if gpu.free_memory is not None and needed > gpu.free_memory:
        raise MemoryError(
            f"device 'cuda': this simulation needs about {needed / 2**30:.1f} GiB, and "
            f"{gpu.name} has {gpu.free_memory / 2**30:.1f} GiB free; record fewer variables "
            "(record=), fewer samples (every=), or fewer trials at a time"
        )


@contextmanager
def interrupts():
    """Notice interrupts that Brian2 swallows: those that come while it forgets an object.

    Yields
    ------
    check : callable
        Raises what the handler of SIGINT has raised in vain.
    """
    swallowed = []

    def check():
        if swallowed:
            raise swallowed.pop()

    if threading.current_thread() is not threading.main_thread():
        yield check  # signals come to the main thread
        return
    users = signal.getsignal(signal.SIGINT)

    def handle(number, frame):
        try:
            users(number, frame)
        except BaseException as error:
            swallowed.append(error)
            raise

    if not callable(users):
        yield check
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield check
        check()
    finally:
        signal.signal(signal.SIGINT, users)


@contextmanager
def runtime_device(target, seed, dtype="float64"):
    """Make Brian2's runtime device the active one, and leave everything as it was found.

    Device, `defaultclock.dt`, preferences and NumPy's global random state are
    restored on leaving, also after an error.

    Parameters
    ----------
    target : 'numpy' | 'cython'
        The code generation target.
    seed : int
        Seed of the run, 32 bits.
    dtype : 'float64' | 'float32'
        Precision.

    Yields
    ------
    device : brian2.devices.Device
    """
    import brian2
    from brian2.devices.device import runtime_device as runtime

    preferences = {"codegen.target": target, "core.default_float_dtype": np.dtype(dtype).type}
    with _LOCK, _preferences(preferences):
        random_state, runtime_dt = np.random.get_state(), runtime.defaultclock.dt
        try:
            with _active(runtime):
                brian2.seed(seed)
                yield runtime
        finally:
            brian2.seed(None)  # forgets the numbers that were drawn ahead for this run
            np.random.set_state(random_state)
            runtime.defaultclock.dt = runtime_dt


@contextmanager
def _preferences(preferences):
    """Set preferences of Brian2, and put the user's back."""
    import brian2

    # Ctrl-C must end the program, not shorten the simulation silently (as from brian2 2.9 on).
    if "core.stop_on_keyboard_interrupt" in brian2.prefs:
        preferences = {**preferences, "core.stop_on_keyboard_interrupt": False}
    before = {name: brian2.prefs[name] for name in preferences}
    try:
        for name, value in preferences.items():
            brian2.prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value


@contextmanager
def _active(device, **build_options):
    """Make a device the active one, and the user's again, with its clock as it was."""
    from brian2.devices.device import get_device, reset_device, set_device

    users = get_device()
    if users is device:
        yield device
        return
    users_dt = users.defaultclock.dt
    set_device(device, **build_options)
    try:
        yield device
    finally:
        # Brian2 hands the step of one device on to the next.
        device.defaultclock.dt = users_dt
        reset_device()


@contextmanager
def standalone_device(target, dtype="float64"):
    """Make a private standalone device the active one, with the preferences of a target.

    It is an instance of its own, so that a standalone simulation that the user
    has under construction is not touched.

    Parameters
    ----------
    target : Target
        What to compile for.
    dtype : 'float64' | 'float32'
        Precision.

    Yields
    ------
    device : brian2.devices.cpp_standalone.device.CPPStandaloneDevice
        Or brian2cuda's.
    """
    device = target.make_device()
    preferences = {**target.preferences, "core.default_float_dtype": np.dtype(dtype).type}
    # It lists all its preferences at every build.
    logger = logging.getLogger("brian2.brian2cuda")
    level = logger.level
    with _LOCK, _preferences(preferences), _active(device, build_on_run=False):
        try:
            logger.setLevel(logging.WARNING)
            yield device
        finally:
            logger.setLevel(level)
