"""The C++ compiler, the processor that it compiles for, and where the results are kept."""

import contextlib
import functools
import os
import platform
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import platformdirs

__all__ = [
    "cache_folder",
    "cache_problem",
    "compiler_problem",
    "compiler_version",
    "processor",
    "run_compiler",
]

# What tells processors apart in /proc/cpuinfo: on x86, on ARM, and on POWER, RISC-V and s390.
_CPU_LINES = {
    *("vendor_id", "cpu family", "model", "flags"),
    *("Features", "CPU implementer", "CPU architecture", "CPU variant", "CPU part"),
    *("cpu", "isa", "features"),
}


def compiler():
    """Return the C++ compiler's command (list of str): the variable CXX, or g++."""
    return shlex.split(os.environ.get("CXX", "g++"))


def compiler_problem():
    """Say what keeps compiled devices from working.

    Returns
    -------
    problem : str | None
        A sentence with the way out, or None if a compiler and make are there.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> device = "numpy" if hn.simulator.compiler_problem() else "cpp"
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
    try:
        compiler_version()
    except (OSError, subprocess.CalledProcessError) as error:
        return (
            f"the compiler {shlex.join(compiler())} does not work ({error}); set the environment "
            "variable CXX to one that does, or use device='numpy'"
        )
    return None


@functools.lru_cache
def _said_by(command):
    return subprocess.run(
        [*shlex.split(command), "--version"], capture_output=True, text=True, check=True
    ).stdout


def compiler_version():
    """Return what the compiler says of itself (str), with its command."""
    command = shlex.join(compiler())
    return command + _said_by(command)


@functools.lru_cache
def processor():
    """Return a description (str) of the processor that -march=native compiles for.

    A folder shared by different processors needs one binary for each.
    """
    lines = set()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in _CPU_LINES:
                lines.add(f"{name.strip()}:{value.strip()}")
    return "\n".join([platform.machine(), *sorted(lines)])


# Runs a command, all of which ends when the other end of its standard input is closed: by its
# parent's death, too. ninja's compilers are in groups of their own, which it ends if it is asked.
_BOUND = """
exec 3<&0 </dev/null
trap : TERM
{ trap '' TERM; read end <&3; kill -TERM 0; sleep 1; kill -KILL 0; } >/dev/null 2>&1 &
watch=$!
"$@" 3<&-
status=$?
kill -KILL $watch
wait $watch 2>/dev/null
exit $status
"""


def run_compiler(command, folder, env=None):
    """Run what compiles; if it or this process is stopped, all that it has started ends.

    Parameters
    ----------
    command : list of str
        The command.
    folder : Path
        Where it runs, and keeps its temporary files.
    env : dict of str to str | None
        Environment variables; None for those of this process.

    Returns
    -------
    problem : str | None
        The end of what it has said if it failed.
    """
    with subprocess.Popen(
        ["sh", "-c", _BOUND, "sh", *command],
        cwd=folder,
        env={**(os.environ if env is None else env), "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            # Not communicate(), which would close the standard input.
            said, status = process.stdout.read(), process.wait()
        except BaseException:
            # Killed at once, make and ninja would be gone, and their compilers would go on.
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(0.5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return said.strip()[-2000:] if status else None


def cache_folder():
    """Return the folder that holds what is compiled: networks, and the native backend.

    Returns
    -------
    folder : Path
        The environment variable HORN_NEURO_CACHE, or the user's cache folder.
        It may be deleted at any time; all is then compiled again.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.simulator.cache_folder().is_absolute()
    True
    """
    default = platformdirs.user_cache_path("horn_neuro")
    # A ~ is a shell's, and in a file of settings nobody has replaced it.
    return Path(os.environ.get("HORN_NEURO_CACHE") or default).expanduser().absolute()


def cache_problem():
    """Say what keeps anything from being compiled into the cache folder.

    Returns
    -------
    problem : str | None
        A sentence with the way out, or None if it can be written.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return (
            f"the folder of compiled networks {folder} cannot be written ({error.strerror}); set "
            "the environment variable HORN_NEURO_CACHE to one that can, or use device='numpy'"
        )
