"""Compiled networks: built once by Brian2's C++ standalone device, then run many times."""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from importlib import resources
from importlib.metadata import version
from pathlib import Path

import numpy as np

from horn_neuro._toolchain import cache_folder
from horn_neuro.simulator.memory import estimate_memory
from horn_neuro.simulator.target import cpp_target

__all__ = ["cache_folder", "generate", "is_compiled", "run_compiled", "target_of"]

# The generated main() reads "name=value" arguments for values, but its seed is
# compiled in. This makes the seed one more argument.
_TAKE_SEED = """
unsigned long horn_seed = std::stoul(args.back());
args.pop_back();
"""


def target_of(device):
    """Return the `Target` of 'cpp' or 'cuda'."""
    if device == "cuda":
        from horn_neuro.simulator.cuda import cuda_target

        return cuda_target()
    return cpp_target()


@functools.lru_cache
def _sources():
    """Digest this room's code."""
    digest = hashlib.sha256(version("brian2").encode())
    for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith((".py", ".h")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _project_folder(structure, target):
    parts = target.name + target.digest + _sources() + structure.digest
    return cache_folder() / hashlib.sha256(parts.encode()).hexdigest()[:24]


def is_compiled(structure, target):
    """Say whether a network of this structure has been compiled before."""
    return (_project_folder(structure, target) / "manifest.json").is_file()


def generate(structure, target, folder):
    """Write the program of a structure, to be compiled by make.

    Parameters
    ----------
    structure : Structure
        The network's structure.
    target : Target
        What it will run on.
    folder : Path
        An empty folder.

    Returns
    -------
    files : dict of str to str
        Where the program will write its results: file names by "object.variable".
    """
    import brian2

    from horn_neuro.simulator.devices import standalone_device
    from horn_neuro.simulator.network import build_network

    with standalone_device(target, structure.dtype) as device:
        device.insert_code("before_start", _TAKE_SEED)
        device.insert_code("after_start", target.set_seed)
        network, groups = build_network(structure, device)
        network.run(structure.n_steps * structure.step * brian2.second, namespace={})
        device.build(directory=str(folder), compile=False, run=False)
        wanted = structure.results
        if structure.spikes:
            wanted = [*wanted, ("spikes", "i"), ("spikes", "t")]
        files = {
            f"{name}.{variable}": Path(
                device.get_array_filename(groups[name].variables[variable])
            ).name
            for name, variable in wanted
        }
    for link, original in target.links.items():
        (folder / link).parent.mkdir(exist_ok=True)
        (folder / link).symlink_to(original)
    return files


def _compile(structure, target, folder):
    """Build the program for a structure; the folder appears only when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    build = Path(tempfile.mkdtemp(dir=folder.parent, prefix="building-"))
    try:
        files = generate(structure, target, build)
        made = subprocess.run(
            ["make", f"-j{os.cpu_count()}"], cwd=build, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(
                f"compiling the network failed; the compiler said\n{made.stderr[-2000:]}\n"
                "use device='numpy' meanwhile"
            )
        for file in build.rglob("*.o"):
            file.unlink()
        (build / "manifest.json").write_text(json.dumps(files))
        try:
            os.rename(build, folder)
        except OSError:
            # Another process finished the same network first.
            if not (folder / "manifest.json").is_file():
                raise
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _fast_folder(structure):
    """Prefer a folder in memory for what the program reads and writes, if it fits well."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        if shutil.disk_usage(memory).free > 2 * estimate_memory(structure):
            return memory if os.access(memory, os.W_OK) else None
    return None


def run_compiled(structure, values, seed, device):
    """Simulate with a compiled program, compiling it first if there is none yet.

    Parameters
    ----------
    structure : Structure
        The network's structure; it decides about the program.
    values : dict of str to ndarray
        Its values, by `make_values`; handed to the program as files.
    seed : int
        Seed of the program's random numbers, 32 bits.
    device : 'cpp' | 'cuda'
        What to run on.

    Returns
    -------
    results : dict of str to ndarray
        As of `run_in_process`.

    Raises
    ------
    RuntimeError
        If compiling or running fails.
    """
    target = target_of(device)
    folder = _project_folder(structure, target)
    if not is_compiled(structure, target):
        _compile(structure, target, folder)
    files = json.loads((folder / "manifest.json").read_text())
    with tempfile.TemporaryDirectory(prefix="horn_neuro-", dir=_fast_folder(structure)) as scratch:
        scratch = Path(scratch)
        arguments = ["./main", "--results_dir", f"{scratch}/"]
        for key, array in values.items():
            path = scratch / f"{key}.in"
            kind = np.dtype(structure.dtype)
            if key.endswith("delay_steps"):
                kind = np.int32
            elif key.endswith(".values"):
                kind = np.float64  # Brian2's timed arrays always are
            array.astype(kind, copy=False).tofile(path)
            arguments.append(f"{key}={path}")
        done = subprocess.run(
            [*arguments, str(seed)], cwd=folder, capture_output=True, text=True, check=False
        )
        # A value file of the wrong size only makes the program complain.
        if done.returncode or "rror" in done.stderr + done.stdout:
            raise RuntimeError(
                f"the compiled network in {folder} failed (exit {done.returncode}): "
                f"{(done.stderr + done.stdout).strip()[-2000:]}; delete that folder to compile anew"
            )
        # Mapped, not copied: the pages outlive the scratch folder as long as they are used.
        results = {
            key: np.asarray(np.memmap(scratch / name, structure.dtype, "c"))
            for key, name in files.items()
            if not key.startswith("spikes.")
        }
        if structure.spikes:
            for key, kind in (("spikes.i", np.int32), ("spikes.t", np.float64)):
                results[key] = np.fromfile(scratch / files[key], kind)
    for key in results:
        if "recorder." in key:
            results[key] = results[key].reshape(structure.n_samples, -1)
    return results
