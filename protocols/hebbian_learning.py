#!/usr/bin/env python
"""Can the network learn without labels, by plasticity of its recurrent connections?

Digits sweep through networks whose recurrent weights learn, in Brian2, by a
covariance or a phase rule, Hebbian or anti-Hebbian. Then the weights are
frozen, and a linear readout of the last positions is fitted and tested on other
digits. Every learned network is compared with itself untrained, with its
weights shuffled, with random changes of the same sizes, and with one whose
recurrent weights learned the same digits by backpropagation, with labels.

    python protocols/hebbian_learning.py
    python protocols/hebbian_learning.py --gain 10 --coupling 1.6 --seeds 1 2 3 4 5 6 7 8
"""

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from lightning_fabric import Fabric
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro._version import software_versions
from horn_neuro.parameters import dense_gaussian, generator, shuffled
from horn_neuro.report import Report, RunFolder, draw_hebbian_learning, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.twin import HornClassifier, Task, TrainingConfig, train

REPORT = Report(
    title="Learning without labels",
    question=(
        "Does plasticity of the recurrent connections, without labels, make digits easier to "
        "tell apart; which rule, sign and shift does; and is it the structure that was learned, "
        "or would shuffled weights or random changes of the same sizes have done as well?"
    ),
    uncertainty=(
        "Mean over seeds; differences are paired by seed, with 95 % t interval and a "
        "permutation test that flips the seeds' signs. Controls are means of several draws. All "
        "rules that were tried are shown, without correction for their number."
    ),
)
SIZES = {
    "fast": {"seeds": 2, "units": 8, "digits": 5, "readout": 60, "draws": 1},
    "default": {"seeds": 6, "units": 32, "digits": 200, "readout": 1000, "draws": 2},
    "full": {"seeds": 10, "units": 64, "digits": 1000, "readout": 2500, "draws": 5},
}
SHIFTS = {"fast": (90, 270), "default": (0, 90, 180, 270), "full": tuple(range(0, 360, 45))}
MODELS = ("homogeneous", "heterogeneous")
RULES = {"covariance": hn.CovarianceRule, "phase": hn.PhaseRule}
ALPHA, GAMMA = 0.07, 0.02  # as in train_smnist
CONTROLS = ("untrained", "shuffled", "random")  # without labels
NOISE = 0.2  # of pixels
LOOKS = 5  # at the weights, while they learn
PIXELS = 784


@dataclass
class Run:
    """What one rule made of one network.

    Parameters
    ----------
    model, rule : str
        Kind of network and of rule.
    shift : int
        Of the rule, in degrees.
    seed : int
        Of the network and the digits.
    measures : dict of str to Representation
        Learned, and its controls: "untrained", "shuffled", "random", "bptt".
    seen : list of int
        Digits seen at each look.
    curves : dict of str to list of float
        Accuracy at each look, of the learned network and of random changes.
    weights : tuple of ndarray
        Recurrent weights before and after.
    omega : ndarray
        Of the units.
    """

    model: str
    rule: str
    shift: int
    seed: int
    measures: dict
    seen: list
    curves: dict
    weights: tuple
    omega: np.ndarray

    @property
    def largest(self):
        """Largest weight at the end (float)."""
        return float(np.abs(self.weights[1]).max())

    @property
    def change(self):
        """Root mean square change of a weight (float)."""
        before, after = self.weights
        return float(np.sqrt(np.mean((after - before) ** 2)))


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], ("auto", "numpy", "cython", "cpp", "cuda"))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--rules", nargs="+", default=list(RULES), choices=RULES)
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="instead of --seed")
    parser.add_argument("--units", type=int, metavar="N", help="of each network")
    parser.add_argument("--digits", type=int, metavar="N", help="to learn from, without labels")
    parser.add_argument("--readout", type=int, metavar="N", help="digits to fit the readout on")
    parser.add_argument("--gain", type=float, default=5.0, help="weight of a pair that agrees")
    parser.add_argument("--rate", type=float, default=0.02, help="learning rate in Hz")
    parser.add_argument("--bound", type=float, default=10.0, help="largest weight that can be")
    parser.add_argument("--coupling", type=float, default=1.0, help="initial std of w_rec")
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.seeds = args.seeds or list(range(args.seed, args.seed + size["seeds"]))
    for name in ("units", "digits", "readout"):
        value = getattr(args, name)
        setattr(args, name, size[name] if value is None else value)
        if getattr(args, name) < 1:
            parser.error(f"--{name} {value}: give a number of at least 1")
    args.draws, args.shifts = size["draws"], SHIFTS[args.size]
    if args.params:
        parser.error("--params: networks are drawn by --seeds here; drop it")
    if len(set(args.seeds)) < 2:
        parser.error(f"--seeds {args.seeds}: an interval over seeds needs at least two")
    if args.digits < 5 or args.readout < 20:
        parser.error("give at least 5 --digits and 20 to --readout")
    if not args.gain > 0:
        parser.error(f"--gain {args.gain}: give a weight above 0; shifts of 180° more are opposite")
    if not args.coupling > 0:
        parser.error(f"--coupling {args.coupling}: give a standard deviation above 0")
    return args


