"""The analytic backend as CUDA graphs: all steps forwards are one launch, and all backwards.

torch's own `make_graphed_callables` is not enough: it hands out its buffers as gradients, so
that these do not add up (pytorch issue 181723), lets a second forward pass overwrite what the
backward pass of the first one needs, and has no graph for inference.
"""

import threading
import weakref

import torch

from horn_neuro.twin.analytic import (
    NAMES,
    Plan,
    backward_pass,
    forward_pass,
    refuse_second_derivative,
    run_analytic,
)
from horn_neuro.twin.state import with_lengths

__all__ = ["CudaCapture", "GraphRunner", "run_graph"]

# Graphs at a time; each keeps the memory of its passes.
LIMIT = 8


class CudaCapture:
    """Captures functions on a device, in one pool of memory and on one stream.

    The stream must be no other graph's: where one of them is destroyed, torch frees the
    workspace that cuBLAS has on it (pytorch issue 193402).

    Parameters
    ----------
    device : torch.device
        Of type cuda.
    """

    def __init__(self, device):
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    @staticmethod
    def place(device):
        """Return the stream in use on a device (int), or None where nothing can be captured."""
        if device.type != "cuda" or torch.cuda.is_current_stream_capturing():
            return None
        # Autocast converts weights, and keeps what it has converted.
        if torch.is_autocast_enabled("cuda"):
            return None
        return torch.cuda.current_stream(device).cuda_stream

    def __call__(self, function):
        """Capture a function, which is called twice.

        Parameters
        ----------
        function : callable
            Takes nothing, and makes no decision that depends on the value of a tensor.

        Returns
        -------
        replay : callable
            Does on the device what the function did, on the same memory.
        result
            What the function returned; filled by each replay.
        """
        with torch.cuda.device(self._stream.device):
            before = torch.cuda.current_stream()
            self._stream.wait_stream(before)
            # cuBLAS sets itself up at its first call, which cannot be captured.
            with torch.cuda.stream(self._stream):
                function()
            before.wait_stream(self._stream)
            graph = torch.cuda.CUDAGraph()
            # Other threads, such as those of a data loader, may go on allocating.
            mode = {"capture_error_mode": "thread_local"}
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, **mode):
                result = function()
        return graph.replay, result


class GraphRunner:
    """Runs networks by graphs, one for each combination of shapes.

    A graph has buffers of its own: what a network gives is copied in, and what it
    gets is copied out. Where nothing can be captured, or the buffers are still
    needed for the backward pass of an earlier call, `run_analytic` does the same.

    Parameters
    ----------
    capture : type
        `CudaCapture`, or a class with its methods.
    """

    def __init__(self, capture):
        self._capture = capture
        self._graphs = {}
        self._lock = threading.Lock()

    def __call__(self, *given, **options):
        """Step through a sequence; arguments and returns as in `run_reference`."""
        return with_lengths(self._run)(*given, **options)

    def _run(self, inputs, x, y, past, c, h, delays, keep):
        tensors = (inputs, x, y, past, *c, *(() if delays is None else (delays,)))
        place = self._capture.place(inputs.device)
        if place is not None:
            tracked = torch.is_grad_enabled()
            shapes = tuple(
                (t.shape, t.dtype, t.device, tracked and t.requires_grad) for t in tensors
            )
            with self._lock:
                out = self._graph((place, h, keep, shapes), inputs.device).run(tensors)
            if out is not None:
                return out if keep else (None, None, *out[2:])
        return run_analytic(inputs, x, y, past, c, h, delays, keep)

    def _graph(self, key, device):
        if key not in self._graphs:
            # All of them: torch has 32 streams and deals them in turn, so that one graph that is
            # used for ever could come to share its own with a new one.
            if len(self._graphs) >= LIMIT:
                self._graphs.clear()
            _, h, keep, shapes = key
            self._graphs[key] = _Graph(self._capture(device), h, keep, shapes, self._lock)
        return self._graphs[key]


run_graph = GraphRunner(CudaCapture)


class _Lease:
    """Lives as long as an autograd graph needs the buffers: it is among what that has saved."""

    def __init__(self, tensor):
        self.tensor = tensor


class _Graph:
    """The two passes for one combination of shapes, and their buffers."""

    # What is made in inference mode could not be written outside of it.
    @torch.inference_mode(False)
    @torch.no_grad()
    def __init__(self, capture, h, keep, shapes, lock):
        self._lock = lock
        self._lease = lambda: None
        self._given = [torch.zeros(s, dtype=d, device=at) for s, d, at, _ in shapes]
        self._needs = [needed for *_, needed in shapes[: len(NAMES)]]
        tensors, delays = self._given[: len(NAMES)], self._given[len(NAMES) :]
        ages = range(1, len(tensors[3]) + 2)

        def forwards():
            # Nothing may depend on values: every delay that there is room for, and feedback.
            masks = [(d, (delays[0] == d).to(tensors[0].dtype)) for d in ages] if delays else None
            plan = Plan(h, masks, True, keep, any(self._needs))
            return plan, *forward_pass(plan, *tensors)

        def backwards():
            return backward_pass(self._plan, self._needs, self._saved, *self._gradients)

        self._forwards, (self._plan, self._outputs, self._saved) = capture(forwards)
        if self._plan.track:
            self._gradients = [torch.zeros_like(output) for output in self._outputs]
            self._backwards, self._results = capture(backwards)

    def run(self, tensors):
        """Return the outputs, or None while an autograd graph needs the buffers."""
        if self._lease() is not None:
            return None
        if not self._plan.track:
            with torch.no_grad():
                return self.forward(tensors)
        with torch.autograd.graph.saved_tensors_hooks(self._pack, lambda lease: lease.tensor):
            return _Replay.apply(self, *tensors)

    def _pack(self, tensor):
        lease = _Lease(tensor)
        self._lease = weakref.ref(lease)
        return lease

    def forward(self, tensors):
        """Return copies of the outputs for some tensors."""
        for buffer, tensor in zip(self._given, tensors, strict=True):
            buffer.copy_(tensor)
        self._forwards()
        return tuple(output.clone() for output in self._outputs)

    def backward(self, gradients):
        """Return copies of the gradients of what was given."""
        with self._lock:
            for buffer, gradient in zip(self._gradients, gradients, strict=True):
                buffer.copy_(gradient)
            self._backwards()
            return [
                result.clone() if needed else None
                for result, needed in zip(self._results, self._needs, strict=True)
            ]


class _Replay(torch.autograd.Function):
    @staticmethod
    def forward(ctx, graph, *tensors):
        ctx.graph, ctx.n_delays = graph, len(tensors) - len(NAMES)
        ctx.save_for_backward(tensors[0].new_empty(0))  # becomes the lease
        return graph.forward(tensors)

    @staticmethod
    def backward(ctx, *gradients):
        refuse_second_derivative()
        _ = ctx.saved_tensors  # torch refuses where the lease has ended
        return None, *ctx.graph.backward(gradients), *[None] * ctx.n_delays
