import json
import struct
import warnings

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from scipy import sparse

import horn_neuro as hn
from horn_neuro import _files
from horn_neuro.parameters import uniform_delays


@pytest.mark.parametrize("delayed", [False, True])
def test_round_trip_is_exact(params, tmp_path, delayed):
    if delayed:
        params = params.replace(delays=uniform_delays(6, 1, 4, np.random.default_rng(1)))
    params = params.replace(h=0.5, step=5e-4, feedback=0.1)
    params.save(tmp_path / "net.safetensors")
    loaded = hn.load_parameters(tmp_path / "net.safetensors")
    assert loaded == params
    assert loaded.provenance == params.provenance


def test_configuration_is_one_json_string(params, tmp_path):
    params.save(tmp_path / "net.safetensors")
    with safe_open(tmp_path / "net.safetensors", "np") as file:
        configuration = json.loads(file.metadata()["horn_neuro"])
    assert configuration["h"] == 1
    assert configuration["version"] == hn.__version__
    assert configuration["units"]["omega"].startswith("rad")
    assert configuration["provenance"]["doi"] == "10.1073/pnas.2412830122"


def test_truncated_foreign_and_missing_files(params, tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(FileNotFoundError, match="no parameter file at"):
        hn.load_parameters(path)
    params.save(path)
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:5], b"", b"not at all" * 100):
        path.write_bytes(part)
        with pytest.raises(ValueError, match="truncated, damaged or no safetensors"):
            hn.load_parameters(path)
    save_file({"weight": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="not one of horn_neuro"):
        hn.load_parameters(path)


def test_file_of_a_later_format_or_other_fields(params, tmp_path):
    path = tmp_path / "net.safetensors"

    def write(tensors, **configuration):
        content = {"format": 1, "version": "9", "h": 1.0, "step": 1e-3, "provenance": {}}
        save_file(tensors, path, {"horn_neuro": json.dumps(content | configuration)})

    write({"omega": np.zeros(3)}, format=99)
    with pytest.raises(ValueError, match="upgrade horn_neuro"):
        hn.load_parameters(path)
    write({"omega": np.zeros(3)})
    with (
        pytest.warns(UserWarning, match="horn_neuro 9, before there were checksums"),
        pytest.raises(ValueError, match="other fields than HornParameters"),
    ):
        hn.load_parameters(path)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_save_leaves_the_old_file(params, tmp_path, monkeypatch, interruption):
    path = tmp_path / "net.safetensors"
    params.save(path)

    def interrupted(*args, **kwargs):
        raise interruption

    monkeypatch.setattr(_files.os, "replace", interrupted)
    with pytest.raises(interruption):
        params.replace(alpha=0.5).save(path)
    monkeypatch.undo()
    assert hn.load_parameters(path) == params
    assert [file.name for file in tmp_path.iterdir()] == ["net.safetensors"]


def test_folder_must_exist(params, tmp_path):
    with pytest.raises(FileNotFoundError, match="create it first"):
        params.save(tmp_path / "none" / "net.safetensors")


def as_of_format_1(path):
    """Take the checksum out of a file, as earlier versions wrote it."""
    with safe_open(path, "np") as file:
        configuration = json.loads(file.metadata()["horn_neuro"]) | {"format": 1}
    save_file(load_file(path), path, {"horn_neuro": json.dumps(configuration)})


def test_earlier_files_load_with_a_word(params, tmp_path):
    path = tmp_path / "net.safetensors"
    params.save(path)
    as_of_format_1(path)
    with pytest.warns(UserWarning, match="before there were checksums.*; save it again"):
        assert hn.load_parameters(path) == params


@pytest.mark.parametrize("sparse_weights", [False, True])
def test_no_damage_goes_unnoticed(params, tmp_path, sparse_weights):
    path, rng = tmp_path / "net.safetensors", np.random.default_rng(1)
    if sparse_weights:
        params = params.replace(w_rec=sparse.csr_array(params.w_rec), delays=np.full((6, 6), 2))
    params.save(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    refused = []
    for _ in range(300):
        damaged = whole.copy()
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        path.write_bytes(damaged.tobytes())
        try:
            loaded = hn.load_parameters(path)
        except ValueError as error:
            refused.append(str(error))
        else:
            assert loaded == params
            assert loaded.provenance == params.provenance
    assert len(refused) > 290
    assert all(str(path) in message for message in refused)


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        (b'{"a":' + b"[" * 10**5, b"", "recursion limit"),
        ({"__metadata__": {"horn_neuro": "[" * 10**5}}, b"", "RecursionError|JSONDecodeError"),
        ({"__metadata__": {"horn_neuro": "{}"}}, b"", "KeyError"),
        ({"w_rec": {"dtype": "F64", "shape": [10**12, 0], "data_offsets": [0, 0]}}, b"", "w_rec"),
        ({"w_rec": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, b"1234", "BF16"),
        ({"w_rec": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}}, b"", "damaged"),
    ],
)
def test_hostile_headers_take_no_memory(tmp_path, header, data, message):
    if isinstance(header, dict):
        header = json.dumps({"__metadata__": {"horn_neuro": "{}"}} | header).encode()
    path = tmp_path / "net.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    with pytest.raises(ValueError, match=message):
        hn.load_parameters(path)


def test_indices_out_of_bounds(params, tmp_path):
    """They would be read out of bounds."""
    path = tmp_path / "net.safetensors"
    params.replace(w_rec=sparse.csr_array(params.w_rec)).save(path)
    as_of_format_1(path)
    tensors = load_file(path)
    tensors["w_rec.indices"][3] = 10**6
    with safe_open(path, "np") as file:
        metadata = file.metadata()
    save_file(tensors, path, metadata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match="w_rec is no sparse matrix"):
            hn.load_parameters(path)