@dataclass
class Digits:
    """Digits of one seed: to learn from, to fit a readout on, and to test it with.

    Parameters
    ----------
    learn, fit, test, noisy : ndarray, shape (n_digits, n_steps, 1)
        Inputs; the last two are the same digits.
    learn_labels, fit_labels, test_labels : ndarray of int, shape (n_digits,)
        Classes.
    """

    learn: np.ndarray
    learn_labels: np.ndarray
    fit: np.ndarray
    fit_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    noisy: np.ndarray

    @classmethod
    def draw(cls, training, test, args, seed):
        """Draw those of a seed."""
        rng = generator(seed, "digits")
        order = rng.permutation(len(training))
        learn, fit = order[: args.digits], order[args.digits : args.digits + args.readout]
        shown = rng.permutation(len(test))[: args.readout]
        inputs = test.inputs[shown]
        return cls(
            training.inputs[learn],
            training.labels[learn],
            training.inputs[fit],
            training.labels[fit],
            inputs,
            test.labels[shown],
            inputs + NOISE * rng.standard_normal(inputs.shape),
        )


def load(args):
    training = hn.datasets.smnist(args.source, "train")
    test = hn.datasets.smnist(args.source, "test")
    if args.digits + args.readout > len(training):
        raise ValueError(
            f"--digits {args.digits} and --readout {args.readout}, but {training.source} has "
            f"{len(training)} digits in all: ask for fewer"
        )
    return training, test


def make_network(model, seed, args):
    params = hn.effenberger_2025(
        args.units, heterogeneous=model == "heterogeneous", alpha=ALPHA, gamma=GAMMA, seed=seed
    )
    w_rec = dense_gaussian(args.units, args.coupling, generator(seed, "coupling"))
    return params.replace(w_rec=np.clip(w_rec, -args.bound, args.bound))


@torch.no_grad()
def last_positions(params, inputs):
    network = hn.HornNetwork(params)
    return network(torch.from_numpy(inputs.astype(np.float32))).state.x.double().numpy()


def represent(params, digits):
    """Freeze a network and measure what it makes of other digits."""
    return analysis.represent(
        last_positions(params, digits.fit),
        digits.fit_labels,
        last_positions(params, digits.test),
        digits.test_labels,
        last_positions(params, digits.noisy),
    )


