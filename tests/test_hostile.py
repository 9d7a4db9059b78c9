"""Hostile files are refused in words: before they take memory, and without running what is in them.

Each kind is read in a process of its own, which may take 300 MB more than it has and 60 s.
"""

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from functools import partial

import h5py
import netCDF4
import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro.twin import save_checkpoint

READ = """
import json, resource, sys, warnings
import horn_neuro as hn
from horn_neuro.experiment import load_results
warnings.simplefilter("ignore")
kind, *paths = sys.argv[1:]
if kind == "pt":
    from horn_neuro.twin import load_checkpoint as load
else:
    loads = {"safetensors": hn.load_parameters, "nc": hn.load_recording, "json": load_results}
    load = loads[kind]
load(paths[0])  # imports what it needs
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 300 * 2**20,) * 2)
said = {}
for path in paths[1:]:
    try:
        said[path] = f"loaded {load(path)}"[:99]
    except ValueError as error:
        said[path] = f"refused: {error}"
    except BaseException as error:
        said[path] = f"{type(error).__name__}: {error}"[:300]
print(json.dumps(said))
"""


class Call:
    """What runs a function where it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def tensor(size, stride, offset=0):
    """Claim a size that the storage, of one number, does not have."""
    storage = torch.storage.TypedStorage(
        wrap_storage=torch.zeros(1).untyped_storage(), dtype=torch.float32, _internal=True
    )
    return Call(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, {})


def header(content, data=b""):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(content)) + content + data


def f64(shape, offsets, dtype="F64"):
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def safetensors(marker):
    name = {"__metadata__": {"horn_neuro": "{}"}}
    huge = {"format": 1, "version": "0.1.0", "h": 1.0, "step": 1e-3, "provenance": {}}
    matrix = {
        "w_rec.data": f64([1], [0, 8]),
        "w_rec.indices": f64([1], [8, 16], "I64"),
        "w_rec.indptr": f64([2], [16, 32], "I64"),
        "w_rec.shape": f64([2], [32, 48], "I64"),
    }
    values = struct.pack("<d5q", 1.0, 0, 0, 1, 2**40, 2**40)
    return {
        "header of 2^60 bytes": struct.pack("<Q", 2**60) + b"{}",
        "header of 8 GB": struct.pack("<Q", 2**33) + b"{}",
        "deep": header(b'{"a":' + b"[" * 10**6),
        "deep inside": header({"__metadata__": {"horn_neuro": "[" * 10**6}}),
        "2^43 bytes": header(name | {"w_rec": f64([2**40], [0, 2**43])}),
        "overflow": header(name | {"w_rec": f64([2**32, 2**32], [0, 8])}, bytes(8)),
        "overlap": header(name | {"w_rec": f64([1], [0, 8]), "gamma": f64([1], [0, 8])}, bytes(8)),
        "hole": header(name | {"w_rec": f64([1], [8, 16])}, bytes(16)),
        "beyond the end": header(name | {"w_rec": f64([2], [0, 16])}, bytes(8)),
        "foreign type": header(name | {"w_rec": f64([2], [0, 4], "BF16")}, bytes(4)),
        "unknown type": header(name | {"w_rec": f64([2], [0, 4], "F7")}, bytes(4)),
        "no numbers": header(name | {"w_rec": f64([-1], [0, -8])}),
        "twice": header(
            b'{"__metadata__": {"horn_neuro": "{}"}, "w_rec": %s, "w_rec": %s}'
            % ((json.dumps(f64([1], [0, 8])).encode(),) * 2),
            bytes(8),
        ),
        "long number": header({"__metadata__": {"horn_neuro": '{"format": 1' + "0" * 10**5 + "}"}}),
        "sparse": header({"__metadata__": {"horn_neuro": json.dumps(huge)}} | matrix, values),
    }


def checkpoints(marker):
    weights = ("i2h.weight", "i2h.bias", "h2h.weight", "h2h.bias", "h2o.weight", "h2o.bias")
    state = dict.fromkeys(weights, torch.zeros(3))
    code = Call(os.mkdir, str(marker))
    nested = "lol"
    for _ in range(40):
        nested = (nested, nested)
    save = partial(partial, torch.save)
    old = partial(save, _use_new_zipfile_serialization=False)

    def bomb(path):
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
            file.open("archive/data.pkl", "w") as part,
        ):
            for _ in range(1024):
                part.write(bytes(2**20))

    return {
        "code": save(state | {"h2h.bias": code}),
        "old code": old(state | {"h2h.bias": code}),
        "pickle": pickle.dumps(code),
        "deep": b"\x80\x02" + b"(" * 10**6,
        "deep lists": b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b".",
        "2^42 bytes": save(state | {"h2h.weight": tensor((2**40,), (1,))}),
        "2^33 bytes": save(state | {"h2h.weight": tensor((2**31,), (1,))}),
        "old 2^42 bytes": old(state | {"h2h.weight": tensor((2**40,), (1,))}),
        "one number repeated": save(state | {"h2h.weight": tensor((2**15, 2**15), (0, 0))}),
        "from far away": save(state | {"h2h.weight": tensor((4,), (1,), 2**50)}),
        "tree": save({"a": nested}),
        "zip bomb": bomb,
    }


def recordings(marker):
    def claim(path, chunk=None):
        with netCDF4.Dataset(path, "w") as file:
            file.createDimension("time", 2**57 if chunk is None else 4)
            chunks = {"chunksizes": (2**10,)} if chunk is None else {}
            file.createVariable("time", "f8", ("time",), fill_value=False, **chunks)

    def chunk(path):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (4,), "f8", chunks=(2**28,), maxshape=(None,))

    def external(path):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (2**50,), "f8", external=[("/dev/zero", 0, 2**53)])

    def dims(path):
        name = struct.pack(">I", 4)
        parts = [b"CDF\x01", struct.pack(">III", 0, 10, 10**6)]
        parts += [name + b"%04x" % (k % 2**16) + struct.pack(">I", 2**31 - 1) for k in range(10**6)]
        path.write_bytes(b"".join([*parts, bytes(16)]))

    def many(path):
        with h5py.File(path, "w") as file:
            for k in range(300):
                file.create_dataset(f"d{k}", (2**40,), "f8", chunks=(2**10,)).make_scale(f"d{k}")

    return {
        "2^60 bytes": claim,
        "a chunk of 2 GB": chunk,
        "a file elsewhere": external,
        "a million dimensions": dims,
        "hundreds of dimensions": many,
        "nothing but a beginning": b"\x89HDF\r\n\x1a\n" + bytes(2**12),
    }


def results(marker):
    return {
        "deep": b'{"a":' + b"[" * 10**6,
        "long number": b'{"a": 1' + b"0" * 10**6 + b"}",
        "a list": b"[1, 2]",
        "a number": b"1",
        "no text": b"\xff\xfe\x00",
        "empty": b"",
    }


KINDS = {"safetensors": safetensors, "pt": checkpoints, "nc": recordings, "json": results}


def read(kind, paths):
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, *paths],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc for its memory")
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files_are_refused_in_words(kind, tmp_path):
    good, marker = tmp_path / f"good.{kind}", tmp_path / "it ran"
    params = hn.effenberger_2025(3, seed=1)
    {
        "safetensors": params.save,
        "pt": partial(save_checkpoint, params),
        "nc": lambda path: hn.simulate(params, 5, device="numpy").save(path),
        "json": lambda path: path.write_text('{"answer": []}'),
    }[kind](good)
    paths = {}
    for name, make in KINDS[kind](marker).items():
        path = tmp_path / f"{name.replace(' ', '_')}.{kind}"
        path.write_bytes(make) if isinstance(make, bytes) else make(path)
        paths[str(path)] = name
    said = read(kind, [good, *paths])
    assert set(said) == set(paths)
    wrong = {paths[p]: words for p, words in said.items() if not words.startswith("refused: ")}
    assert wrong == {}
    assert all(path in words and len(words) < 1500 for path, words in said.items())
    assert not marker.exists()


def test_pieces_of_a_run_run_no_code(tmp_path):
    """Though their checksum is right."""
    import hashlib

    from horn_neuro.experiment import RunFolder

    RunFolder(tmp_path / "run").keep("piece", lambda: {"a": np.ones(2)}, {})
    path, marker = tmp_path / "run" / "parts" / "piece.pickle", tmp_path / "it ran"
    for code in (
        Call(os.mkdir, str(marker)),
        Call(eval, f"__import__('os').mkdir({str(marker)!r})"),
    ):
        content = pickle.dumps(code)
        path.write_bytes(content + hashlib.sha256(content).digest())
        with pytest.raises(ValueError, match="piece.pickle is .*no array, number or data class"):
            RunFolder(tmp_path / "run", {}).keep("piece", None, {})
    assert not marker.exists()
    with pytest.raises(TypeError, match="b: cannot be kept, .*mkdir is no array"):
        RunFolder(tmp_path / "other").keep("b", lambda: os.mkdir, {})
