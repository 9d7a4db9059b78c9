#!/usr/bin/env python
"""Do waves travel and interfere, and can a digit be read from them later?

On rings, a weak packet of waves: its speed is compared with the group velocity of linear
theory, in four media (coupling of velocities: symmetric, symmetric with delays near a
quarter period, directed; and springs between positions). On a sheet, two
sources of growing amplitude: how far is their wave from the sum of each? On a sheet of
28 x 28 units, a digit is a pattern of velocities that is let go; under kicks, it is decoded
from all positions and velocities later. Controls: no coupling, no delay, random delays of the same
mean, and the pixels themselves. The seed draws digits and kicks; the media
are regular.

Also leaves waves.gif, two sources on a sheet of springs.

    horn-neuro waves --seeds 11 12 13 --wait 300
"""

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import Grid, generator
from horn_neuro.report.waves import (
    draw_interference,
    draw_kymographs,
    draw_later,
    draw_speed,
    save_animation,
)

GAMMA, QUARTER = 0.005, 7  # damping a step; steps of delay between neighbours
PERIOD, SPACING, STEP = 28, 1e-3, 1e-3
VELOCITY = SPACING / (QUARTER * STEP)  # m/s
DRIVE = 1.3 * 2 * np.pi / PERIOD  # of the two steady sources
WIDTH, WEAK = 20, 1e-3  # of a packet: sites, and an amplitude in the linear range
# Each medium: weights of neighbours, and the wavenumber of its packets.
MEDIA = {
    "symmetric": ((0.05, 0.1), np.pi / 2),
    "symmetric, delayed": ((0.25, 0.35, 0.5), np.pi / 2),
    "directed": ((0.25, 0.5, 0.75), 0.3),
    "springs": ((0.005, 0.01, 0.02), 1.0),
}
HEAVY = ("x", "every", "start")  # for the figures only
CONTROLS = ("delayed", "random delays", "no delay", "no coupling")


