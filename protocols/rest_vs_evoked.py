#!/usr/bin/env python
"""What do rest, a stimulus, and the rebound look like in a network's state space?

Poisson kicks keep a network of damped oscillators busy. Real digits sweep in,
one pixel a step, and end; the kicks go on. Every digit is shown several times
under different kicks, and the controls repeat all trials under the same kicks:
with the pixels of each digit in shuffled order, without any digit, and without
recurrent connections. Intervals are bootstrapped over digits: they hold for this
one network, a trained one, unless --coupling or --params is given.
Also leaves results.nc with all time courses, and params.safetensors.

    horn-neuro rest_vs_evoked --coupling 1.6 --kick-rate 100 --seed 2
"""

from dataclasses import replace

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from scipy.interpolate import CubicSpline
from sklearn.decomposition import PCA

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report import figures

SEGMENTS = ("rest", "stimulus", "rebound")
REST, REBOUND = 400, 600  # steps
SETTLE = 3000  # trained networks sustain activity of their own, and take this long
EVERY = 4  # steps between recorded samples


class RestVsEvoked(DigitExperiment):
    title = "Rest, stimulus, rebound"
    takes = Sizes("30 s", "1.5 min", "")
    device, seed = material.DEVICE, material.SEED
    params = replace(material.PARAMS, excludes=("coupling",))
    coupling = Option(None, "std of w_rec, of an untrained network instead", kind=float, least=0)
    digits = Option(Sizes(5, 10, 30), "digits of each class; five folds need five", least=5)
    repeats = Option(Sizes(2, 2, 4), "trials of each digit", least=2)
    permutations = Option(Sizes(5, 20, 200), "of the labels, for the decoder's null", least=1)
    resamples = Option(Sizes(50, 200, 1000), "of the bootstrap over digits", least=1)
    snapshots = Option(Sizes(12, 22, 56), "times at which classes are decoded", least=2)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        params = material.network_for_digits(self.params)
        if self.coupling is not None:
            params = material.untrained(64, self.coupling, self.seed)
        self.expect(8, "stage")
        recordings = self.simulate(params)
        self.step("measuring")
        groups = np.repeat(np.arange(10 * self.digits), self.repeats)
        draws = {"n_resamples": self.resamples, "seed": self.seed}
        trials = analysis.Conditions(recordings, groups, "stimulus", **draws)
        stimulus, rebound = trials.parts["stimulus"], trials.parts["rebound"]
        squared, x = trials.squared_distance("rest"), {"digits": trials.signal("digits")}
        evoked = {name: d[:, stimulus].mean(axis=1) for name, d in squared.items()}
        pair = ("digits", "kicks only")  # the latter is the baseline of the return
        excess = {
            "distance from rest": (squared[pair[0]] - squared[pair[1]])[:, rebound],
            "difference from kicks only": trials.squared_difference(*pair, "rebound"),
        }
        since = 1 / recordings["digits"].sfreq * np.arange(rebound.stop - rebound.start)

        def variance(weights, x):
            return analysis.variance_across_trials(x, weights)

        def root(weights, squared):
            return np.sqrt(weights @ squared)

        def time_constant(weights, excess):
            return [analysis.fit_return(since, row) for row in weights @ excess]

        result = {
            "trials": trials,
            "variance_within_repeats": trials.variance_within(),
            "variance_across": trials.estimate(x, variance, "variance"),
            "quench": trials.variance_ratio("kicks only", SEGMENTS[1:]),
            "dimension": trials.participation_ratio(),
            "phase_coherence": trials.phase_coherence("rest"),
            "distance_from_rest": trials.estimate(squared, root, "distance"),
            "evoked": trials.estimate(evoked, root, "evoked distance"),
            "since": since,
            "excess": {name: e.mean(axis=0) for name, e in excess.items()},
            "return": trials.estimate(excess, time_constant, "return"),
        }
        self.step("decoding")
        result |= self.decode(trials)
        params.save(self.folder.path / "params.safetensors")
        with self.folder.file("results.nc") as path:
            courses(result).to_netcdf(path, engine="netcdf4")
        return result

    def simulate(self, params):
        """The network in all conditions, under the same kicks; recordings by condition."""
        test = self.load_digits("test")
        index = test.balanced(self.digits, generator(self.seed, "digits"))
        digits = test[index]
        shuffled = generator(self.seed, "shuffle").permuted(digits.inputs, axis=1)
        uncoupled = params.replace(w_rec=np.zeros_like(params.w_rec))
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude)
        start = {}
        for name, network in (("coupled", params), ("uncoupled", uncoupled)):
            self.step(f"settling, {name}")
            n = len(digits) * self.repeats
            start[name] = material.settled(network, SETTLE, n, kicks, self.seed, self.device)
        recordings = {}
        for name, network, state, inputs in (
            ("digits", params, "coupled", digits.inputs),
            ("shuffled", params, "coupled", shuffled),
            ("kicks only", params, "coupled", np.zeros_like(digits.inputs)),
            ("no recurrence", uncoupled, "uncoupled", digits.inputs),
        ):
            self.step(f"simulating {name}")
            padded = np.pad(inputs, ((0, 0), (REST, REBOUND), (0, 0)))
            recordings[name] = hn.simulate(
                network,
                np.repeat(padded, self.repeats, axis=0),
                kicks=kicks,
                initial=start[state],
                segments={"rest": REST, "stimulus": inputs.shape[1], "rebound": REBOUND},
                labels=np.repeat(digits.labels, self.repeats),
                every=EVERY,
                device=self.device,
                seed=self.seed,
            )
        self.config["digits"]["index"] = index
        self.config["recordings"] = {name: rec.provenance for name, rec in recordings.items()}
        return recordings

    def decode(self, trials):
        """Linear decoding of the classes at some times, in all conditions."""
        at = np.unique(np.linspace(0, len(trials.times) - 1, self.snapshots).astype(int))
        labels = trials.recordings["digits"].data["label"].values
        separable = {
            name: analysis.separability_over_time(
                trials.signal(name)[:, :, at],
                labels,
                trials.groups,
                n_permutations=0 if name == "kicks only" else self.permutations,
                seed=self.seed,
            )
            for name in trials.recordings
        }
        correct = {name: one.correct for name, one in separable.items()}
        accuracy = trials.estimate(correct, np.matmul, "accuracy")
        best = {}
        for name, one in separable.items():
            k, course = int(one.accuracy.argmax()), accuracy[name]
            p_value = one.p_value if len(one.null) else None
            shares = (course.value[k], course.low[k], course.high[k])
            best[name] = analysis.Estimate(*(100 * s for s in shares), "%", course.n, p_value)
        null = np.concatenate([one.null for one in separable.values()])
        peak = at[separable["digits"].accuracy.argmax()]
        return {"at": at, "accuracy": accuracy, "best": best, "null": null, "peak": peak}

    def findings(self, result):
        rows = {}
        for title, key in (
            ("Dimension (participation ratio)", "dimension"),
            ("Variance across repeats over that of kicks only", "quench"),
        ):
            for name, by_segment in result[key].items():
                rows |= {f"{title}, {name}, {s}": value for s, value in by_segment.items()}
        for title, key in (
            ("Distance from the resting cloud during the stimulus", "evoked"),
            ("Best decoding from a snapshot (chance 10 %)", "best"),
        ):
            rows |= {f"{title}, {name}": estimate for name, estimate in result[key].items()}
        for name, estimate in result["return"].items():
            rows[f"Time constant of the return, by {name}"] = estimate.scaled(1e3, "ms")
        decay = 1e3 * result["trials"].recordings["digits"].data["decay_time"].values.mean()
        rows["Free decay of the units, 1/gamma: mean"] = analysis.Estimate(decay, unit="ms")
        ratio, dims = result["quench"]["digits"]["stimulus"], result["dimension"]["digits"]
        change = analysis.Estimate(ratio.value - 1, ratio.low - 1, ratio.high - 1).scaled(100, "%")
        does = {1: "raise", 0: "do not clearly change", -1: "quench"}[change.sign]
        best, back = result["best"], result["return"]["distance from rest"].scaled(1e3, "ms")
        answer = [
            f"Digits {does} the trial-to-trial variance ({change:+} against the same kicks "
            f"without digits); from a snapshot, a linear readout tells {best['digits']} of them "
            f"right, against {best['no recurrence']} without recurrence.",
            f"The states fill {dims['rest']} dimensions at rest, {dims['stimulus']} under digits "
            f"and {dims['rebound']} in the rebound. They return to the resting cloud with a time "
            f"constant of {back}; units alone decay with {decay:.0f} ms.",
        ]
        return Findings(answer, rows)

    def figures(self, result):
        return {
            "State space": draw_state_space(result),
            "Variance across trials": draw_variance(result),
            "Class separability": draw_separability(result),
            "Dimension and phase": draw_dimension(result),
            "Distance and return": draw_distance(result),
        }


