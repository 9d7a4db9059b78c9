"""Values at the door: quantities by their dimension, numbers of NumPy and torch as numbers."""

import brian2 as b2
import numpy as np
import pytest
import torch
from scipy import sparse

import horn_neuro as hn
from horn_neuro.simulator import SpikeCoupling

PARAMS = hn.effenberger_2025(4, seed=1)
RULE = {"rate": 1 * b2.Hz, "memory": 500 * b2.ms}


def test_right_dimensions_are_taken_in_si_units():
    assert PARAMS.replace(step=0.5 * b2.ms).step == 5e-4
    assert hn.PoissonKicks(0.02 * b2.kHz, 0.1).rate == pytest.approx(20)
    rule = hn.CovarianceRule(**RULE)
    assert (rule.rate, rule.memory) == (1.0, 0.5)
    assert hn.State(b2.Quantity([1.0, 2.0]), [0, 0]).x.tolist() == [1, 2]
    tensor = torch.rand(4)  # tensors have a method called dim
    assert (PARAMS.replace(alpha=tensor).alpha == tensor.numpy()).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PARAMS.replace(omega=0.2 * b2.volt), "omega = .*V: give a plain number"),
        (lambda: PARAMS.replace(gamma=5 * b2.Hz), "gamma = .*Hz: give a plain number"),
        (lambda: PARAMS.replace(h=1 * b2.second), "h = .*s: give a plain number"),
        (
            lambda: PARAMS.replace(w_in=np.ones((4, 1)) * b2.mV),
            "w_in = an array in .*: give a plain number",
        ),
        (lambda: PARAMS.replace(step=3 * b2.mV), "step = .*V: give a duration, such as 1.ms"),
        (lambda: hn.PoissonKicks(20 * b2.ms, 0.1), "kicks: rate = .*s: give a rate, such as"),
        (lambda: hn.PoissonKicks(20.0, 5 * b2.mV), "kicks: amplitude = .*V: give a plain"),
        (lambda: hn.DrawnKicks(np.zeros((1, 2, 4)) * b2.mV), "kicks: values = an array in"),
        (lambda: hn.CovarianceRule(rate=1 * b2.second), "CovarianceRule: rate = .*s: give a rate"),
        (lambda: hn.PhaseRule(1.0, bound=1 * b2.mV), "PhaseRule: bound = .*V: give a plain"),
        (lambda: SpikeCoupling(1 * b2.mV, 0.1), "spike coupling: charge = .*V"),
        (lambda: hn.DiffusiveCoupling(np.zeros((4, 4)) * b2.Hz), "diffusive coupling: weights = "),
        (lambda: hn.State(np.zeros(4) * b2.mV, np.zeros(4)), "state: x = an array in"),
        (lambda: hn.simulate(PARAMS, np.ones((5, 1)) * b2.mV), "stimulus = an array in"),
        (lambda: hn.simulate(PARAMS, 5, spike_threshold=1 * b2.mV), "spike_threshold = .*V"),
        (lambda: PARAMS.replace(omega=4 * [0.2 * b2.volt]), "omega = .*V: give a plain number"),
        (lambda: PARAMS.replace(delays=np.ones((4, 4)) * b2.ms), "delays = an array in"),
        (lambda: PARAMS.replace(layer=np.zeros(4) * b2.ms), "layer = an array in"),
        (lambda: PARAMS.replace(provenance={"delay": 2 * b2.ms}), "provenance: .*ms: give a plain"),
    ],
)
def test_other_dimensions_are_refused(make, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, torch.tensor])
def test_numbers_of_numpy_and_torch_are_numbers(kind, tmp_path):
    recording = hn.simulate(PARAMS, 5, record="spikes", spike_threshold=kind(1), device="numpy")
    assert recording.provenance["spike_threshold"] == 1.0
    noted = PARAMS.replace(provenance={"std": kind(2), "all": [kind(1), np.arange(2)]})
    noted.save(tmp_path / "net.safetensors")
    again = hn.load_parameters(tmp_path / "net.safetensors")
    assert again.provenance == {"std": 2, "all": [1, [0, 1]]}


def test_provenance_that_no_file_can_hold():
    with pytest.raises(ValueError, match="provenance: .*give a dict of texts, numbers"):
        PARAMS.replace(provenance={"made by": test_other_dimensions_are_refused, "x": {1, 2}})


class Metres(float):
    """Like a quantity of astropy, pint or quantities."""

    unit = "m"


NUMBERS = [1j * np.ones(4), ["0.1"] * 4, None, np.ma.masked_less([1.0, 2, 3, 4], 2), "fast", {}]


@pytest.mark.parametrize("value", [*NUMBERS, [0.1, [0.2, 0.3], 0.1, 0.1]])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda value: PARAMS.replace(alpha=value), "alpha"),
        (lambda value: PARAMS.replace(delays=value if value is not None else "x"), "delays"),
        (lambda value: PARAMS.replace(h=value), "h"),
        (lambda value: PARAMS.replace(w_in=value), "w_in"),
    ],
)
def test_what_is_no_number(make, name, value):
    with pytest.raises(ValueError, match=f"^{name} (is|has|=)"):
        make(value)


def test_quantities_of_other_packages():
    with pytest.raises(ValueError, match="alpha = .*: give a plain number; of quantities, those"):
        PARAMS.replace(alpha=[Metres(1)] * 4)
    data = hn.simulate(PARAMS, 3, device="numpy").data  # an xarray may have such a name
    assert (PARAMS.replace(omega=data["omega"]).omega == PARAMS.omega).all()


def test_parameters_of_networks():
    parameter = torch.nn.Parameter(torch.full((4,), 0.1, dtype=torch.bfloat16))
    assert PARAMS.replace(alpha=parameter).alpha == pytest.approx(0.1, rel=1e-2)
    assert PARAMS.replace(b_rec=list(parameter)).b_rec.shape == (4,)


@pytest.mark.parametrize("sparse_weights", [False, True])
def test_absent_connections_have_no_delay(sparse_weights):
    w_rec = np.diag([0.0, 1, 2, 3])
    network = PARAMS.replace(w_rec=sparse.csr_array(w_rec) if sparse_weights else w_rec)
    delays = np.diag([0, 2, 3, 4])
    delayed = network.replace(delays=delays)
    assert delayed.max_delay == 4
    assert hn.simulate(delayed, 6, device="numpy").final_state.past_y.shape == (1, 3, 4)
    with pytest.raises(ValueError, match=r"delays\[0, 0\] = 0.*wherever there is a connection"):
        delayed.replace(w_rec=np.eye(4), delays=delays)
    with pytest.raises(ValueError, match=r"delays\[2, 2\] = 4294967297.* below 2\*\*31"):
        network.replace(delays=np.diag([0, 2, 2**32 + 1, 4]))
