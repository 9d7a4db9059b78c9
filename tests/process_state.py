"""What belongs to the whole process, and so to the user, to be compared before and after."""

import gc
import locale
import logging
import multiprocessing
import os
import random
import signal
import sys
import threading
import warnings
from contextlib import contextmanager

import numpy as np

DEFAULT = multiprocessing.get_all_start_methods()[0]
# What pytest counts in, and what libraries set when they are imported.
NOT_OURS = (
    "PYTEST_CURRENT_TEST",
    *("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"),
    *("PYTORCH_NVML_BASED_CUDA_CHECK", "TORCHINDUCTOR_CACHE_DIR"),
    "HDF5_PLUGIN_PATH",
)


def _python():
    return {
        "Python's random state": random.getstate(),
        # Without the alarm of pytest-timeout, which it puts away as soon as a test fails.
        "signals": {n: signal.getsignal(n) for n in signal.valid_signals() - {signal.SIGALRM}},
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "words of warnings": (warnings.showwarning, warnings.formatwarning),
        "warnings": list(warnings.filters),
        "logging": (logging.root.level, logging.root.manager.disable),
        "environment": {k: v for k, v in os.environ.items() if k not in NOT_OURS},
        "folder": os.getcwd(),
        "path": [path for path in sys.path if "setuptools" not in path],  # its own, on import
        "locale": locale.setlocale(locale.LC_ALL),
        # None is the default, until somebody asks for it.
        "start of processes": multiprocessing.get_start_method(allow_none=True) or DEFAULT,
        "limit of recursion": sys.getrecursionlimit(),
        "garbage": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() > 0),
    }


def _numpy():
    state = np.random.get_state(legacy=False)
    return {
        "NumPy's generator": np.random.get_bit_generator(),
        "NumPy's random state": repr({k: v for k, v in state.items() if k != "state"}),
        "its words": state["state"]["key"].tobytes(),
        "its place": state["state"]["pos"],
        "NumPy's options": (np.geterr(), np.geterrcall(), np.getbufsize(), np.get_printoptions()),
    }


def _brian2():
    import brian2
    from brian2.core.names import Nameable
    from brian2.core.network import Network
    from brian2.devices.device import get_device, previous_devices, runtime_device

    def plain(value):
        return value.tolist() if isinstance(value, np.ndarray) else value

    logger = logging.getLogger("brian2")
    # pytest gives its own to every logger that it finds at the start of a phase.
    handlers = [h for h in logger.handlers if not type(h).__module__.startswith("_pytest")]
    return {
        "Brian2's preferences": dict(brian2.prefs),
        "Brian2's device": get_device(),
        "Brian2's device before": list(previous_devices),
        "options of its builds": (get_device().build_on_run, dict(get_device().build_options)),
        "time step": (float(brian2.defaultclock.dt), float(runtime_device.defaultclock.dt)),
        "runtime device": {
            name: plain(value)
            for name, value in vars(runtime_device).items()
            if name not in ("arrays", "defaultclock")
        },
        "running": {name: value for name, value in vars(Network).items() if "_globally_" in name},
        "the magic network": [item.name for item in brian2.magic_network.objects],
        "Brian2's words": (logger.level, logger.propagate, handlers),
        # These two only without garbage, see below.
        "arrays": len(runtime_device.arrays),
        "objects": sorted(item().name for item in Nameable.__instances__() if item()),
    }


def _torch():
    import torch

    cuda = torch.backends.cudnn
    return {
        "torch's random state": torch.get_rng_state().numpy().tobytes(),
        "torch's defaults": (
            torch.get_default_dtype(),
            torch.get_default_device(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.get_float32_matmul_precision(),
            torch.is_anomaly_enabled(),
            (cuda.enabled, cuda.benchmark, cuda.deterministic),
        ),
    }


def _matplotlib():
    import matplotlib
    from matplotlib import _pylab_helpers  # without pyplot, which chooses a backend

    settings = dict(dict.items(matplotlib.rcParams))
    del settings["backend_fallback"]  # whether the backend was asked for by name
    if not isinstance(settings["backend"], str):
        del settings["backend"]  # not chosen yet; whoever draws first has one chosen
    return {
        "figures": list(_pylab_helpers.Gcf.figs),
        "rcParams": settings,
        "interactive": matplotlib.is_interactive(),
    }


def _joblib():
    import joblib

    backend, jobs = joblib.parallel.get_active_backend()
    return {"joblib": (type(backend), jobs)}


def _sklearn():
    import sklearn

    return {"scikit-learn": sklearn.get_config()}


def _mne():
    return {"MNE's words": logging.getLogger("mne").level}


def _xarray():
    import xarray

    return {"xarray": dict(xarray.get_options())}


PARTS = {
    "brian2": _brian2,
    "torch": _torch,
    "matplotlib": _matplotlib,
    "joblib": _joblib,
    "sklearn": _sklearn,
    "mne": _mne,
    "xarray": _xarray,
}
# What garbage that nobody has collected yet may still have.
GARBAGE = ("arrays", "objects")


def state_of_the_process(modules=tuple(PARTS)):
    """Return what belongs to the whole process, by name, of modules that are imported."""
    state = _python() | _numpy()
    for name in modules:
        if name in sys.modules:
            state |= PARTS[name]()
    return state


def differences(before, after, without=()):
    """Return what is another in two states (dict of str to tuple)."""
    changed = {}
    for name, value in before.items():
        now = after.get(name)
        if name in without or value == now:
            continue
        if isinstance(value, dict):
            # Packages add entries of their own when they are imported, brian2cuda does.
            grows = name in ("rcParams", "Brian2's preferences")
            entries = sorted(value if grows else {*value, *now}, key=str)
            changed |= {
                f"{name}: {entry}": (value.get(entry), now.get(entry))
                for entry in entries
                if value.get(entry) != now.get(entry)
            }
        elif isinstance(value, list):
            gone, new = (
                [item for item in a if item not in b] for a, b in ((value, now), (now, value))
            )
            changed[name] = gone or value, new or now
        else:
            changed[name] = value, now
    return changed


@contextmanager
def left_as_found():
    """Let a block change nothing of the process."""
    gc.collect()
    before = state_of_the_process()
    yield
    gc.collect()
    assert differences(before, state_of_the_process()) == {}
