"""kill -9 at random moments: the next run works, and nothing half-written is taken as whole.

Each is killed once here, and ten times, with the real build of the native backend, by

    HORN_NEURO_KILLS=10 python -m pytest tests/test_killed.py -s
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from lightning_fabric import Fabric
from test_damage import assert_same

import horn_neuro as hn
from horn_neuro._files import SCRATCH, atomic_path, sealed
from horn_neuro.twin import HornNetwork, Task, TrainingConfig, train
from horn_neuro.twin.torch_files import read_torch

KILLS = int(os.environ.get("HORN_NEURO_KILLS", "1"))
pytestmark = pytest.mark.timeout(300 * KILLS)

SIMULATE = """
import sys
import numpy as np
import horn_neuro as hn
hn.simulate(hn.effenberger_2025(4, seed=1), 1, device="numpy")
print("begun", flush=True)
params = hn.effenberger_2025(16, seed=1)
start, steps, device = hn.State(np.ones(16), np.ones(16)), int(sys.argv[2]), sys.argv[3]
every = max(steps // 1000, 1)
recording = hn.simulate(params, steps, initial=start, every=every, device=device)
np.save(sys.argv[1], recording.final_state.x)
"""
NATIVE = """
import sys
from horn_neuro.twin import native
if sys.argv[2] == "stub":  # what compiling is to the caches: a slow child of ninja
    native._BUILD = '''
import subprocess, sys
from pathlib import Path
name, source, folder, *flags = sys.argv[1:]
rule = f"rule slow\\\\n  command = sleep 3; echo whole > $out\\\\nbuild {name}.so: slow\\\\n"
Path(folder, "build.ninja").write_text(rule)
subprocess.run(["ninja", "-C", folder], check=True, stdout=subprocess.DEVNULL)
'''
    build = lambda: native._compile("stub", native.cache_folder() / "stub")
    native.cache_folder().mkdir(exist_ok=True)
else:
    build = native.native_problem
print("begun", flush=True)
assert build() is None
open(sys.argv[1], "w").write("works")
"""


def start(code, cache, *arguments):
    """Start a program, and return it when it begins with what is to be killed."""
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *map(str, arguments)],
        env=os.environ | {"HORN_NEURO_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "begun\n", program.stderr.read()
    return program


def of_the_cache(cache):
    """Return the command lines of all processes that work in a cache."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(cache) in word for word in words):
            found.append(words)
    return found


def killed_and_again(code, folder, *arguments, seconds=None):
    """Kill a program at random moments; returns what the next run said, each time.

    That is within the seconds that it takes, or those that are given.
    """
    if seconds is None:
        program, began = (
            start(code, folder / "whole", folder / "whole.npy", *arguments),
            time.time(),
        )
        assert program.communicate()[1] == ""
        seconds = time.time() - began
    rng, said = np.random.default_rng(15), []
    for k in range(KILLS):
        cache, moment = folder / f"cache {k}", seconds * rng.random()
        program = start(code, cache, folder / "killed.npy", *arguments)
        time.sleep(moment)
        program.kill()
        program.communicate()
        if program.returncode != -signal.SIGKILL:  # it was faster than before
            continue
        until = time.monotonic() + 5
        while (left := of_the_cache(cache)) and time.monotonic() < until:
            time.sleep(0.1)
        assert left == []  # compilers and compiled programs went with it
        program = start(code, cache, folder / f"again {k}.npy", *arguments)
        said.append(program.communicate()[1])
        assert program.returncode == 0, said[-1]
        assert not [path for path in cache.iterdir() if path.name.startswith("building-")]
        assert not list(cache.glob("*.lock"))
        taken = "took over" if "was killed while compiling" in said[-1] else "quiet"
        print(f"{k}: killed after {moment:.1f} of {seconds:.1f} s, next: {taken}", flush=True)
    return said


@pytest.mark.compiler
def test_a_simulation_that_compiles(tmp_path):
    """The next gives the numbers of a device that does not compile."""
    steps, seconds = (2000, 1.5) if KILLS == 1 else (150_000, None)
    said = killed_and_again(SIMULATE, tmp_path, steps, "cpp", seconds=seconds)
    print(f"{len(said)} kills, {sum('was killed' in words for words in said)} while compiling")
    program = start(SIMULATE, tmp_path, tmp_path / "numpy.npy", steps, "numpy")
    assert program.communicate()[1] == ""
    expected, found = np.load(tmp_path / "numpy.npy"), list(tmp_path.glob("again *.npy"))
    assert len(found) == len(said) > 0
    for path in found:
        np.testing.assert_allclose(np.load(path), expected, rtol=1e-8)


@pytest.mark.compiler
@pytest.mark.skipif(KILLS == 1, reason="takes a minute; HORN_NEURO_KILLS=10 runs it")
def test_a_simulation_that_runs(tmp_path):
    """The compiled network goes with it, and the next run removes what it has left in memory."""

    def scratch():
        return {*Path("/dev/shm").glob("horn_neuro-*")}

    cache, rng, left = tmp_path / "cache", np.random.default_rng(15), 0
    for name in ("cold.npy", "warm.npy"):
        program, began = start(SIMULATE, cache, tmp_path / name, 1_000_000, "cpp"), time.time()
        assert program.communicate()[1] == ""
    seconds, expected = time.time() - began, (tmp_path / "warm.npy").read_bytes()
    before = scratch()
    for k in range(KILLS):
        program = start(SIMULATE, cache, tmp_path / "killed.npy", 1_000_000, "cpp")
        time.sleep(seconds * rng.random())
        program.kill()
        program.communicate()
        time.sleep(0.2)
        assert of_the_cache(cache) == []
        left += scratch() != before
        program = start(SIMULATE, cache, tmp_path / f"again {k}.npy", 1_000_000, "cpp")
        assert program.communicate()[1] == ""
        assert (tmp_path / f"again {k}.npy").read_bytes() == expected
        assert scratch() <= before
    print(f"{KILLS} kills within {seconds:.1f} s, {left} of them while the network ran")
    assert left


@pytest.mark.compiler
def test_the_native_backend(tmp_path):
    arguments = {"seconds": 2.0} if KILLS == 1 else {}
    said = killed_and_again(NATIVE, tmp_path, "stub" if KILLS == 1 else "real", **arguments)
    assert any("a process was killed while compiling the native backend" in w for w in said)


# What is saved, in two versions, and trained: by children of one process, which it kills.


def versions():
    """Return how each kind of file is saved (path, 0 or 1), and loaded."""
    from horn_neuro.experiment import load_results
    from horn_neuro.experiment.pieces import read_piece, write_piece
    from horn_neuro.twin import load_checkpoint, save_checkpoint
    from horn_neuro.twin.torch_files import read_torch, write_torch

    params = [hn.effenberger_2025(80, seed=seed) for seed in (1, 2)]
    recordings = [hn.simulate(each, 200, device="numpy", seed=1) for each in params]
    for recording in recordings:  # two processes differ in what is imported, and in speed
        provenance = recording.provenance | {"versions": {}, "seconds": 0}
        recording.data.attrs["provenance"] = json.dumps(provenance)
    numbers = [np.random.default_rng(seed).random((100, 100)) for seed in (1, 2)]

    def save_results(path, k):
        with atomic_path(path) as temporary:
            temporary.write_text(sealed({"findings": numbers[k].tolist()}))

    def save_state(path, k):
        write_torch({"model": torch.tensor(numbers[k])}, path)

    return {
        "net.safetensors": (lambda path, k: params[k].save(path), hn.load_parameters),
        "recording.nc": (lambda path, k: recordings[k].save(path), hn.load_recording),
        "net.pt": (lambda path, k: save_checkpoint(params[k], path), load_checkpoint),
        "checkpoint.pt": (save_state, read_torch),
        "results.json": (save_results, load_results),
        "piece.pickle": (lambda path, k: write_piece({"w": numbers[k]}, path), read_piece),
    }


def training(folder, resume=False):
    """Train for twelve epochs, with a checkpoint after each."""
    phase = np.random.default_rng(1).uniform(0, 6, (200, 1))
    labels = np.arange(200) % 2
    waves = np.sin(np.where(labels, 0.35, 0.1)[:, None] * np.arange(60) + phase)
    task = Task(torch.tensor(waves[:, :, None], dtype=torch.float32), torch.tensor(labels), 40)
    model = HornNetwork(hn.effenberger_2025(12, n_outputs=2, seed=1), "analytic")
    config = TrainingConfig(epochs=12, batch_size=16)
    fabric = Fabric(accelerator="cpu", devices=1)
    with torch.random.fork_rng():
        metrics, best = train(model, task, config, folder, fabric=fabric, resume=resume)
    for row in metrics:
        del row["sequences_per_second"]
    return metrics, best


def serve():
    """Do what is asked, a line each, in a child, and kill that after a while."""
    kinds = versions()
    print("ready", flush=True)
    for line in sys.stdin:
        task, folder, seconds = line.strip().split("\t")
        child = os.fork()
        if not child:
            if task == "train":
                training(Path(folder))
                os._exit(0)
            for k in range(10**6):
                kinds[task][0](Path(folder, task), k % 2)
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
        print("killed" if os.waitpid(child, 0)[1] == signal.SIGKILL else "ended", flush=True)


@pytest.fixture(scope="module")
def kill():
    """Start a task in a folder, and kill it after some seconds; returns whether it had ended."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_killed; test_killed.serve()"
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, Path(__file__).parent],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout.readline() == "ready\n"

        def do(task, folder, seconds):
            print(task, folder, seconds, sep="\t", file=server.stdin, flush=True)
            return server.stdout.readline().strip()

        yield do
        server.stdin.close()


@pytest.mark.xdist_group("kill")
def test_saving(kill, tmp_path):
    """Each kind of file is the one version or the other, and the next save clears up."""
    rng, within = np.random.default_rng(15), 0
    for name, (save, load) in versions().items():
        path = tmp_path / name
        save(path, 1)
        other = load(path)
        save(path, 0)
        both = [load(path), other]
        for k in range(KILLS):
            assert kill(name, tmp_path, 0.05 + 0.2 * rng.random()) == "killed"
            assert is_same(load(path), both[0]) or is_same(load(path), both[1])
            within += any(found.name.startswith(SCRATCH) for found in tmp_path.iterdir())
            save(path, k % 2)
            assert is_same(load(path), both[k % 2])
            assert {found.name for found in tmp_path.iterdir()} <= set(versions())
    print(f"{6 * KILLS} kills, {within} of them within a save")
    assert within


def is_same(one, other):
    try:
        assert_same(one, other)
    except AssertionError:
        return False
    return True


@pytest.mark.xdist_group("kill")
def test_training(kill, tmp_path):
    """It continues from the last epoch to the same numbers, or says that there is none."""
    (tmp_path / "whole").mkdir()
    began = time.monotonic()
    metrics, best = training(tmp_path / "whole")
    seconds, rng, epochs = time.monotonic() - began, np.random.default_rng(15), []
    for k in range(KILLS):
        folder = tmp_path / str(k)
        folder.mkdir()
        kill("train", folder, seconds * rng.uniform(0.1, 1))
        if (folder / "checkpoint.pt").is_file():
            epochs.append(len(json.loads(read_torch(folder / "checkpoint.pt")["metrics"])))
            again = training(folder, resume=True)
        else:
            epochs.append(0)
            with pytest.raises(FileNotFoundError, match="no checkpoint to resume from"):
                training(folder, resume=True)
            again = training(folder)
        assert_same(again[0], metrics)
        assert_same(again[1], best)
        assert {path.name for path in folder.iterdir()} == {"checkpoint.pt", "metrics.jsonl"}
    print(f"{KILLS} kills, after epochs {epochs} of {len(metrics)}")
