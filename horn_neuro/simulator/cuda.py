"""The cuda device: what brian2cuda needs, and how to make it work."""

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from horn_neuro._toolchain import compiler_problem
from horn_neuro.simulator.target import Target

__all__ = [
    "Gpu",
    "brian2cuda_problem",
    "compile_problem",
    "cuda_problem",
    "cuda_target",
    "find_gpu",
]

# brian2cuda writes C++11; the Thrust of newer toolkits asks for C++17, which older ones lack.
OLDEST_TOOLKIT = (11, 0)
# Libraries that programs use besides the runtime: names, and a header of each.
LIBRARIES = {"curand": ("cuRAND", "curand_kernel.h"), "cublas": ("cuBLAS", "cublas_v2.h")}
# What code is generated for where there is no GPU to ask.
ASSUMED_CAPABILITY = 9.0
INSTALL = "pip install '.[cuda]' in a clone of horn_neuro"

# What failing programs say, and what to do.
FAILURES = {
    "out of memory": "the GPU has less memory left than this simulation needs, perhaps because "
    "another process took some meanwhile; wait for it, or record fewer variables (record=), fewer "
    "samples (every=), or fewer trials at a time",
    "busy or unavailable": "another process has the GPU to itself (compute mode 'exclusive'); wait "
    "for it, choose another GPU by CUDA_VISIBLE_DEVICES, or use device='cpp'",
    "no CUDA-capable device": "the program finds no GPU; check the driver and "
    "CUDA_VISIBLE_DEVICES, or use device='cpp'",
    "no kernel image": "the program was compiled for another GPU; delete the folder of compiled "
    "networks (horn_neuro.simulator.cache_folder()), or use device='cpp'",
    "driver version is insufficient": "the driver is older than the CUDA toolkit that compiled the "
    "program; update it, or set CUDA_PATH to an older toolkit",
}

_SET_SEED = "{ using namespace brian; random_number_buffer.set_seed(horn_seed); }"


@dataclass(frozen=True)
class Gpu:
    """The first GPU that CUDA programs see.

    Parameters
    ----------
    name : str
        As its driver calls it.
    capability : float
        Compute capability, such as 9.0.
    free_memory : int | None
        Bytes; None where the driver does not tell.
    """

    name: str
    capability: float
    free_memory: int | None


def cuda_problem():
    """Say what keeps ``device="cuda"`` from working here.

    Returns
    -------
    problem : str | None
        A sentence with the way out, or None if brian2cuda, a toolkit that it
        can use, and a GPU are there.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> device = "auto" if hn.simulator.cuda_problem() else "cuda"
    """
    problem = compile_problem()
    if problem:
        return problem
    try:
        gpu = find_gpu()
    except RuntimeError as error:
        return str(error)
    known = _known_capabilities(_toolkit())
    if known and gpu.capability not in known:
        return (
            f"the CUDA toolkit in {_toolkit()} cannot compile for {gpu.name} (compute capability "
            f"{gpu.capability}; it knows {known[0]} to {known[-1]}); install another toolkit and "
            "set CUDA_PATH to its folder"
        )
    return None


def brian2cuda_problem():
    """Say what keeps code for cuda from being generated here, or None."""
    if importlib.util.find_spec("brian2cuda") is None:
        return f"the package brian2cuda is missing; install it by {INSTALL}"
    wanted = _wanted_brian2()
    if wanted and metadata.version("brian2") != wanted:
        return (
            f"brian2cuda {metadata.version('brian2cuda')} works with brian2 {wanted}, but brian2 "
            f"{metadata.version('brian2')} is installed; install the pair by {INSTALL}"
        )
    return None


