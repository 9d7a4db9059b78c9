"""The model as a plain loop over steps, trials and units."""

import numpy as np


def simulate_by_loop(params, stimulus, kicks=None, x=None, y=None, past_y=None):
    """Step the equations of horn_model one unit at a time.

    Parameters
    ----------
    params : HornParameters
        The network.
    stimulus : ndarray, shape (n_trials, n_steps, n_inputs)
        The input.
    kicks : ndarray, shape (n_trials, n_steps, n_units) | None
        What is added to y at the end of each step.
    x, y : ndarray, shape (n_trials, n_units) | None
        Initial state.
    past_y : ndarray, shape (n_trials, max_delay - 1, n_units) | None
        Velocities before y, the most recent first.

    Returns
    -------
    xs, ys : ndarray, shape (n_trials, n_units, n_steps)
    """
    n, h = params.n_units, params.h
    n_trials, n_steps, _ = stimulus.shape
    xs, ys = np.zeros((2, n_trials, n, n_steps))
    delays = np.ones((n, n), int) if params.delays is None else params.delays
    for trial in range(n_trials):
        position = np.zeros(n) if x is None else x[trial].copy()
        # history[-d] is the velocity that a delay of d steps reads.
        history = [np.zeros(n)] * int(delays.max())
        if past_y is not None:
            history = list(past_y[trial][::-1])
        history.append(np.zeros(n) if y is None else y[trial].copy())
        for k in range(n_steps):
            velocity = history[-1].copy()
            for i in range(n):
                total = params.b_rec[i]
                for j in range(n):
                    total += params.w_rec[i, j] * history[-delays[i, j]][j]
                drive = params.b_in[i] + params.w_in[i] @ stimulus[trial, k]
                drive += total / np.sqrt(n) + params.feedback[i] * position[i]
                velocity[i] += h * (
                    params.alpha[i] * np.tanh(drive)
                    - params.omega[i] ** 2 * position[i]
                    - 2 * params.gamma[i] * history[-1][i]
                )
            position = position + h * velocity
            if kicks is not None:
                velocity = velocity + kicks[trial, k]
            history.append(velocity)
            xs[trial, :, k], ys[trial, :, k] = position, velocity
    return xs, ys