def courses(result):
    """All time courses as a data set."""
    trials = result["trials"]
    names = ("variance_within_repeats", "distance_from_rest", "phase_coherence")
    data = {name: trials.stack(result[name], "time", trials.times) for name in names}
    data["accuracy"] = trials.stack(result["accuracy"], "snapshot", trials.times[result["at"]])
    return xr.Dataset(data)


def draw_state_space(result):
    trials, at = result["trials"], result["peak"]
    x, evoked = trials.signal("digits"), trials.signal("digits", "stimulus")
    labels = trials.recordings["digits"].data["label"].values
    # One plane for all panels: that of the states under stimulation.
    plane = PCA(2).fit(evoked.transpose(0, 2, 1).reshape(-1, evoked.shape[1]))

    def project(states):
        return plane.transform(states.transpose(0, 2, 1).reshape(-1, states.shape[1]))

    rest = np.random.default_rng(0).permutation(project(trials.signal("digits", "rest")))[:4000]
    middle = (trials.parts["rebound"].start + trials.parts["rebound"].stop) // 2
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.8))
    for ax, sample in ((axes[0], at), (axes[2], middle)):
        figures.plot_cloud(ax, rest, color="0.8")
        figures.plot_cloud(ax, project(x[:, :, [sample]]), labels)
        ax.set_title(f"all trials at {trials.times[sample]:.2f} s")
    steps = np.arange(max(0, at - 15), at + 1)
    fine = np.linspace(steps[0], at, 400)  # three or more samples a cycle
    paths = {
        int(k): CubicSpline(steps, project(x[labels == k][:, :, steps].mean(axis=0)[None]))(fine)
        for k in np.unique(labels)[::3]
    }
    figures.plot_class_trajectories(axes[1], paths)
    axes[1].set_title("mean paths of the 60 ms before")
    return figure, (
        "Where do digits drive the states? Principal components of x under stimulation. Grey: "
        "rest. Colours and numbers: classes, the number at the mean. Left: the time of best "
        "decoding; middle, how four classes came there; right, the middle of the rebound."
    )


