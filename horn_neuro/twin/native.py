"""Backpropagation through time in C++, compiled at first use: the fastest backend on a CPU."""

import functools
import hashlib
import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import torch

from horn_neuro._files import one_at_a_time, scratch_folder
from horn_neuro._toolchain import (
    cache_folder,
    cache_problem,
    compiler_problem,
    compiler_version,
    processor,
    run_compiler,
)
from horn_neuro.twin.analytic import refuse_second_derivative

__all__ = ["native_problem", "run_native"]

_SOURCE = Path(__file__).with_name("native.cpp")
_HEADERS = sorted((_SOURCE.parent / "kernels").glob("*.h"))
# Vector tanh needs fast-math; sums in another order would undo the blocking by hand.
_FLAGS = ["-O3", "-march=native", "-ffast-math", "-fno-associative-math", "-std=c++20", "-w"]
if torch.backends.openmp.is_available():
    _FLAGS.append("-fopenmp")

# In a process of its own: torch takes environment and folders of the one that it builds in, and
# an interrupted build leaves a lock there for which it would wait for ever.
_BUILD = """
import sys
from torch.utils.cpp_extension import load
name, source, folder, *flags = sys.argv[1:]
load(name, [source], extra_cflags=flags, build_directory=folder)
"""


def _compile(name, folder):
    """Build the extension; the folder appears only when it is complete."""
    # The ninja of this environment, also where it is not activated.
    path = os.pathsep.join([os.environ.get("PATH", ""), sysconfig.get_path("scripts")])
    with one_at_a_time(folder.with_suffix(".lock"), f"compiling the native backend for {folder}"):
        if (folder / f"{name}.so").is_file():
            return
        with scratch_folder(folder.parent, "building-") as build:
            command = [sys.executable, "-c", _BUILD, name, str(_SOURCE), str(build), *_FLAGS]
            said = run_compiler(command, build, os.environ | {"PATH": path})
            if said is not None:
                raise RuntimeError(said[-500:])
            (build / f"{name}.so").stat()
            shutil.rmtree(folder, ignore_errors=True)
            build.rename(folder)


@functools.lru_cache
def _library():
    """Compile or load the extension; returns (module, None) or (None, reason)."""
    problem = compiler_problem()
    if problem:
        return None, problem
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (_SOURCE, *_HEADERS)))
    digest.update(repr((torch.__version__, _FLAGS, compiler_version(), processor())).encode())
    name = f"horn_neuro_{digest.hexdigest()[:16]}"
    folder = cache_folder() / name
    library = folder / f"{name}.so"
    try:
        if not os.path.isfile(library):
            problem = cache_problem()
            if problem:
                return None, problem
            _compile(name, folder)
        spec = importlib.util.spec_from_file_location(name, library)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except (RuntimeError, OSError, ImportError) as error:
        return None, f"compiling the native backend failed: {str(error).strip()[-500:]}"
    return module, None


def native_problem():
    """Say what keeps the native backend from working here.

    The extension is compiled at the first call, which takes half a minute, and
    then kept in the folder of `horn_neuro.simulator.cache_folder`.

    Returns
    -------
    problem : str | None
        A sentence with the way out, or None if it works.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> backend = "analytic" if hn.twin.native_problem() else "native"
    """
    return _library()[1]


def matrix_unit():
    """Say whether products can be those of a unit for bfloat16 (AMX), which Linux must lend."""
    module, _ = _library()
    return module is not None and module.matrix_unit()


def run_native(inputs, x, y, past, c, h, delays, keep, lengths=None):
    """Step through a sequence; arguments and returns as in `run_reference`.

    Parameters
    ----------
    keep : bool | 'positions'
        Whether to return the states at all steps, or their positions only.
    lengths : Tensor of int, shape (batch,) | None
        Steps of each sequence, where they differ: the state returned is the one after the last.
    """
    if delays is not None:
        found, most = (int(delays.min()), int(delays.max())), len(past) + 1
        if found[0] < 1 or found[1] > most:
            raise ValueError(f"delays: {found[0]} to {found[1]} steps; this past suits 1 to {most}")
        delays = delays.long().contiguous()
    if lengths is not None:
        lengths = lengths.long().contiguous()
    # torch.set_float32_matmul_precision: how many bfloat16 may stand for each float32.
    parts = {"highest": 0, "high": 2, "medium": 1}[torch.get_float32_matmul_precision()]
    plan = delays, lengths, h, parts, (0 if not keep else 1 if keep == "positions" else 2)
    contiguous = [tensor.contiguous() for tensor in (inputs, x, y, past, *c)]
    xs, ys, x, y, past = _Bptt.apply(plan, torch.is_grad_enabled(), *contiguous)
    return xs if keep else None, ys if keep is True else None, x, y, past


class _Bptt(torch.autograd.Function):
    @staticmethod
    def forward(ctx, plan, track, inputs, x, y, past, *coefficients):
        module, _ = _library()
        given = inputs, x, y, past, coefficients
        *out, history, tanhs, last = module.forward(*given, *plan, track)
        if track:
            ctx.save_for_backward(inputs, history, tanhs, last, *coefficients)
            ctx.plan = plan
            ctx.set_materialize_grads(False)
        return tuple(out)

    @staticmethod
    def backward(ctx, *gradients):
        refuse_second_derivative()
        inputs, *saved = ctx.saved_tensors
        history, tanhs, last, *coefficients = saved
        delays, lengths, h, parts, keep = ctx.plan
        gradients = [None if g is None else g.contiguous() for g in gradients]
        module, _ = _library()
        wanted, vectors = ctx.needs_input_grad[2], any(ctx.needs_input_grad[9:13])
        ginputs, gx, gy, gpast, gboth, gw, *gvectors = module.backward(
            *(inputs, coefficients, delays, lengths, history, tanhs, last),
            *(gradients, h, parts, bool(keep), wanted, vectors),
        )
        gw_in, gbias = gboth[:, :-1], gboth[:, -1]  # the bias: weight of an input of 1
        ginputs = ginputs if wanted else None
        return None, None, ginputs, gx, gy, gpast, gw_in, gbias, gw, *gvectors
