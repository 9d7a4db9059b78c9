"""Networks from what is measured: frequencies in Hz, times in ms, weights as they are."""

import numpy as np
from scipy import sparse

from horn_neuro._quantities import floats, plain
from horn_neuro.parameters.horn import HornParameters

__all__ = ["in_ms", "network"]

# Fewer steps than these in a period draw no oscillation.
STEPS_A_PERIOD = 4


def network(
    weights,
    *,
    frequency_hz,
    decay_ms=100.0,
    delays_ms=None,
    dt_ms=1.0,
    positions=None,
    excitability=None,
    input_weights=None,
    readout_weights=None,
):
    """Make a network from weights, frequencies in Hz and times in ms.

    Unlike the fields of `HornParameters`, these do not depend on the step of integration: model
    time is counted in ms, and a weight of 1 passes on a velocity as it is, without any
    1/sqrt(n). Plain numbers are in the unit of the name; quantities of Brian2 are converted.

    Parameters
    ----------
    weights : array_like | scipy.sparse array, shape (n, n)
        Recurrent weights, ``weights[post, pre]``; a velocity is a position per ms.
    frequency_hz : array_like, shape (n,) or scalar
        Frequency at which a unit rings, damping and step included.
    decay_ms : array_like, shape (n,) or scalar
        Time in which its ringing decays to 1/e.
    delays_ms : array_like | scipy.sparse array, shape (n, n) | None
        Delay of each connection, rounded to whole steps; 0 and None are the next step. Those
        of absent connections do not matter.
    dt_ms : float
        Step of the integration.
    positions : array_like, shape (n, 1), (n, 2) or (n, 3) | None
        Where the units are, in metres.
    excitability : array_like, shape (n,) or scalar | None
        alpha, how strongly a unit answers, in positions per ms squared. None takes 4 gamma,
        the ratio of the authors' public code, with which a unit's velocity at its
        resonance is at most 2 whatever its decay.
    input_weights : array_like, shape (n, n_inputs) | None
        None makes one input that drives all units alike, by weight 1.
    readout_weights : array_like, shape (n_outputs, n) | None
        Of the positions; None reads out their mean.

    Returns
    -------
    params : HornParameters
        With ``h = dt_ms``.

    Raises
    ------
    ValueError
        If a shape does not fit; a frequency or a time is not above 0; a period has fewer than
        four steps; or a delay is shorter than a step.

    Notes
    -----
    One undriven step multiplies a unit's oscillation by ``sqrt(1 - 2 gamma h) exp(i theta)``
    with ``cos(theta) = (2 - 2 gamma h - omega**2 h**2) / (2 sqrt(1 - 2 gamma h))``; omega and
    gamma are those that make theta ``2 pi f dt`` and the factor ``exp(-dt / decay)``.

    Examples
    --------
    >>> import horn_neuro as hn, numpy as np
    >>> weights = np.array([[0.0, 0.2], [-0.2, 0.0]])
    >>> params = hn.network(weights, frequency_hz=[10, 40], decay_ms=50, dt_ms=0.5)
    >>> recording = hn.simulate(params, 200, kicks=hn.PoissonKicks(50, 0.1), seed=1)
    """
    weights = sparse.csr_array(weights) if sparse.issparse(weights) else floats("weights", weights)
    n = weights.shape[0] if weights.ndim == 2 else -1
    if weights.shape != (n, n) or n == 0:
        raise ValueError(f"weights have shape {weights.shape}; give (n, n), [post, pre]")
    dt = _positive("dt_ms", in_ms("dt_ms", dt_ms), ())
    frequency = _positive("frequency_hz", plain("frequency_hz", frequency_hz, "Hz"), (n,))
    decay = _positive("decay_ms", in_ms("decay_ms", decay_ms), (n,))
    fastest = frequency.max()
    if dt * fastest * STEPS_A_PERIOD > 1000:
        raise ValueError(
            f"dt_ms = {dt:g}: {fastest:g} Hz has a period of {1000 / fastest:g} ms; give a step of "
            f"at most {1000 / fastest / STEPS_A_PERIOD:g} ms, or lower frequencies (in Hz)"
        )
    damping = -np.expm1(-2 * dt / decay) / 2
    turn = 2 * np.pi * frequency * dt / 1000
    stiffness = 2 - 2 * damping - 2 * np.sqrt(1 - 2 * damping) * np.cos(turn)
    gamma = damping / dt
    return HornParameters(
        omega=np.sqrt(stiffness) / dt,
        gamma=gamma,
        alpha=4 * gamma if excitability is None else excitability,
        w_in=np.ones((n, 1)) if input_weights is None else input_weights,
        w_rec=weights * np.sqrt(n),
        w_out=np.full((1, n), 1 / n) if readout_weights is None else readout_weights,
        delays=None if delays_ms is None else _steps(delays_ms, weights, dt),
        positions=positions,
        h=dt,
        step=dt / 1000,
        provenance={"factory": "network"},
    )


def in_ms(name, value):
    """Return plain numbers as they are, and quantities of Brian2 in ms."""
    return plain(name, value, "s") * 1000 if hasattr(value, "dim") else plain(name, value)


def _positive(name, value, shape):
    """Return finite numbers above 0 (ndarray) of a shape, or one for all of it."""
    values = floats(name, value)
    if values.shape not in ((), shape) or not (np.isfinite(values) & (values > 0)).all():
        each = f" for each of the {shape[0]} units, or one for all" if shape else ""
        shown = value if values.ndim == 0 else f"array of shape {values.shape}"
        raise ValueError(f"{name} = {shown}: give a finite number above 0{each}")
    return values


def _steps(delays_ms, weights, dt):
    """Return delays in whole steps, of the connections that there are."""
    delays = in_ms("delays_ms", delays_ms) if not sparse.issparse(delays_ms) else delays_ms
    delays = delays.toarray() if sparse.issparse(delays) else floats("delays_ms", delays)
    if delays.shape != weights.shape:
        raise ValueError(f"delays_ms have shape {delays.shape}; give {weights.shape}, [post, pre]")
    post, pre = weights.nonzero()
    present = delays[post, pre]
    short = ~np.isfinite(present) | (present < 0) | ((present > 0) & (present < dt * (1 - 1e-9)))
    if short.any():
        k = int(np.flatnonzero(short)[0])
        raise ValueError(
            f"delays_ms[{post[k]}, {pre[k]}] = {present[k]:g}: give 0, or at least a step of "
            f"{dt:g} ms, or shorten the step by dt_ms"
        )
    steps = np.maximum(np.rint(present / dt), 1).astype(np.int64)
    if sparse.issparse(weights):
        return sparse.csr_array((steps, (post, pre)), weights.shape)
    whole = np.ones(weights.shape, dtype=np.int64)
    whole[post, pre] = steps
    return whole