def compile_problem():
    """Say what keeps cuda programs from being compiled here, GPU or not, or None."""
    problem = brian2cuda_problem() or compiler_problem()
    if problem:
        return problem
    toolkit = _toolkit()
    if toolkit is None:
        return (
            "no CUDA toolkit: nvcc is neither on the PATH, nor under CUDA_PATH or CUDA_HOME, nor "
            "in /usr/local/cuda; install NVIDIA's CUDA toolkit, or set CUDA_PATH to its folder"
        )
    version = _toolkit_version(toolkit)
    if version < OLDEST_TOOLKIT:
        return (
            f"the CUDA toolkit in {toolkit} is {version[0]}.{version[1]}; this device needs "
            f"{OLDEST_TOOLKIT[0]}.{OLDEST_TOOLKIT[1]} or newer; install it and set CUDA_PATH"
        )
    for name in LIBRARIES:
        if _library(toolkit, name) is None:
            return (
                f"the CUDA toolkit in {toolkit} has no {LIBRARIES[name][0]}; install the toolkit's "
                f"lib{name}-dev, or pip install nvidia-{name}"
            )
    return None


def _wanted_brian2():
    """Return the version of brian2 that the installed brian2cuda asks for, or None."""
    for requirement in metadata.requires("brian2cuda") or ():
        match = re.match(r"brian2\s*\(?==\s*([\w.]+)", requirement, re.IGNORECASE)
        if match:
            return match[1]
    return None


def _toolkit():
    """Return the folder of the CUDA toolkit (Path), or None."""
    folders = [os.environ.get(name) for name in ("CUDA_PATH", "CUDA_HOME")]
    compiler = shutil.which("nvcc")
    folders += [compiler and Path(compiler).parent.parent, "/usr/local/cuda", "/opt/cuda"]
    for folder in folders:
        if folder and (Path(folder) / "bin" / "nvcc").is_file():
            return Path(folder)
    return None


@functools.lru_cache
def _ask(*command):
    """Return what a command prints, or None if there is no such command or it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def _toolkit_version(toolkit):
    match = re.search(
        r"release (\d+)\.(\d+)", _ask(str(toolkit / "bin" / "nvcc"), "--version") or ""
    )
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _known_capabilities(toolkit):
    """Return the compute capabilities that a toolkit compiles for (list of float)."""
    listed = _ask(str(toolkit / "bin" / "nvcc"), "--list-gpu-arch") or ""
    return sorted({int(number) / 10 for number in re.findall(r"compute_(\d+)\b", listed)})


def _library(toolkit, name):
    """Return folders of a library's headers and the library, each None where nvcc finds them."""
    _, header = LIBRARIES[name]
    if any(toolkit.glob(f"**/include/{header}")) and any(toolkit.glob(f"**/lib{name}.so")):
        return None, None
    spec = importlib.util.find_spec("nvidia")
    for place in spec.submodule_search_locations if spec else ():
        for path in sorted(Path(place).glob(f"*/include/{header}")):
            libraries = sorted((path.parents[1] / "lib").glob(f"lib{name}.so*"))
            if libraries:
                return path.parent, libraries[0]
    return None


def find_gpu():
    """Find the GPU that a CUDA program would take, minding CUDA_VISIBLE_DEVICES.

    Returns
    -------
    gpu : Gpu

    Raises
    ------
    RuntimeError
        If there is none, saying why and what to do.
    """
    fields = "index,uuid,name,compute_cap,memory.free"
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    # Not remembered: memory is taken and freed while this process lives.
    _ask.cache_clear()
    listed = _ask(*command)
    if not listed or "," not in listed:
        raise RuntimeError(
            "no NVIDIA GPU: nvidia-smi lists none; check the driver, or use device='cpp'"
        )
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.splitlines() if line]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        row = rows[0]
    else:
        wanted = visible.split(",")[0].strip()
        if not wanted or wanted == "-1":
            raise RuntimeError(
                f"CUDA_VISIBLE_DEVICES = {visible!r} hides all GPUs; unset it, set it to an index "
                "such as 0, or use device='cpp'"
            )
        row = _chosen(wanted, rows)
        if row is None:
            names = ", ".join(f"{row[0]} ({row[1]})" for row in rows)
            raise RuntimeError(
                f"CUDA_VISIBLE_DEVICES = {visible!r} names no GPU of this machine; it has {names}"
            )
    # Of a GPU that is cut into slices (MIG), the driver may tell no memory.
    free = int(float(row[4]) * 2**20) if re.fullmatch(r"[\d.]+", row[4]) else None
    return Gpu(row[2], float(row[3]), free)


