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
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.parameters import brian2_seed, dense_gaussian, generator
from horn_neuro.report import Report, RunFolder, draw_rest_vs_evoked, protocol_parser, styled
from horn_neuro.simulator import DEVICES

REPORT = Report(
    title="Rest, stimulus, rebound",
    question=(
        "What do rest, a stimulus, and the rebound look like in state space? Poisson kicks act "
        "on all units throughout; between the onset and the end of the stimulus, the pixels of "
        "a digit sweep in, one a step. All conditions share the same kicks."
    ),
    uncertainty="Brackets are 95 % bootstrap intervals over digits.",
)
SIZES = {
    "fast": {"digits": 5, "repeats": 2, "permutations": 5, "resamples": 50, "snapshots": 12},
    "default": {"digits": 10, "repeats": 2, "permutations": 20, "resamples": 200, "snapshots": 22},
    "full": {"digits": 30, "repeats": 4, "permutations": 200, "resamples": 1000, "snapshots": 56},
}
REST, REBOUND = 400, 600  # steps
# Trained networks sustain activity of their own, and take this long to settle.
SETTLE = 3000
EVERY = 4  # steps between recorded samples


def untrained_network(coupling, seed):
    """Make the network of --coupling: untrained, heterogeneous, with Gaussian weights."""
    params = hn.effenberger_2025(n_units=64, heterogeneous=True, seed=seed)
    w_rec = dense_gaussian(params.n_units, coupling, generator(seed, "coupling"))
    provenance = {**params.provenance, "w_rec": f"dense_gaussian, std {coupling}"}
    return params.replace(w_rec=w_rec, provenance=provenance)


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], DEVICES)
    parser.add_argument("--digits", type=int, metavar="N", help="digits of each class")
    parser.add_argument("--repeats", type=int, metavar="N", help="trials of each digit")
    parser.add_argument(
        "--coupling",
        type=float,
        metavar="STD",
        help="take an untrained network, with this standard deviation of w_rec",
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
        padded = np.zeros((len(inputs), REST + steps + REBOUND, 1))
        padded[:, REST : REST + steps] = inputs
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
        segments={"rest": REST, "stimulus": steps, "rebound": REBOUND},
    ), {"source": sequences.source, "checksum": sequences.checksum, "index": index.tolist()}


def simulate_conditions(params, trials, args, stage):
    """Run the network in all conditions, under the same kicks."""
    kicks = hn.PoissonKicks(args.kick_rate, args.kick_amplitude)
    uncoupled = params.replace(w_rec=np.zeros_like(params.w_rec))
    settled = {}
    for name, network in (("coupled", params), ("uncoupled", uncoupled)):
        stage(f"settling, {name}")
        settled[name] = hn.simulate(
            network,
            SETTLE,
            n_trials=len(trials.labels),
            kicks=kicks,
            record=(),
            device=args.device,
            seed=brian2_seed(args.seed, "settling"),
        ).final_state
    recordings = {}
    for name, stimulus in trials.stimuli.items():
        stage(f"simulating {name}")
        coupled = name != "no recurrence"
        recordings[name] = hn.simulate(
            params if coupled else uncoupled,
            stimulus,
            kicks=kicks,
            initial=settled["coupled" if coupled else "uncoupled"],
            segments=trials.segments,
            labels=trials.labels,
            every=EVERY,
            device=args.device,
            seed=args.seed,
        )
    return recordings


def main(argv=None):
    """Run the protocol; returns the analysis with all results."""
    started = time.time()
    args = parse(argv)
    if args.params:
        params = hn.load_parameters(args.params)
    elif args.coupling is not None:
        params = untrained_network(args.coupling, args.seed)
    else:
        params = hn.pretrained("horn64_heterogeneous")
    if params.n_inputs != 1:
        raise ValueError(
            f"{args.params} has {params.n_inputs} input channels; digits are one pixel a step, so "
            "this protocol needs a network with 1"
        )
    folder = RunFolder(args.out, "rest_vs_evoked")
    with tqdm(total=14, bar_format="{l_bar}{bar}| {elapsed}") as progress:

        def stage(name):
            progress.set_description(name)
            progress.update()

        trials, digits = make_trials(args)
        recordings = simulate_conditions(params, trials, args, stage)
        size = SIZES[args.size]
        found = analysis.RestVsEvoked(
            recordings,
            trials.groups,
            n_resamples=size["resamples"],
            n_permutations=size["permutations"],
            n_snapshots=size["snapshots"],
            seed=args.seed,
            progress=stage,
        )
        stage("drawing")
        config = {
            "protocol": "rest_vs_evoked",
            "arguments": vars(args),
            "digits": digits,
            "steps": trials.segments,
            "settling_steps": SETTLE,
            "sampled_every": EVERY,
            "recordings": {name: rec.provenance for name, rec in recordings.items()},
        }
        with styled():
            drawn = draw_rest_vs_evoked(found)
            stage("writing the report")
            params.save(folder.path / "params.safetensors")
            with folder.file("results.nc") as path:
                found.courses().to_netcdf(path, engine="netcdf4")
            config["seconds"] = round(time.time() - started, 1)
            numbers = found.numbers()
            REPORT.write(folder, numbers, drawn, found.summary(), config)
        stage("done")
    device = recordings["digits"].provenance["device"]
    REPORT.print(
        folder, f"{len(trials.labels)} trials, {params.n_units} units, on {device}", numbers
    )
    return found


if __name__ == "__main__":
    main()
