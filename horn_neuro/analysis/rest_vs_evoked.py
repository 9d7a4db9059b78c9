"""Rest, stimulus and rebound: everything that is measured of one network."""

import numpy as np
import xarray as xr

from horn_neuro.analysis.manifold import (
    TrialMoments,
    distance_from_cloud,
    explained_variance,
    fit_return,
    participation_ratio,
)
from horn_neuro.analysis.phase import oscillator_phase, phase_coherence
from horn_neuro.analysis.separability import separability_over_time
from horn_neuro.analysis.statistics import Estimate, bootstrap
from horn_neuro.analysis.variability import variance_across_trials, variance_within_groups
from horn_neuro.parameters import generator

__all__ = ["RestVsEvoked"]


class RestVsEvoked:
    """All that is measured of a network at rest, under stimulation and afterwards.

    Parameters
    ----------
    recordings : dict of str to Recording
        By condition: "digits", "shuffled", "kicks only" and "no recurrence", of
        the same trials under the same kicks, with the segments "rest",
        "stimulus" and "rebound". What comes before the rest is left out.
    groups : array_like of int, shape (n_trials,)
        The stimulus of every trial; each stimulus has at least two trials.
    n_resamples : int
        Bootstrap samples, over stimuli.
    n_permutations : int
        Permutations of the labels for the decoder.
    n_snapshots : int
        Times at which the classes are decoded.
    seed : int
        Root of all randomness.
    progress : callable | None
        Called with the name of each measurement before it starts.

    Notes
    -----
    All estimates are `Estimate` objects; time courses start with the rest, and
    `times` is in seconds from the onset of the stimulus.
    """

    SEGMENTS = ("rest", "stimulus", "rebound")

    def __init__(
        self,
        recordings,
        groups,
        *,
        n_resamples=200,
        n_permutations=20,
        n_snapshots=22,
        seed=0,
        progress=None,
    ):
        self.recordings, self.groups = recordings, np.asarray(groups)
        self.n_resamples, self.n_permutations = n_resamples, n_permutations
        self.n_snapshots, self.seed = n_snapshots, seed
        first = recordings["digits"]
        time_axis = first.data["time"].values
        self.samples = {name: slice(k, k + n) for name, (k, n) in first.segments.items()}
        self.after_settling = slice(self.samples["rest"].start, None)
        self.onset = time_axis[self.samples["stimulus"].start]
        self.times = time_axis[self.after_settling] - self.onset
        self.interval = 1 / first.sfreq
        self.labels = first.data["label"].values
        self.frequency_hz = first.data["frequency"].values
        self.omega = first.data["omega"].values
        self.decay_time = first.data["decay_time"].values
        steps = [
            ("variability", self._measure_variability),
            ("dimension", self._measure_dimension),
            ("distance from rest", self._measure_distance),
            ("phases", self._measure_phases),
            ("separability", self._measure_separability),
        ]
        for name, measure in steps:
            if progress is not None:
                progress(name)
            measure()

    def x(self, condition, segment=None):
        """Return positions from the rest on, or of one segment: (n_trials, n_units, n_times)."""
        where = self.after_settling if segment is None else self.samples[segment]
        return self.recordings[condition].data["x"].values[:, :, where]

    def _bootstrap(self, statistic, source, by_group=False):
        groups = np.unique(self.groups) if by_group else self.groups
        rng = generator(self.seed, f"bootstrap {source}")
        return bootstrap(statistic, groups, self.n_resamples, rng)

    def in_segment(self, segment):
        """Select a segment from a time course that begins after settling."""
        start = self.after_settling.start
        where = self.samples[segment]
        return slice(where.start - start, where.stop - start)

    def _measure_variability(self):
        within = {
            name: variance_within_groups(self.x(name), self.groups) for name in self.recordings
        }
        self.within = {
            name: self._bootstrap(lambda w, v=v: w @ v, "variance", by_group=True)
            for name, v in within.items()
        }
        x = self.x("digits")
        self.across = self._bootstrap(lambda w: variance_across_trials(x, w), "variance")

        def quench(name, segment):
            evoked, control = (
                within[condition][:, self.in_segment(segment)].mean(axis=1)
                for condition in (name, "kicks only")
            )
            return self._bootstrap(lambda w: (w @ evoked) / (w @ control), "quench", by_group=True)

        self.quench = {
            name: {segment: quench(name, segment) for segment in ("stimulus", "rebound")}
            for name in ("digits", "shuffled")
        }

    def _measure_dimension(self):
        self.dimension, self.explained = {}, {}
        for name in self.recordings:
            self.dimension[name] = {}
            for segment in self.SEGMENTS:
                moments = TrialMoments(self.x(name, segment))
                self.dimension[name][segment] = self._bootstrap(
                    lambda w, m=moments: participation_ratio(m.covariance(w)), "dimension"
                )
                if name == "digits":
                    equal = np.full((1, len(moments.means)), 1 / len(moments.means))
                    (everything,) = moments.covariance(equal)
                    self.explained[segment] = explained_variance(everything)

    def _measure_distance(self):
        squared = {
            name: distance_from_cloud(self.x(name), self.x(name, "rest"), self.groups)
            for name in self.recordings
        }
        self.distance = {
            name: self._bootstrap(lambda w, d=d: np.sqrt(w @ d), "distance")
            for name, d in squared.items()
        }
        stimulus = self.in_segment("stimulus")
        self.evoked_distance = {
            name: self._bootstrap(
                lambda w, d=d: np.sqrt(w @ d[:, stimulus].mean(axis=1)), "evoked distance"
            )
            for name, d in squared.items()
        }
        # The return: the same kicks without digits are the baseline, trial by trial.
        rebound = self.in_segment("rebound")
        self.return_times = self.interval * np.arange(rebound.stop - rebound.start)
        excess = squared["digits"] - squared["kicks only"]
        self.excess = {
            "distance from rest": excess[:, rebound],
            "difference from kicks only": self._squared_difference("digits", "kicks only"),
        }
        self.return_time = {
            name: self._bootstrap(
                lambda w, e=e: [fit_return(self.return_times, row) for row in w @ e],
                "return",
            )
            for name, e in self.excess.items()
        }

    def _squared_difference(self, one, other):
        """Squared difference of two conditions in phase space (x, y/omega) in the rebound."""
        total = 0.0
        for signal, scale in (("x", 1.0), ("y", 1 / self.omega[:, None])):
            a, b = (
                self.recordings[name].data[signal].values[:, :, self.samples["rebound"]]
                for name in (one, other)
            )
            total = total + ((scale * (a - b)) ** 2).sum(axis=1)
        return total

    def _theta(self, name):
        """Phases about the mean position at rest."""
        center = self.x(name, "rest").mean(axis=(0, 2))
        y = self.recordings[name].data["y"].values[:, :, self.after_settling]
        return oscillator_phase(self.x(name), y, self.omega, center)

    def _measure_phases(self):
        self.order, self.coherence = {}, {}
        for name in self.recordings:
            theta = self._theta(name)
            by_trial = phase_coherence(theta, axis=1)
            self.order[name] = self._bootstrap(lambda w, r=by_trial: w @ r, "order")
            vectors = np.exp(1j * theta)
            self.coherence[name] = self._bootstrap(
                lambda w, v=vectors: np.abs(np.tensordot(w, v, axes=1)).mean(axis=1), "coherence"
            )
            if name == "digits":
                self.example_theta = theta[0]

    def _measure_separability(self):
        last = len(self.times) - 1
        self.snapshots = np.unique(np.linspace(0, last, self.n_snapshots).astype(int))
        self.separability, self.accuracy = {}, {}
        for name in self.recordings:
            self.separability[name] = found = separability_over_time(
                self.x(name)[:, :, self.snapshots],
                self.labels,
                self.groups,
                n_permutations=self.n_permutations if name != "kicks only" else 0,
                seed=self.seed,
            )
            self.accuracy[name] = self._bootstrap(lambda w, c=found.correct: w @ c, "accuracy")

    def best_snapshot(self, name):
        """Return the index of the snapshot that separates best."""
        return int(self.separability[name].accuracy.argmax())

    def numbers(self):
        """Return what answers the question: (name, value with uncertainty) rows."""
        rows = []
        for name, by_segment in self.dimension.items():
            text = ", ".join(f"{segment} {value}" for segment, value in by_segment.items())
            rows.append((f"Participation ratio (dimensions), {name}", text))
        components = ", ".join(
            f"{segment} {100 * ratio[:3].sum():.0f} %" for segment, ratio in self.explained.items()
        )
        rows.append(("Variance explained by 3 components, digits", components))
        for name, by_segment in self.quench.items():
            text = ", ".join(f"{segment} {value}" for segment, value in by_segment.items())
            rows.append((f"Variance across repeats, relative to kicks only, {name}", text))
        for name, value in self.evoked_distance.items():
            rows.append(
                (f"Distance from the resting cloud during the stimulus, {name}", str(value))
            )
        for name, found in self.separability.items():
            k = self.best_snapshot(name)
            course = self.accuracy[name]
            best = Estimate(course.value[k], course.low[k], course.high[k])
            text = f"{best.format(100)} % at {self.times[self.snapshots[k]]:.2f} s"
            if len(found.null):
                text += f", p = {found.p_value:.2g} (permuted labels, {len(found.null)} times)"
            rows.append((f"Best class separability (chance 10 %), {name}", text))
        for name, value in self.return_time.items():
            rows.append((f"Time constant of the return, by {name}", f"{value.format(1e3)} ms"))
        decay = 1e3 * self.decay_time
        rows.append(
            (
                "Free decay of the units, 1/gamma, for comparison",
                f"{decay.min():.0f} to {decay.max():.0f} ms, mean {decay.mean():.0f} ms",
            )
        )
        return rows

    def summary(self):
        """Return all scalar results with their uncertainty, for JSON."""

        def plain(value):
            if isinstance(value, dict):
                return {name: plain(entry) for name, entry in value.items()}
            return value.to_dict() if hasattr(value, "to_dict") else value

        return plain(
            {
                "participation_ratio": self.dimension,
                "explained_variance": {k: v.tolist() for k, v in self.explained.items()},
                "variance_relative_to_kicks_only": self.quench,
                "distance_from_rest_during_stimulus": self.evoked_distance,
                "return_time_constant_s": self.return_time,
                "best_separability": {
                    name: {
                        "time_s": self.times[self.snapshots[self.best_snapshot(name)]].item(),
                        "accuracy": found.accuracy.max().item(),
                        "p_value": found.p_value if len(found.null) else None,
                    }
                    for name, found in self.separability.items()
                },
            }
        )

    def courses(self):
        """Return all time courses as a data set."""
        bounds = ("value", "low", "high")
        data = {}
        for name, courses in (
            ("variance_within_repeats", self.within),
            ("distance_from_rest", self.distance),
            ("order_parameter", self.order),
            ("phase_coherence", self.coherence),
        ):
            stacked = [[getattr(course, b) for b in bounds] for course in courses.values()]
            data[name] = xr.DataArray(
                stacked,
                {"condition": list(courses), "bound": list(bounds), "time": self.times},
                ("condition", "bound", "time"),
            )
        stacked = [[getattr(course, b) for b in bounds] for course in self.accuracy.values()]
        data["accuracy"] = xr.DataArray(
            stacked,
            {
                "condition": list(self.accuracy),
                "bound": list(bounds),
                "snapshot": self.times[self.snapshots],
            },
            ("condition", "bound", "snapshot"),
        )
        return xr.Dataset(data)
