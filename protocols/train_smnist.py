#!/usr/bin/env python
"""Does a network of oscillators learn to classify digits, and how does it compare?

Trains HORNs and torch's recurrent networks by backpropagation through time on
sequential MNIST, one pixel a step, all with the same code and budget, and tests
the epoch of best validation accuracy, also under pixel noise.

    python protocols/train_smnist.py
    python protocols/train_smnist.py --models horn_heterogeneous lstm --seeds 1 2 3
    python protocols/train_smnist.py --source FOLDER --epochs 20 --out DIR   # then --resume
"""

import sys
import time

import numpy as np
import torch
from lightning_fabric import Fabric
from scipy import stats
from tqdm import tqdm

import horn_neuro as hn
from horn_neuro._version import software_versions
from horn_neuro.parameters import dense_gaussian, generator, log_uniform
from horn_neuro.report import Report, RunFolder, figures, styled
from horn_neuro.report.command import protocol_parser
from horn_neuro.twin import (
    WEIGHTS,
    BaselineClassifier,
    HornClassifier,
    Task,
    TrainingConfig,
    evaluate,
    matched_units,
    train,
)

REPORT = Report(
    title="Training on sequential MNIST",
    question=(
        "Does a network of damped harmonic oscillators learn to classify digits that are shown "
        "one pixel a step, how fast, how robustly against pixel noise, and how do torch's "
        "recurrent networks do with the same code and budget?"
    ),
    uncertainty="± is a 95 % t interval over seeds; a single seed has none.",
)
CONSTANTS = ("omega", "gamma", "alpha", "feedback")
MODELS = ("horn_homogeneous", "horn_heterogeneous", "rnn", "gru", "lstm")
NOISE = (0.0, 0.1, 0.2, 0.4, 0.8)
SIZES = {
    "fast": {"epochs": 1, "units": 16, "digits": 500},
    "default": {"epochs": 5, "units": 64, "digits": None},
    "full": {"epochs": 20, "units": 64, "digits": None},
}


def parse(argv):
    parser = protocol_parser(__doc__.split("\n")[0], ("auto", "cpu", "cuda"))
    parser.add_argument("--models", nargs="+", default=["horn_heterogeneous"], choices=MODELS)
    parser.add_argument("--match", default="units", choices=("units", "parameters"),
                        help="what baselines share with the HORN")  # fmt: skip
    parser.add_argument("--task", default="smnist", choices=("smnist", "psmnist"))
    parser.add_argument("--seeds", type=int, nargs="+", metavar="S", help="instead of --seed")
    parser.add_argument("--units", type=int, help="oscillators")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch", type=int, default=64, help="of all processes together")
    parser.add_argument("--lr", type=float, default=2e-2, help="highest of the schedule, HORNs")
    parser.add_argument("--baseline-lr", type=float, default=2e-3, help="the same, baselines")
    parser.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient")
    parser.add_argument("--noise", type=float, default=0.0, help="pixel noise in training")
    parser.add_argument("--coupling", type=float, default=1.6, help="initial std of w_rec")
    parser.add_argument("--alpha", type=float, default=0.07, help="excitability")
    parser.add_argument("--gamma", type=float, default=0.02, help="damping a step")
    parser.add_argument("--omega", type=float, nargs=2, metavar=("LOW", "HIGH"),
                        help="natural frequencies, rad a step: log-uniform between these in "
                        "heterogeneous networks, their geometric mean in homogeneous ones; gamma "
                        "is the same in both then")  # fmt: skip
    parser.add_argument("--learn", nargs="+", default=[], choices=CONSTANTS,
                        help="constants of the oscillators that learn as well")  # fmt: skip
    parser.add_argument("--validation", type=int, help="sequences for validation")
    parser.add_argument("--devices", type=int, default=1, help="processes on this machine")
    parser.add_argument("--nodes", type=int, default=1, help="machines")
    parser.add_argument("--precision", default="32-true", help="as of Lightning Fabric")
    parser.add_argument("--resume", action="store_true", help="continue the runs in --out")
    args = parser.parse_args(argv)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error(
            "--device cuda: torch finds no GPU; use --device cpu, or install its CUDA build"
        )
    if args.device == "auto":
        args.device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.resume and not args.out:
        parser.error("--resume: name the folder with --out")
    size = SIZES[args.size]
    args.epochs = args.epochs or size["epochs"]
    args.units = args.units or size["units"]
    args.seeds = args.seeds or [args.seed]
    return args, size["digits"]


