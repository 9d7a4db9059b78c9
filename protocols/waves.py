#!/usr/bin/env python
"""Do waves travel, and do they add up?

On rings, in four media (coupling of velocities: symmetric, symmetric with delays, directed;
and springs between positions). A weak packet of waves: its speed is compared with the group
velocity of linear theory, over weights and over delays. A weak source that is driven at one
frequency and slowly turned on: wavenumber, phase velocity, decay and front are compared with
those of the same theory at the frequency of the drive. On a sheet, two sources of growing
amplitude: how far is their wave from the sum of each? Nothing here is random. What digits leave
in waves is the question of wave_digits, and waves that nobody drives are that of
spontaneous_waves.

Leaves an animation of two sources on a sheet of springs.

    horn-neuro waves --sites 480 --side 64
"""

import numpy as np

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.experiment import Experiment, Findings, Option, Sizes, material
from horn_neuro.experiment.media import PERIOD, QUARTER, medium
from horn_neuro.report.waves import (
    draw_interference,
    draw_kymographs,
    draw_sources,
    draw_speed,
    draw_sums,
)

DRIVE = 1.3 * 2 * np.pi / PERIOD  # of the two steady sources
WIDTH, WEAK = 20, 1e-3  # of a packet: sites, and an amplitude in the linear range
# Each medium: weights of neighbours, and the wavenumber of its packets and sources.
MEDIA = {
    "symmetric": ((0.05, 0.1), np.pi / 2),
    "symmetric, delayed": ((0.25, 0.35, 0.5), np.pi / 2),
    "directed": ((0.25, 0.5, 0.75), 0.3),
    "springs": ((0.005, 0.02, 0.05), 1.0),
}
DELAYS, LIGHT = (2, 4, 10, 14, 21), 0.1  # of delayed packets besides, with a smaller weight
RISE, NEAR, FAR = 10 * PERIOD, 2, 12  # a source's rise in steps; sites where it is measured
OF_SOURCES = {"phase": "sites/step", "decay": "sites", "front": "sites/step"}


