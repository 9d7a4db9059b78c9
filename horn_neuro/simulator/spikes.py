"""Recurrence by spikes: what a spike carries, and how a synapse responds to it."""

from dataclasses import dataclass

import numpy as np

from horn_neuro._quantities import floats, number, spread, usable

__all__ = ["SpikeCoupling"]


@dataclass(frozen=True, eq=False, repr=False)
class SpikeCoupling:
    """Let recurrent connections carry spikes instead of velocities.

    A unit spikes when x crosses zero upwards, where its velocity is largest. A
    spike travels for the delay of its connection and kicks the velocity q of a
    synaptic oscillator of the receiving unit i, which replaces the recurrent
    sum over velocities::

        q_i' = q_i + h (-omega_i**2 p_i - 2 damping_i q_i) + sum_j w_rec[i, j] s_j
        p_i' = p_i + h q_i'

    so that every spike is followed by a damped oscillation, as velocities would
    be. Synapses are silent at the start.

    Parameters
    ----------
    charge : float | array_like, shape (n_units,)
        What a spike of each unit carries: s_j = charge_j, or with `graded`
        s_j = charge_j times the velocity of unit j at the crossing.
    damping : float | array_like, shape (n_units,)
        Damping of the synaptic oscillators, per unit of model time.
    graded : bool
        Whether spikes carry the velocity of their sender. A sender must not
        spike again before its spike arrives: delays are shorter than a cycle.

    Raises
    ------
    ValueError
        If a value is not finite or the damping is not above 0.

    See Also
    --------
    SpikeCoupling.calibrated : Fit it to a network's own activity.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> params, run = hn.effenberger_2025(4, seed=1), {"kicks": hn.PoissonKicks(50, 0.5), "seed": 1}
    >>> recording = hn.simulate(params, 300, device="numpy", **run)
    >>> coupling = hn.simulator.SpikeCoupling.calibrated(params, recording)
    >>> again = hn.simulate(params, 300, coupling=coupling, record="spikes", device="numpy", **run)
    >>> len(again.spikes) > 0
    True
    """

    charge: float
    damping: float
    graded: bool = False

    def __post_init__(self):
        for name in ("charge", "damping"):
            value = floats(f"spike coupling: {name}", getattr(self, name))
            if value.ndim > 1 or not usable(value).all():
                raise ValueError(
                    f"spike coupling: {name} = {getattr(self, name)!r}; give a finite number, or "
                    "one for each unit"
                )
            object.__setattr__(self, name, value)
        if not (self.damping > 0).all():
            raise ValueError(
                f"spike coupling: damping = {self.damping.min():g}; give a number above 0, or "
                "synapses ring for ever"
            )
        if not isinstance(self.graded, bool | np.bool_):
            raise ValueError(f"spike coupling: graded = {self.graded!r}; give True or False")

    def __repr__(self):
        charge, damping = spread(self.charge), spread(self.damping)
        graded = ", graded" * self.graded
        return f"<SpikeCoupling | charge {charge}, damping {damping}{graded}>"

    def check(self, params):
        """Raise ValueError unless the coupling suits a network."""
        for name in ("charge", "damping"):
            value = getattr(self, name)
            if value.ndim and value.shape != (params.n_units,):
                raise ValueError(
                    f"spike coupling: {name} has shape {value.shape}; give one number, or one for "
                    f"each of the {params.n_units} units"
                )
        if (self.damping * params.h >= 1).any():
            raise ValueError(
                f"spike coupling: damping = {self.damping.max():g} is not below 1/h = "
                f"{1 / params.h:g}: the synaptic oscillators would not be stable"
            )

    @classmethod
    def calibrated(cls, params, recording, graded=False, memory=4.0):
        """Fit the charges to how a network with continuous coupling oscillates.

        A unit that spikes once in each of its cycles then keeps the synaptic
        velocity at the peak of its own, times the weight: the mean peak for
        uniform spikes, the present one for graded ones.

        Parameters
        ----------
        params : HornParameters
            The network.
        recording : Recording
            Its activity under continuous coupling; x and y at every step.
        graded : bool
            As above.
        memory : float
            Cycles over which a synaptic oscillation decays to 1/e.

        Returns
        -------
        coupling : SpikeCoupling

        Raises
        ------
        ValueError
            If the recording is of another network, or not of x and y at every step.
        """
        from horn_neuro.recording import phase_crossings

        memory = number("memory", memory, above=0)
        missing = [name for name in ("x", "y") if name not in recording.data]
        thinned = not np.isclose(recording.sfreq * params.step, 1)
        if missing or thinned or recording.data.sizes["unit"] != params.n_units:
            raise ValueError(
                f"recording: {recording!r}; give x and y of the {params.n_units} units at every "
                f"step of {params.step:g} s: record=('x', 'y'), every=1"
            )
        damping = params.omega / (2 * np.pi * memory)
        build_up = 1 - np.exp(-1 / memory)
        if graded:
            return cls(np.full(params.n_units, build_up), damping, True)
        x, y = (recording.data[name].values for name in ("x", "y"))
        spikes = phase_crossings(x, y, params.omega)
        peaks = y[spikes.trial, spikes.unit, spikes.sample]
        n = np.bincount(spikes.unit, minlength=params.n_units)
        mean = np.bincount(spikes.unit, peaks, minlength=params.n_units) / np.maximum(n, 1)
        return cls(mean * build_up, damping)
