import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

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
    with pytest.raises(ValueError, match="other fields than HornParameters"):
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