def mean_of(representations):
    """Average measures over the draws of a control."""
    rows = [asdict(one) for one in representations]
    return analysis.Representation(
        **{name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    )


def backpropagate(params, digits, seed):
    """Let the recurrent weights learn the same digits with labels; returns the network."""
    model = HornClassifier(params, learn=("w_rec", "w_out", "b_out"))
    task = Task(
        torch.from_numpy(digits.learn.astype(np.float32)),
        torch.from_numpy(digits.learn_labels),
        n_validation=max(1, len(digits.learn) // 5),
    )
    batch = min(32, len(digits.learn) - task.n_validation)
    config = TrainingConfig(epochs=30, batch_size=batch, learning_rate=2e-2, seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        train(model, task, config, Path(scratch), fabric=Fabric(accelerator="cpu"))
    return model.network.to_parameters()


def sweep(params, rule, digits, device):
    """Let digits sweep through a plastic network; returns pairs of digits seen and weights."""
    every = PIXELS * max(1, len(digits.learn) // LOOKS)
    recording = hn.simulate(
        params,
        digits.learn.reshape(1, -1, 1),
        plasticity=rule,
        record=("w_rec",),
        every=every,
        device=device,
    )
    data = recording.data["w_rec"].values[0]
    looks = [(k * every // PIXELS, data[..., k]) for k in range(1, data.shape[-1])]
    return [(0, params.w_rec), *looks, (len(digits.learn), recording.final_w_rec[0])]


def follow(model, seed, args, training, test):
    """Let all rules learn in one network; returns a `Run` for each."""
    digits = Digits.draw(training, test, args, seed)
    params, runs = make_network(model, seed, args), []
    untrained = represent(params, digits)
    bptt = represent(backpropagate(params, digits, seed), digits)
    for kind in args.rules:
        for shift in args.shifts:
            rng = generator(seed, f"{kind} {shift}")
            rule = RULES[kind](args.rate, gain=args.gain, shift=np.deg2rad(shift), bound=args.bound)
            looks = sweep(params, rule, digits, args.device)
            _, w_rec = looks[-1]

            def frozen(w_rec):
                return represent(params.replace(w_rec=w_rec), digits)

            def random(w_rec, rng=rng):
                return frozen(params.w_rec + shuffled(w_rec - params.w_rec, rng))

            measures = {
                "learned": frozen(w_rec),
                "untrained": untrained,
                "shuffled": mean_of([frozen(shuffled(w_rec, rng)) for _ in range(args.draws)]),
                "random": mean_of([random(w_rec) for _ in range(args.draws)]),
                "bptt": bptt,
            }
            followed = kind == "covariance" and shift in (90, 270)
            curves = {
                "learned": [frozen(w).accuracy for _, w in looks] if followed else [],
                "random": [random(w).accuracy for _, w in looks] if followed else [],
            }
            runs.append(
                Run(
                    model,
                    kind,
                    shift,
                    seed,
                    measures,
                    [n for n, _ in looks],
                    curves,
                    (params.w_rec, w_rec),
                    params.omega,
                )
            )
    return runs


def main(argv=None):
    """Run the protocol; returns a list of `Run`."""
    started = time.time()
    args = parse(argv)
    training, test = load(args)
    for model in args.models:
        for kind in args.rules:
            rule = RULES[kind](args.rate, gain=args.gain, bound=args.bound)
            rule.check(make_network(model, args.seeds[0], args))
    folder = RunFolder(args.out, "hebbian_learning")
    runs = []
    networks = [(model, seed) for seed in args.seeds for model in args.models]
    # A short run is over before a second process has started.
    parallel = Parallel(1 if args.size == "fast" else -1, return_as="generator")
    with tqdm(total=len(networks) + 1, unit="network") as progress:
        for some in parallel(delayed(follow)(*one, args, training, test) for one in networks):
            runs += some
            progress.update()
        numbers = numbers_of(runs)
        config = {
            "protocol": "hebbian_learning",
            "arguments": vars(args),
            "digits": {"source": training.source, "checksum": training.checksum},
            "versions": {**software_versions(), "torch": torch.__version__},
            "seconds": round(time.time() - started, 1),
        }
        with styled():
            drawn = draw_hebbian_learning(runs)
            REPORT.write(folder, numbers, drawn, results_of(runs), config)
        progress.update()
    REPORT.print(
        folder, f"{len(args.seeds)} seeds, {args.units} units, {args.digits} digits", numbers
    )
    return runs


def better_than_controls(runs):
    """Name the rules whose accuracy is above that of each control without labels."""
    names = []
    for key in dict.fromkeys((run.model, run.rule, run.shift) for run in runs):
        some = [run for run in runs if (run.model, run.rule, run.shift) == key]
        if all(_difference(some, control, "accuracy").low > 0 for control in CONTROLS):
            names.append(f"{key[0]}, {key[1]} rule shifted by {key[2]}°")
    return "; ".join(names) or "none"


def numbers_of(runs):
    title = "Better than untrained, shuffled and random changes alike (intervals above 0)"
    numbers = [(title, better_than_controls(runs))]
    for model in dict.fromkeys(run.model for run in runs):
        mine = [run for run in runs if run.model == model]
        first = [run for run in mine if (run.rule, run.shift) == (mine[0].rule, mine[0].shift)]
        for name, label in (("untrained", "untrained"), ("bptt", "backpropagation with labels")):
            numbers.append((f"{model}, {label}", _describe([run.measures[name] for run in first])))
        for kind, shift in dict.fromkeys((run.rule, run.shift) for run in mine):
            some = [run for run in mine if (run.rule, run.shift) == (kind, shift)]
            title = f"{model}, {kind} rule shifted by {shift}°"
            numbers.append((title, _describe([run.measures["learned"] for run in some])))
            for control in (*CONTROLS, "bptt"):
                numbers.append((f"{title}, minus {control}", _differences(some, control)))
    largest = max(run.largest for run in runs)
    numbers.append(("Largest weight of all learned networks", f"{largest:.3g}"))
    return numbers


def _difference(runs, control, name, scale=1):
    learned, other = (
        [scale * getattr(run.measures[which], name) for run in runs]
        for which in ("learned", control)
    )
    return analysis.paired_difference(learned, other)


def _differences(runs, control):
    parts = []
    for name, label, scale in (
        ("accuracy", "points of accuracy", 100),
        ("noisy_accuracy", "points under noise", 100),
        ("dimension", "dimensions", 1),
    ):
        found = _difference(runs, control, name, scale)
        parts.append(
            f"{found.value:+.1f} [{found.low:+.1f}, {found.high:+.1f}] {label} "
            f"(p = {found.p_value:.2g})"
        )
    return "; ".join(parts)


def _describe(representations):
    accuracy, noisy, separability, dimension = np.mean(
        [list(asdict(one).values()) for one in representations], axis=0
    )
    return (
        f"accuracy {100 * accuracy:.1f} %, under noise of {NOISE:g} {100 * noisy:.1f} %, "
        f"separability {separability:.3g}, dimension {dimension:.2f}"
    )


def results_of(runs):
    return [
        {
            "model": run.model,
            "rule": run.rule,
            "shift": run.shift,
            "seed": run.seed,
            "measures": {name: asdict(one) for name, one in run.measures.items()},
            "seen": run.seen,
            "curves": run.curves,
            "largest": run.largest,
            "change": run.change,
        }
        for run in runs
    ]


if __name__ == "__main__":
    main()
