"""A full disk: the old file stays, the new one leaves nothing, and the error says so."""

import subprocess
import sys

# No file may grow beyond 8 kB in this process, as on a disk that is full there.
CODE = """
import errno, resource, sys
from pathlib import Path
import numpy as np, torch
import horn_neuro as hn
from horn_neuro.experiment import RunFolder, load_results
from horn_neuro.twin import load_checkpoint, save_checkpoint
from horn_neuro.twin.torch_files import read_torch, write_torch

folder = Path(sys.argv[1])
run = RunFolder(folder)
def networks(n):
    return hn.effenberger_2025(n, seed=1)
def recordings(n):
    return hn.simulate(networks(n), np.random.default_rng(1).random((n, 50, 1)), device="numpy")
kinds = {
    "net.safetensors": lambda path, n: networks(n).save(path),
    "recording.nc": lambda path, n: recordings(n).save(path),
    "net.pt": lambda path, n: save_checkpoint(networks(n), path),
    "checkpoint.pt": lambda path, n: write_torch({"model": torch.ones(n, n)}, path),
    "results.json": lambda path, n: run.save_json(path.name, {"findings": [0.5] * n**2}),
    "parts/piece.pickle": lambda path, n: run.keep("piece", lambda: np.ones((n, n)), {}),
}
for name, save in kinds.items():
    save(folder / name, 2)
before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
larger = {name: (lambda path, save=save: save(path, 60)) for name, save in kinds.items()}
recording = recordings(60)
larger["recording.nc"] = recording.save
for name, save in larger.items():
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        save(folder / name)
    except OSError as error:
        assert str(folder / name) in str(error), error
        assert "there before stays" in str(error) or "is there space left?" in str(error), error
    else:
        raise AssertionError(name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert not list(folder.rglob(".*")), name
hn.load_parameters(folder / "net.safetensors"), hn.load_recording(folder / "recording.nc")
load_checkpoint(folder / "net.pt"), read_torch(folder / "checkpoint.pt"), load_results(folder)
print("all whole")
"""


def test_a_full_disk_leaves_what_was_there(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", CODE, tmp_path / "run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "all whole\n", done.stderr
    assert done.stderr == ""
