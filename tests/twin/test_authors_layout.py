import numpy as np
import pytest
import torch
from scipy import sparse

import horn_neuro as hn
from horn_neuro.twin import load_checkpoint, save_checkpoint

PARAMS = hn.effenberger_2025(5, seed=1)


@pytest.fixture
def state(tmp_path):
    save_checkpoint(PARAMS, tmp_path / "plain.pt")
    return torch.load(tmp_path / "plain.pt", weights_only=True)


def test_a_sparse_network_is_written_dense(tmp_path):
    params = hn.effenberger_2025(5, seed=1).replace(w_rec=sparse.diags_array([1.0, 2, 3, 4, 5]))
    save_checkpoint(params, tmp_path / "net.pt")
    assert np.array_equal(load_checkpoint(tmp_path / "net.pt").w_rec, np.diag([1.0, 2, 3, 4, 5]))


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.rnn."]
)
def test_state_of_a_wrapped_network(state, tmp_path, prefix):
    path = tmp_path / "wrapped.v2.pt"  # a name with a dot
    wrapped = {prefix + name: value for name, value in state.items()}
    for content in (wrapped, {"epoch": 3, "state_dict": wrapped}):
        torch.save(content, path)
        assert np.array_equal(load_checkpoint(path).w_rec, np.float32(PARAMS.w_rec))


def test_a_layer_that_was_compiled_and_saved_parameters(state, tmp_path):
    state["h2h._orig_mod.weight"] = torch.nn.Parameter(state.pop("h2h.weight"))
    torch.save(state, tmp_path / "net.pt")
    assert np.array_equal(load_checkpoint(tmp_path / "net.pt").w_rec, np.float32(PARAMS.w_rec))


def test_old_files_of_torch(state, tmp_path):
    torch.save(state, tmp_path / "net.pt", _use_new_zipfile_serialization=False)
    with pytest.warns(UserWarning, match="net.pt is of torch before 1.6.*; save it again"):
        loaded = load_checkpoint(tmp_path / "net.pt")
    assert np.array_equal(loaded.w_rec, np.float32(PARAMS.w_rec))


class Code:
    def __reduce__(self):
        return (print, ("ran",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"h2h.weight": torch.zeros(()).expand(10**6, 10**6)}, "no tensor that the file has the"),
        ({"h2h.weight": torch.eye(5).to_sparse()}, "h2h.weight is no tensor"),
        ({"h2h.weight": 3.0}, "h2h.weight is no tensor"),
        ({"h2h.weight": torch.zeros(5, 5, dtype=torch.complex64)}, "h2h.weight = .*real numbers"),
        ({"h2h.weight": Code()}, "damaged or no state-dict of torch"),
        ({"more": torch.zeros(3)}, "has .*'more'.*; a checkpoint of this layout has"),
    ],
)
def test_files_that_hold_other_things(state, tmp_path, change, message, capsys):
    torch.save(state | change, tmp_path / "net.pt")
    with pytest.raises(ValueError, match=message):
        load_checkpoint(tmp_path / "net.pt")
    assert capsys.readouterr().out == ""


def test_no_damage_goes_unnoticed(tmp_path):
    path, rng = tmp_path / "net.pt", np.random.default_rng(1)
    save_checkpoint(PARAMS, path)
    whole, expected = np.frombuffer(path.read_bytes(), np.uint8), load_checkpoint(path)
    refused = []
    for _ in range(300):
        damaged = whole.copy()
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        if rng.random() < 0.2:
            damaged = damaged[: rng.integers(len(whole))]
        path.write_bytes(damaged.tobytes())
        try:
            assert load_checkpoint(path) == expected
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 100
    assert all(str(path) in message for message in refused)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "_orig_mod.module."])
def test_twins_load_the_state_of_wrapped_ones(prefix):
    source, target = hn.HornNetwork(PARAMS), hn.HornNetwork(PARAMS.replace(w_rec=np.eye(5)))
    state = {prefix + name: value for name, value in source.state_dict().items()}
    target.load_state_dict(state)
    for name, value in source.state_dict().items():
        assert torch.equal(value, target.state_dict()[name])


def test_a_state_dict_in_memory_is_taken_too(tmp_path):
    params = hn.effenberger_2025(4, n_inputs=2, n_outputs=3, seed=1)
    save_checkpoint(params, tmp_path / "net.pt")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    assert hn.load_checkpoint(state) == hn.load_checkpoint(tmp_path / "net.pt")
    wrapped = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
    assert hn.load_checkpoint(wrapped) == hn.load_checkpoint(state)
    with pytest.raises(ValueError, match="this dict has .*i2h.weight"):
        hn.load_checkpoint({"weight": torch.ones(2)})
