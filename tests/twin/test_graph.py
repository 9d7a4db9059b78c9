"""The analytic backend as a graph: captured and replayed on a CPU by a stand-in, and on a GPU."""

import itertools

import pytest
import torch
from graph_on_cpu import assert_equal, assert_same_results, call, loss_of, make

import horn_neuro as hn
from horn_neuro.twin import graph as graph_module
from horn_neuro.twin.backends import choose_backend
from horn_neuro.twin.cell import run_reference
from horn_neuro.twin.graph import run_graph
from horn_neuro.twin.network import WEIGHTS


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("longest", [1, 3], ids=["undelayed", "delayed"])
@pytest.mark.parametrize("keep", [True, False], ids=["all-steps", "last-step"])
def test_every_call_equals_the_reference(setting, no_eager, keep, longest, dtype):
    run, device = setting
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    for seed in range(3):
        case = make(device, longest=longest, dtype=dtype, seed=seed)
        assert_same_results(run, case, keep, tolerance=tolerance)
    assert len(run._graphs) == 1


def test_only_what_needs_a_gradient_gets_one(setting, no_eager):
    """By a graph that computes no other: weights alone, inputs alone, vectors alone."""
    run, device = setting
    for seed in range(2):
        for wanted in ((4, 5, 6), (0,), (9, 10)):
            assert_same_results(run, make(device, seed=seed), False, wanted)
    assert len(run._graphs) == 3


def test_shapes_take_turns(setting, no_eager):
    run, device = setting
    for seed in range(3):
        for shape in ((20, 3), (33, 2), (1, 1)):
            for keep in (True, False):
                assert_same_results(run, make(device, *shape, seed=seed), keep)
    assert len(run._graphs) == 6


def test_old_graphs_make_room(setting, no_eager):
    run, device = setting
    for n_steps in range(1, graph_module.LIMIT + 3):
        assert_same_results(run, make(device, n_steps), True)
        assert 1 <= len(run._graphs) <= graph_module.LIMIT
    assert_same_results(run, make(device, 1, seed=1), True)


def test_a_graph_that_made_room_still_goes_back(setting):
    run, device = setting
    tensors, delays = make(device, 7)
    tensors = [tensor.requires_grad_() for tensor in tensors]
    loss = loss_of(call(run, tensors, delays, True))
    for n_steps in range(10, 11 + graph_module.LIMIT):
        call(run, make(device, n_steps)[0], delays, True)
    wanted = [tensor for tensor in tensors if tensor.numel()]
    expected = torch.autograd.grad(loss_of(call(run_reference, tensors, delays, True)), wanted)
    assert_equal(torch.autograd.grad(loss, wanted), expected)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_inference(setting, no_eager, mode):
    run, device = setting
    for seed in range(2):
        tensors, delays = make(device, longest=3, seed=seed)
        tensors[6].requires_grad_()
        with mode():
            found = call(run, tensors, delays, True)
            expected = call(run_reference, tensors, delays, True)
        assert found[2].grad_fn is None
        assert_equal(found, expected)
    # The same graph, and its buffers, outside of inference mode.
    assert_equal(call(run, [t.detach() for t in tensors], delays, True), expected)
    assert_same_results(run, make(device, longest=3), True)


def test_a_replay_reads_the_present_values(setting, no_eager):
    """Of weights changed in place, also by ways that torch does not count, and of delays."""
    run, device = setting
    tensors, delays = make(device, longest=3)
    tensors[10].zero_()
    seen = []
    for change in (
        lambda: None,
        lambda: tensors[6].mul_(0.5),
        lambda: tensors[10].data.fill_(0.4),  # feedback, where there was none
        lambda: delays.data.copy_(4 - delays),
        lambda: delays.fill_(2),
    ):
        change()
        assert_same_results(run, (tensors, delays), True)
        seen.append(call(run, tensors, delays, True)[2])
    assert all((a - b).abs().max() > 1e-3 for a, b in itertools.pairwise(seen))


def test_a_second_derivative_is_refused(setting, no_eager):
    run, device = setting
    tensors, delays = make(device)
    weights = tensors[6].requires_grad_()
    x = call(run, tensors, delays, False)[2]
    with pytest.raises(RuntimeError, match="no second derivatives.*use backend='reference'"):
        torch.autograd.grad(x.sum(), weights, create_graph=True)


def test_a_network_trains_alike(setting, no_eager):
    """With the backend in place: its options, a partial last batch, an evaluation in between."""
    run, device = setting
    params = hn.effenberger_2025(n_units=6, n_outputs=3, heterogeneous=True, seed=1)
    learn = (*WEIGHTS, "omega", "gamma", "alpha", "feedback")
    twins = {
        name: hn.HornNetwork(params, name, learn=learn, dtype=torch.float64).to(device)
        for name in ("reference", "cuda_graph")
    }
    patch = pytest.MonkeyPatch()
    patch.setattr("horn_neuro.twin.backends.run_graph", run)
    with patch.context():
        losses = {name: train(twin, device) for name, twin in twins.items()}
    patch.undo()
    assert len(run._graphs) == 3
    assert losses["reference"][0] != losses["reference"][-1]
    assert torch.allclose(*map(torch.tensor, losses.values()), rtol=1e-9)


def train(twin, device):
    rng = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    losses = []
    for size in (4, 4, 3) * 2:
        inputs = torch.rand(size, 12, 1, generator=rng, dtype=torch.float64).to(device)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            twin(inputs).logits, torch.arange(size, device=device) % 3
        )
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            losses.append(twin(inputs[:2]).logits.sum().item())
    return losses


def test_where_nothing_can_be_captured_it_is_analytic(eager_calls):
    """On a CPU, that is; and nobody takes it unasked."""
    assert choose_backend("cuda_graph", torch.zeros(1), None) is run_graph
    assert choose_backend("auto", torch.zeros(1, device="meta"), None) is not run_graph
    assert_same_results(run_graph, make(torch.device("cpu"), longest=3), True)
    assert len(eager_calls) == 1
    assert not run_graph._graphs
