"""The native backend where it goes its own way: delays, lengths, absent weights, threads."""

import functools

import pytest
import torch

import horn_neuro as hn
from horn_neuro.twin.cell import Coefficients, run_reference
from horn_neuro.twin.native import matrix_unit, run_native
from tests.twin.test_backends import make, outputs_and_gradients

pytestmark = pytest.mark.compiler


def native(*given, threads=1, **options):
    """Outputs and gradients with a number of threads, which only this backend gets."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        run = functools.partial(run_native, **options)
        return outputs_and_gradients(run, *given)
    finally:
        torch.set_num_threads(before)


def assert_equal(found, expected, tolerance=1e-10):
    for a, b in zip((*expected[0], *expected[1]), (*found[0], *found[1]), strict=True):
        assert (a - b).abs().max() <= tolerance * max(a.abs().max(), 1e-3)


def case(delays, n_steps=40, batch=5, n=7, dtype=torch.float64):
    """A network with a function's delays, some of which reach back before the sequence."""
    tensors, h, _ = make(n_steps, batch, n, 2, longest=delays.max(), dtype=dtype)
    return tensors, h, delays


def drawn(n, *values):
    """Delays out of some values, each of which occurs."""
    rng = torch.Generator().manual_seed(n)
    delays = torch.tensor(values)[torch.randint(len(values), (n, n), generator=rng)]
    delays.view(-1)[: len(values)] = torch.tensor(values)
    return delays


