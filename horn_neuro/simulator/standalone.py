"""Compiled networks: built once by Brian2's C++ standalone device, then run many times."""

import contextlib
import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from horn_neuro._files import one_at_a_time, scratch_folder
from horn_neuro._toolchain import cache_folder, cache_problem, run_compiler
from horn_neuro.simulator.devices import standalone_device
from horn_neuro.simulator.memory import free_memory
from horn_neuro.simulator.tapes import SpikeTape
from horn_neuro.simulator.target import cpp_target

C_TYPES = {"float64": "double", "float32": "float", "int32": "int32_t", "int64": "int64_t"}

__all__ = ["cache_folder", "generate", "is_compiled", "run_compiled", "target_of"]

ROOM = Path(__file__).parent

# The generated main() reads "name=value" arguments for values, but its seed is
# compiled in. This makes the seed one more argument. And nobody waits for a program whose
# parent was killed.
_TAKE_SEED = """
horn::end_with_parent();
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
    for file in sorted(ROOM.rglob("*")):
        if file.suffix in (".py", ".h"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _project_folder(program, target):
    parts = target.name + target.digest + _sources() + program.digest
    return cache_folder() / hashlib.sha256(parts.encode()).hexdigest()[:24]


def is_compiled(program, target):
    """Say whether a program like this one has been compiled before."""
    folder = _project_folder(program, target)
    return all(os.path.isfile(folder / name) for name in ("manifest.json", "main"))


def generate(program, target, folder):
    """Write a program's code, to be compiled by make.

    Parameters
    ----------
    program : Program
        The program.
    target : Target
        What it will run on.
    folder : Path
        An empty folder.

    Returns
    -------
    manifest : dict
        "files", names of the files that the program will write, by "object.variable", and
        "sizes", how many values the variables have that it can be given.
    """
    shutil.copytree(ROOM / "kernels", folder / "kernels")
    with standalone_device(target, program.sizes.dtype) as device:
        import brian2

        from horn_neuro.simulator.network import build_network

        device.insert_code("before_start", _TAKE_SEED)
        device.insert_code("after_start", target.set_seed)
        network, objects = build_network(program)

        def variable(key):
            name, of = key.split(".")
            return objects[name].variables[of]

        before, after = _operations(
            program, network.name, lambda key: target.pointer(device, variable(key))
        )
        device.insert_code("before_network_run", before)
        device.insert_code("after_network_run", after)
        duration = program.sizes.n_steps * program.sizes.step * brian2.second
        network.run(duration, namespace={})
        device.build(directory=str(folder), compile=False, run=False)
        files = {
            key: Path(device.get_array_filename(variable(key))).name for key in program.variables
        }
        # Brian2 does not know how many synapses its program will make.
        sizes = {
            key: array.size if variable(key).dynamic else int(variable(key).size)
            for key, array in program.values().items()
        }
    for link, original in target.links.items():
        (folder / link).parent.mkdir(exist_ok=True)
        (folder / link).symlink_to(original)
    return {"files": files, "sizes": sizes}


def _operations(program, network, pointer):
    """Return C++ for before and after the run, in which a step calls all operations.

    Parameters
    ----------
    program : Program
        The program.
    network : str
        Name of the Brian2 network.
    pointer : callable
        Returns C++ for the pointer to the values of an "object.variable".

    Returns
    -------
    before, after : str
    """

    class Names(dict):
        def __missing__(self, key):
            return pointer(key) if "." in key else key

    names = Names()
    setup = []
    for name, array in program.given().items():
        kind = C_TYPES[array.dtype.name]
        setup.append(f'static {kind} *{name} = horn::given<{kind}>("{name}");')
    start, end, after = [], [], []
    for operation in program.start:
        code, step = operation.code(names)
        setup.append(code)
        start.append(step)
    for tape in program.tapes:
        code, step, close = tape.code(names)
        setup.append(code)
        end.append(step)
        after.append(close)
    after += [f'horn::keep("{name}", {name}, {size});' for name, size in program.kept.items()]

    def step_of(lines):
        lines = "\n".join(lines)
        return f"{{&step_clock, [] {{ const int64_t k = step_clock.timestep[0];\n{lines}\n}}}}"

    objects = f"{network}.objects"
    before = [
        *setup,
        f"{objects}.insert({objects}.begin(), {step_of(start)});",
        f"{objects}.push_back({step_of(end)});",
    ]
    return "\n".join(before), "\n".join(after)


def _compile(program, target, folder):
    """Build the program; the folder appears only when it is complete."""
    problem = cache_problem()
    if problem:
        raise RuntimeError(f"device {target.name!r}: {problem}")
    with one_at_a_time(folder.with_suffix(".lock"), f"compiling the same network for {folder}"):
        if is_compiled(program, target):
            return
        with scratch_folder(folder.parent, "building-") as build:
            manifest = generate(program, target, build)
            said = run_compiler(target.make(build), build)
            if said is not None:
                raise RuntimeError(
                    f"compiling the network failed; the compiler said\n{said}\n"
                    "use device='numpy' meanwhile"
                )
            for file in build.rglob("*.o"):
                file.unlink()
            (build / "manifest.json").write_text(json.dumps(manifest))
            # What somebody has cleaned half away, if it is there.
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(build, folder)


def _fast_folder(program):
    """Return where the program reads and writes: in memory, if it fits well."""
    memory = Path("/dev/shm")
    with contextlib.suppress(OSError):
        fits = min(shutil.disk_usage(memory).free, free_memory()) > 2 * program.memory()
        if fits and os.access(memory, os.W_OK):
            return memory
    return tempfile.gettempdir()


def run_compiled(program, seed, device):
    """Simulate with a compiled program, compiling it first if there is none yet.

    Parameters
    ----------
    program : Program
        What to run; its values are handed over as files.
    seed : int
        Seed of the program's random numbers, 32 bits.
    device : 'cpp' | 'cuda'
        What to run on.

    Returns
    -------
    results : dict of str to ndarray
        As in `run_in_process`.

    Raises
    ------
    RuntimeError
        If compiling or running fails.
    """
    target = target_of(device)
    folder = _project_folder(program, target)
    if not is_compiled(program, target):
        _compile(program, target, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    with scratch_folder(_fast_folder(program), "horn_neuro-") as scratch:
        arguments = ["./main", "--results_dir", f"{scratch}/"]
        values = program.values()
        for key, array in values.items():
            # The program itself would only complain, and go on.
            if array.size != manifest["sizes"][key]:
                raise RuntimeError(
                    f"{key} has {array.size} values instead of {manifest['sizes'][key]}; this is "
                    "a fault of horn_neuro: please report it"
                )
            arguments.append(f"{key}={scratch / key}.in")
        for key, array in (values | program.given()).items():
            array.tofile(scratch / f"{key}.in")
        try:
            done = subprocess.run(
                [*arguments, str(seed)],
                cwd=folder,
                env=os.environ | target.environment(),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise RuntimeError(
                f"the compiled network in {folder} cannot be started ({error.strerror}); programs "
                "in that folder must be allowed to run: set the environment variable "
                "HORN_NEURO_CACHE to one where they are, or use device='numpy'"
            ) from None
        if done.returncode == -signal.SIGKILL:
            raise RuntimeError(
                "the compiled network was killed, as a system does that runs out of memory; record "
                "fewer variables (record=), fewer samples (every=), or fewer trials at a time"
            )
        if done.returncode:
            said = (done.stderr + done.stdout).strip()[-2000:]
            reason = target.explain(said) or (
                f"the compiled network in {folder} failed (exit {done.returncode}): {said}; "
                "delete that folder to compile anew"
            )
            raise RuntimeError(reason)

        def read(name, kind=program.sizes.dtype):
            # Mapped, not copied: the pages outlive the scratch folder as long as they are used.
            path = scratch / name
            return (
                np.asarray(np.memmap(path, kind, "c")) if path.stat().st_size else np.empty(0, kind)
            )

        results = {key: read(name) for key, name in manifest["files"].items()}
        results |= {name: read(f"{name}.out") for name in program.kept}
        for tape in program.tapes:
            kind = np.uint8 if isinstance(tape, SpikeTape) else program.sizes.dtype
            record = read(f"{tape.name}.out", kind)
            results[tape.name] = record.reshape(tape.shape)
    return results
