"""Whose the memory of a graph is: outputs and gradients are the caller's, buffers take turns."""

import functools
import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from graph_on_cpu import assert_equal, assert_same_results, call, loss_of, make, results

from horn_neuro.twin.cell import run_reference


def test_outputs_and_gradients_are_the_callers(setting, no_eager):
    """A later call changes none of them."""
    run, device = setting
    first = results(run, *make(device, seed=0), True)
    before = [tensor.clone() for part in first for tensor in part]
    results(run, *make(device, seed=1), True)
    assert all(torch.equal(a, b) for a, b in zip([*first[0], *first[1]], before, strict=True))
    # They may be written, too.
    first[0][1].zero_()
    assert_same_results(run, make(device, seed=2), True)


def test_gradients_add_up(setting, no_eager):
    run, device = setting
    tensors, delays = make(device)
    weights = [tensors[k].requires_grad_() for k in (4, 5, 6)]
    expected = 0
    for k in range(3):
        inputs = [tensors[0] + k, *tensors[1:]]
        loss_of(call(run, inputs, delays, False)).backward()
        loss = loss_of(call(run_reference, inputs, delays, False))
        expected = expected + torch.autograd.grad(loss, weights[2])[0]
    assert_equal([weights[2].grad], [expected])


def test_buffers_in_use_are_left_alone(setting, eager_calls):
    """Two calls, then one backward pass through both, as in truncated backpropagation."""
    run, device = setting
    tensors, delays = make(device, longest=3)
    tensors = [tensor.requires_grad_() for tensor in tensors]

    def both(run):
        first = call(run, tensors, delays, True)
        second = call(run, [tensors[0] + 1, *first[2:], *tensors[4:]], delays, True)
        return torch.autograd.grad(loss_of(first) + loss_of(second), tensors)

    for k in range(2):
        assert_equal(both(run), both(run_reference))
        assert len(eager_calls) == k + 1


def test_buffers_are_free_after_the_backward_pass(setting, eager_calls):
    """Although the loss is still there, as it is in a training loop."""
    run, device = setting
    for seed in range(3):
        tensors, delays = make(device, seed=seed)
        tensors[6].requires_grad_()
        loss = loss_of(call(run, tensors, delays, False))
        loss.backward()
    assert not eager_calls
    loss = loss_of(call(run, tensors, delays, False))
    del loss
    gc.collect()
    call(run, tensors, delays, False)
    assert not eager_calls


def test_a_retained_graph_can_be_used_again(setting, eager_calls):
    """Also after another call, which leaves its buffers alone; not after it was let go."""
    run, device = setting
    tensors, delays = make(device)
    weights = tensors[6].requires_grad_()
    x = call(run, tensors, delays, False)[2]
    back = functools.partial(torch.autograd.grad, x, weights, torch.ones_like(x))
    first = back(retain_graph=True)[0]
    again = [back(retain_graph=True)[0]]
    other = call(run, [2 * tensors[0], *tensors[1:]], delays, False)
    assert len(eager_calls) == 1
    torch.autograd.grad(loss_of(other), weights)
    again.append(back()[0])
    assert all(torch.equal(first, gradient) for gradient in again)
    with pytest.raises(RuntimeError, match="second time"):
        back()


def test_threads_do_not_mix_their_numbers(setting, no_eager):
    run, device = setting
    cases = [make(device, 60, seed=seed) for seed in range(3)]

    def infer(case):
        with torch.no_grad():
            return call(run, *case, True)[1]

    expected = [infer(case) for case in cases]
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda k: (k % 3, infer(cases[k % 3])), range(60)):
            assert torch.equal(found[1], expected[found[0]])
