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
from horn_neuro.twin.analytic import refuse_second_derivative, run_analytic

__all__ = ["native_problem", "run_native"]

_SOURCE = Path(__file__).with_name("native.cpp")
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
    digest = hashlib.sha256(_SOURCE.read_bytes())
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
    """
    return _library()[1]


def run_native(inputs, x, y, past, c, h, delays, keep):
    """Step through a sequence; arguments and returns as in `run_reference`.

    Delays are handed to `run_analytic`, which computes the same.
    """
    if delays is not None:
        return run_analytic(inputs, x, y, past, c, h, delays, keep)
    track = torch.is_grad_enabled()
    contiguous = [tensor.contiguous() for tensor in (inputs, x, y, *c)]
    xs, ys, x, y = _Bptt.apply(*contiguous, h, keep, track)
    return (xs, ys, x, y, past) if keep else (None, None, x, y, past)


class _Bptt(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, x, y, w_in, bias, w, decay, gain, stiffness, feedback, h, keep, track):
        module, _ = _library()
        coefficients = (w_in, bias, w, decay, gain, stiffness, feedback)
        xs, ys, x, y, history, tanhs = module.forward(inputs, x, y, *coefficients, h, keep, track)
        if track:
            ctx.save_for_backward(inputs, x.clone(), *coefficients, history, tanhs)
            ctx.h, ctx.keep = h, keep
        return xs, ys, x, y

    @staticmethod
    def backward(ctx, gxs, gys, gx, gy):
        refuse_second_derivative()
        inputs, x, w_in, _, w, *rest = ctx.saved_tensors
        decay, gain, stiffness, feedback, history, tanhs = rest
        nothing = inputs.new_empty(0)
        gxs, gys = (gxs.contiguous(), gys.contiguous()) if ctx.keep else (nothing, nothing)
        module, _ = _library()
        wanted, vectors = ctx.needs_input_grad[0], any(ctx.needs_input_grad[6:10])
        ginputs, gx, gy, gboth, gw, *gvectors = module.backward(
            *(inputs, x, w_in, w, decay, gain, stiffness, feedback, history, tanhs),
            *(gxs, gys, gx.contiguous(), gy.contiguous(), ctx.h, wanted, vectors),
        )
        gw_in, gbias = gboth[:, :-1], gboth[:, -1]  # the bias: weight of an input of 1
        ginputs = ginputs if wanted else None
        return ginputs, gx, gy, gw_in, gbias, gw, *gvectors, None, None, None
