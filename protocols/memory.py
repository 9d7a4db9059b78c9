#!/usr/bin/env python
"""How long is a pulse remembered, and by which units?

A short sine burst of one of five frequencies and any phase is heard by all units of a
network, under random kicks. From the states of all units at a delay, readouts learned from
other trials tell the phase (R² of its cosine and sine, the frequency being known) and the
frequency (the phase being unknown). The recall time is the area under such a curve, from 0
at chance to 1 for perfect recall. Three kinds of uncoupled units have the same decay, each
at several gammas: equal oscillators, heterogeneous ones of the same mean frequency, and
overdamped ones with the slow pole of the oscillators. The pulse is the same; kicks are so
strong that at its end the signal-to-noise ratio is the same, which spares overdamped units,
for they hardly hear it. Linear theory predicts every curve, without a free parameter, and
times that grow with 1 / gamma; of the frequency for Gaussian noise, as many kicks make it.

The primary outcome, named beforehand, is the slope of the recall time of the phase against
1 / gamma, equal oscillators minus overdamped units; all others are corrected for their number
by Holm. The unit is the network; equal uncoupled ones differ in trials and kicks only.
Controls at one gamma: recurrent weights of a share of the network's own edge of instability,
and overdamped units with a spread of decays.

    horn-neuro memory --seeds 11 12 13 14 15 16 17 18 19 20
"""

from functools import partial

import numpy as np
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import Experiment, Findings, Option, Sizes, material
from horn_neuro.parameters import Step, dense_gaussian, generator
from horn_neuro.report import figures
from horn_neuro.report.prediction import plot_prediction
from horn_neuro.report.style import BLUE, GREY, ORANGE

OMEGA, ALPHA = 2 * np.pi / 28, 0.04
FREQUENCIES = np.array([0.6, 0.8, 1.0, 1.2, 1.4])  # of the pulses, over OMEGA
PULSE = 84  # steps: three periods of OMEGA
FACTORS = 0.5, 1.5  # of omega of heterogeneous units, of the decay of overdamped ones
OVERDAMPED = 0.4  # gamma of overdamped units, whose omega then sets the slow pole
SETTLE, LONGEST = 3, 4  # decay times of the slowest mode, before and after the pulse
MEASURES = {"phase": 0.0, "frequency": 1 / len(FREQUENCIES)}  # and what guessing has
KINDS = {"equal": (BLUE, "o"), "heterogeneous": (ORANGE, "s"), "overdamped": (GREY, "^")}
COUPLED, SPREAD = ("equal, coupled", "heterogeneous, coupled"), "overdamped, spread"
CONTROLS, SOURCES = (*COUPLED, SPREAD), ("measured", "expected")
COMPARED = [(measure, "heterogeneous", "equal") for measure in MEASURES]
COMPARED += [("frequency", "equal", "overdamped")]
CONTROLLED = [(measure, kind, kind.split(",")[0]) for kind in COUPLED for measure in MEASURES]
CONTROLLED += [(measure, "equal", SPREAD) for measure in MEASURES]
SLOPE = "{}: recall time per 1/gamma: {} minus {}"
CONTROL = "Control, {}: recall time in 1/gamma: {} minus {}"
PRIMARY = "Primary: " + SLOPE.format("phase", "equal", "overdamped")


