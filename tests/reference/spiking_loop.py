"""Spike coupling as a plain loop over steps, trials and spikes."""

import numpy as np


def simulate_spiking_by_loop(params, stimulus, coupling, x, y, threshold=0.0):
    """Step the equations of `SpikeCoupling`, one trial at a time.

    Parameters
    ----------
    params : HornParameters
        The network.
    stimulus : ndarray, shape (n_trials, n_steps, n_inputs)
        The input.
    coupling : SpikeCoupling
        The synapses.
    x, y : ndarray, shape (n_trials, n_units)
        Initial state.
    threshold : float
        Smallest amplitude of a spike.

    Returns
    -------
    xs, ys : ndarray, shape (n_trials, n_units, n_steps)
    spikes : set of (int, int, int)
        Trial, unit and step of every spike.
    """
    n, h = params.n_units, params.h
    n_trials, n_steps, _ = stimulus.shape
    delays = np.ones((n, n), int) if params.delays is None else params.delays
    charge, damping = (np.broadcast_to(v, n) for v in (coupling.charge, coupling.damping))
    xs, ys, spikes = *np.zeros((2, n_trials, n, n_steps)), set()
    for trial in range(n_trials):
        position, velocity = x[trial].copy(), y[trial].copy()
        p, q = np.zeros((2, n))
        arriving = np.zeros((n_steps + delays.max() + 1, n))
        for k in range(n_steps):
            drive = params.w_in @ stimulus[trial, k] + params.b_in
            drive += (q + params.b_rec) / np.sqrt(n) + params.feedback * position
            force = params.alpha * np.tanh(drive) - params.omega**2 * position
            velocity = velocity + h * (force - 2 * params.gamma * velocity)
            before, position = position, position + h * velocity
            q = q + h * (-(params.omega**2) * p - 2 * damping * q)
            p = p + h * q
            for j in range(n):
                if before[j] < 0 <= position[j] and velocity[j] >= threshold * params.omega[j]:
                    spikes.add((trial, j, k))
                    carried = charge[j] * (velocity[j] if coupling.graded else 1.0)
                    for i in range(n):
                        # A delay of one step acts on the very next one.
                        arriving[k + delays[i, j] - 1, i] += params.w_rec[i, j] * carried
            q = q + arriving[k]
            xs[trial, :, k], ys[trial, :, k] = position, velocity
    return xs, ys, spikes
