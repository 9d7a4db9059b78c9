"""The model with diffusive coupling as a plain loop over steps, trials and connections."""

import numpy as np


def simulate_diffusive_by_loop(params, coupling, stimulus, x, y, kicks=None, past_x=None):
    """Step a network with a `DiffusiveCoupling` one unit at a time.

    Parameters
    ----------
    params : HornParameters
        The network.
    coupling : DiffusiveCoupling
        Coupling of positions, dense.
    stimulus : ndarray, shape (n_trials, n_steps, n_inputs)
        The input.
    x, y : ndarray, shape (n_trials, n_units)
        Initial state; velocities were 0 before.
    kicks : ndarray, shape (n_trials, n_steps, n_units) | None
        What is added to y at the end of each step.
    past_x : ndarray, shape (n_trials, n_lags, n_units) | None
        Positions before x, the most recent first; None is 0.

    Returns
    -------
    xs, ys : ndarray, shape (n_trials, n_units, n_steps)
    """
    n, h = params.n_units, params.h
    n_trials, n_steps, _ = stimulus.shape
    ones = np.ones((n, n), int)
    slow = ones if params.delays is None else params.delays
    lags = ones if coupling.delays is None else coupling.delays
    xs, ys = np.zeros((2, n_trials, n, n_steps))
    for trial in range(n_trials):
        positions, velocities = {0: x[trial]}, {0: y[trial]}
        for lag in range(0 if past_x is None else past_x.shape[1]):
            positions[-1 - lag] = past_x[trial, lag]
        for k in range(n_steps):
            velocity = velocities[k].copy()
            for i in range(n):
                total, force = params.b_rec[i], 0.0
                for j in range(n):
                    total += params.w_rec[i, j] * velocities.get(k + 1 - slow[i, j], np.zeros(n))[j]
                    seen = positions.get(k + 1 - lags[i, j], np.zeros(n))[j]
                    force += coupling.weights[i, j] * (seen - positions[k][i])
                drive = params.b_in[i] + params.w_in[i] @ stimulus[trial, k]
                drive += total / np.sqrt(n) + params.feedback[i] * positions[k][i]
                velocity[i] += h * (
                    params.alpha[i] * np.tanh(drive)
                    - params.omega[i] ** 2 * positions[k][i]
                    - 2 * params.gamma[i] * velocities[k][i]
                    + force
                )
            positions[k + 1] = positions[k] + h * velocity
            velocities[k + 1] = velocity if kicks is None else velocity + kicks[trial, k]
            xs[trial, :, k], ys[trial, :, k] = positions[k + 1], velocities[k + 1]
    return xs, ys
