"""Devices: what is available, which one to take, and leaving Brian2 as it was."""

import hashlib
import logging
import os
import signal
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager

import numpy as np

from horn_neuro._toolchain import (
    cache_folder,
    cache_problem,
    compiler_problem,
    compiler_version,
    processor,
)

__all__ = ["DEVICES", "choose_device", "compiler_problem", "runtime_device", "standalone_device"]

DEVICES = ("auto", "numpy", "cython", "cpp", "cuda")

# Brian2's devices, preferences and random numbers belong to the whole process: one
# simulation at a time uses them, whatever thread it is called from.
_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):  # where the thread that has it does not exist
    os.register_at_fork(after_in_child=_LOCK._at_fork_reinit)

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
    if not isinstance(device, str) or device not in DEVICES:
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
        problem = cache_problem() if device == "cython" or not is_compiled() else None
        if problem:
            raise RuntimeError(f"device {device!r}: {problem}")
        return device
    if problem is None and is_compiled():
        return "cpp"
    if program.seconds() < LONG_JOB:
        return "numpy"
    problem = problem or cache_problem()
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


class _Interrupts:
    """The handler of Ctrl-C while Brian2 works: it waits for the user's state to be back.

    Python raises nothing where Brian2 forgets an object (in callbacks of weak references and
    finalizers), and an interrupt that comes there would be lost: `check` raises it.
    """

    def __init__(self, users):
        self.users, self.pressed, self.waits = users, None, True

    def __call__(self, number, frame):
        try:
            self.users(number, frame)
        except BaseException as error:
            self.pressed = error
            if not self.waits:
                raise

    def check(self):
        if self.pressed is not None:
            raise self.pressed from None

    @contextmanager
    def at_once(self):
        try:
            self.waits = False
            self.check()
            yield
            self.check()
        finally:
            self.waits = True


@contextmanager
def _process():
    """Have Brian2 for this thread, and note interrupts; yields the `_Interrupts`."""
    with _LOCK:
        users = signal.getsignal(signal.SIGINT)
        interrupts = _Interrupts(users)
        # Signals come to the main thread; and the user may have them ignored.
        ours = threading.current_thread() is threading.main_thread() and callable(users)
        if ours:
            signal.signal(signal.SIGINT, interrupts)
        try:
            _import_brian2()
            with _objects_of_our_own():
                yield interrupts
        finally:
            if ours:
                signal.signal(signal.SIGINT, users)
                interrupts.check()


def _import_brian2():
    """Import Brian2, but for the handlers that it gives a process.

    They are for Ctrl-C (which can be set in the main thread only), errors and warnings. Who
    has imported it before has them.
    """
    if "brian2" in sys.modules:
        return
    set_handler, hook, show = signal.signal, sys.excepthook, warnings.showwarning

    def set_others(number, handler):
        if type(handler).__module__ != "brian2":
            return set_handler(number, handler)
        return signal.getsignal(number)

    signal.signal = set_others
    try:
        import brian2  # noqa: F401
    finally:
        signal.signal, sys.excepthook = set_handler, hook
        if warnings.showwarning is not show:
            logging.captureWarnings(False)


@contextmanager
def _objects_of_our_own():
    """Let Brian2 register the objects of a simulation apart, and forget them at its end.

    The user's keep the names that they would have without it; and no weak reference is left
    whose callback could swallow an interrupt.
    """
    from brian2.core.network import Network
    from brian2.core.tracking import InstanceFollower
    from brian2.devices.device import runtime_device as runtime

    follower = InstanceFollower
    registered, known = follower.instance_sets, set(runtime.arrays)
    running = {name: value for name, value in vars(Network).items() if "_globally_" in name}
    follower.instance_sets = type(registered)(registered.default_factory)
    try:
        yield
    finally:
        for instances in follower.instance_sets.values():
            instances.clear()
        follower.instance_sets = registered
        for variable in set(runtime.arrays) - known:
            del runtime.arrays[variable]
        for name, value in running.items():
            setattr(Network, name, value)


