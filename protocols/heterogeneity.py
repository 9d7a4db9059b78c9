#!/usr/bin/env python
"""Does heterogeneity bring separability and near-critical dynamics?

Sweeps the strength of the recurrent connections and the heterogeneity of
frequency and damping, and maps, on the same axes: the largest Lyapunov
exponent, autocorrelation times and fluctuations of synchrony at rest, how well
a linear readout separates digits, and how much a network learns by
backpropagation within a small fixed budget. Avalanches of spikes are compared
with surrogates; networks with delays and trained ones are set beside.

    python protocols/heterogeneity.py
    python protocols/heterogeneity.py --gains 0.5 1 2 4 --seeds 1 2 3 4 --epochs 4
"""

import time
from dataclasses import asdict, dataclass

import numpy as np
import torch
from lightning_fabric import Fabric
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import brian2_seed, dense_gaussian, generator, uniform_delays
from horn_neuro.report import Report, RunFolder, draw_heterogeneity, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.simulator import DEVICES
from horn_neuro.twin import HornClassifier, Task, TrainingConfig, evaluate, train

REPORT = Report(
    title="Heterogeneity and criticality",
    question=(
        "Where, between weak and strong recurrent connections, is the network near the edge of "
        "instability; does it separate and learn digits best there; and what does heterogeneity "
        "change about it?"
    ),
    uncertainty=(
        "Curves: standard errors over seeds, each a network of its own. Differences: mean, 95 % "
        "t interval and a permutation test of signs over pairs of networks with the same seed "
        "and gain; those of one seed share their drawn frequencies, so few seeds make the test "
        "lenient. The trained networks have seen the digits that come along."
    ),
)
SIZES = {
    "fast": {"gains": [0.4, 1.6], "levels": [0.0, 1.0], "seeds": 1, "units": 12, "digits": 5,
             "epochs": 1, "train": 320},
    "default": {"gains": [0.2, 0.4, 0.8, 1.6, 3.2, 6.4], "levels": [0.0, 0.5, 1.0], "seeds": 2,
                "units": 32, "digits": 15, "epochs": 2, "train": 2000},
    "full": {"gains": [0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2, 6.4], "seeds": 5, "units": 64,
             "levels": [0.0, 0.25, 0.5, 0.75, 1.0], "digits": 40, "epochs": 5, "train": 4000},
}  # fmt: skip
ALPHA, GAMMA = 0.07, 0.02  # as of the pretrained networks
REST, TRIALS = 1000, 10  # steps and trials of the rest
LONGEST_DELAY = 10


@dataclass(frozen=True)
class Cell:
    """What one network does.

    Parameters
    ----------
    gain, level : float
        Standard deviation of w_rec, and heterogeneity.
    seed : int
        Of the network.
    lyapunov : float
        Largest exponent per step, silent input.
    critical : float
        Gain at which linear theory becomes unstable.
    memory : float
        Median autocorrelation time at rest in ms, at most half of the record.
    susceptibility : float
        Fluctuation of the order parameter at rest.
    separability : float
        Accuracy of a linear readout of the last state.
    learned : float
        Test accuracy after the training budget.
    """

    gain: float
    level: float
    seed: int
    lyapunov: float
    critical: float
    memory: float
    susceptibility: float
    separability: float
    learned: float


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], DEVICES)
    parser.add_argument("--gains", type=float, nargs="+", metavar="STD", help="std of w_rec")
    parser.add_argument("--levels", type=float, nargs="+", metavar="H", help="0 equal, 1 as drawn")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="instead of --seed")
    parser.add_argument("--units", type=int, help="oscillators")
    parser.add_argument("--digits", type=int, metavar="N", help="of each class, for the readout")
    parser.add_argument("--epochs", type=int, help="budget of training")
    parser.add_argument("--train", type=int, metavar="N", help="digits to train on")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.seeds = args.seeds or list(range(args.seed, args.seed + size["seeds"]))
    for name in ("gains", "levels", "units", "digits", "epochs", "train"):
        value = getattr(args, name)
        setattr(args, name, size[name] if value is None else value)
    if args.params:
        parser.error("--params: networks are made by gain and heterogeneity; drop it")
    if min(args.gains) <= 0 or not all(0 <= level <= 1 for level in args.levels):
        parser.error("--gains, --levels: give gains above 0, and levels from 0 to 1")
    if args.digits < 5:
        parser.error(f"--digits {args.digits}: nested folds need at least 5 of each class")
    if args.train < 128:
        parser.error(f"--train {args.train}: give at least 128 digits, two batches")
    args.gains, args.levels = sorted(set(args.gains)), sorted(set(args.levels))
    return args


def make_network(gain, level, seed, args, delayed=False):
    """Between equal units (level 0) and drawn ones (1), of the same mean and the same weights."""
    params = hn.effenberger_2025(
        args.units, heterogeneous=True, alpha=ALPHA, gamma=GAMMA, seed=seed
    )
    mixed = {
        name: (1 - level) * getattr(params, name).mean() + level * getattr(params, name)
        for name in ("omega", "gamma")
    }
    delays = None
    if delayed:
        delays = uniform_delays(args.units, 1, LONGEST_DELAY, generator(seed, "delays"))
    w_rec = dense_gaussian(args.units, gain, generator(seed, "coupling"))
    return params.replace(**mixed, w_rec=w_rec, delays=delays)


