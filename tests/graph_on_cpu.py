"""A stand-in for CUDA graphs that runs on a CPU, and cases for whoever is captured."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from horn_neuro.twin.cell import Coefficients, run_reference

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