class Waves(Experiment):
    title = "Waves"
    takes = Sizes("10 s", "20 s", "")
    device = material.DEVICE
    sites = Option(Sizes(192, 240, 480), "of the rings", least=180)
    side = Option(Sizes(16, 32, 64), "of the sheet with two sources", least=12)

    def measure(self):
        self.expect(2 * len(MEDIA) + 3, "stage")
        packets, sources = [], []
        for name, (weights, q) in MEDIA.items():
            self.step(f"packets, {name}")
            packets += [self.packet(name, weight, q) for weight in weights]
        self.step("packets over delays")
        delayed = "symmetric, delayed"
        packets += [self.packet(delayed, LIGHT, np.pi / 2, wait) for wait in (QUARTER, *DELAYS)]
        for name, (weights, q) in MEDIA.items():
            self.step(f"a source, {name}")
            sources += [self.source(name, weight, q) for weight in weights]
        self.step("two sources")
        sums = {name: self.two_sources(name) for name in (delayed, "springs")}
        self.step("a picture")
        return {"packets": packets, "sources": sources, "sums": sums, "picture": self.picture()}

    def packet(self, name, weight, q, wait=QUARTER):
        """A weak packet of one mode on a ring: its speed, and what linear theory says."""
        params, coupling = medium(name, (self.sites,), weight, wait=wait)
        wave = analysis.dispersion(params, [q], **coupling)
        turn = np.exp(wave.growth[0] - 1j * wave.frequency[0])  # of the mode, in a step
        site = np.arange(self.sites)
        x = WEAK * np.exp(-0.5 * ((site - self.sites / 3) / WIDTH) ** 2 + 1j * q * site)
        y, ages = x * (1 - 1 / turn), np.arange(1, params.max_delay)
        past = (y / turn ** ages[:, None])[None] if len(ages) else None
        start = hn.State(x.real, y.real, None if past is None else past.real)
        field = self.field(params, coupling, 401, wave.frequency[0], initial=start)
        power = np.abs(field) ** 2
        centre = site @ power / power.sum(axis=0)
        speed = np.polyfit(4 * np.arange(len(centre)), centre, 1)[0]
        return {
            **{"medium": name, "weight": weight, "delay": wait, "stable": wave.stable},
            "expected": wave.velocity[0],
            "measured": float(speed),
            "reach": float(abs(speed) / -wave.growth[0]),
            "x": field.real / np.abs(field).max(axis=0),
            "every": 4,
            "start": self.sites / 3,
        }

    def field(self, params, coupling, stimulus, frequency, **options):
        """Complex field of a ring, (sites, times), in the coordinates of waves of a frequency."""
        data = hn.simulate(
            params, stimulus, every=4, device=self.device, **coupling, **options
        ).data
        x, y = data["x"].values[0], data["y"].values[0]
        return analysis.oscillator_signal(x, y, 2 * np.sin(frequency / 2))

    def source(self, name, weight, q):
        """One driven site: phases, amplitudes and arrivals along the ring, against theory."""
        params, coupling = medium(name, (self.sites,), weight)
        wave = analysis.dispersion(params, [q], **coupling)
        frequency = wave.frequency[0]
        number, speed = analysis.driven_wave(params, frequency, q, **coupling)
        times = np.arange(int(4 * RISE + 2 * FAR / speed))
        drive = WEAK * np.cos(frequency * times) * (1 + np.tanh((times - 2 * RISE) / RISE)) / 2
        field = self.field(params, coupling, drive[:, None], frequency)
        site = np.arange(NEAR, FAR)
        field = field[self.sites // 2 + site]
        lag, amplitude = -np.unwrap(np.angle(field[:, -1])), np.abs(field)
        arrival = 4.0 * np.argmax(amplitude > 0.5 * amplitude[:, -1:], axis=1)
        slopes = [np.polyfit(site, v, 1)[0] for v in (lag, np.log(amplitude[:, -1]), arrival)]
        return {
            **{"medium": name, "weight": weight, "stable": wave.stable, "frequency": frequency},
            "expected": {
                **{"phase": frequency / number.real, "decay": 1 / number.imag, "front": speed},
            },
            "measured": {
                **{"phase": frequency / slopes[0], "decay": -1 / slopes[1], "front": 1 / slopes[2]},
            },
            **{"site": site, "lag": lag - lag[0], "arrival": arrival - arrival[0]},
            "amplitude": amplitude[:, -1] / amplitude[0, -1],
        }

    def two_sources(self, name):
        """Two kicks together and alone, of growing size: departure from the sum."""
        shape, amplitudes = (self.side, self.side), np.geomspace(1e-3, 10, 9)
        params, coupling = medium(name, shape, 0.01 if name == "springs" else 0.15)
        first, second = np.zeros((2, *shape))
        first[self.side // 2, self.side // 2 - 2] = second[self.side // 2, self.side // 2 + 2] = 1
        kicks = np.stack([first + second, first, second]).reshape(3, -1)
        y = (amplitudes[:, None, None] * kicks).reshape(-1, params.n_units)
        start, options = hn.State(np.zeros_like(y), y), {"record": "x", "every": 10}
        recording = hn.simulate(
            params, 300, initial=start, device=self.device, **options, **coupling
        )
        x = recording.data["x"].values
        by_amplitude = x.reshape(len(amplitudes), 3, *x.shape[1:])
        errors = [analysis.superposition_error(*three) for three in by_amplitude]
        return {"amplitudes": amplitudes, "errors": errors}

    def picture(self):
        """Two steady sources on a sheet of springs with absorbing edges."""
        n = 2 * self.side
        where = [(n // 2, n // 3), (n // 2, n - n // 3)]
        options = {"edges": "absorbing", "sources": where, "gamma": 0.002}
        params, springs = medium("springs", (n, n), 0.05, **options)
        times = np.arange(8 * n)
        drive = np.tanh(times / PERIOD) * np.cos(DRIVE * times)
        stimulus, options = np.repeat(drive[:, None], 2, axis=1), {"record": "x", "every": 2}
        recording = hn.simulate(params, stimulus, device=self.device, **options, **springs)
        return recording.data["x"].values[0].reshape(n, n, -1)

    def findings(self, result):
        rows, packets = {}, result["packets"]
        for b in packets:
            at = f"{b['medium']}, weight {b['weight']:g}"
            at += f", {b['delay']} steps" if "delayed" in b["medium"] else ""
            unit = {"unit": "sites/step"}
            rows[f"Group velocity in theory, {at}"] = analysis.Estimate(b["expected"], **unit)
            rows[f"Speed measured, {at}"] = analysis.Estimate(b["measured"], **unit)
            rows[f"Way in a decay time, {at}"] = analysis.Estimate(b["reach"], unit="sites")
        told = [b for b in packets if b["medium"] != "symmetric"]
        error = max(abs(b["measured"] / b["expected"] - 1) for b in told)
        still = max(b["reach"] for b in packets if b["medium"] == "symmetric")
        far = max(b["reach"] for b in told)
        rows["Largest error of a speed"] = analysis.Estimate(100 * error, unit="%")
        worst = dict.fromkeys(OF_SOURCES, 0.0)
        for b in result["sources"]:
            at = f"{b['medium']}, weight {b['weight']:g}"
            for what, unit in OF_SOURCES.items():
                expected, measured = b["expected"][what], b["measured"][what]
                rows[f"Source, {what} in theory, {at}"] = analysis.Estimate(expected, unit=unit)
                rows[f"Source, {what} measured, {at}"] = analysis.Estimate(measured, unit=unit)
                if b["medium"] != "symmetric":
                    worst[what] = max(worst[what], abs(measured / expected - 1))
        for what, off in worst.items():
            rows[f"Source, largest error of {what}"] = analysis.Estimate(100 * off, unit="%")
        for name, s in result["sums"].items():
            for a, e in zip(s["amplitudes"], s["errors"], strict=True):
                what = f"Departure from superposition, {name}, kicks of {a:.2g}"
                rows[what] = analysis.Estimate(e)
        s = result["sums"]["symmetric, delayed"]
        decay = {b["medium"]: b["measured"]["decay"] for b in result["sources"]}
        answer = [
            "Packets of waves travel at the group velocity of linear theory (largest error "
            f"{100 * error:.1f} %, over weights and delays), up to {far:.0f} sites in a decay "
            f"time; with symmetric undelayed coupling nothing travels ({still:.2f} sites). Two "
            f"waves add up to {s['errors'][0]:.1g} when small, and depart from their sum by "
            f"{s['errors'][-1]:.2g} at kicks of 10.",
            "Around a driven source, waves have the phase velocity of linear theory at its "
            f"frequency (largest error {100 * worst['phase']:.1f} %), decay as it says "
            f"({100 * worst['decay']:.1f} %), and have a front of that speed "
            f"({100 * worst['front']:.1f} %); at the largest weights they fall by e in "
            f"{', '.join(f'{v:.1f} ({k})' for k, v in decay.items())} sites.",
        ]
        heavy = {"x", "every", "start", "site", "lag", "arrival", "amplitude"}
        details = {
            name: [{k: v for k, v in b.items() if k not in heavy} for b in result[name]]
            for name in ("packets", "sources")
        }
        return Findings(answer, rows, details | {"sums": result["sums"]})

    def figures(self, result):
        return {
            "Interference": draw_interference(result["picture"], 2 * DRIVE),
            "Kymographs": draw_kymographs(result["packets"]),
            "Speed": draw_speed(result["packets"], result["sources"], LIGHT),
            "Driven source": draw_sources(result["sources"]),
            "Superposition": draw_sums(result["sums"]),
        }

    def animations(self, result):
        caption = (
            "How do two waves meet? Positions on the sheet of the first figure, from the start."
        )
        return {"Two sources": (result["picture"][:, :, ::3], caption)}


if __name__ == "__main__":
    Waves.main()
