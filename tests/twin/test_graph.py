"""The analytic backend as a graph: captured and replayed on a CPU by a stand-in, and on a GPU."""

import functools
import gc
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import horn_neuro as hn
from horn_neuro.twin import graph as graph_module
from horn_neuro.twin.backends import choose_backend
from horn_neuro.twin.cell import Coefficients, run_reference
from horn_neuro.twin.graph import CudaCapture, GraphRunner, run_graph
from horn_neuro.twin.network import WEIGHTS

# What makes the host wait for the device, or brings values of the host along.
REFUSED = (
    *("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "_unique2", "unique_dim"),
    *("equal", "lift_fresh", "repeat_interleave", "index_put_"),
)


class Tape(TorchDispatchMode):
    """What a CUDA graph does, on a CPU: records operations, and repeats them on the same memory.

    As with a CUDA graph, a replay runs no line of Python of the function: numbers and
    branches stay as they were, only the contents of tensors are read anew. Recording
    leaves no results behind, and memory that is not written holds nothing of use.
    """

    def __init__(self, device):
        super().__init__()
        self.device = device

    @staticmethod
    def place(device):
        return 0

    def __call__(self, function):
        function()
        self.operations = []
        with self:
            result = function()
        for operation in self.operations:
            spoil(operation)
        return lambda operations=self.operations: [again(o) for o in operations], result

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.name().removeprefix("aten::").partition(".")[0]
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        masked = name == "index" and any(t.dtype == torch.bool for t in tensors[1:])
        if name in REFUSED or masked:
            raise RuntimeError(f"{name} cannot be captured: it makes the host wait")
        places = {t.device for t in tensors} | {kwargs.get("device") or self.device}
        if places != {self.device}:
            raise RuntimeError(f"{name} cannot be captured: it copies between devices")
        out = func(*args, **kwargs)
        self.operations.append((func, args, kwargs, out))
        return out


def makes_memory(func):
    return not func.is_view and not func._schema.is_mutable


def spoil(operation):
    func, _, _, out = operation
    if makes_memory(func):
        out.fill_(float("nan") if out.is_floating_point() else 0)


def again(operation):
    func, args, kwargs, out = operation
    if "empty" in func.name():
        spoil(operation)
    elif makes_memory(func):
        out.copy_(func(*args, **kwargs))
    elif not func.is_view:
        func(*args, **kwargs)


CAPTURES = [
    pytest.param((Tape, "cpu"), id="tape"),
    pytest.param((CudaCapture, "cuda"), id="cuda", marks=pytest.mark.gpu),
]


@pytest.fixture(params=CAPTURES)
def setting(request):
    """A runner without graphs, and the device of its tensors."""
    capture, device = request.param
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("this torch is built without CUDA")
    return GraphRunner(capture), torch.device(device)


def make(device, n_steps=20, batch=3, n=5, n_inputs=2, longest=1, dtype=torch.float64, seed=0):
    """Tensors of a network, as in `run_reference`, with its delays."""
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape, std=0.3):
        return (std * torch.randn(*shape, generator=rng, dtype=torch.float64)).to(device, dtype)

    def around(value):
        return value * (1 + normal(n).tanh())

    tensors = [
        normal(n_steps, batch, n_inputs, std=1.0),
        *(normal(batch, n), normal(batch, n), normal(longest - 1, batch, n)),
        *(normal(n, n_inputs, std=1.0), normal(n), normal(n, n, std=n**-0.5)),
        *(1 - around(0.02), around(0.08), around(0.06), normal(n)),
    ]
    delays = torch.randint(1, longest + 1, (n, n), generator=rng).to(device)
    return tensors, delays if longest > 1 else None


def call(run, tensors, delays, keep):
    return run(*tensors[:4], Coefficients(*tensors[4:]), 0.8, delays, keep)


def loss_of(out):
    rng = torch.Generator().manual_seed(1)
    there = [tensor for tensor in out if tensor is not None and tensor.numel()]
    return sum((torch.randn(t.shape, generator=rng).to(t) * t).sum() for t in there)


def results(run, tensors, delays, keep, wanted=range(11)):
    """All outputs and gradients."""
    tensors = [t.detach().clone().requires_grad_(k in wanted) for k, t in enumerate(tensors)]
    out = call(run, tensors, delays, keep)
    there = [tensor for tensor in tensors if tensor.requires_grad and tensor.numel()]
    gradients = torch.autograd.grad(loss_of(out), there)
    return [tensor for tensor in out if tensor is not None], gradients


def assert_equal(found, expected, tolerance=1e-10):
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert not b.numel() or (a - b).abs().max() <= tolerance * b.abs().max()


def assert_same_results(run, case, keep, wanted=range(11), tolerance=1e-10):
    found, expected = (results(r, *case, keep, wanted) for r in (run, run_reference))
    assert_equal(found[0], expected[0], tolerance)
    assert_equal(found[1], expected[1], tolerance)


@pytest.fixture
def no_eager(monkeypatch):
    """Fail where the eager form runs."""

    def refuse(*args):
        raise AssertionError("not captured")

    monkeypatch.setattr(graph_module, "run_analytic", refuse)


@pytest.fixture
def eager_calls(monkeypatch):
    """Count the calls of the eager form."""
    calls, run = [], graph_module.run_analytic
    monkeypatch.setattr(graph_module, "run_analytic", lambda *a: calls.append(1) or run(*a))
    return calls


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


def test_a_second_derivative_is_refused(setting, no_eager):
    run, device = setting
    tensors, delays = make(device)
    weights = tensors[6].requires_grad_()
    x = call(run, tensors, delays, False)[2]
    with pytest.raises(RuntimeError, match="no second derivatives.*use backend='reference'"):
        torch.autograd.grad(x.sum(), weights, create_graph=True)


@pytest.mark.parametrize(
    "function",
    [
        lambda t: bool(t.any()),
        lambda t: t.sum().item(),
        lambda t: t[t > 0],
        lambda t: torch.masked_select(t, t > 0),
        lambda t: t.unique(),
        lambda t: t + torch.tensor([1.0]),
        lambda t: t.to("meta"),
        lambda t: torch.ones(2, device="meta"),
    ],
)
def test_the_stand_in_refuses_what_cannot_be_captured(function):
    with pytest.raises(RuntimeError, match="cannot be captured"):
        Tape(torch.device("cpu"))(lambda: function(torch.zeros(3)))


def test_the_stand_in_forgets_and_repeats():
    """It shows numbers that were captured, results that were not replayed, and unset memory."""
    given, factor = torch.ones(3), [2.0]
    replay, (out, unset) = Tape(given.device)(
        lambda: (given * factor[0] + given, given.new_empty(2))
    )
    assert out.isnan().all()
    factor[0] = 5.0
    given.fill_(4.0)
    replay()
    assert out.tolist() == [12.0] * 3  # by the captured factor
    assert unset.isnan().all()


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