@contextmanager
def runtime_device(target, seed, dtype="float64"):
    """Make Brian2's runtime device the active one, and leave everything as it was found.

    Device, clocks, preferences, objects and random numbers of the user's are as they were
    on leaving, also after an error.

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
    check : callable
        Raises an interrupt that Brian2 has swallowed; to be called in every step.
    """
    with _process() as interrupts, ExitStack() as stack:
        from brian2.devices.device import runtime_device as runtime

        preferences = {"codegen.target": target}
        if target == "cython":
            if "PLAT" not in os.environ:  # which setuptools sets for good when it builds
                stack.callback(os.environ.pop, "PLAT", None)
            machine = hashlib.sha256((processor() + compiler_version()).encode()).hexdigest()
            folder = cache_folder() / f"cython-{machine[:16]}"
            preferences["codegen.runtime.cython.cache_dir"] = str(folder)
        stack.enter_context(_preferences(preferences, dtype))
        stack.enter_context(_active(runtime))
        stack.enter_context(_own_random_numbers(runtime, seed))
        # How long the user's own simulation took, and may take.
        stack.callback(vars(runtime).update, dict(vars(runtime)))
        stack.callback(vars(runtime).clear)
        runtime._set_maximum_run_time(None)
        with interrupts.at_once():
            yield interrupts.check


@contextmanager
def _preferences(preferences, dtype):
    """Have Brian2's preferences at their defaults but for these, and put the user's back."""
    from brian2 import prefs

    before = dict(prefs)
    values = {
        f"{category}.{name}": preference.default
        for category, (registered, _) in prefs.pref_register.items()
        for name, preference in registered.items()
        if category != "logging"
    }
    values |= preferences
    values["core.default_float_dtype"] = np.dtype(dtype).type
    # Ctrl-C must end the program, not shorten the simulation silently (as from brian2 2.9 on).
    if "core.stop_on_keyboard_interrupt" in prefs:
        values["core.stop_on_keyboard_interrupt"] = False
    try:
        for name, value in values.items():
            prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            prefs[name] = value


@contextmanager
def _active(device):
    """Make a device the active one.

    Brian2's `set_device` would hand the step of one device's clock on to the next, which a
    standalone device under construction writes down.
    """
    devices = sys.modules["brian2.devices.device"]
    users, devices.active_device = devices.active_device, device
    try:
        yield
    finally:
        devices.active_device = users


# What compiled code has drawn ahead: pointers to memory that it frees itself, and places in it.
_AHEAD = {
    name: 0 for kind in ("rand", "randn") for name in (f"{kind}_buffer", f"{kind}_buffer_index")
}


@contextmanager
def _own_random_numbers(runtime, seed):
    """Let NumPy and Brian2 draw from generators of our own, and put the user's back."""
    users, state = np.random.get_bit_generator(), np.random.get_state(legacy=False)
    ahead = {name: int(getattr(runtime, name)[0]) for name in _AHEAD}
    for name, value in _AHEAD.items():
        getattr(runtime, name)[:] = value
    np.random.set_bit_generator(np.random.MT19937(0))
    try:
        runtime.seed(seed)
        yield
    finally:
        for name, value in ahead.items():
            _AHEAD[name] = int(getattr(runtime, name)[0])
            getattr(runtime, name)[:] = value
        np.random.set_bit_generator(users)
        np.random.set_state(state)


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
    with _process() as interrupts, ExitStack() as stack:
        device = target.make_device()
        # It lists all its preferences at every build.
        logger = logging.getLogger("brian2.brian2cuda")
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.WARNING)
        stack.enter_context(_preferences(target.preferences, dtype))
        stack.enter_context(_active(device))
        device.activate(build_on_run=False)
        with interrupts.at_once():
            yield device
