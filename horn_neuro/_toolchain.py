"""The C++ compiler, the processor that it compiles for, and where the results are kept."""

import contextlib
import functools
import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "compiler_problem", "compiler_version", "processor"]


def compiler():
    """Return the C++ compiler's command (list of str): the variable CXX, or g++."""
    return shlex.split(os.environ.get("CXX", "g++"))


def compiler_problem():
    """Say what keeps compiled devices from working.

    Returns
    -------
    problem : str | None
        A sentence with the way out, or None if a compiler and make are there.
    """
    if platform.system() == "Windows":
        return "compiling is supported on Linux and macOS; use device='numpy'"
    missing = [tool for tool in (compiler()[0], "make") if shutil.which(tool) is None]
    if missing:
        return (
            f"{' and '.join(missing)} not found on the PATH; install a C++ compiler and make "
            "(Debian and Ubuntu: apt install g++ make; conda: cxx-compiler make), or use "
            "device='numpy'"
        )
    return None


@functools.lru_cache
def compiler_version():
    """Return what the compiler says of itself (str), with its command."""
    done = subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=True)
    return shlex.join(compiler()) + done.stdout


@functools.lru_cache
def processor():
    """Return a description (str) of the processor that -march=native compiles for.

    A folder shared by different processors needs one binary for each.
    """
    flags = ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith("flags")), "")
    return platform.machine() + flags


def cache_folder():
    """Return the folder that holds what is compiled: networks, and the native backend.

    Returns
    -------
    folder : Path
        The environment variable HORN_NEURO_CACHE, or the user's cache folder.
        It may be deleted at any time; all is then compiled again.
    """
    default = platformdirs.user_cache_path("horn_neuro")
    return Path(os.environ.get("HORN_NEURO_CACHE") or default)
