#!/usr/bin/env python
"""Which waves arise by themselves, and do spirals live?

Periodic sheets of oscillators under Poisson kicks, without any other input: springs, coupling of
velocities with delays of a quarter period and without, each below the edge, where a sheet rests
without kicks, and the latter two beyond it, where it oscillates by itself. Units are
equal, or have natural frequencies that are spread around the same mean. For each recording:
vortices of phase a time, for how long the median one is followed, and the median one of those
that are seen at a time, of which long ones are more, coherence of neighbours' phases, the
wavelength from the spatial spectrum, coherence of the direction of flow, and the kinds of
waves in windows of four periods.

Two controls: no coupling; and a random field for each recording, in which every mode of its
Fourier transform over space keeps its course in time but for a random phase, so that the spectrum
over space and time is the same. Waves that only add up have as many vortices as such a field. How
long they live is told beside the sheet without coupling, too: kicks are few and large, so that
even there vortices stay longer than in a random field, where every mode is everywhere. The seed
draws kicks and frequencies, and is what intervals are over.

    horn-neuro spontaneous_waves --spread 0.2 --seeds 11 12 13 14 15
"""

from functools import partial

import numpy as np

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import Experiment, Findings, Option, Sizes, material
from horn_neuro.experiment.media import PERIOD, medium
from horn_neuro.parameters import child_seed, generator
from horn_neuro.report.sheets import draw_phases, draw_vortices

# Each medium: kind of coupling and weight of neighbours.
MEDIA = {
    "no coupling": ("symmetric", 0.0),
    "springs": ("springs", 0.05),
    "no delay": ("symmetric", 0.05),
    "delayed": ("symmetric, delayed", 0.2),
    "no delay, beyond the edge": ("symmetric", 0.2),
    "delayed, beyond the edge": ("symmetric, delayed", 0.8),
}
UNITS = ("equal", "spread")
EVERY, WINDOW = 2, 4 * PERIOD  # steps from sample to sample, and of a window
SEEN = "life of one seen"
MEASURES = {
    "vortices": "a time",
    "life": "steps",
    SEEN: "steps",
    "neighbours": "",
    "wavelength": "sites",
    "flow": "",
}