CASES = {
    "equal": (torch.full((7, 7), 3), 40, 5),
    "longest of the past unused": (drawn(7, 2, 9), 40, 5),
    "1 to 20, several tiles": (drawn(33, *range(1, 21)), 50, 37),
    "longer than the sequence": (drawn(9, 1, 4, 8, 30), 12, 3),
    "one step": (drawn(5, 1, 2, 3), 1, 18),
    "lines that move": (drawn(6, 1, 7, 16, 90), 300, 2),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_delays_equal_the_reference(name, dtype):
    delays, n_steps, batch = CASES[name]
    given = case(delays, n_steps, batch, len(delays), dtype)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    expected = outputs_and_gradients(run_reference, *given, True)
    for threads in (1, 2):
        assert_equal(native(*given, True, threads=threads), expected, tolerance)
    expected = outputs_and_gradients(run_reference, *given, False)
    assert_equal(native(*given, False), expected, tolerance)


def absent(weights, kind):
    n = len(weights)
    if kind == "everywhere":
        return torch.zeros_like(weights)
    if kind == "stack":  # the lower units hear nothing of the upper ones
        weights[: n // 3, n // 3 :] = 0
    if kind == "sparse":
        rng = torch.Generator().manual_seed(2)
        weights[torch.rand(n, n, generator=rng) < 0.9] = 0
    return weights


@pytest.mark.parametrize("kind", ["everywhere", "stack", "sparse"])
@pytest.mark.parametrize("delayed", [False, True], ids=["undelayed", "delayed"])
def test_weights_of_zero_have_their_gradient(delayed, kind):
    tensors, h, delays = make(30, 4, 35, 1, longest=12 if delayed else 1)
    tensors[6] = absent(tensors[6], kind)
    expected = outputs_and_gradients(run_reference, tensors, h, delays, False)
    assert_equal(native(tensors, h, delays, False), expected)
    assert (expected[1][-5][tensors[6] == 0] != 0).all()


@pytest.mark.parametrize("keep", [False, "positions", True])
@pytest.mark.parametrize("longest", [1, 6])
def test_lengths_are_as_if_each_ran_alone(longest, keep):
    lengths = torch.randint(1, 41, (37,), generator=torch.Generator().manual_seed(3))
    lengths[:3] = torch.tensor([1, 2, 40])
    tensors, h, delays = make(40, 37, 9, 2, longest)

    def reference(inputs, x, y, past, *rest):
        def alone(k, length):
            one = slice(k, k + 1)
            out = run_reference(inputs[:length, one], x[one], y[one], past[:, one], *rest)
            return out[2:]

        ends = [alone(k, length) for k, length in enumerate(lengths.tolist())]
        xs, ys, *_ = run_reference(inputs, x, y, past, *rest)
        x, y, past = (torch.cat(parts, -2) for parts in zip(*ends, strict=True))
        return (xs if keep else None), (ys if keep is True else None), x, y, past

    given = tensors, h, delays, keep
    expected = outputs_and_gradients(reference, *given)
    for threads in (1, 2):
        assert_equal(native(*given, threads=threads, lengths=lengths), expected)


def test_what_follows_a_sequence_counts_for_nothing():
    tensors, h, delays = make(40, 3, 7, 2, 4)
    lengths = torch.tensor([40, 25, 10])
    first = native(tensors, h, delays, False, lengths=lengths)
    for row, length in enumerate(lengths):
        tensors[0][length:, row] = 9.0
    assert_equal(native(tensors, h, delays, False, lengths=lengths), first)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("longest", [1, 20])
def test_equal_runs_give_equal_bits(longest, threads):
    given = *make(50, 70, 20, 1, longest, dtype=torch.float32), True
    (a, b), (c, d) = native(*given, threads=threads), native(*given, threads=threads)
    assert all(torch.equal(first, second) for first, second in zip((*a, *b), (*c, *d), strict=True))


@pytest.fixture
def precision():
    before = torch.get_float32_matmul_precision()
    yield torch.set_float32_matmul_precision
    torch.set_float32_matmul_precision(before)


# Tails of steps, of units and of lanes, and odd numbers of units.
@pytest.mark.parametrize(("n_steps", "batch", "n"), [(1, 1, 1), (16, 70, 19), (33, 37, 70)])
@pytest.mark.parametrize(("name", "error"), [("high", 2**-13), ("medium", 2**-5)])
def test_products_of_shorter_numbers(precision, name, error, n_steps, batch, n):
    """Outputs and gradients have the errors that torch's precision of products allows."""
    tensors, h, _ = make(n_steps, batch, n, 2)
    exact = outputs_and_gradients(run_reference, tensors, h, None, True)
    precision(name)
    assert_equal(native(tensors, h, None, True), exact)  # those of float64 are never shorter
    given = [tensor.float() for tensor in tensors], h, None, True
    short = native(*given)
    assert_equal(short, exact, error)
    precision("highest")
    full = native(*given)
    differ = [not torch.equal(a, b) for a, b in zip(short[1], full[1], strict=True)]
    assert any(differ) == matrix_unit()


@pytest.mark.parametrize("threads", [1, 2])
def test_products_of_shorter_numbers_count_lengths(precision, threads):
    tensors, h, _ = make(30, 50, 20, 1, dtype=torch.float32)
    lengths = torch.arange(50) % 30 + 1
    precision("high")
    found = native(tensors, h, None, True, lengths=lengths, threads=threads)
    precision("highest")
    assert_equal(found, native(tensors, h, None, True, lengths=lengths), 2**-13)


@pytest.mark.parametrize("which", range(5))
def test_gradients_of_one_output_only(which):
    """What no loss asks for is no gradient of zeros."""
    tensors, h, delays = make(20, 3, 6, 1, 5)

    def loss(run):
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        out = run(*leaves[:4], Coefficients(*leaves[4:]), h, delays, True)[which]
        found = torch.autograd.grad(out.pow(2).sum(), leaves, materialize_grads=True)
        return [out], found

    assert_equal(loss(run_native), loss(run_reference))


@pytest.mark.parametrize("wrong", [0, 5])
def test_delays_that_the_past_does_not_reach_are_refused(wrong):
    tensors, h, delays = make(20, 3, 6, 1, 4)
    delays[0, 0] = wrong
    with pytest.raises(ValueError, match="delays: [01] to [45] steps; this past suits 1 to 4"):
        run_native(*tensors[:4], Coefficients(*tensors[4:]), h, delays, False)


@pytest.mark.parametrize(
    ("readout", "options", "keep"),
    [
        ("last", {}, False),
        ("last", {"lengths": [3, 5]}, False),
        ("every", {"lengths": [3, 5]}, "positions"),
        ("every", {"record": True}, True),
    ],
)
def test_networks_ask_for_no_more_steps_than_they_read(monkeypatch, readout, options, keep):
    asked = []

    def spy(*given, **named):
        asked.append(given[-1])
        return run_native(*given, **named)

    monkeypatch.setattr("horn_neuro.twin.native.run_native", spy)
    network = hn.HornNetwork(hn.effenberger_2025(4, seed=1), "native", readout=readout)
    out = network(torch.rand(2, 5, 1), **options)
    assert asked == [keep]
    assert out.logits.shape[:-1] == ((2,) if readout == "last" else (2, 5))