class Digits:
    """The digits of the protocol: some to read out, some to train on, some to test."""

    def __init__(self, args):
        training = hn.datasets.smnist(args.source, "train")
        test = hn.datasets.smnist(args.source, "test")
        rng = generator(args.seed, "digits")
        if args.train > len(training):
            raise ValueError(
                f"--train {args.train}, but {training.source} has {len(training)}: ask for fewer"
            )
        shown = test.balanced(args.digits, rng)
        self.shown, self.labels = test.inputs[shown], test.labels[shown]
        chosen = rng.permutation(len(training))[: args.train]
        self.task = Task(
            torch.from_numpy(training.inputs[chosen].astype(np.float32)),
            torch.from_numpy(training.labels[chosen]),
            n_validation=args.train // 10,
        )
        some = rng.permutation(len(test))[:1000]
        self.test = (
            torch.from_numpy(test.inputs[some].astype(np.float32)),
            torch.from_numpy(test.labels[some]),
        )
        self.config = {"source": training.source, "checksum": training.checksum}


def rest(params, seed, device):
    """Kicked, without a stimulus, after it has settled."""
    kicks = hn.PoissonKicks(50.0, 0.04)
    options = {"kicks": kicks, "n_trials": TRIALS, "device": device}
    start = hn.simulate(
        params, REST, record=(), seed=brian2_seed(seed, "settling"), **options
    ).final_state
    return hn.simulate(
        params, REST, initial=start, record=("x", "y", "spikes"), seed=seed, **options
    )


def learn(params, digits, epochs, seed, scratch):
    """Train for a few epochs; returns the accuracies of validation, and of the test."""
    torch.manual_seed(seed)
    model = HornClassifier(params)
    config = TrainingConfig(epochs=epochs, learning_rate=2e-2, seed=seed)
    metrics, best = train(model, digits.task, config, scratch, fabric=Fabric(accelerator="cpu"))
    model.load_state_dict(best)
    return [row["validation_accuracy"] for row in metrics], evaluate(model, *digits.test)[1]


def measure(gain, level, seed, digits, args, scratch):
    """Measure one network; returns its Cell, and its recording at rest."""
    params = make_network(gain, level, seed, args)
    recording = rest(params, seed, args.device)
    z = analysis.analytic_signal(recording).values
    last = hn.simulate(params, digits.shown, record=(), device=args.device).final_state.x
    return Cell(
        gain=gain,
        level=level,
        seed=seed,
        lyapunov=float(analysis.lyapunov_spectrum(params, n_steps=1000).exponents[0]),
        critical=gain * analysis.critical_gain(params),
        memory=memory_of(z, params.step),
        susceptibility=analysis.order_susceptibility(
            analysis.kuramoto_order_parameter(recording), params.n_units
        ),
        separability=float(analysis.nested_decoding(last, digits.labels, seed=seed).mean()),
        learned=learn(params, digits, args.epochs, seed, scratch)[1],
    ), recording


def memory_of(z, step):
    """Median autocorrelation time over units in ms; at least half of the record counts as that."""
    times = analysis.autocorrelation_time(z)
    return float(np.median(np.nan_to_num(times, nan=z.shape[2] / 2)) * 1e3 * step)


def cut_avalanches(recording, seed):
    """Sizes of avalanches at rest, of surrogates, and the fit of a power law to either."""
    found = {}
    for name, spikes in (
        ("network", recording.spikes),
        ("shifted", analysis.circular_shifts(recording.spikes, generator(seed, "surrogate"))),
    ):
        sizes = analysis.avalanches(spikes, 1).size
        try:
            fit = analysis.fit_power_law(sizes)
        except (ImportError, ValueError) as error:
            fit = {"not fitted": str(error)}
        found[name] = {"sizes": sizes, "fit": fit}
    return found