class Memory(Experiment):
    title = "Memory by resonance"
    takes = Sizes("10 s", "45 s", "")
    resumes = True
    device = material.DEVICE
    gammas = Option(
        Sizes((0.05, 0.1), (0.0125, 0.025, 0.05), (0.005, 0.01, 0.02, 0.04)),
        *("decay a step, of networks to compare", float, None, 0, 0.1),
        different=2,
    )
    seeds = Option(Sizes((1, 2), range(1, 11), range(1, 21)), "of networks", least=0, different=2)
    units = Option(Sizes(4, 10, 32), "of each network", least=3)
    trials = Option(Sizes(200, 2000, 10000), "pulses, all frequencies equally often", least=100)
    ratio = Option(30.0, "signal-to-noise ratio of the phase at the end of the pulse", above=0)
    amplitude = Option(0.1, "of the pulse", above=0)
    kick_rate = Option(500.0, "kicks of a unit, in Hz", above=0, most=1000)
    coupling = Option(0.5, "of recurrent networks, over each one's edge", above=0, most=0.95)

    def measure(self):
        if self.trials < 10 * self.units:
            least = 10 * self.units
            raise ValueError(f"trials = {self.trials}: {self.units} units need at least {least}")
        work = [(kind, g, s) for kind in KINDS for g in sorted(self.gammas) for s in self.seeds]
        work += [(kind, self.middle, s) for kind in CONTROLS for s in self.seeds]
        self.expect(len(work), "network")
        names = [f"{kind}, gamma {gamma:g}, seed {seed}" for kind, gamma, seed in work]
        pieces = [(n, partial(self.remember, *w)) for n, w in zip(names, work, strict=True)]
        result = {}
        for (kind, gamma, _), found in zip(work, self.keep_all(pieces), strict=True):
            result.setdefault(kind, {}).setdefault(f"{gamma:g}", []).append(found)
            self.config["used_device"] = found.pop("device")
        return result

    @property
    def middle(self):
        """The gamma of the controls."""
        return sorted(self.gammas)[len(self.gammas) // 2]

    def network(self, kind, gamma, seed):
        """Units of a kind whose free states decay by sqrt(1 - 2 gamma) a step."""
        n, omega, damping = self.units, OMEGA, gamma
        factors = generator(seed, "factors").uniform(*FACTORS, n)
        factors /= factors.mean()
        if kind.startswith("heterogeneous"):
            omega = OMEGA * factors
        if kind.startswith("overdamped"):
            slow = np.sqrt(1 - 2 * gamma) ** (factors if kind == SPREAD else 1)
            damping, fast = OVERDAMPED, (1 - 2 * OVERDAMPED) / slow
            omega = np.sqrt((1 - slow) * (1 - fast))  # the step's poles are slow and fast
        params = hn.HornParameters(
            *(np.broadcast_to(value, n) for value in (omega, damping, ALPHA)),
            w_in=generator(seed, "w_in").normal(size=(n, 1)),
            w_rec=np.zeros((n, n)),
            w_out=np.zeros((1, n)),
        )
        if kind in COUPLED:
            params = params.replace(w_rec=dense_gaussian(n, 1.0, generator(seed, "coupling")))
            gain = self.coupling * analysis.critical_gain(params)
            params = params.replace(w_rec=gain * params.w_rec)
        return params

    def remember(self, kind, gamma, seed):
        """Recall of one network against the delay, as measured and as predicted."""
        params, pulses = self.network(kind, gamma, seed), self.amplitude * sine_bursts()
        slowest = -np.log(np.abs(np.linalg.eigvals(Step(params).jacobian())).max())
        every = round(0.5 / gamma)
        delays = every * np.arange(int(np.ceil(LONGEST / slowest / every)) + 1)
        information = analysis.pulse_information(params, pulses, delays, 1.0)
        # Kicks of this variance, in place of 1, make the ratio at the end of the pulse.
        variance = np.trace(information[0]) / (4 * len(pulses) * self.ratio)
        information = information / variance
        kick = float(np.sqrt(variance / (self.kick_rate * params.step)))
        rng = generator(seed, "expected")
        phases = analysis.expected_phase_recall(information)
        expected = phases, analysis.expected_frequency_recall(information, rng)

        frequency = np.arange(self.trials) % len(pulses)
        phase = generator(seed, "phase").uniform(0, 2 * np.pi, self.trials)
        shown = np.stack([np.cos(phase), np.sin(phase)])
        end = every * int(np.ceil((SETTLE / slowest + PULSE) / every))  # a step that is recorded
        stimulus = np.zeros((self.trials, end + delays[-1] + 1, 1))
        burst = np.einsum("pt,tps->ts", shown, pulses[frequency])
        stimulus[:, end + 1 - PULSE : end + 1, 0] = burst
        options = {"kicks": hn.PoissonKicks(self.kick_rate, kick), "every": every, "seed": seed}
        recording = hn.simulate(params, stimulus, device=self.device, **options)
        states = np.concatenate([recording.data[name].values for name in "xy"], axis=1)
        states = np.moveaxis(states[:, :, -len(delays) :], 2, 0)
        read = [analysis.recall_pulses(each, frequency, phase) for each in states]
        found = {"delays": delays, "kick": kick, "device": recording.provenance["device"]}
        for source, (phases, told) in zip(
            SOURCES, (zip(*read, strict=True), expected), strict=True
        ):
            phases = np.array(phases)
            mean = phases.mean(axis=1)
            found[source] = {"phase": mean, "frequency": np.array(told), "pulses": phases}
        return found

    def findings(self, result):
        gammas, one = [f"{gamma:g}" for gamma in sorted(self.gammas)], f"{self.middle:g}"
        rows, slopes = {}, {}
        for measure in MEASURES:
            for kind in KINDS:
                name = f"{measure}: recall time per 1/gamma: {kind}"
                found, expected = (slopes_of(result[kind], s, measure) for s in SOURCES)
                slopes[measure, kind] = found
                rows[name] = analysis.mean_interval(found)
                rows[f"{name}, over the prediction"] = analysis.mean_interval(found / expected)
                ends = [float(g) * times(result[kind][g], measure) for g in (gammas[0], gammas[-1])]
                name = f"{measure}: recall time times gamma, {gammas[0]} minus {gammas[-1]}: {kind}"
                rows[name] = analysis.mean_interval(ends[0] - ends[1])
        for kind in list(result)[1:]:
            kicks = [[network["kick"] for network in result[k][one]] for k in (kind, "equal")]
            name = f"gamma {one}: kicks for the same ratio, {kind} over equal"
            rows[name] = analysis.mean_interval(np.divide(*kicks))

        def compare(measure, first, second):
            pair = (slopes[measure, kind] for kind in (first, second))
            return analysis.paired_difference(*pair)

        def control(measure, first, second):
            pair = (self.middle * times(result[kind][one], measure) for kind in (first, second))
            return analysis.paired_difference(*pair)

        others = {SLOPE.format(*p): compare(*p) for p in COMPARED}
        others |= {CONTROL.format(*p): control(*p) for p in CONTROLLED}
        rows = {PRIMARY: compare("phase", "equal", "overdamped")} | analysis.holm(others) | rows
        return Findings(self.answer(rows), rows, {"networks": result})

    def answer(self, rows):
        def told(measure):
            names = [f"{measure}: recall time per 1/gamma: {kind}" for kind in KINDS]
            each = [f"{rows[name]} in {name.split()[-1]}" for name in names]
            return f"{each[0]}, {each[1]} and {each[2]} ones"

        first = rows[PRIMARY]
        verdict = {1: "longer", 0: "not clearly longer or shorter", -1: "shorter"}[first.sign]
        found = {pair: rows[CONTROL.format(*pair)] for pair in CONTROLLED if pair[1] in COUPLED}
        signs = {row.sign if row.p_value < 0.05 else 0 for row in found.values()}
        changes = {1: "lengthen", 0: "do not clearly change", -1: "shorten"}
        change = changes[signs.pop()] if len(signs) == 1 else "change only some of"
        each = ", ".join(f"{p[0]} of {p[2]} ones {row:+}" for p, row in found.items())
        shares = [100 * row.value for name, row in rows.items() if name.endswith("prediction")]
        return [
            f"Recall of a pulse's phase lasts {verdict} in equal oscillators than in overdamped "
            f"units of the same decay, by {first:+} times 1/gamma ({first.n} networks, p = "
            f"{first.p_text}): {told('phase')}; recall of its frequency {told('frequency')}.",
            f"Linear theory predicts these times, of which readouts learned from {self.trials} "
            f"pulses reach {min(shares):.0f} to {max(shares):.0f} %; recurrent weights at "
            f"{self.coupling:g} of the edge {change} these times ({each}).",
        ]

    def figures(self, result):
        one = f"{self.middle:g}"
        return {
            "Recall": draw_recall(result, one),
            "Resonance": draw_resonance(result, one),
            "Controls": draw_controls(result, one),
        }


def sine_bursts():
    """Pulses of phase 0 and a quarter of a cycle, shape (n_frequencies, 2, PULSE).

    The phase is that in the middle of a Hann window, equally long for all frequencies.
    """
    angle = OMEGA * FREQUENCIES[:, None] * (np.arange(PULSE) - (PULSE - 1) / 2)
    return np.hanning(PULSE + 2)[1:-1] * np.stack([np.cos(angle), -np.sin(angle)], axis=1)


def times(networks, measure, source="measured"):
    """Recall time of each network in steps."""
    curves = [(network["delays"], network[source][measure]) for network in networks]
    return np.array([analysis.recall_time(*curve, MEASURES[measure]) for curve in curves])


def slopes_of(by_gamma, source, measure):
    """Slope of each network's recall time against 1 / gamma."""
    curve = [times(networks, measure, source) for networks in by_gamma.values()]
    return np.polyfit([1 / float(gamma) for gamma in by_gamma], curve, 1)[0]


def draw_recall(result, one):
    figure, axes = figures.grid(2, 2, 5, 3.3, sharex="col")
    for (measure, chance), (left, right) in zip(MEASURES.items(), axes, strict=True):
        for kind, style in KINDS.items():
            networks, by_gamma = result[kind][one], result[kind]
            curves = ([network[source][measure] for network in networks] for source in SOURCES)
            plot_prediction(left, networks[0]["delays"], *curves, *style, kind)
            curves = (
                np.transpose([times(several, measure, source) for several in by_gamma.values()])
                for source in SOURCES
            )
            plot_prediction(right, [1 / float(gamma) for gamma in by_gamma], *curves, *style)
        left.axhline(chance, color="black", lw=0.6, ls=":")
        left.set_ylim(-0.05, 1.02)
        right.set(ylabel=f"recall time of\nthe {measure} (steps)", xlim=(0, None), ylim=(0, None))
    axes[0, 0].set_ylabel("R² of the phase")
    axes[1, 0].set_ylabel("share of frequencies\ntold right")
    axes[1, 0].set_xlabel(f"delay since the pulse (steps), gamma = {one}")
    axes[1, 1].set_xlabel("1 / gamma (steps)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure, (
        "How long is a pulse remembered? Left: recall of phase and frequency against the delay. "
        "Right: recall time, the area under such curves, against 1/gamma. Dots: readouts learned "
        "from simulated trials, means over networks with 95 % t intervals; lines: the best "
        "readouts, as linear theory predicts. Dotted: chance."
    )


def draw_resonance(result, one):
    figure, ax = plt.subplots(figsize=(6.4, 4))
    for kind, style in KINDS.items():
        curves = (
            [analysis.recall_time(n["delays"], n[source]["pulses"].T) for n in result[kind][one]]
            for source in SOURCES
        )
        plot_prediction(ax, FREQUENCIES, *curves, *style, kind)
    ax.set(xlabel="frequency of the pulse / mean frequency of oscillators", ylim=(0, None))
    ax.set_ylabel(f"recall time of the phase (steps),\ngamma = {one}")
    figure.legend(loc="outside upper center", ncols=3)
    return figure, (
        "Which pulses are remembered? Recall time of the phase by the frequency of the pulse. "
        "Dots: measured, means over networks with 95 % t intervals; lines: predicted."
    )


def draw_controls(result, one):
    figure, axes = figures.grid(1, 2, 5, 3.6, sharey=True)
    names = list(result)[::-1]
    for ax, measure in zip(axes[0], MEASURES, strict=True):
        for place, kind in enumerate(names):
            color, marker = KINDS[kind.split(",")[0]]
            measured, expected = (times(result[kind][one], measure, s) for s in SOURCES)
            ax.plot([expected.mean()] * 2, [place - 0.3, place + 0.3], color="black", lw=1.2)
            ax.plot(measured, np.full(len(measured), place), marker, ms=5, color=color, alpha=0.6)
        ax.set(xlabel=f"recall time of the {measure} (steps)", xlim=(0, None))
    axes[0, 0].set_yticks(range(len(names)), names)
    return figure, (
        f"Do recurrent weights, or a spread of decays, lengthen memory? Recall times at gamma = "
        f"{one}. Marks: networks; black: best readouts as predicted by linear theory, mean."
    )


if __name__ == "__main__":
    Memory.main()
