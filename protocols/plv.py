#!/usr/bin/env python
"""Does heterogeneity broaden synchrony?

Compares networks of equal oscillators with heterogeneous ones of the same mean
frequency and damping and the same weights, at rest under Poisson kicks and
while digits sweep in, with and without recurrent connections, over several
seeds: phase-locking of all pairs over time and over trials, its dependence on
the difference of their frequencies, and the order parameter.

    python protocols/plv.py
    python protocols/plv.py --seeds 1 2 3 4 5 6 7 8 9 10 --coupling 1.0
"""

import time

import numpy as np
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import brian2_seed, dense_gaussian, generator
from horn_neuro.report import Report, RunFolder, draw_plv, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.simulator import DEVICES

REPORT = Report(
    title="Synchrony",
    question=(
        "Do heterogeneous natural frequencies broaden the distribution of phase-locking over "
        "pairs, at rest and under stimulation, and how much of the locking is due to the "
        "recurrent connections?"
    ),
    uncertainty=(
        "Differences are over seeds, which share weights, kicks and digits: mean, 95 % t "
        "interval, and a permutation test of signs, exact up to 14 seeds. PPC is unbiased over "
        "trials; over time, slow phase drift leaves a bias, which the uncoupled control shares."
    ),
)
SIZES = {
    "fast": {"seeds": 2, "units": 12, "repeats": 1},
    "default": {"seeds": 8, "units": 32, "repeats": 4},
    "full": {"seeds": 12, "units": 64, "repeats": 12},
}
NETWORKS, COUPLINGS = ("homogeneous", "heterogeneous"), ("coupled", "uncoupled")
SEGMENTS = ("rest", "stimulus")
STEPS = 784  # of each segment: equal lengths bias PLV equally
SETTLE = 1000
EVERY = 4


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], DEVICES)
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="instead of --seed")
    parser.add_argument("--units", type=int, help="oscillators")
    parser.add_argument("--repeats", type=int, metavar="N", help="digits of each class")
    parser.add_argument("--coupling", type=float, default=0.8, help="std of w_rec")
    parser.add_argument("--kick-rate", type=float, default=50.0, help="kicks of a unit, in Hz")
    parser.add_argument("--kick-amplitude", type=float, default=0.04, help="size of a kick on y")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.seeds = args.seeds or list(range(args.seed, args.seed + size["seeds"]))
    for name in ("units", "repeats"):
        value = getattr(args, name)
        setattr(args, name, size[name] if value is None else value)
    if len(set(args.seeds)) < 2:
        parser.error(f"--seeds {args.seeds}: a test over seeds needs at least two different ones")
    if args.units < 3 or args.repeats < 1:
        parser.error("--units, --repeats: give at least 3 units and 1 digit of each class")
    if args.params:
        parser.error("--params: the networks are made in matched pairs; use --units and --coupling")
    return args


def matched_networks(args, seed):
    """Heterogeneous and homogeneous networks with the same means and weights, and uncoupled."""
    params = hn.effenberger_2025(args.units, heterogeneous=True, seed=seed)
    params = params.replace(
        w_rec=dense_gaussian(args.units, args.coupling, generator(seed, "coupling"))
    )
    equal = params.replace(omega=params.omega.mean(), gamma=params.gamma.mean())
    networks = {"homogeneous": equal, "heterogeneous": params}
    silent = np.zeros_like(params.w_rec)
    return {
        (name, coupling): network if coupling == "coupled" else network.replace(w_rec=silent)
        for name, network in networks.items()
        for coupling in COUPLINGS
    }


def simulate(params, inputs, labels, seed, args):
    """One network under kicks: settle, rest, stimulus."""
    kicks = hn.PoissonKicks(args.kick_rate, args.kick_amplitude)
    options = {"kicks": kicks, "device": args.device}
    start = hn.simulate(
        params, SETTLE, n_trials=len(inputs), record=(), seed=brian2_seed(seed, "settling"),
        **options,
    ).final_state  # fmt: skip
    stimulus = np.concatenate([np.zeros_like(inputs), inputs], axis=1)
    return hn.simulate(
        params,
        stimulus,
        initial=start,
        labels=labels,
        segments=dict.fromkeys(SEGMENTS, STEPS),
        every=EVERY,
        seed=seed,
        **options,
    )


def main(argv=None):
    """Run the protocol; returns the synchrony of all conditions and seeds, and the tests."""
    started = time.time()
    args = parse(argv)
    sequences = hn.datasets.smnist(args.source, "test")
    shown = {s: sequences.balanced(args.repeats, generator(s, "digits")) for s in args.seeds}
    folder = RunFolder(args.out, "plv")
    found = {}
    with tqdm(total=4 * len(args.seeds) + 1, unit="network") as progress:
        for seed in args.seeds:
            inputs, labels = sequences.inputs[shown[seed]], sequences.labels[shown[seed]]
            for condition, params in matched_networks(args, seed).items():
                progress.set_description(f"seed {seed}, {' '.join(condition)}")
                recording = simulate(params, inputs, labels, seed, args)
                for segment in SEGMENTS:
                    synchrony = analysis.Synchrony.of(recording, segment)
                    found.setdefault((*condition, segment), []).append(synchrony)
                if seed == args.seeds[0] and condition == ("heterogeneous", "coupled"):
                    example = analysis.plv_over_time(recording, segment="stimulus")
                    frequency = params.frequency_hz
                progress.update()
        progress.set_description("drawing")
        tests = compare(found)
        numbers = [(name, str(difference)) for name, difference in tests.items()]
        config = {
            "protocol": "plv",
            "arguments": vars(args),
            "digits": {"source": sequences.source, "checksum": sequences.checksum},
            "steps": dict.fromkeys(SEGMENTS, STEPS),
            "used_device": recording.provenance["device"],
            "versions": recording.provenance["versions"],
            "seconds": round(time.time() - started, 1),
        }
        with styled():
            drawn = draw_plv(found, example, frequency, EVERY * params.step)
            with folder.file("example_plv.h5") as path:
                example.save(path)
            REPORT.write(folder, numbers, drawn, results_of(found, tests), config)
        progress.update()
    trials = 10 * args.repeats
    REPORT.print(
        folder,
        f"{len(args.seeds)} seeds, {args.units} units, {trials} trials, on {config['used_device']}",
        numbers,
    )
    return found, tests


def compare(found):
    """Test the questions of the protocol over seeds; returns differences by name."""

    def values(name, coupling, segment, key):
        return [synchrony.summary()[key] for synchrony in found[name, coupling, segment]]

    tests = {}
    for segment in SEGMENTS:
        for key in ("ppc spread", "ppc mean", "ppc_trials mean", "ppc_trials spread", "order"):
            both = (values(name, "coupled", segment, key) for name in NETWORKS[::-1])
            tests[f"Heterogeneous minus homogeneous, {segment}: {key}"] = (
                analysis.paired_difference(*both)
            )
        for name in NETWORKS:
            both = (values(name, coupling, segment, "ppc mean") for coupling in COUPLINGS)
            tests[f"Coupled minus uncoupled, {segment}, {name}: ppc mean"] = (
                analysis.paired_difference(*both)
            )
    return tests


def results_of(found, tests):
    return {
        "summaries": {
            " ".join(condition): [synchrony.summary() for synchrony in synchronies]
            for condition, synchronies in found.items()
        },
        "tests": {name: vars(difference) for name, difference in tests.items()},
    }


if __name__ == "__main__":
    main()