def _chosen(wanted, rows):
    """Return the row of an index, of a GPU's UUID or its beginning, or of a MIG slice."""
    if wanted.startswith("MIG-"):
        return _slice(wanted, rows)
    for row in rows:
        if row[0] == wanted or (wanted.startswith("GPU-") and row[1].startswith(wanted)):
            return row
    return None


def _slice(wanted, rows):
    """Return the row of the GPU that a MIG slice belongs to, with the slice's own memory.

    Its name is MIG-<UUID>, or MIG-GPU-<UUID>/<GPU instance>/<compute instance> of older drivers.
    """
    gpu = None
    for line in (_ask("nvidia-smi", "-L") or "").splitlines():
        card = re.match(r"GPU (\d+):", line)
        gpu = card[1] if card else gpu
        if re.search(rf"UUID: {re.escape(wanted)}[\w/-]*\)", line):
            size = re.search(r"MIG \S*?(\d+)gb", line)
            row = next(row for row in rows if row[0] == gpu)
            return [*row[:4], str(int(size[1]) * 1000) if size else row[4]]
    return None


def cuda_target(capability=None):
    """Describe how to compile for a GPU.

    Parameters
    ----------
    capability : float | None
        Compute capability; None takes that of the present GPU, or an assumed
        one where code can only be generated or compiled.

    Returns
    -------
    target : Target
    """
    if capability is None:
        try:
            capability = find_gpu().capability
        except RuntimeError:
            capability = ASSUMED_CAPABILITY
    toolkit = _toolkit()
    version = _toolkit_version(toolkit) if toolkit else OLDEST_TOOLKIT
    places = [(name, _library(toolkit, name)) for name in LIBRARIES if toolkit]
    places = [(name, *place) for name, place in places if place and any(place)]
    backend = "devices.cuda_standalone.cuda_backend"
    # Thrust asks for C++17; brian2cuda writes C++11 first, and nvcc takes the last.
    nvcc = ["-w", "-std=c++17", *(f"-I{headers}" for _, headers, _ in places)]
    preferences = {
        f"{backend}.extra_compile_args_nvcc": nvcc,
        f"{backend}.detect_cuda": toolkit is not None,
        f"{backend}.cuda_path": str(toolkit or "/usr/local/cuda"),
        f"{backend}.cuda_runtime_version": float(f"{version[0]}.{version[1]}"),
        # Its own detection fails on UUIDs. The first visible GPU is always number 0.
        f"{backend}.detect_gpus": False,
        f"{backend}.gpu_id": 0,
        f"{backend}.compute_capability": float(capability),
        "codegen.cpp.extra_compile_args_gcc": ["-w", "-O3", "-std=c++17"],
        "codegen.cpp.headers": ['"kernels/cuda.h"'],
        # Relative to where the program is compiled; Target.links makes the folder.
        "codegen.cpp.extra_link_args": [
            "-Llib",
            "-lcublas",
            *(f"-Xlinker -rpath={library.parent}" for _, _, library in places),
        ],
    }
    brian2cuda = metadata.version("brian2cuda")
    digest = hashlib.sha256(repr((brian2cuda, version, sorted(preferences.items()))).encode())
    return Target(
        name="cuda",
        make_device=_make_device,
        preferences=preferences,
        set_seed=_SET_SEED,
        pointer=_pointer,
        explain=_explain,
        digest=digest.hexdigest(),
        links={f"lib/lib{name}.so": library for name, _, library in places},
    )


def _pointer(device, variable):
    from brian2.core.variables import DynamicArrayVariable

    name = f"brian::dev{device.get_array_name(variable, access_data=False)}"
    dynamic = isinstance(variable, DynamicArrayVariable)
    return f"thrust::raw_pointer_cast({name}.data())" if dynamic else name


def _explain(said):
    for failure, meaning in FAILURES.items():
        if failure in said:
            return f"device 'cuda': {failure}: {meaning}"
    return None


def _make_device():
    import brian2cuda  # noqa: F401  registers its preferences
    from brian2cuda.device import CUDAStandaloneDevice
    from brian2cuda.utils import gputools

    # What it found out earlier in this process may have been for other preferences.
    gputools.reset_cuda_installation()
    gputools.reset_gpu_selection()
    return CUDAStandaloneDevice()
