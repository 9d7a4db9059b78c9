"""The ways to run a network in torch, and the choice between them."""

import functools
import warnings

from horn_neuro.twin.analytic import run_analytic
from horn_neuro.twin.cell import run_reference
from horn_neuro.twin.graph import run_graph

__all__ = ["BACKENDS", "choose_backend"]

BACKENDS = ("auto", "reference", "analytic", "native", "cuda_graph")


@functools.lru_cache
def _notice(problem):
    warnings.warn(
        f"HornNetwork uses the analytic backend, which is slower than native: {problem}",
        stacklevel=4,
    )


def choose_backend(name, inputs, delays, coupling=None):
    """Return the function that runs a network on some inputs.

    Parameters
    ----------
    name : 'auto' | 'reference' | 'analytic' | 'native' | 'cuda_graph'
        The wish. 'auto' takes native on a CPU, and analytic on other devices and, with
        one notice, where native cannot be compiled. It never takes cuda_graph, which
        is analytic where nothing can be captured, as on a CPU.
    inputs : Tensor
        The sequence, for its device and dtype.
    delays : Tensor | None
        The delays of the network.
    coupling : DiffusiveCoupling | None
        Coupling of positions, which only the reference knows.

    Returns
    -------
    run : callable
        With the arguments of `run_reference`, and lengths as in `run_native`.

    Raises
    ------
    ValueError
        If the name is unknown, native is asked for on another device or dtype, or a
        backend other than the reference for coupled positions.
    RuntimeError
        If native is asked for and cannot be compiled.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend = {name!r}: choose one of {', '.join(BACKENDS)}")
    if coupling is not None and name not in ("auto", "reference"):
        raise ValueError(
            f"backend {name!r} knows no DiffusiveCoupling; use backend='reference', or 'auto'"
        )
    if name == "reference" or coupling is not None:
        return run_reference
    if name == "cuda_graph":
        return run_graph
    suits = inputs.device.type == "cpu" and str(inputs.dtype) in ("torch.float32", "torch.float64")
    if name == "native" and not suits:
        raise ValueError(
            f"backend 'native' runs float32 and float64 on a CPU, not {inputs.dtype} on "
            f"{inputs.device}; use backend='analytic'"
        )
    if name == "analytic" or not suits:
        return run_analytic
    from horn_neuro.twin.native import native_problem, run_native

    problem = native_problem()
    if problem is None:
        return run_native
    if name == "native":
        raise RuntimeError(f"backend 'native': {problem}; or use backend='analytic'")
    _notice(problem)
    return run_analytic