def load(args, limit):
    """Return the training task and the test set."""
    make = {"smnist": hn.datasets.smnist, "psmnist": hn.datasets.psmnist}[args.task]

    def tensors(split):
        sequences = make(args.source, split)
        part = np.random.default_rng(0).permutation(len(sequences))[:limit]
        inputs = torch.from_numpy(sequences.inputs[part].astype(np.float32))
        return inputs, torch.from_numpy(sequences.labels[part]), sequences

    inputs, labels, sequences = tensors("train")
    n_validation = args.validation or min(1000, len(labels) // 5)
    data = {"source": sequences.source, "checksum": sequences.checksum, "sequences": len(labels)}
    return Task(inputs, labels, n_validation), tensors("test")[:2], data


def initial_network(name, args, seed):
    """Make an untrained HORN with a wide recurrent start, near the edge of criticality."""
    if args.params:
        return hn.load_parameters(args.params)
    params = hn.effenberger_2025(
        args.units,
        heterogeneous=name == "horn_heterogeneous",
        alpha=args.alpha,
        gamma=args.gamma,
        seed=seed,
    )
    changes = {"w_rec": dense_gaussian(args.units, args.coupling, generator(seed, "coupling"))}
    provenance = {**params.provenance, "w_rec": f"dense_gaussian, std {args.coupling}"}
    if args.omega:
        omega = log_uniform(*args.omega, args.units, generator(seed, "omega"))
        if name != "horn_heterogeneous":
            omega = np.sqrt(np.prod(args.omega))
        changes |= {"omega": omega, "gamma": args.gamma}
        provenance["omega"] = "log_uniform, {:g} to {:g}".format(*args.omega)
    return params.replace(**changes, provenance=provenance)


def make_model(name, args, seed):
    """Make a classifier, seeded; the baselines match the HORN of the same options."""
    torch.manual_seed(seed)
    params = initial_network(name, args, seed)
    if name.startswith("horn"):
        return HornClassifier(params, learn=(*WEIGHTS, *args.learn))
    units = args.units
    if args.match == "parameters":
        horn = HornClassifier(params, learn=(*WEIGHTS, *args.learn))
        units = matched_units(name, sum(p.numel() for p in horn.parameters()))
    return BaselineClassifier(name, units)


def run_one(name, seed, args, task, test, folder, fabric, bar):
    """Train and test one model of one seed; returns its results."""
    place = folder.path / f"{name}-{seed}"
    place.mkdir(exist_ok=True)
    model = make_model(name, args, seed)
    config = TrainingConfig(
        epochs=args.epochs,
        batch_size=args.batch,
        learning_rate=args.lr if name.startswith("horn") else args.baseline_lr,
        clip=args.clip,
        noise=args.noise,
        seed=seed,
    )

    def progress(row):
        bar.set_description(f"{name}-{seed}")
        bar.set_postfix_str(
            f"loss {row['loss']:.3f}, accuracy {row['validation_accuracy']:.3f}, "
            f"{row['sequences_per_second']:.0f}/s"
        )
        bar.update()

    resume = args.resume and (place / "checkpoint.pt").is_file()
    metrics, best = train(
        model, task, config, place, fabric=fabric, resume=resume, progress=progress
    )
    model.load_state_dict(best)
    noisy = {str(std): evaluate(model, *test, noise=std, seed=seed)[1] for std in NOISE}
    if name.startswith("horn") and fabric.global_rank == 0:
        trained = model.network.to_parameters(
            command=" ".join(["python protocols/train_smnist.py", *args.command]),
            task=args.task,
            test_accuracy=noisy["0.0"],
        )
        trained.save(place / "params.safetensors")
    return {
        "model": name,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "metrics": metrics,
        "best_epoch": 1 + int(np.argmax([row["validation_accuracy"] for row in metrics])),
        "test_accuracy": noisy["0.0"],
        "test_accuracy_by_noise": noisy,
    }


def interval(values, scale=100):
    """Mean and 95 % t interval over seeds, as text; a single value stands alone."""
    values = scale * np.asarray(values)
    if len(values) < 2:
        return f"{values[0]:.1f}"
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{values.mean():.1f} ± {half:.1f}"


def draw(results, models):
    """Draw learning curves and noise tolerance; returns figures with captions, by title."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    for ax, key, label in (
        (axes[0], "loss", "training loss"),
        (axes[1], "validation_accuracy", "validation accuracy (%)"),
    ):
        scale = 1 if key == "loss" else 100
        curves = {
            name: [
                [scale * row[key] for row in r["metrics"]] for r in results if r["model"] == name
            ]
            for name in models
        }
        epochs = np.arange(1, len(results[0]["metrics"]) + 1)
        figures.plot_models(ax, epochs, curves, "epoch", label)
    axes[0].set_yscale("log")
    axes[1].legend(loc="center right")
    for ax in axes:
        ax.xaxis.get_major_locator().set_params(integer=True)
    curves = {
        name: [
            [100 * value for value in r["test_accuracy_by_noise"].values()]
            for r in results if r["model"] == name
        ]
        for name in models
    }  # fmt: skip
    noise, ax = plt.subplots(figsize=(6.5, 4.2))
    figures.plot_models(ax, NOISE, curves, "std of pixel noise at test", "test accuracy (%)")
    ax.set_ylim(0, 101)
    ax.legend(loc="upper right")
    return {
        "Learning": (figure, "Lines: mean over seeds; bands: their range."),
        "Noise tolerance": (noise, "Test accuracy under Gaussian pixel noise. Bands: range."),
    }


def main(argv=None):
    """Run the protocol; returns the results of all models and seeds."""
    started = time.time()
    args, limit = parse(argv)
    args.command = list(sys.argv[1:] if argv is None else argv)
    fabric = Fabric(
        accelerator=args.device,
        devices=args.devices,
        num_nodes=args.nodes,
        strategy="ddp" if args.devices * args.nodes > 1 else "auto",
        precision=args.precision,
    )
    fabric.launch()
    for name in args.models:
        for seed in args.seeds:
            make_model(name, args, seed)  # what cannot be made stops here
    task, test, data = load(args, limit)
    path = args.out
    if fabric.global_rank == 0:
        path = RunFolder(args.out, "train_smnist", again=args.resume).path
    # The default name holds the time: all processes take that of the first.
    folder = RunFolder(fabric.broadcast(path), "train_smnist", again=True)
    total = len(args.models) * len(args.seeds) * args.epochs
    with tqdm(total=total, unit="epoch", disable=fabric.global_rank > 0) as bar:
        results = [
            run_one(name, seed, args, task, test, folder, fabric, bar)
            for name in args.models
            for seed in args.seeds
        ]
    if fabric.global_rank > 0:
        return results
    numbers = []
    for name in args.models:
        mine = [r for r in results if r["model"] == name]
        speed = np.mean([row["sequences_per_second"] for r in mine for row in r["metrics"]])
        numbers.append(
            (
                f"{name}, {mine[0]['parameters']} parameters, {len(mine)} seeds",
                f"test accuracy {interval([r['test_accuracy'] for r in mine])} %, under noise of "
                f"0.4 {interval([r['test_accuracy_by_noise']['0.4'] for r in mine])} %, after the "
                f"first epoch {interval([r['metrics'][0]['validation_accuracy'] for r in mine])} % "
                f"(validation); {speed:.0f} sequences/s",
            )
        )
    config = {
        "protocol": "train_smnist",
        "arguments": vars(args),
        "data": data,
        "versions": {**software_versions(), "torch": torch.__version__},
        "processes": fabric.world_size,
        "seconds": round(time.time() - started, 1),
    }
    with styled():
        drawn = draw(results, args.models)
        REPORT.write(folder, numbers, drawn, results, config)
    REPORT.print(folder, f"{data['sequences']} sequences of {data['source']}, {args.task}", numbers)
    return results


if __name__ == "__main__":
    main()
