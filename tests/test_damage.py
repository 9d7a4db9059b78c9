"""Saved files prove themselves: what is damaged is refused, or equal to what was saved."""

import resource
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from lightning_fabric import Fabric
from scipy import sparse

import horn_neuro as hn
from horn_neuro.experiment import RunFolder, load_results
from horn_neuro.twin import HornNetwork, Task, TrainingConfig, load_checkpoint, train
from horn_neuro.twin.checkpoint import read_checkpoint

PARAMS = hn.effenberger_2025(6, n_outputs=2, heterogeneous=True, seed=1)
OPTIONS = {"seeds": (1, 2), "coupling": 0.4, "device": "numpy"}
CONFIG = TrainingConfig(epochs=1, batch_size=4)
TASK = Task(torch.linspace(0, 1, 60).reshape(12, 5, 1), torch.arange(12) % 2, 4)


def save_training(path):
    fabric = Fabric(accelerator="cpu", devices=1)
    model = HornNetwork(PARAMS, "analytic")
    train(model, TASK, CONFIG, path.parent, fabric=fabric)


def save_wrapped(path):
    state = HornNetwork(PARAMS).state_dict()
    layout = {
        **{"i2h.weight": state["w_in"], "i2h.bias": state["b_in"]},
        **{"h2h.weight": state["w_rec"], "h2h.bias": state["b_rec"]},
        **{"h2o.weight": torch.ones(2, 6), "h2o.bias": torch.zeros(2)},
    }
    wrapped = {f"module._orig_mod.{name}": value for name, value in layout.items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, path)


def save_recording(path):
    stimulus = np.random.default_rng(1).random((2, 30, 1))
    hn.simulate(PARAMS, stimulus, labels=[0, 1], device="numpy").save(path)


def save_results(path):
    findings = {f"measure {k}": {"value": k / 7, "low": -1e-9, "n": 12} for k in range(12)}
    RunFolder(path.parent).save_json(path.name, {"answer": ["Yes."], "findings": findings})


def save_piece(path):
    piece = {"x": np.arange(50.0), "kicks": hn.PoissonKicks(20.0, 0.1), "n": np.int64(3)}
    RunFolder(path.parents[1]).keep("piece", lambda: piece, OPTIONS)


def resume(path):
    folder = RunFolder(path.parents[1], OPTIONS)
    try:
        return folder.keep("piece", None, OPTIONS)
    finally:
        folder.close(False)


def sparse_params():
    return PARAMS.replace(w_rec=sparse.csr_array(PARAMS.w_rec), delays=np.full((6, 6), 2))


# Four kinds of file, of each of which 250 are damaged: where it is, what saves and what loads it.
PARAMETERS, RECORDINGS, CHECKPOINTS, RUNS = "parameters", "recordings", "checkpoints", "runs"
FILES = [
    (PARAMETERS, 150, "net.safetensors", PARAMS.save, hn.load_parameters),
    (PARAMETERS, 100, "sparse.safetensors", sparse_params().save, hn.load_parameters),
    (RECORDINGS, 250, "recording.nc", save_recording, hn.load_recording),
    (
        *(CHECKPOINTS, 150, "checkpoint.pt", save_training),
        lambda path: read_checkpoint(path, CONFIG, TASK),
    ),
    (CHECKPOINTS, 100, "wrapped.pt", save_wrapped, load_checkpoint),
    (RUNS, 100, "results.json", save_results, load_results),
    (RUNS, 50, "parts/options.json", save_piece, resume),
    (RUNS, 100, "parts/piece.pickle", save_piece, resume),
]


def damaged(whole, rng):
    """Damage a file (ndarray of bytes) in one of eight ways."""
    n, many = len(whole), int(rng.integers(1, 300))
    first, second = sorted(rng.integers(0, n, 2))
    block = slice(first, min(first + many, n))
    way = rng.integers(8)
    found = whole.copy()
    if way == 0:
        for place in rng.integers(0, n, rng.integers(1, 4)):
            found[place] ^= 1 << rng.integers(8)
    elif way == 1:
        places = rng.integers(0, n, rng.integers(1, 9))
        found[places] = rng.integers(0, 256, len(places))
    elif way == 2:
        found = found[: rng.choice([first, n - 1, n - 64, n - 32])]
    elif way == 3:
        found = found[rng.choice([second, 1, 8]) :]
    elif way == 4:
        found[block] = 0
    elif way == 5:
        found = np.append(found, rng.integers(0, 256, many, dtype=np.uint8))
    elif way == 6:
        many = min(many, second - first, n - second)
        found[first : first + many], found[second : second + many] = (
            *(whole[second : second + many], whole[first : first + many]),
        )
    else:
        found = np.delete(found, block)
    return found


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_same(found[name], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(expected, hn.Recording):
        xr.testing.assert_identical(found.data, expected.data)
    elif isinstance(expected, hn.PoissonKicks):
        assert_same(vars(found), vars(expected))
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("count", "name", "save", "load"), [file[1:] for file in FILES], ids=[f[2] for f in FILES]
)
def test_a_damaged_file_is_equal_or_refused(count, name, save, load, tmp_path):
    """Warnings are errors, so that it is not taken for one without a checksum either."""
    path, rng = tmp_path / "run" / name, np.random.default_rng(15)
    if "parts" not in name:
        path.parent.mkdir(parents=True)
    save(path)
    whole, expected = np.frombuffer(path.read_bytes(), np.uint8), load(path)
    before, refused = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(count):
        path.write_bytes(damaged(whole, rng).tobytes())
        try:
            found = load(path)
        except ValueError as error:
            refused.append(str(error))
        else:
            assert_same(found, expected)
    assert len(refused) > 0.8 * count
    assert all(str(path) in words and len(words) < 1000 for words in refused)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 2**10


def test_there_are_a_thousand_over_four_kinds():
    counts = {}
    for kind, count, *_ in FILES:
        counts[kind] = counts.get(kind, 0) + count
    assert counts == dict.fromkeys([PARAMETERS, RECORDINGS, CHECKPOINTS, RUNS], 250)
    assert {Path(file[2]).name for file in FILES} >= {"results.json", "options.json"}
