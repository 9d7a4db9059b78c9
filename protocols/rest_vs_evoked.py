#!/usr/bin/env python
"""What do rest, a stimulus, and the rebound look like in a network's state space?

Poisson kicks keep a network of damped oscillators busy. Real digits sweep in,
one pixel a step, and end; the kicks go on. Every digit is shown several times
under different kicks, and the controls repeat all trials under the same kicks:
with the pixels of each digit in shuffled order, without any digit, and without
recurrent connections.

    python protocols/rest_vs_evoked.py
"""

import time
from dataclasses import dataclass

import numpy as np
import xarray as xr
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import dense_gaussian, generator
from horn_neuro.recording import software_versions
from horn_neuro.report import RunFolder, figures, styled, write_report
from horn_neuro.report.command import protocol_parser

QUESTION = (
    "What do rest, a stimulus, and the rebound look like in state space? Poisson kicks act on all "
    "units throughout; between the onset and the end of the stimulus, the pixels of a digit sweep "
    "in, one a step. All conditions share the same kicks."
)
SIZES = {
    "fast": {"digits": 5, "repeats": 2, "permutations": 5, "resamples": 50, "snapshots": 12},
    "default": {"digits": 10, "repeats": 2, "permutations": 20, "resamples": 200, "snapshots": 22},
    "full": {"digits": 30, "repeats": 4, "permutations": 200, "resamples": 1000, "snapshots": 56},
}
SETTLE, REST, REBOUND = 400, 400, 600  # steps
EVERY = 4  # steps between recorded samples
SEGMENTS = ("rest", "stimulus", "rebound")

def default_network(coupling, seed):
    """Make the network that is used without --params: untrained, heterogeneous, coupled."""
    params = hn.effenberger_2025(n_units=64, heterogeneous=True, seed=seed)
    w_rec = dense_gaussian(params.n_units, coupling, generator(seed, "coupling"))
    provenance = {**params.provenance, "w_rec": f"dense_gaussian, std {coupling}"}
    return params.replace(w_rec=w_rec, provenance=provenance)


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0])
    parser.add_argument("--digits", type=int, metavar="N", help="digits of each class")
    parser.add_argument("--repeats", type=int, metavar="N", help="trials of each digit")
    parser.add_argument(
        "--source", default="embedded", help="embedded, openml, or a folder of MNIST's IDX files"
    )
    # The edge 2 gamma / alpha of the linear theory of equal oscillators.
    parser.add_argument(
        "--coupling", type=float, default=0.5, help="standard deviation of w_rec, without --params"
    )
    parser.add_argument("--kick-rate", type=float, default=50.0, help="kicks of a unit, in Hz")
    parser.add_argument("--kick-amplitude", type=float, default=0.04, help="size of a kick on y")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.digits = args.digits or size["digits"]
    args.repeats = args.repeats or size["repeats"]
    if args.repeats < 2:
        parser.error("--repeats: a variance across repeats needs at least 2")
    if args.digits < 5:
        parser.error("--digits: the five folds of the decoder need at least 5 of each class")
    return args


@dataclass
class Trials:
    """Stimuli of all trials, with the digit and class of each."""

    stimuli: dict
    labels: np.ndarray
    groups: np.ndarray
    segments: dict


def make_trials(args):
    """Draw digits of all classes, each several times, and make the controls' stimuli."""
    sequences = hn.datasets.smnist(args.source, "test")
    index = sequences.balanced(args.digits, generator(args.seed, "digits"))
    shown = sequences.inputs[index]
    shuffled = generator(args.seed, "shuffle").permuted(shown, axis=1)
    steps = shown.shape[1]

    def trials(inputs):
        padded = np.zeros((len(inputs), SETTLE + REST + steps + REBOUND, 1))
        padded[:, SETTLE + REST : SETTLE + REST + steps] = inputs
        return np.repeat(padded, args.repeats, axis=0)

    digits = trials(shown)
    return Trials(
        stimuli={
            "digits": digits,
            "shuffled": trials(shuffled),
            "kicks only": np.zeros_like(digits),
            "no recurrence": digits,
        },
        labels=np.repeat(sequences.labels[index], args.repeats),
        groups=np.repeat(np.arange(len(index)), args.repeats),
        segments={"settle": SETTLE, "rest": REST, "stimulus": steps, "rebound": REBOUND},
    ), {"source": sequences.source, "checksum": sequences.checksum, "index": index.tolist()}


