"""The analytic backend as a graph, on a CPU by the stand-in and on a GPU; and a short task."""

import pytest
import torch
from graph_on_cpu import Tape
from short_training import two_sines

from horn_neuro.twin import graph as graph_module
from horn_neuro.twin.graph import CudaCapture, GraphRunner

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


@pytest.fixture
def task():
    """Two classes of short sequences."""
    return two_sines()