def draw_course(ax, result, curves, label):
    trials = result["trials"]
    figures.plot_course(ax, trials.times, curves, label)
    figures.legend_above(ax)
    figures.mark_segments(ax, trials.spans)


def draw_variance(result):
    within = result["variance_within_repeats"]
    across = result["variance_across"] | {"kicks only": within["kicks only"]}
    figure, axes = plt.subplots(2, 1, figsize=(10, 7), sharex=True)
    draw_course(axes[0], result, within, "variance of x\nacross repeats of a digit")
    draw_course(axes[1], result, across, "variance of x\nacross all trials")
    axes[0].label_outer()
    return figure, (
        "Does a stimulus quench variability? Above: variance across repeats of the same digit. "
        "Below: across all trials, which includes the differences between digits."
    )


def draw_separability(result):
    figure, ax = plt.subplots(figsize=(10, 4.5))
    figures.mark_segments(ax, result["trials"].spans)
    times = result["trials"].times[result["at"]]
    figures.plot_course(ax, times, result["accuracy"], "decoding accuracy")
    band = np.quantile(result["null"], [0.025, 0.975])
    ax.axhspan(*band, color="0.7", alpha=0.5, lw=0, label="permuted labels")
    ax.set_ylim(0, 1)
    ax.legend(ncols=3, loc="upper left")
    return figure, (
        "When can a linear readout tell the digits apart? Cross-validated accuracy of a linear "
        "support vector machine on snapshots of x; band: the middle 95 % with permuted labels."
    )


def draw_dimension(result):
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.3), width_ratios=(1, 1.3))
    figures.plot_dimension(axes[0], result["dimension"])
    draw_course(axes[1], result, result["phase_coherence"], "phase coherence over trials")
    return figure, (
        "How many dimensions do the states fill, and do digits reset phases? Left: participation "
        "ratio of x in each segment. Right: phase coherence over all trials, mean over units; its "
        "band lies high, because a trial drawn twice agrees with itself."
    )


def draw_distance(result):
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.3), width_ratios=(1.4, 1))
    draw_course(axes[0], result, result["distance_from_rest"], "distance from the resting cloud")
    figures.plot_return(axes[1], result["since"], result["excess"], result["return"])
    return figure, (
        "How far do digits drive the states, and how fast do they return? Left: Mahalanobis "
        "distance from the resting cloud of other trials; 1 is typical of rest. Right: squared "
        "distance above that of the same kicks without digits, and squared difference from them."
    )


if __name__ == "__main__":
    RestVsEvoked.main()
