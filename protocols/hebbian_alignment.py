#!/usr/bin/env python
"""Do backpropagation's updates look Hebbian?

Trains networks on sequential MNIST and, on a fixed set of digits, follows how
their recurrent weights, and what training has changed about them, go with the
correlations between the units' activity; takes single updates apart into the
error that arrives at a unit and the activity that it reads; and asks whether
pairs whose weights grew lock more to each other. Every alignment has a null
that relabels the units, and the difference of natural frequencies is controlled
for. A tanh network is the control; digits shown row by row (--rows) are a task
that it learns as well.

    python protocols/hebbian_alignment.py
    python protocols/hebbian_alignment.py --rows
    python protocols/hebbian_alignment.py --epochs 10 --seeds 1 2 3 4 5 6 7 8
"""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro._version import software_versions
from horn_neuro.parameters import dense_gaussian, generator
from horn_neuro.report import Report, RunFolder, draw_hebbian_alignment, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.twin import (
    BaselineClassifier,
    HornClassifier,
    Task,
    TrainingConfig,
    error_signals,
    train,
)

REPORT = Report(
    title="Hebbian alignment",
    question=(
        "Do the recurrent weights that backpropagation through time changes follow the "
        "correlations of the activity that they connect, as Hebbian plasticity would have it; "
        "how much of a single update does a Hebbian product explain; and is a tanh network any "
        "different?"
    ),
    uncertainty=(
        "Mean over seeds with its 95 % t interval, and the number of seeds in which the "
        "alignment is significant (p < 0.05, two-sided) against relabelled units. Partial: "
        "after a linear regression on the difference of natural frequencies. z: distance from "
        "the null's mean in its standard deviations, mean over seeds."
    ),
)
SIZES = {
    "fast": {"seeds": 2, "units": 12, "epochs": 1, "train": 320, "probe": 20, "permutations": 99},
    "default": {"seeds": 5, "units": 32, "epochs": 4, "train": 3000, "probe": 100,
                "permutations": 999},
    "full": {"seeds": 10, "units": 64, "epochs": 12, "train": 4000, "probe": 300,
             "permutations": 9999},
}  # fmt: skip
MODELS = ("horn_homogeneous", "horn_heterogeneous", "rnn")
FINE = (1, 2, 4, 8, 16, 32)  # steps of the first epoch that are looked at
LAGS = (0, 1, 2, 3, 5, 7, 10, 14, 18, 22, 28)
COUPLING, ALPHA, GAMMA = 1.6, 0.07, 0.02  # as in train_smnist


@dataclass
class Run:
    """What one network did while it learned.

    Parameters
    ----------
    steps : list of int
        When it was looked at.
    weights : list of ndarray
        Recurrent weights then.
    accuracy : float
        Of validation, in the best epoch.
    measures : dict of str to Alignment
        At the end.
    curves : dict of str to list of float
        Alignment at every look.
    lags : dict of str to list of float
        Explained share of an update by lag, early and late.
    locking : dict of str to float
        Change of phase-locking of pairs.
    example : tuple of ndarray
        Changes of all weights, and the correlation after training.
    """

    steps: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    accuracy: float = np.nan
    measures: dict = field(default_factory=dict)
    curves: dict = field(default_factory=dict)
    lags: dict = field(default_factory=dict)
    locking: dict = field(default_factory=dict)
    example: tuple = ()


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], ("auto", "cpu"))
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="instead of --seed")
    for name, text in (
        ("units", "of each network"),
        ("epochs", "of training"),
        ("train", "digits to train on"),
        ("probe", "digits to measure activity on"),
        ("permutations", "of the null"),
    ):
        parser.add_argument(f"--{name}", type=int, metavar="N", help=text)
    parser.add_argument("--rows", action="store_true",
                        help="show 28 rows of 28 pixels instead of one pixel a step")  # fmt: skip
    args = parser.parse_args(argv)
    size = SIZES[args.size]
    args.seeds = args.seeds or list(range(args.seed, args.seed + size["seeds"]))
    for name in ("units", "epochs", "train", "probe", "permutations"):
        value = getattr(args, name)
        setattr(args, name, size[name] if value is None else value)
        if getattr(args, name) < 1:
            parser.error(f"--{name} {value}: give a number of at least 1")
    if args.params:
        parser.error("--params: networks are trained from their start here; drop it")
    if len(set(args.seeds)) < 2:
        parser.error(f"--seeds {args.seeds}: an interval over seeds needs at least two")
    if args.units < 4 or args.train < 128 or args.probe < 10:
        parser.error("give at least 4 --units, 128 digits to --train and 10 to --probe")
    return args


