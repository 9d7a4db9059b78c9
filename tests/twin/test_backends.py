"""Every backend against the reference cell: outputs and every gradient."""

import numpy as np
import pytest
import torch

from horn_neuro.twin.analytic import run_analytic
from horn_neuro.twin.cell import Coefficients, run_reference

BACKENDS = ["analytic", pytest.param("native", marks=pytest.mark.compiler)]


def runner(name):
    if name == "analytic":
        return run_analytic
    from horn_neuro.twin.native import native_problem, run_native

    assert native_problem() is None
    return run_native


def make(n_steps=40, batch=5, n=7, n_inputs=2, longest=1, feedback=True, dtype=torch.float64):
    """Tensors of a network with nothing symmetric about it, and its step and delays."""
    rng = torch.Generator().manual_seed(n_steps + n)

    def normal(*shape, std=1.0):
        return std * torch.randn(*shape, generator=rng, dtype=torch.float64)

    def uniform(low, high):
        return low + (high - low) * torch.rand(n, generator=rng, dtype=torch.float64)

    h = 0.8
    tensors = [
        normal(n_steps, batch, n_inputs),
        *(normal(batch, n, std=0.3), normal(batch, n, std=0.3)),
        normal(longest - 1, batch, n, std=0.3),
        *(normal(n, n_inputs), normal(n, std=0.3), normal(n, n) / n**0.5),
        *(1 - 2 * h * uniform(0.005, 0.03), h * uniform(0.03, 0.2), h * uniform(0.1, 0.4) ** 2),
        normal(n, std=0.3) * feedback,
    ]
    delays = torch.randint(1, longest + 1, (n, n), generator=rng) if longest > 1 else None
    return [tensor.to(dtype) for tensor in tensors], h, delays


# Of what `make` returns: w_in, bias and w, which learn by default.
WEIGHTS = (4, 5, 6)


def outputs_and_gradients(run, tensors, h, delays, keep, wanted=range(11)):
    """All outputs, and the gradients of a random combination of them."""
    tensors = [tensor.clone().requires_grad_(k in wanted) for k, tensor in enumerate(tensors)]
    out = run(*tensors[:4], Coefficients(*tensors[4:]), h, delays, keep)
    out = [tensor for tensor in out if tensor is not None and tensor.numel()]
    rng = torch.Generator().manual_seed(0)
    loss = sum(
        (tensor * torch.randn(tensor.shape, generator=rng, dtype=torch.float64).to(tensor)).sum()
        for tensor in out
    )
    there = [tensor for tensor in tensors if tensor.numel() and tensor.requires_grad]
    return out, torch.autograd.grad(loss, there)


@pytest.mark.parametrize("feedback", [True, False], ids=["feedback", "no-feedback"])
@pytest.mark.parametrize("keep", [True, False], ids=["all-steps", "last-step"])
@pytest.mark.parametrize("longest", [1, 4], ids=["undelayed", "delayed"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_outputs_and_gradients_equal_the_reference(backend, dtype, longest, keep, feedback):
    case = make(longest=longest, feedback=feedback, dtype=dtype)
    expected = outputs_and_gradients(run_reference, *case, keep)
    found = outputs_and_gradients(runner(backend), *case, keep)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    for a, b in zip((*expected[0], *expected[1]), (*found[0], *found[1]), strict=True):
        assert (a - b).abs().max() <= tolerance * a.abs().max()


# Tails of steps, of units and of lanes, one of everything, and several tiles.
@pytest.mark.parametrize("wanted", [range(11), WEIGHTS], ids=["everything", "weights"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(
    ("n_steps", "batch", "n", "n_inputs"), [(1, 1, 1, 1), (16, 70, 19, 1), (33, 37, 36, 3)]
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_other_sizes(backend, n_steps, batch, n, n_inputs, dtype, wanted):
    case = make(n_steps, batch, n, n_inputs, dtype=dtype)
    expected = outputs_and_gradients(run_reference, *case, True, wanted)
    found = outputs_and_gradients(runner(backend), *case, True, wanted)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    for a, b in zip((*expected[0], *expected[1]), (*found[0], *found[1]), strict=True):
        assert (a - b).abs().max() <= tolerance * a.abs().max()


@pytest.mark.parametrize("longest", [1, 3])
@pytest.mark.parametrize("backend", ["reference", *BACKENDS])
def test_gradcheck(backend, longest):
    run = run_reference if backend == "reference" else runner(backend)
    tensors, h, delays = make(6, 2, 3, 1, longest)
    there = [tensor.requires_grad_() for tensor in tensors]

    def function(*given):
        out = run(*given[:4], Coefficients(*given[4:]), h, delays, True)
        return tuple(tensor for tensor in out if tensor.numel())

    assert torch.autograd.gradcheck(function, there, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_derivative_is_refused_and_the_reference_has_it(backend):
    tensors, h, delays = make(4, 2, 3, 1)
    weights = tensors[6].requires_grad_()

    def penalty(run):
        x = run(*tensors[:4], Coefficients(*tensors[4:]), h, delays, False)[2]
        (gradient,) = torch.autograd.grad(x.sum(), weights, create_graph=True)
        return torch.autograd.grad(gradient.pow(2).sum(), weights)

    with pytest.raises(RuntimeError, match="no second derivatives.*use backend='reference'"):
        penalty(runner(backend))
    assert penalty(run_reference)[0].abs().max() > 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_graph_can_be_used_twice(backend):
    tensors, h, delays = make(20)
    tensors = [tensor.requires_grad_() for tensor in tensors]
    x = runner(backend)(*tensors[:4], Coefficients(*tensors[4:]), h, delays, False)[2]
    first = torch.autograd.grad(x.sum(), tensors[6], retain_graph=True)[0]
    second = torch.autograd.grad(x.sum(), tensors[6])[0]
    assert torch.equal(first, second)


@pytest.mark.compiler
def test_the_number_of_threads_may_change_between_the_passes():
    case = make(20, 70, 9)
    tensors = [tensor.clone().requires_grad_() for tensor in case[0]]
    expected = outputs_and_gradients(run_reference, *case, False)[1]
    threads = torch.get_num_threads()
    try:
        for forward, backward in ((1, 2), (2, 1)):
            torch.set_num_threads(forward)
            x, y = runner("native")(*tensors[:4], Coefficients(*tensors[4:]), *case[1:], False)[2:4]
            torch.set_num_threads(backward)
            rng = torch.Generator().manual_seed(0)
            loss = sum(
                (t * torch.randn(t.shape, generator=rng, dtype=torch.float64)).sum() for t in (x, y)
            )
            there = [tensor for tensor in tensors if tensor.numel()]
            for a, b in zip(expected, torch.autograd.grad(loss, there), strict=True):
                assert (a - b).abs().max() <= 1e-10 * a.abs().max()
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("backend", BACKENDS)
def test_inference_keeps_nothing(backend):
    tensors, h, delays = make(50)
    with torch.no_grad():
        out = runner(backend)(*tensors[:4], Coefficients(*tensors[4:]), h, delays, False)
    assert out[:2] == (None, None)
    assert out[2].grad_fn is None
    expected = run_reference(*tensors[:4], Coefficients(*tensors[4:]), h, delays, False)
    assert np.allclose(out[2], expected[2], rtol=0, atol=1e-12)