class SpontaneousWaves(Experiment):
    title = "Spontaneous waves"
    takes = Sizes("10 s", "90 s", "")
    resumes = True
    device = material.DEVICE
    seeds = Option(
        Sizes((1, 2), range(1, 6), range(1, 11)), "of kicks and frequencies", least=0, different=2
    )
    side = Option(Sizes(12, 32, 64), "of the sheets", least=8)
    steps = Option(Sizes(280, 1120, 2800), "that are recorded", least=2 * WINDOW)
    settle = Option(Sizes(280, 1120, 1120), "steps before", least=1)
    spread = Option(0.1, "std of natural frequencies over their mean", above=0, most=0.5)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        pieces = [(name, units, seed) for name in MEDIA for units in UNITS for seed in self.seeds]
        self.expect(len(pieces) + 1, "sheet")
        work = [(" ".join(map(str, piece)), partial(self.sheet, *piece)) for piece in pieces]
        keys = ("medium", "units", "seed")
        sheets = [
            dict(zip(keys, piece, strict=True)) | found
            for piece, found in zip(pieces, self.keep_all(work), strict=True)
        ]
        self.step("an example")
        return {"sheets": sheets, "example": self.field("delayed, beyond the edge", "equal", 0)}

    def network(self, name, units, seed):
        """A sheet, and its springs if it has any."""
        kind, weight = MEDIA[name]
        omega = np.full(self.side**2, 2 * np.pi / PERIOD)
        if units == "spread":
            width = np.sqrt(3) * self.spread
            off = generator(seed, "frequencies").uniform(-width, width, omega.size)
            omega *= 1 + off - off.mean()
        return medium(kind, (self.side, self.side), weight, omega=omega)

    def field(self, name, units, seed):
        """Complex field of a sheet under kicks, (side, side, times)."""
        params, coupling = self.network(name, units, seed)
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude)
        start = hn.simulate(
            params,
            self.settle,
            kicks=kicks,
            record=(),
            device=self.device,
            seed=child_seed(seed, "settling"),
            **coupling,
        ).final_state
        recording = hn.simulate(
            params,
            self.steps,
            initial=start,
            kicks=kicks,
            every=EVERY,
            device=self.device,
            seed=seed,
            **coupling,
        )
        return analysis.lattice_field(
            recording, (self.side, self.side), center=np.zeros(self.side**2)
        )[0]

    def sheet(self, name, units, seed):
        """Measures of a sheet, and of a random field with its spectrum."""
        field = self.field(name, units, seed)
        random = self.scrambled(field, generator(seed, "random fields"))
        kinds, long = [], WINDOW // EVERY
        for start in range(0, field.shape[2] - long + 1, long):
            try:
                kinds.append(analysis.classify_wave(field[..., start : start + long]))
            except ValueError:  # too slow for the window: no period of its own
                kinds.append("none")
        return {
            "sheet": self.numbers(field),
            "random": self.numbers(random),
            "kinds": {kind: kinds.count(kind) / len(kinds) for kind in set(kinds)},
        }

    def scrambled(self, field, rng):
        """A random field with the spectrum of another: each mode in space has another phase."""
        modes = np.fft.fft2(field, axes=(0, 1))
        modes *= np.exp(2j * np.pi * rng.random(modes.shape[:2]))[..., None]
        return np.fft.ifft2(modes, axes=(0, 1))

    def numbers(self, field):
        """Measures of a complex field, by name."""
        phase = np.angle(field)
        charge = np.abs(analysis.winding_number(phase, periodic=True))
        lives = EVERY * analysis.vortex_lifetimes(phase, periodic=True)
        steps = [np.conj(field) * np.roll(field, -1, axis) for axis in (0, 1)]
        steps = np.stack([step / np.maximum(np.abs(step), 1e-300) for step in steps])
        angles = np.angle(steps)
        power = np.mean(np.abs(np.fft.fft2(field, axes=(0, 1))) ** 2, axis=2)
        q = 2 * np.pi * np.fft.fftfreq(self.side)
        squared = np.sum(power * (q[:, None] ** 2 + q**2)) / power.sum()
        lengths = np.linalg.norm(angles, axis=0).mean(axis=(0, 1))
        return {
            "vortices": float(charge.sum(axis=(0, 1)).mean()),
            "life": float(np.median(lives)) if len(lives) else np.nan,
            SEEN: float(np.median(np.repeat(lives, lives))) if len(lives) else np.nan,
            "neighbours": float(np.mean(np.abs(steps.mean(axis=(1, 2))))),
            "wavelength": float(2 * np.pi / np.sqrt(squared)),
            "flow": float(np.mean(np.linalg.norm(angles.mean(axis=(1, 2)), axis=0) / lengths)),
        }

    def findings(self, result):
        rows, tables = {}, {}
        for one in result["sheets"]:
            tables.setdefault((one["medium"], one["units"]), []).append(one)
        for (name, units), ones in tables.items():
            for what, unit in MEASURES.items():
                at = f"{what}, {name}, {units}"
                for of in ("sheet", "random"):
                    values = [one[of][what] for one in ones]
                    estimate = analysis.mean_interval(values).scaled(1, unit or None)
                    rows[at + ", random field" * (of == "random")] = estimate
                gain = analysis.paired_difference(
                    *([one[of][what] for one in ones] for of in ("sheet", "random"))
                )
                rows[f"{at}, minus random field"] = gain.scaled(1, unit or None)
            for kind in sorted({kind for one in ones for kind in one["kinds"]}):
                shares = [one["kinds"].get(kind, 0) for one in ones]
                rows[f"windows that are {kind}, {name}, {units}"] = analysis.mean_interval(
                    shares
                ).scaled(100, "%")
        for (name, units), ones in tables.items():
            both = ([b["sheet"][SEEN] for b in t] for t in (ones, tables["no coupling", units]))
            gain = analysis.paired_difference(*both).scaled(1, "steps")
            rows[f"{SEEN}, {name}, {units}, minus no coupling"] = gain
        for name in MEDIA:
            for what, unit in MEASURES.items():
                both = ([one["sheet"][what] for one in tables[name, units]] for units in UNITS)
                gain = analysis.paired_difference(*both).scaled(1, unit or None)
                rows[f"{what}, {name}, equal minus spread"] = gain
        return Findings(self.answer(rows), rows, {"sheets": result["sheets"]})

    def answer(self, rows):
        many = {1: "more than", 0: "about as many as", -1: "fewer than"}
        long = {1: "longer than", 0: "not clearly longer or shorter than", -1: "shorter than"}
        beyond = tuple(name for name in MEDIA if "beyond" in name)

        def short(name):
            return name.replace(",", "")

        def told(name, units="equal"):
            at = f"vortices, {name}, {units}"
            sign = many[rows[f"{at}, minus random field"].sign]
            return f"{short(name)} {rows[at]}, {sign} there ({rows[f'{at}, random field']})"

        def lives(name, units="equal"):
            at = f"{SEEN}, {name}, {units}"
            alone, random = (
                rows[f"{at}, minus {what}"].sign for what in ("no coupling", "random field")
            )
            return (
                f"{short(name)} {rows[at]}, {long[alone]} without coupling and "
                f"{long[random]} in the random field ({rows[f'{at}, random field']})"
            )

        return [
            "Vortices of phase under kicks, against random fields of the same spectrum: equal "
            f"units below the edge: {'; '.join(map(told, ('springs', 'delayed')))}; "
            f"{'; '.join(map(told, beyond))}. Frequencies spread by {100 * self.spread:g} % around "
            f"the same mean: {'; '.join(told(name, 'spread') for name in beyond)}.",
            "The median vortex that is seen at a time is followed for "
            f"{rows[f'{SEEN}, no coupling, equal']} of {self.steps} without coupling; with equal "
            f"units {'; '.join(map(lives, beyond))}; with spread ones "
            f"{'; '.join(lives(name, 'spread') for name in beyond)} ({len(self.seeds)} seeds, "
            f"{self.side} x {self.side} units).",
        ]

    def figures(self, result):
        return {
            "Vortices": draw_vortices(result["sheets"], self.side**2),
            "Phases": draw_phases(result["example"]),
        }

    def animations(self, result):
        field = result["example"]
        shown = field[..., :: max(1, field.shape[2] // 280)][..., :140]
        caption = "Where do vortices go? Positions of the sheet of the last figure, from its start."
        return {"Vortices in motion": (shown.real, caption)}


if __name__ == "__main__":
    SpontaneousWaves.main()
