"""Constructors, whatever they are given: what was meant, or a refusal that names the argument."""

import numpy as np
import pytest
import torch
from disguises import EXTREMES, FOREIGN, SPARSE, content, disguised, untouched
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import horn_neuro as hn
from horn_neuro import datasets, parameters, recording, simulator

SMALL = hn.effenberger_2025(2, 1, 2, seed=1)
ONES, HALF = np.ones((2, 2)), np.full((2, 2), 0.5)


def rng():
    return np.random.default_rng(1)


def swap(weights):
    return np.array([[0.0, weights], [weights, 0.0]])


# What is called, with arguments that are right. Every one of these is replaced by others in turn.
CALLS = {
    "HornParameters": (
        hn.HornParameters,
        {
            "omega": np.array([0.25, 0.5]),
            "gamma": np.array([0.125, 0.25]),
            "alpha": np.array([0.5, 1.0]),
            "w_in": np.array([[1.0], [-1.0]]),
            "w_rec": np.array([[0.0, 1.0], [-2.0, 0.5]]),
            "w_out": np.array([[0.5, 1.0]]),
            "b_in": np.array([0.0, 1.0]),
            "b_rec": np.array([0.0, 1.0]),
            "b_out": np.array([0.5]),
            "feedback": np.array([0.0, -1.0]),
            "delays": np.array([[0, 1], [3, 2]]),
            "layer": np.array([0, 1]),
            "positions": np.array([[0.0, 0.0], [1.0, 2.0]]),
            "h": 0.5,
            "step": 0.0625,
        },
    ),
    "effenberger_2025": (
        hn.effenberger_2025,
        {
            "n_units": 2,
            "n_inputs": 1,
            "n_outputs": 2,
            "heterogeneous": True,
            "omega": 0.25,
            "gamma": 0.125,
            "alpha": 0.5,
            "seed": 3,
        },
    ),
    "uniform_multiple": (
        parameters.uniform_multiple,
        {"base": 2.0, "size": 3, "rng": rng, "low": 0.5, "high": 2.0},
    ),
    "log_uniform": (parameters.log_uniform, {"low": 0.5, "high": 2.0, "size": (2, 1), "rng": rng}),
    "truncated_normal": (
        parameters.truncated_normal,
        {"mean": 1.0, "std": 0.5, "low": 0.0, "high": 2.0, "size": 2, "rng": rng},
    ),
    "constant_delays": (parameters.constant_delays, {"n_units": 2, "delay": 3}),
    "uniform_delays": (
        parameters.uniform_delays,
        {"n_units": 2, "low": 1, "high": 4, "rng": rng},
    ),
    "distance_delays": (
        parameters.distance_delays,
        {"distances": np.array([[1.0, 2.0], [4.0, 1.0]]), "velocity": 0.5},
    ),
    "dense_gaussian": (parameters.dense_gaussian, {"n_units": 2, "std": 1.0, "rng": rng}),
    "sparse_random": (
        parameters.sparse_random,
        {"n_units": 2, "density": 0.5, "std": 1.0, "rng": rng},
    ),
    "laplacian": (parameters.laplacian, {"w": swap(0.5)}),
    "shuffled": (parameters.shuffled, {"matrix": swap(0.5), "rng": rng}),
    "is_stable": (parameters.is_stable, {"omega": np.array([0.5]), "gamma": 0.25, "h": 1.0}),
    "generator": (parameters.generator, {"seed": 1, "source": "kicks"}),
    "stack": (
        hn.stack,
        {"layers": [SMALL, SMALL], "forward": HALF, "backward": HALF, "forward_delays": 2},
    ),
    "State": (hn.State, {"x": ONES, "y": ONES, "past_y": np.ones((2, 1, 2))}),
    "State.random": (
        hn.State.random,
        {"n_trials": 2, "n_units": 2, "std": 0.5, "rng": rng},
    ),
    "PoissonKicks": (
        hn.PoissonKicks,
        {"rate": np.array([1.0, 2.0]), "amplitude": 0.5, "marks": "signed"},
    ),
    "DrawnKicks": (hn.DrawnKicks, {"values": np.ones((1, 2, 2))}),
    "SpikeCoupling": (
        simulator.SpikeCoupling,
        {"charge": np.array([0.5, 1.0]), "damping": 0.25, "graded": False},
    ),
    "DiffusiveCoupling": (
        hn.DiffusiveCoupling,
        {"weights": swap(0.25), "delays": np.array([[0, 1], [3, 2]])},
    ),
    "CovarianceRule": (
        hn.CovarianceRule,
        {"rate": 1.0, "gain": 0.5, "shift": 0.5, "bound": 2.0, "memory": 4.0},
    ),
    "PhaseRule": (hn.PhaseRule, {"rate": 1.0, "gain": 0.5, "shift": 0.5, "bound": 2.0}),
    "HornNetwork": (
        hn.HornNetwork,
        {
            "params": SMALL,
            "backend": "analytic",
            "batch_first": True,
            "readout": "last",
            "learn": ("w_rec",),
            "dtype": torch.float64,
            "coupling": None,
        },
    ),
    "Sequences": (
        datasets.Sequences,
        {
            "inputs": np.ones((2, 3, 1)),
            "labels": np.array([1, 0]),
            "lengths": np.array([3, 2]),
            "classes": ("no", "yes"),
            "step": 0.25,
            "channels": ("a",),
            "task": "smnist",
            "source": "here",
            "checksum": "0",
        },
    ),
    "SpikeTrains": (
        recording.SpikeTrains,
        {
            "trial": np.array([0, 1]),
            "unit": np.array([1, 1]),
            "sample": np.array([0, 4]),
            "shape": (2, 2, 5),
            "interval": 0.5,
        },
    ),
}
# Free texts and values that have no rule.
FREE = {("Sequences", name) for name in ("classes", "channels", "task", "source", "checksum")}
ARGUMENTS = [
    (call, name)
    for call, (_, values) in CALLS.items()
    for name in values
    if (call, name) not in FREE
]
# Where the words speak of something else by its name.
ALSO = {"omega": "unit", "gamma": "unit", "h": "unit", "high": "low", "layers": "layer"}
INTEGRAL = {"labels", "lengths", "layer", "trial", "unit", "sample"}