def load(args):
    """Return the task, and inputs and labels of the probe digits, as many of each class."""
    training = hn.datasets.smnist(args.source, "train")
    test = hn.datasets.smnist(args.source, "test")
    rng = generator(args.seed, "digits")
    if args.train > len(training):
        raise ValueError(
            f"--train {args.train}, but {training.source} has {len(training)}: ask for fewer"
        )
    chosen = rng.permutation(len(training))[: args.train]
    args.channels = 28 if args.rows else 1

    def shown(inputs):
        return inputs.reshape(len(inputs), -1, args.channels)

    task = Task(
        torch.from_numpy(shown(training.inputs[chosen]).astype(np.float32)),
        torch.from_numpy(training.labels[chosen]),
        n_validation=args.train // 10,
    )
    probe = test.balanced(args.probe // 10, rng)
    data = {"source": training.source, "checksum": training.checksum}
    return task, shown(test.inputs[probe]), test.labels[probe], data


def make_model(name, seed, args):
    torch.manual_seed(seed)
    if name == "rnn":
        return BaselineClassifier("rnn", args.units, args.channels)
    params = hn.effenberger_2025(
        args.units,
        args.channels,
        heterogeneous=name == "horn_heterogeneous",
        omega=2 * np.pi / (7 if args.rows else 28),  # some cycles within a digit of 28 steps
        alpha=ALPHA,
        gamma=GAMMA,
        seed=seed,
    )
    w_rec = dense_gaussian(args.units, COUPLING, generator(seed, "coupling"))
    return HornClassifier(params.replace(w_rec=w_rec))


def recurrent_weights(model):
    if isinstance(model, HornClassifier):
        return model.network.w_rec.detach().double().numpy().copy()
    return model.recurrent.weight_hh_l0.detach().double().numpy().copy()


@torch.no_grad()
def activity(model, inputs):
    """What sends and what receives: (y, x) of oscillators, (h, h) of a tanh network."""
    inputs = torch.from_numpy(inputs.astype(np.float32))
    if isinstance(model, HornClassifier):
        data = model.network(inputs, record=True).recording.data
        return data["y"].values, data["x"].values
    h = model.recurrent(inputs)[0].permute(0, 2, 1).double().numpy()
    return h, h


def follow(name, seed, task, probe, args, scratch):
    """Train one network, and look at it; returns a Run."""
    inputs, labels = probe
    model, run = make_model(name, seed, args), Run()
    last = args.epochs * ((args.train - args.train // 10) // 64)
    per_epoch = last // args.epochs
    looks = {0, last, *FINE, *range(per_epoch, last + 1, per_epoch)}
    correlations, states = [], {}

    def look(step, model):
        if step not in looks:
            return
        pre, post = activity(model, inputs)
        run.steps.append(step)
        run.weights.append(recurrent_weights(model))
        correlations.append(kinds_of_activity(pre, post))
        if step in (0, last):
            states[step] = {key: value.clone() for key, value in model.state_dict().items()}

    config = TrainingConfig(
        epochs=args.epochs, learning_rate=2e-3 if name == "rnn" else 2e-2, seed=seed
    )
    metrics, _ = train(model, task, config, scratch, fabric=Fabric(accelerator="cpu"), observe=look)
    run.accuracy = max(row["validation_accuracy"] for row in metrics)
    confound = None
    if name == "horn_heterogeneous":
        frequency = model.network.initial.frequency_hz
        confound = np.abs(frequency[:, None] - frequency)
    measure(run, correlations, confound, args, seed)
    if name != "rnn":
        decompose(run, model, states, inputs, labels)
        lock(run, model, states, inputs, labels)
    return run


def kinds_of_activity(pre, post):
    """Correlations [post, pre] that a Hebbian rule could use."""
    return {
        "post x, pre y, lag 1": analysis.lagged_correlation(post, pre, 1),
        "x, x": analysis.lagged_correlation(post, post),
        "y, y": analysis.lagged_correlation(pre, pre),
    }


def measure(run, correlations, confound, args, seed):
    change = run.weights[-1] - run.weights[0]
    kinds = list(correlations[0])
    for kind in kinds:
        final, first = correlations[-1][kind], correlations[0][kind]
        rng = generator(seed, kind)
        options = {"n_permutations": args.permutations, "rng": rng}
        run.measures[f"weights before, {kind}"] = analysis.align(run.weights[0], first, **options)
        run.measures[f"weights after, {kind}"] = analysis.align(run.weights[-1], final, **options)
        run.measures[f"change, {kind} (before)"] = analysis.align(change, first, **options)
        run.measures[f"change, {kind} (after)"] = analysis.align(change, final, **options)
        if confound is not None:
            run.measures[f"change, {kind} (after), partial"] = analysis.align(
                change, final, confound, **options
            )
        run.curves[kind] = [
            analysis.align(w, c[kind], n_permutations=1, rng=rng).value
            for w, c in zip(run.weights, correlations, strict=True)
        ]
    run.example = change, correlations[-1][kinds[0]]


def lags_of(inputs):
    """Lags that leave at least half of the steps."""
    return [lag for lag in LAGS if lag <= inputs.shape[1] // 2]


def decompose(run, model, states, inputs, labels):
    """Explain an update, -gradient, by Hebbian products over lags, at the start and the end."""
    for when, step in (("before", 0), ("after", max(states))):
        model.load_state_dict(states[step])
        signals = error_signals(model.network.to_parameters(), inputs, labels)
        update = -signals.gradient()
        pairs = {"x": signals.x, "y": signals.y}
        for name, post in pairs.items():
            run.lags[f"{name} after y, {when}"] = [
                analysis.explained_share(update, analysis.hebbian_product(post, signals.y, lag))
                for lag in lags_of(inputs)
            ]
        # The same with the true error as "post": all of it, as a check of the statistic.
        exact = analysis.hebbian_product(-signals.delta, signals.pre)
        run.lags[f"error, {when}"] = [analysis.explained_share(update, exact)]


def lock(run, model, states, inputs, labels):
    """Change of phase-locking, class by class, of pairs whose weights grew or shrank most."""
    recordings = []
    for step in (0, max(states)):
        model.load_state_dict(states[step])
        with torch.no_grad():
            out = model.network(torch.from_numpy(inputs.astype(np.float32)), record=True)
        recordings.append(analysis.ppc_over_time(out.recording).get_data("dense"))
    per_class = [
        np.mean([rec[labels == c].mean(axis=0) for c in np.unique(labels)], axis=0)
        for rec in recordings
    ]
    gain = per_class[1] - per_class[0]
    change = run.weights[-1] - run.weights[0]
    both = change + change.T  # phase-locking has no direction
    lower = np.tril_indices(len(change), -1)
    order = np.argsort(both[lower])
    tenth = max(1, len(order) // 10)
    for name, chosen in (("grown", order[-tenth:]), ("shrunk", order[:tenth])):
        run.locking[name] = float(gain[lower][chosen].mean())
    run.locking["all"] = float(gain[lower].mean())


def main(argv=None):
    """Run the protocol; returns the runs of all models, by name."""
    started = time.time()
    args = parse(argv)
    task, *probe, data = load(args)
    folder = RunFolder(args.out, "hebbian_alignment")
    found = {}
    with tqdm(total=len(args.models) * len(args.seeds) + 1, unit="network") as progress:
        for name in args.models:
            for seed in args.seeds:
                progress.set_description(f"{name}, seed {seed}")
                with tempfile.TemporaryDirectory() as scratch:
                    run = follow(name, seed, task, probe, args, Path(scratch))
                found.setdefault(name, []).append(run)
                progress.update()
        numbers = numbers_of(found)
        config = {
            "protocol": "hebbian_alignment",
            "arguments": vars(args),
            "digits": data,
            "versions": {**software_versions(), "torch": torch.__version__},
            "seconds": round(time.time() - started, 1),
        }
        with styled():
            drawn = draw_hebbian_alignment(found, lags_of(probe[0]))
            REPORT.write(folder, numbers, drawn, results_of(found), config)
        progress.update()
    REPORT.print(
        folder, f"{len(args.seeds)} seeds, {args.units} units, {args.epochs} epochs", numbers
    )
    return found


def over_seeds(values):
    """Mean and 95 % t interval over seeds."""
    zero = np.zeros(len(values))
    difference = analysis.paired_difference(values, zero)
    return f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def numbers_of(found):
    numbers = []
    for model, runs in found.items():
        accuracy = np.mean([run.accuracy for run in runs])
        numbers.append((f"{model}: validation accuracy", f"{100 * accuracy:.1f} %"))
        for key in runs[0].measures:
            alignments = [run.measures[key] for run in runs]
            significant = sum(a.p_value < 0.05 for a in alignments)
            numbers.append(
                (
                    f"{model}: {key}",
                    f"{over_seeds([a.value for a in alignments])}, z = "
                    f"{np.mean([a.z for a in alignments]):+.1f}, significant in {significant} of "
                    f"{len(runs)}",
                )
            )
        for key in runs[0].lags:
            shares = np.mean([run.lags[key] for run in runs], axis=0)
            best = int(np.abs(shares).argmax())
            numbers.append(
                (
                    f"{model}: share of an update explained, {key}",
                    f"{over_seeds([run.lags[key][best] for run in runs])}"
                    + (f" at lag {LAGS[best]}" if len(shares) > 1 else ""),
                )
            )
        if runs[0].locking:
            difference = analysis.paired_difference(
                [run.locking["grown"] for run in runs], [run.locking["shrunk"] for run in runs]
            )
            numbers.append(
                (f"{model}: gain of locking, pairs that grew minus pairs that shrank",
                 f"{difference:+}")
            )  # fmt: skip
    return numbers


def results_of(found):
    return {
        model: [
            {
                "steps": run.steps,
                "accuracy": run.accuracy,
                "alignment": {
                    key: {"value": a.value, "z": a.z, "p": a.p_value}
                    for key, a in run.measures.items()
                },
                "curves": run.curves,
                "explained_share": run.lags,
                "locking": run.locking,
            }
            for run in runs
        ]
        for model, runs in found.items()
    }


if __name__ == "__main__":
    main()
