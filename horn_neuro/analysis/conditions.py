"""`Conditions`: recordings of the same trials under several conditions, and how they differ."""

import numpy as np
import xarray as xr

from horn_neuro.analysis.manifold import TrialMoments, distance_from_cloud, participation_ratio
from horn_neuro.analysis.phase import oscillator_phase
from horn_neuro.analysis.statistics import bootstrap
from horn_neuro.analysis.variability import variance_within_groups
from horn_neuro.parameters import generator

__all__ = ["Conditions"]


class Conditions:
    """Recordings of the same trials under several conditions, with intervals over stimuli.

    Parameters
    ----------
    recordings : dict of str to Recording
        With x and y, and the same trials and segments, by condition.
    groups : array_like of int, shape (n_trials,)
        The stimulus of every trial, which several trials share: whole groups
        are drawn by the bootstrap.
    onset : str
        Segment at whose start the time is 0.
    n_resamples : int
        Bootstrap samples.
    seed : int
        Root of all randomness.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
        Time in seconds from the onset.
    parts : dict of str to slice
        Samples of each segment.
    spans : dict of str to (float, float)
        First and last time of each segment.
    """

    def __init__(self, recordings, groups, onset, *, n_resamples=200, seed=0):
        self.recordings, self.groups = recordings, np.asarray(groups)
        self._n_resamples, self._seed = n_resamples, seed
        first = next(iter(recordings.values()))
        self.parts = {name: slice(k, k + n) for name, (k, n) in first.segments.items()}
        times = first.data["time"].values
        self.times = times - times[self.parts[onset].start]
        self.spans = {s: (self.times[p][0], self.times[p][-1]) for s, p in self.parts.items()}

    def signal(self, condition, segment=None, name="x"):
        """Return one signal, of all times or of a segment: (n_trials, n_units, n_times)."""
        values = self.recordings[condition].data[name].values
        return values if segment is None else values[:, :, self.parts[segment]]

    def estimate(self, values, statistic, source, by_group=False):
        """Bootstrap a statistic of each of several things.

        Parameters
        ----------
        values : dict of str to object
            What `statistic` takes, for all trials, by name.
        statistic : callable
            Takes weights of shape (n_draws, n_trials), see `bootstrap`, and one
            of `values`.
        source : str
            Name of the randomness; equal names draw the same stimuli.
        by_group : bool
            Whether the values are of groups, in ascending order, not of trials.

        Returns
        -------
        estimates : dict of str to Estimate
        """
        groups = np.unique(self.groups) if by_group else self.groups
        rngs = {name: generator(self._seed, f"bootstrap {source}") for name in values}
        return {
            name: bootstrap(lambda w, v=v: statistic(w, v), groups, self._n_resamples, rngs[name])
            for name, v in values.items()
        }

    def variance_within(self):
        """Variance of x over trials of one stimulus, over time (dict of str to Estimate)."""
        return self.estimate(self._within(), np.matmul, "variance", by_group=True)

    def variance_ratio(self, control, segments):
        """Compare the variance over trials of one stimulus with that in a control.

        Parameters
        ----------
        control : str
            Condition to compare with.
        segments : list of str
            Segments, over which variances are averaged.

        Returns
        -------
        ratios : dict of str to dict of str to Estimate
            By condition and segment.
        """

        def ratio(weights, pair):
            return (weights @ pair[0]) / (weights @ pair[1])

        within = {
            name: {s: variance[:, self.parts[s]].mean(axis=1) for s in segments}
            for name, variance in self._within().items()
        }
        return {
            name: self.estimate(
                {s: (means[s], within[control][s]) for s in segments}, ratio, "quench", True
            )
            for name, means in within.items()
            if name != control
        }

    def _within(self):
        return {
            name: variance_within_groups(self.signal(name), self.groups) for name in self.recordings
        }

    def participation_ratio(self):
        """Dimension of the states x by condition and segment (dict of dict of Estimate)."""
        return {
            name: self.estimate(
                {s: TrialMoments(self.signal(name, s)) for s in self.parts},
                lambda weights, moments: participation_ratio(moments.covariance(weights)),
                "dimension",
            )
            for name in self.recordings
        }

    def phase_coherence(self, center):
        """Coherence of phases over trials, mean over units, over time.

        Parameters
        ----------
        center : str
            Segment whose mean position is the centre of the oscillation.

        Returns
        -------
        coherence : dict of str to Estimate
        """

        def coherence(weights, vectors):
            return np.abs(np.tensordot(weights, vectors, axes=1)).mean(axis=1)

        vectors = {}
        for name, recording in self.recordings.items():
            middle = self.signal(name, center).mean(axis=(0, 2))
            theta = oscillator_phase(
                self.signal(name),
                self.signal(name, name="y"),
                recording.data["omega"].values,
                recording.h,
                middle,
            )
            vectors[name] = np.exp(1j * theta)
        return self.estimate(vectors, coherence, "coherence")

    def squared_distance(self, segment):
        """Squared Mahalanobis distance from the states of a segment.

        Parameters
        ----------
        segment : str
            Whose states are the cloud, see `distance_from_cloud`.

        Returns
        -------
        distance : dict of str to ndarray, shape (n_trials, n_times)
            By condition.
        """
        return {
            name: distance_from_cloud(self.signal(name), self.signal(name, segment), self.groups)
            for name in self.recordings
        }

    def squared_difference(self, one, other, segment):
        """Squared difference of two conditions in phase space (x, y/omega), trial by trial.

        Parameters
        ----------
        one, other : str
            Conditions.
        segment : str
            Where.

        Returns
        -------
        difference : ndarray, shape (n_trials, n_times)
        """
        omega = self.recordings[one].data["omega"].values[:, None]
        return sum(
            (
                (scale * (self.signal(one, segment, name) - self.signal(other, segment, name))) ** 2
            ).sum(axis=1)
            for name, scale in (("x", 1.0), ("y", 1 / omega))
        )

    @staticmethod
    def stack(courses, dimension, coordinate):
        """Stack courses of several conditions.

        Parameters
        ----------
        courses : dict of str to Estimate
            Of shape (n,).
        dimension : str
            Name of their axis.
        coordinate : array_like, shape (n,)
            Its values.

        Returns
        -------
        stacked : xarray.DataArray
            With dims (condition, bound, `dimension`), bounds "value", "low", "high".
        """
        values = [[course.value, course.low, course.high] for course in courses.values()]
        names = {"condition": list(courses), "bound": ["value", "low", "high"]}
        return xr.DataArray(values, names | {dimension: coordinate}, (*names, dimension))