def simulate_conditions(params, trials, args, progress):
    """Run the network in all conditions, under the same kicks."""
    kicks = hn.PoissonKicks(args.kick_rate, args.kick_amplitude)
    recordings = {}
    for name, stimulus in trials.stimuli.items():
        progress.set_description(f"simulating: {name}")
        network = params
        if name == "no recurrence":
            network = params.replace(w_rec=np.zeros_like(params.w_rec))
        recordings[name] = hn.simulate(
            network,
            stimulus,
            kicks=kicks,
            segments=trials.segments,
            labels=trials.labels,
            every=EVERY,
            device=args.device,
            seed=args.seed,
        )
        progress.update()
    return recordings


class Analysis:
    """All that is measured, condition by condition; `trials` tells what belongs together."""

    def __init__(self, params, recordings, trials, args, progress):
        self.params, self.recordings, self.trials = params, recordings, trials
        self.size, self.seed = SIZES[args.size], args.seed
        first = recordings["digits"]
        time_axis = first.data["time"].values
        self.samples = {name: slice(k, k + n) for name, (k, n) in first.segments.items()}
        self.after_settling = slice(self.samples["rest"].start, None)
        self.onset = time_axis[self.samples["stimulus"].start]
        self.times = time_axis[self.after_settling] - self.onset
        self.interval = 1 / first.sfreq
        steps = [
            ("variability", self.measure_variability),
            ("dimension", self.measure_dimension),
            ("distance from rest", self.measure_distance),
            ("phases", self.measure_phases),
            ("separability", self.measure_separability),
        ]
        for name, measure in steps:
            progress.set_description(f"analysing: {name}")
            measure()
            progress.update()

    def x(self, condition, segment=None):
        where = self.after_settling if segment is None else self.samples[segment]
        return self.recordings[condition].data["x"].values[:, :, where]

    def bootstrap(self, statistic, source, by_group=False):
        groups = np.unique(self.trials.groups) if by_group else self.trials.groups
        rng = generator(self.seed, f"bootstrap {source}")
        return analysis.bootstrap(statistic, groups, self.size["resamples"], rng)

    def in_segment(self, segment):
        """Select a segment from a time course that begins after settling."""
        start = self.after_settling.start
        where = self.samples[segment]
        return slice(where.start - start, where.stop - start)

    def measure_variability(self):
        within = {
            name: analysis.variance_within_groups(self.x(name), self.trials.groups)
            for name in self.recordings
        }
        self.within = {
            name: self.bootstrap(lambda w, v=v: w @ v, "variance", by_group=True)
            for name, v in within.items()
        }
        x = self.x("digits")
        self.across = self.bootstrap(lambda w: analysis.variance_across_trials(x, w), "variance")

        def quench(name, segment):
            evoked, control = (
                within[condition][:, self.in_segment(segment)].mean(axis=1)
                for condition in (name, "kicks only")
            )
            return self.bootstrap(
                lambda w: (w @ evoked) / (w @ control), "quench", by_group=True
            )

        self.quench = {
            name: {segment: quench(name, segment) for segment in ("stimulus", "rebound")}
            for name in ("digits", "shuffled")
        }

    def measure_dimension(self):
        self.dimension, self.explained = {}, {}
        for name in self.recordings:
            self.dimension[name] = {}
            for segment in SEGMENTS:
                moments = analysis.TrialMoments(self.x(name, segment))
                self.dimension[name][segment] = self.bootstrap(
                    lambda w, m=moments: analysis.participation_ratio(m.covariance(w)), "dimension"
                )
                if name == "digits":
                    equal = np.full((1, len(moments.means)), 1 / len(moments.means))
                    (everything,) = moments.covariance(equal)
                    self.explained[segment] = analysis.explained_variance(everything)

    def measure_distance(self):
        squared = {
            name: analysis.distance_from_cloud(
                self.x(name), self.x(name, "rest"), self.trials.groups
            )
            for name in self.recordings
        }
        self.distance = {
            name: self.bootstrap(lambda w, d=d: np.sqrt(w @ d), "distance")
            for name, d in squared.items()
        }
        stimulus = self.in_segment("stimulus")
        self.evoked_distance = {
            name: self.bootstrap(
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
            "difference from kicks only": self.squared_difference("digits", "kicks only"),
        }
        self.return_time = {
            name: self.bootstrap(
                lambda w, e=e: [analysis.fit_return(self.return_times, row) for row in w @ e],
                "return",
            )
            for name, e in self.excess.items()
        }

    def squared_difference(self, one, other):
        """Squared difference of two conditions in phase space (x, y/omega) in the rebound."""
        total = 0.0
        for signal, scale in (("x", 1.0), ("y", 1 / self.params.omega[:, None])):
            a, b = (
                self.recordings[name].data[signal].values[:, :, self.samples["rebound"]]
                for name in (one, other)
            )
            total = total + ((scale * (a - b)) ** 2).sum(axis=1)
        return total

    def theta(self, name):
        """Phases about the mean position at rest."""
        center = self.x(name, "rest").mean(axis=(0, 2))
        y = self.recordings[name].data["y"].values[:, :, self.after_settling]
        return analysis.oscillator_phase(self.x(name), y, self.params.omega, center)

    def measure_phases(self):
        self.order, self.coherence = {}, {}
        for name in ("digits", "kicks only"):
            theta = self.theta(name)
            by_trial = analysis.phase_coherence(theta, axis=1)
            self.order[name] = self.bootstrap(lambda w, r=by_trial: w @ r, "order")
            vectors = np.exp(1j * theta)
            self.coherence[name] = self.bootstrap(
                lambda w, v=vectors: np.abs(np.tensordot(w, v, axes=1)).mean(axis=1), "coherence"
            )
            if name == "digits":
                self.example_theta = theta[0]

    def measure_separability(self):
        last = len(self.times) - 1
        self.snapshots = np.unique(np.linspace(0, last, self.size["snapshots"]).astype(int))
        self.separability, self.accuracy = {}, {}
        for name in self.recordings:
            self.separability[name] = found = analysis.separability_over_time(
                self.x(name)[:, :, self.snapshots],
                self.trials.labels,
                self.trials.groups,
                n_permutations=self.size["permutations"] if name != "kicks only" else 0,
                seed=self.seed,
            )
            self.accuracy[name] = self.bootstrap(
                lambda w, c=found.correct: w @ c, "accuracy"
            )

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
            rows.append((f"Distance from the resting cloud during the stimulus, {name}", str(value)))
        for name, found in self.separability.items():
            k = self.best_snapshot(name)
            course = self.accuracy[name]
            best = analysis.Estimate(course.value[k], course.low[k], course.high[k])
            text = f"{best.format(100)} % at {self.times[self.snapshots[k]]:.2f} s"
            if len(found.null):
                text += f", p = {found.p_value:.2g} (permuted labels, {len(found.null)} times)"
            rows.append((f"Best class separability (chance 10 %), {name}", text))
        for name, value in self.return_time.items():
            rows.append((f"Time constant of the return, by {name}", f"{value.format(1e3)} ms"))
        decay = 1e3 * self.params.decay_time
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


def draw(found):
    """Draw all figures; returns them with their captions, by title."""
    from matplotlib import pyplot as plt
    from sklearn.decomposition import PCA

    data = found.recordings["digits"].data
    spans = {
        name: (
            found.times[found.in_segment(name)][0],
            found.times[found.in_segment(name)][-1] + found.interval,
        )
        for name in SEGMENTS
    }
    result = {}

    # One plane for all panels: that of the states under stimulation.
    x = found.x("digits")
    evoked = found.x("digits", "stimulus")
    plane = PCA(2).fit(evoked.transpose(0, 2, 1).reshape(-1, evoked.shape[1]))

    def project(states):
        return plane.transform(states.transpose(0, 2, 1).reshape(-1, states.shape[1]))

    figure, axes = plt.subplots(2, 2, figsize=(10, 9), sharex=True, sharey=True)
    labels = found.trials.labels
    rest = project(found.x("digits", "rest"))
    chosen = generator(found.seed, "figure").choice(len(rest), min(len(rest), 4000), replace=False)
    figures.plot_cloud(axes[0, 0], rest[chosen])
    axes[0, 0].set_title("rest: all states")
    best = found.snapshots[found.best_snapshot("digits")]
    later = found.in_segment("rebound").start + int(0.3 / found.interval)
    for ax, sample in ((axes[0, 1], best), (axes[1, 1], later)):
        figures.plot_cloud(ax, rest[chosen], color="0.8")
        figures.plot_cloud(ax, project(x[:, :, [sample]]), labels)
        ax.set_title(f"states of all trials at {found.times[sample]:.2f} s")
    window = slice(best - round(0.06 / found.interval), best + 1)
    paths = {
        int(label): project(x[labels == label][:, :, window].mean(axis=0)[None])
        for label in np.unique(labels)
    }
    figures.plot_class_trajectories(axes[1, 0], paths)
    axes[1, 0].set_title("mean path of each class, 60 ms before")
    for ax in (axes[0, 0], axes[0, 1]):
        ax.set_xlabel("")
    for ax in (axes[0, 1], axes[1, 1]):
        ax.set_ylabel("")
    result["State space"] = figure, (
        "Principal components of the states x under stimulation. Grey: states at rest. Colours and "
        "numbers: classes, the number at the mean of the class; upper right, the time of best "
        "separability; lower right, 0.3 s after the end of the stimulus."
    )

    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    figures.plot_dimension(axes[0], found.dimension)
    axes[0].set_ylim(0, 1.3 * axes[0].get_ylim()[1])
    axes[0].legend(ncols=2, loc="upper center")
    figures.plot_explained_variance(axes[1], found.explained)
    axes[1].legend(loc="lower right")
    result["Dimension"] = figure, (
        "Left: participation ratio of the states x in each segment. Right: cumulative explained "
        "variance of the digits condition. Bars: 95 % bootstrap intervals over digits."
    )

    figure, axes = plt.subplots(2, 1, figsize=(10, 7), sharex=True)
    figures.plot_course(
        axes[0], found.times, found.within, "variance of x\nacross repeats of a digit"
    )
    axes[0].legend(ncols=2, loc="upper left")
    both = {"digits": found.across, "kicks only": found.within["kicks only"]}
    figures.plot_course(axes[1], found.times, both, "variance of x across all trials")
    axes[1].legend(ncols=2, loc="upper left")
    for ax in axes:
        figures.mark_segments(ax, spans, labels=ax is axes[0])
    axes[0].set_xlabel("")
    for ax in axes:
        ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    result["Variance across trials"] = figure, (
        "Above: trial-to-trial variance across repeats of the same digit, which a stimulus may "
        "quench. Below: variance across all trials, which includes the differences between digits."
    )

    figure, ax = plt.subplots(figsize=(10, 4.5))
    figures.plot_course(ax, found.times[found.snapshots], found.accuracy, "decoding accuracy")
    null = np.concatenate([found.separability[name].null for name in found.recordings])
    ax.axhspan(*np.quantile(null, [0.025, 0.975]), color="0.7", alpha=0.5, lw=0, label="permuted")
    figures.mark_segments(ax, spans)
    ax.set_ylim(0, 1)
    ax.legend(ncols=3, loc="upper left")
    result["Class separability"] = figure, (
        "Cross-validated accuracy of a linear support vector machine on snapshots of x. Grey band: "
        "the middle 95 % of accuracies with permuted labels."
    )

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.3), width_ratios=(1.5, 1))
    figures.plot_course(axes[0], found.times, found.distance, "distance from the resting cloud")
    axes[0].set_ylim(0, 1.35 * axes[0].get_ylim()[1])
    axes[0].legend(ncols=2, loc="upper left")
    figures.mark_segments(axes[0], spans)
    means = {name: excess.mean(axis=0) for name, excess in found.excess.items()}
    figures.plot_return(axes[1], found.return_times, means, found.return_time)
    axes[1].legend(loc="lower left")
    result["Distance and return"] = figure, (
        "Left: Mahalanobis distance from the resting cloud of other trials; 1 is typical of rest. "
        "Right: return after the stimulus, as squared distance above that of the same kicks "
        "without digits, and as squared difference from those trials in phase space."
    )

    figure, axes = plt.subplots(
        2, 1, figsize=(10, 6), sharex=True, height_ratios=(1, 5), layout="constrained"
    )
    trial = 0
    times = data["time"].values[found.after_settling] - found.onset
    axes[0].plot(times, data["stimulus"].values[trial, 0, found.after_settling], "k", lw=0.8)
    axes[0].set_ylabel("pixel")
    order = np.argsort(found.params.frequency_hz)
    units = order[np.linspace(0, len(order) - 1, min(6, len(order))).astype(int)]
    names = [f"{found.params.frequency_hz[k]:.0f} Hz" for k in units]
    figures.plot_traces(axes[1], times, x[trial, units], names)
    axes[1].set_ylabel("position of units, by natural frequency")
    for ax in axes:
        figures.mark_segments(ax, spans, labels=ax is axes[0])
    result["Example traces"] = figure, (
        f"One trial, digit {labels[trial]}: the input, and the positions of six units."
    )

    figure, axes = plt.subplots(3, 1, figsize=(10, 9), height_ratios=(2, 1, 1))
    zoom = (found.times >= -0.1) & (found.times < 0.4)
    theta = found.example_theta[:, zoom]
    figures.plot_phases(axes[0], found.times[zoom], theta, found.params.frequency_hz)
    for ax, courses, label in (
        (axes[1], found.order, "order parameter\n(over units)"),
        (axes[2], found.coherence, "phase coherence\n(over trials)"),
    ):
        figures.plot_course(ax, found.times, courses, label)
        ax.set_ylim(0, 1)
        ax.legend(ncols=2, loc="upper left")
        figures.mark_segments(ax, spans, labels=False)
    axes[1].set_xlabel("")
    axes[0].axvline(0, color="white", lw=2, ls="--")
    result["Phases"] = figure, (
        "Above: phases of all units in one trial; dashed, the onset of the stimulus. Middle: Kuramoto order "
        "parameter, mean over trials. Below: phase coherence over all trials, mean over units."
    )
    return result