def result_of(call, values):
    """Call with generators that are new, and leave the other values untouched."""
    made = {name: rng() if value is rng else value for name, value in values.items()}
    seen = {name: value for name, value in made.items() if name != "rng"}
    with untouched(**seen):
        return CALLS[call][0](**made)


def numbers_of(result):
    """Return what a result consists of, sparse arrays as dense ones."""
    if sparse.issparse(result):
        return result.toarray().tolist()
    if isinstance(result, np.ndarray | np.bool_):
        return result.tolist()
    if isinstance(result, hn.HornParameters):
        values = {name: getattr(result, name) for name in result.__dataclass_fields__}
        if result.delays is not None:  # as kept by sparse connections
            there = (result.w_rec.toarray() if sparse.issparse(result.w_rec) else result.w_rec) != 0
            delays = values["delays"]
            values["delays"] = there * (delays.toarray() if sparse.issparse(delays) else delays)
        return {name: numbers_of(value) for name, value in values.items() if name != "provenance"}
    if isinstance(result, hn.State):
        return {name: numbers_of(result[name]) for name in result}
    if isinstance(result, torch.nn.Module):
        return numbers_of(result.to_parameters())
    if isinstance(result, np.random.Generator):
        return result.random()
    if isinstance(result, hn.DiffusiveCoupling):
        connections = result.connections
        return [numbers_of(getattr(connections, k)) for k in ("post", "pre", "weights", "delay")]
    fields = getattr(result, "__dataclass_fields__", None)
    return {name: numbers_of(getattr(result, name)) for name in fields} if fields else result


@given(data=st.data(), call=st.sampled_from(list(CALLS)))
def test_every_form_of_the_same_numbers_is_the_same(data, call):
    values = dict(CALLS[call][1])
    for name, value in values.items():
        if isinstance(value, float | int) and not isinstance(value, bool):
            kinds = [type(value), np.asarray, type(np.asarray(value)[()]), torch.tensor]
            values[name] = data.draw(st.sampled_from(kinds))(value)
        elif isinstance(value, np.ndarray) and name in INTEGRAL:
            kinds = [np.int16, np.uint32, ">i8", np.uint8]
            values[name] = value.astype(data.draw(st.sampled_from(kinds)))
        elif isinstance(value, np.ndarray):
            too = name in ("w_rec", "delays", "weights", "w", "distances")
            values[name] = data.draw(disguised(value.astype(float), sparse_too=too), label=name)
    found, expected = result_of(call, values), result_of(call, CALLS[call][1])
    assert numbers_of(found) == numbers_of(expected)


def odd_values(value):
    """Draw what may stand in the place of an argument: others, or its numbers with one changed."""
    changed = []
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        for extreme in EXTREMES:
            array = value.copy()
            array.flat[-1] = extreme
            changed += [array, SPARSE["csr_array"](array)] if array.ndim == 2 else [array]
        changed += [value[:0], value[..., None], value[0], value.T[:1]]
    shared = [-1, 0, 1, 2, 0.5, 2**31, 2**63, True, "auto", (), [], (1, 0), swap(1.0), SMALL]
    return st.sampled_from([*EXTREMES, *FOREIGN, *shared, *changed])


@given(data=st.data(), argument=st.sampled_from(ARGUMENTS))
def test_other_values_are_refused_by_name_or_meant(data, argument):
    call, name = argument
    odd = data.draw(odd_values(CALLS[call][1][name]), label=name)
    if isinstance(odd, int) and odd > 2**20 and name.startswith("n_"):
        odd = 2**31  # and not as much memory as there may be
    values = {**CALLS[call][1], name: odd}
    try:
        result = result_of(call, values)
    except ValueError as error:
        words = str(error)
        assert name in words or (name in ALSO and ALSO[name] in words), words
    else:
        if call != "State":  # which is looked at where a simulation starts
            assert "nan" not in str(content(numbers_of(result))).lower()


@pytest.mark.parametrize("call", CALLS)
def test_what_is_right_is_taken(call):
    assert numbers_of(result_of(call, CALLS[call][1])) == numbers_of(
        result_of(call, CALLS[call][1])
    )