def compare_networks(digits, args, scratch):
    """Separability and learning speed of kinds of networks, at the middle gain."""
    gain = args.gains[len(args.gains) // 2]
    kinds = {
        "equal": (0.0, False),
        "heterogeneous": (1.0, False),
        "heterogeneous, delays": (1.0, True),
    }
    found = {}
    for name, (level, delayed) in kinds.items():
        rows = []
        for seed in args.seeds:
            params = make_network(gain, level, seed, args, delayed)
            last = hn.simulate(params, digits.shown, record=(), device=args.device).final_state.x
            separable = analysis.nested_decoding(last, digits.labels, seed=seed).mean()
            speed, test = learn(params, digits, args.epochs, seed, scratch)
            rows.append({"separability": float(separable), "learning": speed, "test": test})
        found[name] = rows
    for name in hn.PRETRAINED:
        params = hn.pretrained(name)
        last = hn.simulate(params, digits.shown, record=(), device=args.device).final_state.x
        separable = analysis.nested_decoding(last, digits.labels, seed=1).mean()
        found[f"trained, {name.split('_')[1]}"] = [{"separability": float(separable)}]
    pixels = digits.shown[:, :, 0]
    found["pixels themselves"] = [
        {"separability": float(analysis.nested_decoding(pixels, digits.labels).mean())}
    ]
    return gain, found


def main(argv=None):
    """Run the protocol; returns all cells, the avalanches, and the comparison of networks."""
    started = time.time()
    args = parse(argv)
    digits = Digits(args)
    folder = RunFolder(args.out, "heterogeneity")
    scratch = folder.path / "training"
    scratch.mkdir()
    cells, bursts = [], {}
    total = len(args.gains) * len(args.levels) * len(args.seeds)
    with tqdm(total=total + 1, unit="network") as progress:
        for seed in args.seeds:
            for level in args.levels:
                for gain in args.gains:
                    progress.set_description(f"gain {gain:g}, heterogeneity {level:g}")
                    cell, recording = measure(gain, level, seed, digits, args, scratch)
                    cells.append(cell)
                    if seed == args.seeds[0] and level == args.levels[-1]:
                        bursts[gain] = cut_avalanches(recording, seed)
                    folder.save_json("cells.json", [asdict(cell) for cell in cells])
                    progress.update()
        progress.set_description("delays, trained networks")
        middle, networks = compare_networks(digits, args, scratch)
        progress.update()
    for file in scratch.iterdir():
        file.unlink()
    scratch.rmdir()
    numbers = numbers_of(cells, bursts, middle, networks, args)
    config = {
        "protocol": "heterogeneity",
        "arguments": vars(args),
        "digits": digits.config,
        "used_device": recording.provenance["device"],
        "versions": {**recording.provenance["versions"], "torch": torch.__version__},
        "seconds": round(time.time() - started, 1),
    }
    results = {
        "cells": [asdict(cell) for cell in cells],
        "avalanches": {
            str(gain): {name: {"count": len(part["sizes"]), **part["fit"]}
                        for name, part in both.items()}
            for gain, both in bursts.items()
        },
        "networks": networks,
    }  # fmt: skip
    with styled():
        drawn = draw_heterogeneity(cells, bursts, networks)
        REPORT.write(folder, numbers, drawn, results, config)
    REPORT.print(
        folder, f"{len(cells)} networks of {args.units} units, on {config['used_device']}", numbers
    )
    return cells, bursts, networks


def numbers_of(cells, bursts, middle, networks, args):
    numbers = []
    for level in args.levels:
        mine = [cell for cell in cells if cell.level == level]
        best = {key: _best(mine, key) for key in ("separability", "learned", "susceptibility")}
        critical = np.array([cell.critical for cell in mine])
        numbers.append(
            (
                f"Heterogeneity {level:g}: critical gain; gain of best readout, best learning, "
                "largest fluctuation",
                f"{critical.mean():.2f}; {best['separability']}, {best['learned']}, "
                f"{best['susceptibility']}",
            )
        )
    if len(args.levels) > 1:
        low, high = (sorted((c for c in cells if c.level == level),
                            key=lambda c: (c.gain, c.seed))
                     for level in (args.levels[0], args.levels[-1]))  # fmt: skip
        if len(low) > 1:
            for key in ("lyapunov", "memory", "susceptibility", "separability", "learned"):
                difference = analysis.paired_difference(
                    [getattr(c, key) for c in high], [getattr(c, key) for c in low]
                )
                numbers.append((f"Most minus least heterogeneous: {key}", f"{difference:+}"))
    for name, rows in networks.items():
        separable = [row["separability"] for row in rows]
        text = f"separability {100 * np.mean(separable):.1f} %"
        if "test" in rows[0]:
            first = [row["learning"][0] for row in rows]
            text += (
                f", after one epoch {100 * np.mean(first):.1f} %, "
                f"learned {100 * np.mean([row['test'] for row in rows]):.1f} %"
            )
        numbers.append((f"Network, {name}" + (f" (gain {middle:g})" if "test" in rows[0] else ""),
                        text))  # fmt: skip
    for gain, both in bursts.items():
        if all("exponent" in part["fit"] for part in both.values()):
            text = "; ".join(
                f"{name} {part['fit']['exponent']:.2f} ± {part['fit']['error']:.2f} (against "
                f"lognormal {part['fit']['lognormal']:+.1f}, p = {part['fit']['lognormal p']:.2g})"
                for name, part in both.items()
            )
            numbers.append((f"Avalanche sizes, power-law exponent, gain {gain:g}", text))
    return numbers


def _best(cells, key):
    gains = sorted({cell.gain for cell in cells})
    means = {g: np.mean([getattr(c, key) for c in cells if c.gain == g]) for g in gains}
    best = max(means, key=means.get)
    return f"{best:g} ({means[best]:.3g})"


if __name__ == "__main__":
    main()
