#!/usr/bin/env python
"""What do rest, a stimulus, and the rebound look like in a network's state space?

Poisson kicks keep networks of damped oscillators busy. Digits sweep in, one pixel a step, and end;
the kicks go on. Every digit is shown several times: noise is what repeats differ in at fixed time,
signal what two repeats share. Both are told at rest, at the end of the stimulus, and in the middle
of the rebound; and the rate, of an exponential, at which the amplitude of the signal fades after
the end, 0 where it stays. Controls: the same kicks without digits, shuffled pixels, no recurrence;
and random initial states without kicks, or one under different kicks, for the phase of a network's
own activity.

The unit is the network, each with digits of its own; intervals and tests begin at five. The primary
outcome, named beforehand: variance over repeats at the end of a digit, units scaled by their SD
under kicks, against the same kicks without digits; other p-values are Holm's. The embedded digits
are among those that the pretrained networks were trained on: --source takes MNIST's own test set.

    horn-neuro rest_vs_evoked --source mnist --kick-rate 100
"""

import functools
import itertools
from dataclasses import replace

import numpy as np

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator
from horn_neuro.report import states as pictures

REST, REBOUND, WINDOW = 400, 600, 100  # steps
SETTLE = 3000  # trained networks sustain activity of their own, and take this long
EVERY = 4  # steps between recorded samples
ENOUGH = 5  # networks, from which on there are intervals
KINDS = ("heterogeneous", "homogeneous", "untrained")
TRIALS = ("digits", "shuffled", "no recurrence")
# Name of the condition: (is coupled, starts from, is kicked, is shown).
CONDITIONS = {
    "kicks only": (True, "kicked", True, "nothing"),
    "digits": (True, "kicked", True, "digits"),
    "shuffled": (True, "kicked", True, "shuffled"),
    "no recurrence": (False, "uncoupled", True, "digits"),
    "silence": (True, "random", False, "nothing"),
    "digits, no kicks": (True, "random", False, "digits"),
    "kicks only, one state": (True, "one", True, "nothing"),
    "digits, one state": (True, "one", True, "digits"),
}