def main(argv=None):
    """Run the protocol; returns the analysis with all results."""
    started = time.time()
    args = parse(argv)
    params = hn.load_parameters(args.params) if args.params else default_network(args.coupling, args.seed)
    if params.n_inputs != 1:
        raise ValueError(
            f"{args.params} has {params.n_inputs} input channels; digits are one pixel a step, so "
            "this protocol needs a network with 1"
        )
    folder = RunFolder(args.out, "rest_vs_evoked")
    with tqdm(total=11, unit="stage", bar_format="{l_bar}{bar}| {elapsed}") as progress:
        trials, digits = make_trials(args)
        recordings = simulate_conditions(params, trials, args, progress)
        found = Analysis(params, recordings, trials, args, progress)
        config = {
            "protocol": "rest_vs_evoked",
            "arguments": vars(args),
            "digits": digits,
            "steps": trials.segments,
            "sampled_every": EVERY,
            "device": recordings["digits"].provenance["device"],
            "seed": args.seed,
            "step_s": params.step,
            "parameters": params.fingerprint,
            "parameters_provenance": params.provenance,
            "versions": software_versions(),
        }
        progress.set_description("drawing")
        params.save(folder.path / "params.safetensors")
        with styled():
            drawn = draw(found)
            for title, (figure, _) in drawn.items():
                folder.save_figure(title.lower().replace(" ", "_"), figure)
            progress.update()
            progress.set_description("writing the report")
            with folder.file("results.nc") as path:
                found.courses().to_netcdf(path, engine="netcdf4")
            config["seconds"] = round(time.time() - started, 1)
            folder.save_json("config.json", config)
            folder.save_json("results.json", found.summary())
            numbers = found.numbers()
            write_report(folder, "Rest, stimulus, rebound", QUESTION, numbers, drawn, config)
            progress.update()
            progress.set_description("done")
    print(f"\n{len(trials.labels)} trials, {params.n_units} units, {config['device']}")
    for name, value in numbers:
        print(f"  {name}: {value}")
    print(f"Brackets are 95 % bootstrap intervals. Report: {folder.path / 'report.html'}")
    return found


if __name__ == "__main__":
    main()
