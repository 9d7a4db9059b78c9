"""Networks of which most connections are absent, as scipy.sparse keeps them."""

import numpy as np
import pytest
import torch
from scipy import sparse

import horn_neuro as hn
from horn_neuro.parameters import sparse_random, uniform_delays


@pytest.fixture
def networks():
    """The same network twice: with a dense and with a sparse w_rec, and delays."""
    rng = np.random.default_rng(1)
    w = sparse_random(12, 0.3, 1.0, rng)
    delays = uniform_delays(12, 1, 4, rng)
    dense = hn.effenberger_2025(12, heterogeneous=True, seed=1).replace(w_rec=w, delays=delays)
    return dense, dense.replace(w_rec=sparse.coo_array(w), delays=sparse.csr_array(delays))


def test_simulations_are_the_same(device, networks):
    stimulus = np.random.default_rng(2).random((2, 60, 1))
    runs = [hn.simulate(p, stimulus, device=device, coupling="auto") for p in networks]
    x = [run.data["x"].values for run in runs]
    np.testing.assert_allclose(x[1], x[0], rtol=0, atol=1e-13)
    assert runs[1].provenance["coupling"] == "sparse"


def test_they_survive_a_file(networks, tmp_path):
    _, network = networks
    network.save(tmp_path / "net.safetensors")
    again = hn.load_parameters(tmp_path / "net.safetensors")
    assert sparse.issparse(again.w_rec)
    assert sparse.issparse(again.delays)
    assert again == network
    assert hash(again) == hash(network)
    other = network.replace(w_rec=2 * network.w_rec)
    assert other != network
    assert (other.delays != network.delays).nnz == 0
    assert "connections, delays 1..4 steps" in repr(network)


def test_they_are_frozen(networks):
    _, network = networks
    with pytest.raises(ValueError, match="read-only"):
        network.w_rec.data[0] = 1.0


def test_explicit_zeros_are_no_connections():
    w = sparse.csr_array(([0.0, 1.0], ([0, 1], [1, 2])), shape=(3, 3))
    params = hn.effenberger_2025(3, seed=1).replace(w_rec=w)
    assert params.w_rec.nnz == 1


def test_the_twin_trains_the_connections_that_are_there(networks):
    dense, network = networks
    inputs = torch.rand(2, 30, 1, dtype=torch.float64)
    twins = [hn.HornNetwork(p, "analytic", dtype=torch.float64) for p in (dense, network)]
    logits = [twin(inputs).logits for twin in twins]
    torch.testing.assert_close(logits[1], logits[0])
    logits[1].sum().backward()
    gradient = twins[1].w_rec.grad.numpy()
    assert (gradient[dense.w_rec == 0] == 0).all()
    assert (gradient[dense.w_rec != 0] != 0).all()
    with torch.no_grad():
        twins[1].w_rec -= 0.1 * twins[1].w_rec.grad
    trained = twins[1].to_parameters()
    assert sparse.issparse(trained.w_rec)
    assert trained.w_rec.nnz == network.w_rec.nnz
    assert (trained.delays != network.delays).nnz == 0


def test_large_ones_are_never_made_dense(monkeypatch):
    """20,000 units on a ring: a dense matrix would take 3.2 GB."""
    n = 20_000
    ring = sparse.diags_array([0.1, 0.1], offsets=[-1, 1], shape=(n, n), format="csr")
    small = hn.effenberger_2025(2, seed=1)
    constants = {name: np.full(n, getattr(small, name)[0]) for name in ("omega", "gamma", "alpha")}
    params = hn.HornParameters(
        **constants,
        w_in=np.ones((n, 1)),
        w_rec=ring,
        w_out=np.ones((1, n)),
        delays=3 * ring.astype(bool),
    )
    monkeypatch.setattr(sparse.csr_array, "toarray", None)
    recording = hn.simulate(params, np.ones((10, 1)), record=(), device="numpy")
    assert recording.final_state.past_y.shape == (1, 2, n)
    assert np.ptp(recording.final_state.y[0, 100:-100]) < 1e-15
    assert params.fingerprint
    with pytest.raises(ValueError, match="w_rec is sparse, of 20000 units; the twin trains dense"):
        hn.HornNetwork(params)
    with pytest.raises(ValueError, match="coupling = 'dense', but w_rec is sparse"):
        hn.simulate(params, 10, coupling="dense", device="numpy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"w_rec": sparse.csr_array((3, 4))}, r"w_rec has shape \(3, 4\)"),
        ({"w_rec": sparse.diags_array([np.nan, 1.0, 1])}, "w_rec has entries that are not finite"),
        ({"delays": sparse.diags_array([1.0, 2, 0])}, r"delays\[2, 2\] = 0.0.*wherever there is"),
        ({"delays": sparse.diags_array([1.0, 1.5, 1])}, r"delays\[1, 1\] = 1.5"),
        ({"delays": np.ones((2, 2))}, r"delays has shape \(2, 2\)"),
    ],
)
def test_what_cannot_be(changes, message):
    params = hn.effenberger_2025(3, seed=1).replace(w_rec=sparse.eye_array(3))
    with pytest.raises(ValueError, match=message):
        params.replace(**changes)