class Waves(DigitExperiment):
    title = "Waves"
    takes = Sizes("13 s", "30 s", "")
    device = material.DEVICE
    seeds = Option(
        Sizes((1, 2), range(1, 4), range(1, 9)), "of digits and kicks", least=0, different=2
    )
    repeats = Option(Sizes(5, 20, 60), "digits of each class", least=5)
    side = Option(Sizes(16, 32, 64), "of the sheet with two sources", least=12)
    sites = Option(Sizes(192, 240, 480), "of the rings", least=180)
    wait = Option(200, "steps from a digit to its decoding", least=1)
    amplitude = Option(0.2, "velocity of a white pixel", above=0)
    kick_rate, kick_amplitude = material.KICK_RATE, material.KICK_AMPLITUDE

    def measure(self):
        digits = self.load_digits("test")
        self.expect(len(MEDIA) + 2 + len(self.seeds), "stage")
        packets = []
        for name, (weights, q) in MEDIA.items():
            self.step(f"packets, {name}")
            packets += [self.packet(name, weight, q) for weight in weights]
        self.step("two sources")
        sources = {n: self.two_sources(n) for n in ("symmetric, delayed", "springs")}
        self.step("a picture")
        result = {"packets": packets, "sources": sources, "picture": self.picture(), "decoding": []}
        for seed in self.seeds:
            self.step(f"digits, seed {seed}")
            some = digits[digits.balanced(self.repeats, generator(seed, "digits"))]
            result["decoding"].append(self.decode(some, seed))
        return result

    def packet(self, name, weight, q):
        """A weak packet of one mode on a ring: its speed, and what linear theory says."""
        params, coupling = medium(name, (self.sites,), weight)
        wave = analysis.dispersion(params, [q], coupling=coupling)
        turn = np.exp(wave.growth[0] - 1j * wave.frequency[0])  # of the mode, in a step
        site = np.arange(self.sites)
        x = WEAK * np.exp(-0.5 * ((site - self.sites / 3) / WIDTH) ** 2 + 1j * q * site)
        y, ages = x * (1 - 1 / turn), np.arange(1, params.max_delay)
        past = (y / turn ** ages[:, None])[None] if len(ages) else None
        start = hn.State(x.real, y.real, None if past is None else past.real)
        options = {"coupling": coupling} if coupling else {}
        data = hn.simulate(params, 401, initial=start, every=4, device=self.device, **options).data
        own = 2 * np.sin(wave.frequency[0] / 2)
        field = analysis.oscillator_signal(data["x"].values[0], data["y"].values[0], own)
        power = np.abs(field) ** 2
        centre = site @ power / power.sum(axis=0)
        speed = np.polyfit(4 * np.arange(len(centre)), centre, 1)[0]
        return {
            "medium": name,
            "weight": weight,
            "stable": wave.stable,
            "expected": wave.velocity[0],
            "measured": float(speed),
            "reach": float(abs(speed) / -wave.growth[0]),
            "x": field.real / np.abs(field).max(axis=0),
            "every": 4,
            "start": self.sites / 3,
        }

    def two_sources(self, name):
        """Two kicks together and alone, of growing size: departure from the sum."""
        shape, amplitudes = (self.side, self.side), np.geomspace(1e-3, 10, 9)
        params, coupling = medium(name, shape, 0.15 if coupling_of(name) else 0.01)
        first, second = np.zeros((2, *shape))
        first[self.side // 2, self.side // 2 - 2] = second[self.side // 2, self.side // 2 + 2] = 1
        kicks = np.stack([first + second, first, second]).reshape(3, -1)
        y = (amplitudes[:, None, None] * kicks).reshape(-1, params.n_units)
        options = {"coupling": coupling} if coupling else {}
        start = hn.State(np.zeros_like(y), y)
        x = (
            hn.simulate(
                params, 300, initial=start, record="x", every=10, device=self.device, **options
            )
            .data["x"]
            .values
        )
        by_amplitude = x.reshape(len(amplitudes), 3, *x.shape[1:])
        errors = [analysis.superposition_error(*three) for three in by_amplitude]
        return {"amplitudes": amplitudes, "errors": errors}

    def picture(self):
        """Two steady sources on a sheet of springs with absorbing edges."""
        n = 2 * self.side
        where = [(n // 2, n // 3), (n // 2, n - n // 3)]
        params = hn.lattice((n, n), 0.0, edges="absorbing", sources=where, gamma=0.002)
        springs = hn.DiffusiveCoupling(Grid((n, n), edges="open").local(0.05))
        times = np.arange(8 * n)
        drive = np.tanh(times / PERIOD) * np.cos(DRIVE * times)
        stimulus = np.repeat(drive[:, None], 2, axis=1)
        x = (
            hn.simulate(params, stimulus, coupling=springs, record="x", every=2, device=self.device)
            .data["x"]
            .values[0]
            .reshape(n, n, -1)
        )
        with self.folder.file("waves.gif") as path:
            save_animation(path, x[:, :, ::3])
        return x[:, :, -60:]

    def sheets(self, seed):
        """The sheet of a digit, and its controls."""
        params, _ = medium("symmetric, delayed", (28, 28), 0.15)
        other = params.delays.copy()
        other.data = generator(seed, "delays").integers(1, 2 * QUARTER, len(other.data))
        silent = params.replace(w_rec=0 * params.w_rec, delays=None)
        sheets = (params, params.replace(delays=other), params.replace(delays=None), silent)
        return dict(zip(CONTROLS, sheets, strict=True))

    def decode(self, digits, seed):
        """Share of digits that is read right from each sheet after the wait, and from pixels."""
        y = self.amplitude * digits.inputs[:, :, 0]
        start = hn.State(np.zeros_like(y), y)
        kicks = hn.PoissonKicks(self.kick_rate, self.kick_amplitude)
        states = {"pixels": digits.inputs[:, :, 0]}
        for name, params in self.sheets(seed).items():
            end = hn.simulate(
                params,
                self.wait,
                initial=start,
                kicks=kicks,
                record=(),
                device=self.device,
                seed=seed,
            ).final_state
            states[name] = np.concatenate([end.x, end.y / params.omega], axis=1)
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        readout = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 6, 7)))
        return {
            name: np.mean(cross_val_predict(readout, s, digits.labels, cv=folds) == digits.labels)
            for name, s in states.items()
        }

    def findings(self, result):
        rows, packets = {}, result["packets"]
        for b in packets:
            at = f"{b['medium']}, weight {b['weight']:g}"
            unit = {"unit": "sites/step"}
            rows[f"Group velocity in theory, {at}"] = analysis.Estimate(b["expected"], **unit)
            rows[f"Speed measured, {at}"] = analysis.Estimate(b["measured"], **unit)
            rows[f"Way in a decay time, {at}"] = analysis.Estimate(b["reach"], unit="sites")
        told = [b for b in packets if b["medium"] != "symmetric"]
        error = max(abs(b["measured"] / b["expected"] - 1) for b in told)
        still = max(b["reach"] for b in packets if b["medium"] == "symmetric")
        far = max(b["reach"] for b in told)
        rows["Largest error of a speed"] = analysis.Estimate(100 * error, unit="%")
        for name, s in result["sources"].items():
            for a, e in zip(s["amplitudes"], s["errors"], strict=True):
                rows[f"Departure from superposition, {name}, kicks of {a:.2g}"] = analysis.Estimate(
                    e
                )
        scores = {n: [one[n] for one in result["decoding"]] for n in ("pixels", *CONTROLS)}
        for name, values in scores.items():
            rows[f"Digits read, {name}"] = analysis.mean_interval(values).scaled(100, "%")
        gains = {
            n: analysis.paired_difference(scores["delayed"], scores[n])
            for n in scores
            if n != "delayed"
        }
        for name, gain in gains.items():
            rows[f"Digits read, delayed minus {name}"] = gain.scaled(100, "points")
        s = result["sources"]["symmetric, delayed"]
        words = {1: "more", 0: "not clearly more or fewer", -1: "fewer"}
        helps, order, delay = (
            words[gains[name].sign] for name in ("no coupling", "random delays", "no delay")
        )
        answer = [
            "Waves travel at the group velocity of linear theory (largest error "
            f"{100 * error:.1f} %), up to {far:.0f} sites in a decay time; with symmetric "
            f"undelayed coupling nothing travels ({still:.2f} sites). Two waves add up to "
            f"{s['errors'][0]:.1g} when small, and depart from their sum by "
            f"{s['errors'][-1]:.2g} at kicks of 10.",
            f"{self.wait} steps after a digit, {helps} digits are read from the delayed sheet "
            f"({rows['Digits read, delayed']}) than without coupling "
            f"({rows['Digits read, no coupling']}; pixels {rows['Digits read, pixels']}); "
            f"{order} than with random delays ({rows['Digits read, random delays']}), and {delay} "
            "than from the sheet without delay, where nothing travels "
            f"({rows['Digits read, no delay']}; {len(self.seeds)} seeds).",
        ]
        details = {
            "packets": [
                {k: v for k, v in b.items() if k not in ("x", "every", "start")} for b in packets
            ],
            "sources": result["sources"],
            "decoding": result["decoding"],
        }
        return Findings(answer, rows, details)

    def figures(self, result):
        return {
            "Interference": draw_interference(result["picture"], 2 * DRIVE),
            "Kymographs": draw_kymographs(result["packets"]),
            "Speed": draw_speed(result["packets"]),
            "Superposition and decoding": draw_later(result["sources"], result["decoding"]),
        }


def coupling_of(name):
    """Whether a medium couples velocities."""
    return name != "springs"


def medium(name, shape, weight):
    """Return a periodic medium: its network, and its springs or None."""
    options = {"symmetric, delayed": {"velocity": VELOCITY}, "directed": {"direction": 0.0}}
    params = hn.lattice(
        shape, weight if coupling_of(name) else 0.0, gamma=GAMMA, seed=0, **options.get(name, {})
    )
    return params, None if coupling_of(name) else hn.DiffusiveCoupling(Grid(shape).local(weight))


if __name__ == "__main__":
    Waves.main()
