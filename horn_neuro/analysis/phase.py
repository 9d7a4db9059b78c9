"""Phases of the oscillators, from their own coordinates."""

import numpy as np

__all__ = ["oscillator_phase", "phase_coherence"]


def oscillator_phase(x, y, omega, center=0.0):
    """Phase of an oscillator by its position and velocity.

    Parameters
    ----------
    x, y : array_like, shape (..., n_units, n_times)
        Positions and velocities.
    omega : array_like, shape (n_units,)
        Natural frequencies in rad per unit of model time.
    center : array_like, shape (n_units,) or scalar
        The position that a unit oscillates about.

    Returns
    -------
    theta : ndarray, shape (..., n_units, n_times)
        ``atan2(-y/omega, x - center)`` in rad, growing with time at rate omega
        for a free oscillation.
    """
    omega = np.asarray(omega)[:, None]
    center = np.broadcast_to(center, omega.shape[:1])[:, None]
    return np.arctan2(-np.asarray(y) / omega, np.asarray(x) - center)


def phase_coherence(theta, axis):
    """Length of the mean phase vector along one axis.

    Over units this is the Kuramoto order parameter; over trials, the inter-trial
    phase coherence. Independent phases of m members give about 0.9/sqrt(m), not 0.

    Parameters
    ----------
    theta : array_like
        Phases in rad.
    axis : int
        The axis to average over.

    Returns
    -------
    coherence : ndarray
        Between 0 and 1, in the shape of `theta` without `axis`.
    """
    return np.abs(np.mean(np.exp(1j * np.asarray(theta)), axis=axis))