class RestVsEvoked(DigitExperiment):
    title = "Rest, stimulus, rebound"
    takes = Sizes("15 s", "2 min", "")
    resumes = True
    device, seed, gamma = material.DEVICE, material.SEED, material.GAMMA  # of untrained ones
    params = replace(material.PARAMS, excludes=("kinds", "networks", "coupling", "gamma"))
    kinds = Option(Sizes(KINDS[2:], KINDS, KINDS), "groups of networks", choices=KINDS)
    networks = Option(Sizes(1, 5, 5), "of each group, at most", least=1)
    coupling = Option(0.5, "std of w_rec of untrained networks", least=0)
    digits = Option(Sizes(5, 10, 30), "digits of each class; five folds need five", least=5)
    repeats = Option(Sizes(3, 2, 4), "trials of each digit", least=2)
    snapshots = Option(Sizes(8, 12, 56), "times at which classes are decoded", least=2)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        test, groups, pieces = self.load_digits("test"), self.groups(), []
        for group, several in groups.items():
            for k, params in enumerate(several):
                seed = self.seed + k
                digits = test[test.balanced(self.digits, generator(seed, "digits"))]
                work = functools.partial(self.one, params, digits, seed)
                pieces.append((f"{group} {k + 1}", work))
        self.expect(len(pieces), "network")
        done = self.keep_all(pieces)
        return {group: list(itertools.islice(done, len(ps))) for group, ps in groups.items()}

    def groups(self):
        if self.params is not None:
            return {"this network": [material.network_for_digits(self.params)]}
        groups = {}
        for kind in self.kinds:
            if kind == "untrained":
                make = functools.partial(material.untrained, 64, self.coupling, gamma=self.gamma)
                several = [make(seed=self.seed + k) for k in range(self.networks)]
            else:
                several = material.trained_networks(kind)[: self.networks]
            groups[kind] = several
        self.config["networks"] = {g: [p.fingerprint for p in ps] for g, ps in groups.items()}
        return groups

    def one(self, params, digits, seed):
        """One network in all conditions: numbers, time courses, and a picture."""
        shown = {
            "nothing": np.zeros_like(digits.inputs),
            "digits": digits.inputs,
            "shuffled": generator(seed, "shuffle").permuted(digits.inputs, axis=1),
        }
        starts, n = self.starts(params, len(digits), seed), self.repeats
        silent = params.replace(w_rec=np.zeros_like(params.w_rec))
        at = np.unique(np.linspace(0, (REST + 784 + REBOUND) // EVERY - 1, self.snapshots))
        found = {name: {} for name in ("cells", "noise", "clusters", "correct", "pooled")}
        found["fading"] = {"were the units free": material.free_decay(params).mean()}
        times = EVERY * params.step * np.arange(REBOUND // EVERY)
        found["at"] = np.union1d(at.astype(int), [END])
        for name, (coupled, start, kicked, inputs) in CONDITIONS.items():
            padded = np.pad(shown[inputs], ((0, 0), (REST, REBOUND), (0, 0)))
            x = self.simulate(params if coupled else silent, padded, starts[start], kicked, seed)
            x = x.reshape(len(digits), n, *x.shape[1:])
            if name == "kicks only":
                scale = x.std(axis=(0, 1, 3))
            scaled = x / scale[:, None]
            if name in ("kicks only", "digits"):
                cells = [analysis.noise_and_signal(x[..., w], scale) for w in windows().values()]
                found["cells"][name] = cells
            found["noise"][name] = scaled.var(axis=1, ddof=1).mean(axis=(0, 1))
            if name in ("kicks only", *TRIALS):
                found["clusters"][name] = analysis.cluster_ratio(scaled, digits.labels)
                flat = np.moveaxis(x, 2, 0).reshape(params.n_units, -1, x.shape[-1])
                pooled = [np.cov(flat[..., s].reshape(len(flat), -1)) for s in segments().values()]
                found["pooled"][name] = analysis.participation_ratio(pooled)
            if name in TRIALS:
                signal = analysis.signal_over_time(scaled[..., END + 1 :])
                found["fading"][name] = 1 / analysis.fit_return(times, signal)
                found["correct"][name] = self.decode(x[..., found["at"]], digits.labels)
            if name == "digits":
                found["plane"] = pictures.principal_plane(x, digits.labels, segments(), AT)
        return found

    def starts(self, params, n_digits, seed):
        """Initial states of all trials, by the way that they came about."""
        kicks, n = hn.PoissonKicks(self.kick_rate, self.kick_amplitude), n_digits * self.repeats
        silent = params.replace(w_rec=np.zeros_like(params.w_rec))
        how = SETTLE, n, kicks, seed, self.device
        kicked, uncoupled = (material.settled(network, *how) for network in (params, silent))
        x, y = generator(seed, "initial").standard_normal((2, n, params.n_units))
        rest = {"initial": hn.State(x, params.omega * y), "record": (), "device": self.device}
        first = np.repeat(np.arange(0, n, self.repeats), self.repeats)
        return {
            "kicked": kicked,
            "uncoupled": uncoupled,
            "random": hn.simulate(params, SETTLE, n_trials=n, **rest).final_state,
            "one": hn.State(**{name: kicked[name][first] for name in kicked}),
        }

    def simulate(self, params, inputs, start, kicked, seed):
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude) if kicked else None
        how = {"record": "x", "every": EVERY, "device": self.device, "seed": seed}
        inputs = np.repeat(inputs, self.repeats, axis=0)
        recording = hn.simulate(params, inputs, kicks=kicks, initial=start, **how)
        return recording.data["x"].values

    def decode(self, x, labels):
        """Whether the first trial of each digit is told right, at some times."""
        groups, flat = np.repeat(np.arange(len(labels)), self.repeats), x.reshape(-1, *x.shape[2:])
        found = analysis.separability_over_time(flat, labels[groups], groups, seed=self.seed)
        return found.correct[:: self.repeats]

    def findings(self, result):
        rows, tests = {}, {}
        trained = [one for group, ones in result.items() if group != "untrained" for one in ones]
        several = {"trained": trained, **result} if len(result) > 1 and trained else result
        main, units = next(iter(several)), {"Decoding": "%", "Fading": "/s"}
        for group, ones in several.items():
            found, against = measures(ones)
            for title, values in found.items():
                mean = analysis.mean_interval(values, ENOUGH)
                rows[f"{title}, {group}"] = replace(mean, unit=units.get(title.split()[0]))
            if group == main and len(ones) >= ENOUGH:
                tests = {t: analysis.paired_difference(found[t], v) for t, v in against.items()}
        corrected = analysis.holm({k: t for k, t in tests.items() if k != PRIMARY})
        for title, test in {**tests, **corrected}.items():
            name = f"{title}, {main}"
            rows[name] = replace(rows[name], p_value=test.p_value, at_floor=test.at_floor)
        for group, ones in result.items():
            for k, one in enumerate(ones):
                accuracy = analysis.decoding_accuracy(told_right(one, "digits"), 0.1)
                rows[f"Decoding at the end, digits, {group} {k + 1}"] = accuracy

        def tell(title, group=main):
            return rows[f"{title}, {group}"]

        other = main == "trained" and "untrained" in result
        own = tell("Noise without kicks, at rest")
        apart = [tell(f"Clusters (F), {w}") for w in windows()]
        readouts = [tell(f"Decoding at the end, {name}") for name in TRIALS[::2]]
        seen = self.source == "embedded" and trained and self.params is None
        answer = [
            f"At the end of a digit the variance over repeats is {tell(PRIMARY)} times that under "
            f"the same kicks without digits ({main} networks, n = {own.n}"
            + (f"; untrained: {tell(PRIMARY, 'untrained')}). " if other else "). ")
            + f"Without any kicks, random initial states alone make {own} of the variance at rest "
            f"and {tell('Noise without kicks, at the end without digits')} at that time, and "
            f"digits leave {tell('Noise without kicks, at the end')}: phases that digits reset.",
            f"Classes lie apart by {apart[0]} at rest (1: no clusters), {apart[1]} at the end and "
            f"{apart[2]} in the rebound; a linear readout tells {readouts[0]} right at the end "
            f"(chance 10 %), {readouts[1]} without recurrence."
            + (" The networks were trained on these digits, among others." if seen else ""),
            f"Then the signal, what repeats share of a digit, fades by {tell(f'{FADING}, digits')} "
            f"({main}), {tell(f'{FADING}, no recurrence')} without recurrence, where the units' "
            f"own damping asks for {tell(f'{FADING}, were the units free')}"
            + (f"; untrained: {tell(f'{FADING}, digits', 'untrained')}." if other else "."),
        ]
        cells = {group: [one["cells"] for one in ones] for group, ones in result.items()}
        return Findings(answer, rows, {"windows": list(windows()), "covariances": cells})

    def figures(self, result):
        times = (np.arange((REST + 784 + REBOUND) // EVERY) * EVERY - REST) / 1000
        spans = {name: (times[s][0], times[s][-1]) for name, s in segments().items()}
        return {
            "State space": pictures.draw_plane(next(iter(result.values()))[0]["plane"]),
            "Noise": pictures.draw_noise(result, times, spans),
            "Clusters": pictures.draw_clusters(result, times, spans),
            "Covariances": pictures.draw_covariances(result, list(windows())),
            "Phase resetting": pictures.draw_resetting(result, times, spans),
        }


END = (REST + 784) // EVERY - 1  # the sample at which classes are decoded
AT = {"end": END, "rebound": END + 400 // EVERY}  # the samples of the picture
PRIMARY = "Noise at the end over that of kicks only (units scaled)"
FADING = "Fading of the signal after the end"


def segments():
    """Samples of the three parts of a trial."""
    edges = np.cumsum([0, REST, 784, REBOUND]) // EVERY
    return {n: slice(*edges[k : k + 2]) for k, n in enumerate(("rest", "stimulus", "rebound"))}


def windows():
    """Samples at which covariances are told: 100 steps before the onset, the end, and later."""
    ends = {"at rest": REST, "at the end": REST + 784, "in the rebound": REST + 784 + 400}
    return {name: slice((end - WINDOW) // EVERY, end // EVERY) for name, end in ends.items()}


def measures(ones):
    """Values of all networks by name, and what some of them are tested against."""

    def get(condition, what):
        return np.array([[at[what] for at in one["cells"][condition]] for one in ones])

    def mean(kind, condition):  # of a course in the three windows
        courses = np.array([one[kind][condition] for one in ones])
        return np.array([courses[:, w].mean(axis=1) for w in windows().values()]).T

    def right(name):
        return 100 * np.mean([told_right(one, name) for one in ones], axis=1)

    kicks = mean("noise", "kicks only")
    relative = {name: mean("noise", name) / kicks for name in CONDITIONS}
    raw, f = get("digits", "noise") / get("kicks only", "noise"), mean("clusters", "digits")
    volume = get("digits", "log volume") - get("kicks only", "log volume")
    found = {
        PRIMARY: relative["digits"][:, 1],
        "Noise at the end over that of kicks only (raw)": raw[:, 1],
        "Noise in the rebound over that of kicks only (units scaled)": relative["digits"][:, 2],
        "Log volume of noise per unit at the end, minus kicks only": volume[:, 1],
        "Noise without kicks, at rest": relative["silence"][:, 0],
        "Noise without kicks, at the end without digits": relative["silence"][:, 1],
        "Noise without kicks, at the end": relative["digits, no kicks"][:, 1],
        "Noise from one state, at the end, kicks only": relative["kicks only, one state"][:, 1],
        "Noise from one state, at the end, digits": relative["digits, one state"][:, 1],
    }
    for k, w in enumerate(windows()):
        found[f"Clusters (F), {w}"] = f[:, k]
        signal = get("digits", "signal, scaled")[:, k] / get("kicks only", "noise, scaled")[:, 0]
        found[f"Signal over resting noise (units scaled), {w}"] = signal
        for how, text in (("", "raw"), (", scaled", "units scaled")):
            n, s = f"noise dimension{how}", f"signal dimension{how}"
            found[f"Dimension of noise, {w} ({text})"] = get("digits", n)[:, k]
            if k:  # at rest there is no signal
                found[f"Dimension of signal, {w} ({text})"] = get("digits", s)[:, k]
            if k == 1:
                found[f"Dimension of noise, {w}, kicks only ({text})"] = get("kicks only", n)[:, k]
    for name in TRIALS:
        found[f"Decoding at the end, {name}"] = right(name)
    for name in ones[0]["fading"]:
        found[f"{FADING}, {name}"] = np.array([one["fading"][name] for one in ones])
    for k, segment in enumerate(("rest", "stimulus")):
        pooled = np.array([one["pooled"]["digits"][k] for one in ones])
        found[f"Pooled dimension, {segment} (misleads: response and noise added)"] = pooled
    against = {name: np.ones(len(ones)) for name in list(found)[:3]} | {
        "Log volume of noise per unit at the end, minus kicks only": np.zeros(len(ones)),
        "Noise without kicks, at the end": relative["silence"][:, 1],
        "Clusters (F), at the end": f[:, 0],
        "Decoding at the end, digits": right("no recurrence"),
        f"{FADING}, digits": found[f"{FADING}, no recurrence"],
    }
    for text in ("raw", "units scaled"):
        null = found[f"Dimension of noise, at the end, kicks only ({text})"]
        against[f"Dimension of noise, at the end ({text})"] = null
    return found, against


def told_right(one, condition):
    return one["correct"][condition][:, one["at"].tolist().index(END)]


if __name__ == "__main__":
    RestVsEvoked.main()
