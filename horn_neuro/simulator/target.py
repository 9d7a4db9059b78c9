"""`Target`: how a network is compiled for a standalone device."""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from horn_neuro._toolchain import compiler_version, processor

__all__ = ["Target", "cpp_target"]

# Only the whole of -ffast-math gives GCC its vector tanh; the model is bounded,
# so there are no infinities to lose. The parameter lets GCC vectorise the state
# update, whose many arrays need more alias checks than it allows itself.
_FLAGS = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++17"]
_FLAGS += ["--param=vect-max-version-for-alias-checks=100"]


@dataclass(frozen=True)
class Target:
    """How a network is compiled for a standalone device.

    Parameters
    ----------
    name : str
        'cpp' or 'cuda'.
    make_device : callable
        Returns a new Brian2 device.
    preferences : dict of str to object
        Brian2 preferences while code is generated.
    set_seed : str
        C++ that seeds the program by the variable `horn_seed`.
    pointer : callable
        Returns C++ for the pointer to the values of a Brian2 variable, of (device, variable).
    digest : str
        All that decides about machine code besides the program and brian2.
    explain : callable
        Says, of what a failing program has printed, what it means (str | None).
    environment : callable
        Returns environment variables of the program (dict of str to str).
    links : dict of str to Path
        Links to make in the project folder before it is compiled.
    together : tuple of str
        Sources to compile as one, which takes half the time: it is spent on their headers.
    """

    name: str
    make_device: Callable
    preferences: dict
    set_seed: str
    pointer: Callable
    digest: str
    explain: Callable = lambda text: None
    environment: Callable = dict
    links: dict = field(default_factory=dict)
    together: tuple = ()

    def make(self, folder):
        """Return the command (list of str) that compiles the project in a folder."""
        from joblib import cpu_count  # which knows affinity and the limits of containers

        command = ["make", f"-j{cpu_count()}"]
        if not self.together:
            return command
        lines = [f'#include "{name}"\n' for name in self.together]
        (folder / "together.cpp").write_text("".join(lines))
        makefile = (folder / "makefile").read_text()
        sources = re.search(r"^SRCS = (.*)$", makefile, re.MULTILINE)[1].split()
        rest = [name for name in sources if name not in self.together]
        # Nobody builds here a second time, when it would matter what depends on what.
        return [*command, f"SRCS={' '.join(['together.cpp', *rest])}", "DEPS="]


def cpp_target():
    """Return the target of Brian2's C++ standalone device (`Target`)."""
    digest = hashlib.sha256("".join([*_FLAGS, compiler_version(), processor()]).encode())
    return Target(
        name="cpp",
        make_device=_make_cpp_device,
        preferences={
            "codegen.cpp.extra_compile_args_gcc": _FLAGS,
            "codegen.cpp.headers": ['"kernels/cpp.h"'],
            "codegen.cpp.extra_link_args": ["-ldl"],
            "devices.cpp_standalone.openmp_threads": 0,
        },
        set_seed="for (auto &generator : brian::_random_generators) generator.seed(horn_seed);",
        pointer=_pointer,
        environment=_openblas,
        together=("main.cpp", "network.cpp", "objects.cpp", "run.cpp", "synapses_classes.cpp"),
        digest=digest.hexdigest(),
    )


def _openblas():
    """Name the OpenBLAS that NumPy has loaded, for `kernels/blas.h`; the variable set wins."""
    if "HORN_NEURO_BLAS" in os.environ:
        return {}
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library["internal_api"] == "openblas":
            return {"HORN_NEURO_BLAS": library["filepath"]}
    return {}


def _pointer(device, variable):
    from brian2.core.variables import DynamicArrayVariable

    name = f"brian::{device.get_array_name(variable, access_data=False)}"
    return f"{name}.data()" if isinstance(variable, DynamicArrayVariable) else name


def _make_cpp_device():
    from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

    return CPPStandaloneDevice()
