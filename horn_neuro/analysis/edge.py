"""How far a network is from its edge of instability: Lyapunov exponents, fixed point, gain."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from horn_neuro.parameters import Step

__all__ = ["LyapunovSpectrum", "critical_gain", "fixed_point", "lyapunov_spectrum"]


@dataclass(frozen=True, eq=False)
class LyapunovSpectrum:
    """The largest Lyapunov exponents of a trajectory.

    Parameters
    ----------
    blocks : ndarray, shape (n_blocks, n_exponents)
        Mean growth rates per step of successive stretches of the trajectory.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> spectrum = hn.analysis.LyapunovSpectrum(np.full((10, 1), -0.01))
    >>> spectrum.exponents, spectrum.converged
    (array([-0.01]), True)
    """

    blocks: np.ndarray

    @property
    def exponents(self):
        """Per step, the largest first, shape (n_exponents,)."""
        return self.blocks.mean(axis=0)

    @property
    def error(self):
        """Standard error over blocks, shape (n_exponents,)."""
        return self.blocks.std(axis=0, ddof=1) / np.sqrt(len(self.blocks))

    @property
    def converged(self):
        """Whether the largest exponent can be told (bool).

        Its standard error is at most 0.001 per step, and both halves of the trajectory agree
        within three standard errors. Chaos needs some thousand steps for that: 1,000 can read
        0 where 8,000 read 0.004.
        """
        largest = self.blocks[:, 0]
        halves = np.array_split(largest, 2)
        apart = abs(halves[0].mean() - halves[1].mean())
        return bool(self.error[0] <= 1e-3 and apart <= 6 * self.error[0] + 1e-6)


def lyapunov_spectrum(
    params,
    inputs=None,
    *,
    n_steps=4000,
    n_exponents=1,
    settle=2000,
    x=None,
    y=None,
    seed=0,
    coupling=None,
):
    """Largest Lyapunov exponents by QR on the analytic Jacobian of a step.

    Parameters
    ----------
    params : HornParameters
        The network; delays extend the state by the past.
    inputs : array_like, shape (settle + n_steps, n_inputs) | None
        What drives it; None is silence.
    n_steps : int
        Steps to average over.
    n_exponents : int
        How many, at most the dimension of the state, ``2 n`` without delays.
    settle : int
        Steps before, in which the trajectory and the tangent vectors settle.
    x, y : array_like, shape (n_units,) | None
        Where to start; None draws a small random state.
    seed : int
        Of the start and of the tangent vectors.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides.

    Returns
    -------
    spectrum : LyapunovSpectrum
        Look at `LyapunovSpectrum.converged` before you take it for true.

    Raises
    ------
    ValueError
        If a number does not fit, or the inputs have another shape.

    Notes
    -----
    A largest exponent of 0 is that of every limit cycle, and no sign of criticality: look at
    the second one as well. An uncoupled network has 0.5 ln(1 - 2 gamma h) of its least damped unit.
    Benettin, Galgani, Giorgilli and Strelcyn, Meccanica 1980,
    doi:10.1007/BF02128236.

    Examples
    --------
    Without coupling, it is the damping, ``log(1 - 2 * 0.05) / 2``:

    >>> import numpy as np, horn_neuro as hn
    >>> params = hn.effenberger_2025(4, gamma=0.05, seed=1).replace(w_rec=np.zeros((4, 4)))
    >>> spectrum = hn.analysis.lyapunov_spectrum(params, n_steps=500, settle=100)
    >>> round(float(spectrum.exponents[0]), 2)
    -0.05
    """
    n, step = params.n_units, Step(params, coupling)
    size = (step.n_x + step.n_y) * n
    if not 1 <= n_exponents <= size:
        raise ValueError(f"n_exponents = {n_exponents}: this state has {size} dimensions")
    if n_steps < 40 or settle < 0:
        raise ValueError(f"n_steps = {n_steps}, settle = {settle}: give at least 40, and 0")
    total = settle + n_steps
    if inputs is None:
        inputs = np.zeros((total, params.n_inputs))
    inputs = np.asarray(inputs, float)
    if inputs.shape != (total, params.n_inputs):
        raise ValueError(f"inputs have shape {inputs.shape}; give {(total, params.n_inputs)}")
    rng = np.random.default_rng(seed)
    positions, velocities = np.zeros((step.n_x, n)), np.zeros((step.n_y, n))
    positions[0] = rng.normal(0, 0.1, n) if x is None else x
    velocities[0] = rng.normal(0, 0.02, n) if y is None else y
    tangent = linalg.qr(rng.normal(size=(size, n_exponents)), mode="economic")[0]
    every, growth = 10, []
    for k, drive in enumerate(step.drive_of(inputs)):
        slope = 1 - np.tanh(step.argument(positions, velocities, drive)) ** 2
        vectors = tangent.reshape(-1, n, n_exponents)
        carried = step.tangent(vectors[: step.n_x], vectors[step.n_x :], slope[:, None])
        tangent = np.concatenate(carried).reshape(size, n_exponents)
        positions, velocities = step(positions, velocities, drive)
        if (k + 1) % every == 0:
            tangent, r = linalg.qr(tangent, mode="economic")
            if k >= settle:
                growth.append(np.log(np.maximum(np.abs(np.diag(r)), 1e-300)) / every)
    blocks = np.array_split(np.array(growth), min(10, len(growth)))
    return LyapunovSpectrum(np.array([block.mean(axis=0) for block in blocks]))


def fixed_point(params, inputs=0.0):
    """Positions at which a network stands still under a constant input.

    There y is 0, so that neither recurrent weights nor delays count:
    ``omega**2 x = alpha tanh(w_in s + b_in + b_rec / sqrt(n) + feedback x)``.

    Parameters
    ----------
    params : HornParameters
        The network.
    inputs : float | array_like, shape (n_inputs,)
        The constant input s.

    Returns
    -------
    x : ndarray, shape (n_units,)
        Where feedback leaves several, the one on the side to which the input pushes.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(4, seed=1)
    >>> x, y = hn.parameters.Step(params)(fixed_point(params)[None], np.zeros((1, 4)), 0.0)
    >>> float(abs(x - fixed_point(params)).max()) < 1e-12
    True
    """
    inputs = np.broadcast_to(np.asarray(inputs, float), params.n_inputs)
    push = params.w_in @ inputs + params.b_in + params.b_rec / np.sqrt(params.n_units)
    widest = params.alpha / params.omega**2
    # Bisection between rest and the furthest: in between, the force changes its sign once.
    near, far = np.zeros_like(push), widest * np.sign(push)
    for _ in range(60):
        x = (near + far) / 2
        outward = np.sign(push) * (widest * np.tanh(push + params.feedback * x) - x) > 0
        near, far = np.where(outward, x, near), np.where(outward, far, x)
    return (near + far) / 2


def critical_gain(params, inputs=0.0):
    """Factor of w_rec at which small deviations from the fixed point begin to grow.

    Parameters
    ----------
    params : HornParameters
        The network, with its biases, feedback and delays.
    inputs : float | array_like, shape (n_inputs,)
        Constant input; 0 is silence.

    Returns
    -------
    gain : float
        Factor with a growing mode of the step linearised at the `fixed_point`, found by
        doubling and bisection to 1e-4, the smallest if growth increases with the factor;
        infinite if there is none up to 1000.

    Notes
    -----
    Biases lower the slope of tanh: without them the edge would seem nearer than it is.

    Examples
    --------
    Twice the weights are at the edge at half of the factor:

    >>> import horn_neuro as hn
    >>> params = hn.effenberger_2025(16, seed=1)
    >>> gain = hn.analysis.critical_gain(params)
    >>> round(gain / hn.analysis.critical_gain(params.replace(w_rec=2 * params.w_rec)), 2)
    2.0
    """
    x = fixed_point(params, inputs)
    inputs = np.broadcast_to(np.asarray(inputs, float), params.n_inputs)
    still = Step(params)
    argument = still.argument(
        np.broadcast_to(x, (still.n_x, len(x))),
        np.zeros((still.n_y, len(x))),
        still.drive_of(inputs),
    )
    slope = 1 - np.tanh(argument) ** 2

    def grows(gain):
        step = Step(params.replace(w_rec=gain * params.w_rec))
        return np.abs(linalg.eigvals(step.jacobian(slope))).max() > 1

    low, high = 0.0, 1.0
    while not grows(high):
        low, high = high, 2 * high
        if high > 1000:
            return np.inf
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return high
