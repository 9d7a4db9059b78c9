#!/usr/bin/env python
"""Does a network of oscillators learn to classify digits, and how does it compare?

Trains HORNs and torch's recurrent networks by backpropagation through time on
sequential MNIST, one pixel a step, all with the same code and budget, and tests
the epoch of best validation accuracy, also under pixel noise. Intervals are t
intervals over seeds; a single seed has none. Baselines learn at one untuned
rate: that is speed under a small budget, no verdict on what they reach in the end.
Whether it matters that units oscillate is what `horn-neuro damping` asks: HORNs
from oscillators to leaky integrators, and baselines, each at its best settings.

Also leaves a folder for each network with its metrics, its last checkpoint and,
of HORNs, params.safetensors.

    horn-neuro train_smnist --models horn_heterogeneous lstm --seeds 1 2 3
    horn-neuro train_smnist --source FOLDER --full --out runs/of_model
    horn-neuro train_smnist --learn omega alpha --devices 2
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from matplotlib import pyplot as plt

import horn_neuro as hn
from horn_neuro import analysis
from horn_neuro.datasets import psmnist, smnist
from horn_neuro.experiment import DigitExperiment, Findings, Option, Sizes, material
from horn_neuro.parameters import generator, log_grid, log_uniform
from horn_neuro.report import figures
from horn_neuro.twin import (
    WEIGHTS,
    BaselineClassifier,
    HornNetwork,
    Task,
    TrainingConfig,
    evaluate,
    matched_units,
    train,
)

CONSTANTS = ("omega", "gamma", "alpha", "feedback")
HORNS = ("horn_homogeneous", "horn_heterogeneous")
MODELS = (*HORNS, "rnn", "gru", "lstm")
CHOICES, READOUTS = ("best", "last"), ("last", "every")
PRECISIONS = ("highest", "high", "medium")
SPACINGS = {"drawn": log_uniform, "grid": log_grid}
NOISE = (0.0, 0.1, 0.2, 0.4, 0.8)
OVERRULED = ("coupling", "units", "alpha", "gamma", "omega")


class TrainSmnist(DigitExperiment):
    title = "Training on sequential MNIST"
    takes = Sizes("10 s", "30 s", "")
    resumes = True
    params = Option(None, "a saved network to begin with", kind=Path, excludes=OVERRULED)
    models = Option(HORNS, "to train", choices=MODELS)
    match = Option("units", "what baselines share with the HORN", choices=("units", "parameters"))
    task = Option("smnist", "pixels in their order, or permuted", choices=("smnist", "psmnist"))
    seeds = Option((1,), "of the networks and their training", least=0)
    units = Option(Sizes(16, 64, 64), "oscillators", least=1)
    epochs = Option(Sizes(1, 5, 20), "of training", least=1)
    digits = Option(Sizes(500, None, None), "to train on, where not all of them", int, least=10)
    validation = Option(None, "digits of them for validation; 1000, at most a fifth", int, least=1)
    batch = Option(64, "digits of all processes together", least=1)
    lr = Option(2e-2, "highest learning rate of the schedule, HORNs", above=0)
    baseline_lr = Option(2e-3, "the same, baselines", above=0)
    optimizer = material.OPTIMIZER
    clip = Option(1.0, "largest norm of the gradient", above=0)
    noise = Option(0.0, "std of pixel noise in training", least=0)
    coupling = Option(1.6, "initial std of w_rec", least=0)
    alpha = Option(0.07, "excitability")
    gamma = Option(0.02, "damping a step; above omega, with alpha of 3.5 gamma: leaky", least=0)
    dropout = Option(0.0, "share of units that the readout misses in training", least=0, most=0.9)
    input_dropout = Option(0.0, "share of pixels zeroed in training", least=0, most=0.9)
    readout = Option("last", "steps at which training asks for the digit", choices=READOUTS)
    choose = Option("best", "epoch to test: of best validation, or the last", choices=CHOICES)
    omega = Option(
        None,
        "two natural frequencies, rad a step: drawn between them in heterogeneous networks, "
        "their geometric mean in homogeneous ones; gamma is the same in both then",
        *(float, None, 0),
        many=True,
        different=2,
    )
    spacing = Option(
        *("drawn", "how they are drawn: log-uniform, or one in each of equal parts"),
        **{"choices": SPACINGS, "needs": ("omega",)},
    )
    learn = Option(None, "constants that learn as well", str, choices=CONSTANTS, many=True)
    matmul = Option("highest", "torch's precision of products in training", choices=PRECISIONS)
    constants_lr = Option(0.1, "their learning rate, in shares of that of the weights", above=0)
    device = Option("auto", "where torch computes", choices=("auto", "cpu", "cuda"))
    devices = Option(1, "processes on this machine", least=1)
    nodes = Option(1, "machines", least=1)
    # With 16 bits, one label in 50 of a trained network differs: oscillators add up small steps.
    precision = Option("32-true", "bits of weights and states", choices=("32-true", "64-true"))

    def measure(self):
        if self.params and len(set(self.models) & set(HORNS)) > 1:
            raise ValueError(f"params would make the same network of {' and '.join(HORNS)}")
        for model in self.models:
            for seed in self.seeds:
                self.make_model(model, seed)  # what cannot be made stops here
        fabric = self.launch()
        training, test = self.load("train"), self.load("test")
        self.origin = {"trained_on": training.source, "tested_on": test.source}
        self.origin |= {"checksum": training.checksum, "task": self.task, "epochs": self.epochs}
        n_validation = self.validation or min(1000, len(training) // 5)
        task, test = Task(*material.as_tensors(training), n_validation), material.as_tensors(test)
        self.expect(len(self.models) * len(self.seeds) * self.epochs, "epoch")
        self.config |= {"processes": fabric.world_size, "sequences": len(training)}
        return [
            self.keep(f"{m} {s}", partial(self.train, m, s, task, test, fabric))
            for m in self.models
            for s in self.seeds
        ]

    def launch(self):
        """Start all processes, of which one writes."""
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        elif device == "cuda" and not torch.cuda.is_available():
            raise ValueError(
                "device = cuda: torch finds no GPU; take cpu, or install its CUDA build"
            )
        fabric = Fabric(
            accelerator=device,
            devices=self.devices,
            num_nodes=self.nodes,
            strategy="ddp" if self.devices * self.nodes > 1 else "auto",
            precision=self.precision,
        )
        fabric.launch()
        self.writes, path = fabric.global_rank == 0, fabric.broadcast(self.folder.path)
        if path != self.folder.path:  # whose name holds the time: all take that of the first
            self.folder.path.rmdir()
            self.folder.path = path
        return fabric

    def load(self, split):
        digits = self.load_digits(split, make=psmnist if self.task == "psmnist" else smnist)
        return digits[np.random.default_rng(0).permutation(len(digits))[: self.digits]]

    def network(self, name, seed):
        """An untrained HORN with a wide recurrent start, near the edge of criticality."""
        if self.params:
            return hn.load_parameters(self.params)
        heterogeneous = name == "horn_heterogeneous"
        options = {"heterogeneous": heterogeneous, "alpha": self.alpha, "gamma": self.gamma}
        params = material.untrained(self.units, self.coupling, seed, **options)
        if not self.omega:
            return params
        low, high = min(self.omega), max(self.omega)
        omega, drawn = np.sqrt(low * high), {"omega": f"geometric mean of {low:g} and {high:g}"}
        if heterogeneous:
            draw = SPACINGS[self.spacing]
            omega = draw(low, high, self.units, generator(seed, "omega"))
            drawn = {"omega": f"{draw.__name__}, {low:g} to {high:g}"}
        provenance = {**params.provenance, **drawn}
        return params.replace(omega=omega, gamma=self.gamma, provenance=provenance)

    def make_model(self, name, seed):
        """A classifier, seeded; the baselines match the HORN of the same options."""
        torch.manual_seed(seed)
        params = self.network(name, seed)
        options = {"dropout": self.dropout, "readout": self.readout}
        horn = partial(HornNetwork, params, learn=(*WEIGHTS, *(self.learn or ())), **options)
        if name in HORNS:
            return horn()
        if self.match == "units":
            return BaselineClassifier(name, params.n_units)
        return BaselineClassifier(name, matched_units(name, size_of(horn())))

    def train(self, name, seed, task, test, fabric):
        """Train and test one model of one seed."""
        place = self.folder.path / f"{name}-{seed}"
        place.mkdir(exist_ok=True)
        model = self.make_model(name, seed)
        config = TrainingConfig(
            epochs=self.epochs,
            batch_size=self.batch,
            learning_rate=self.lr if name in HORNS else self.baseline_lr,
            optimizer=self.optimizer,
            clip=self.clip,
            noise=self.noise,
            input_dropout=self.input_dropout,
            oscillator_rate=self.constants_lr,
            matmul=self.matmul,
            seed=seed,
        )

        def progress(row):
            loss, accuracy = row["loss"], row["validation_accuracy"]
            self.step(f"{name}-{seed}: loss {loss:.3f}, accuracy {accuracy:.3f}")

        resume = self.folder.again and (place / "checkpoint.pt").is_file()
        options = {"fabric": fabric, "resume": resume, "progress": progress}
        metrics, best = train(model, task, config, place, **options)
        model.eval()
        last = evaluate(model, *test)[1]
        if self.choose == "best":
            model.load_state_dict(best)
        noisy = {str(std): evaluate(model, *test, noise=std, seed=seed)[1] for std in NOISE}
        if name in HORNS and self.writes:
            provenance = self.origin | {"test_accuracy": noisy["0.0"]}
            trained = model.to_parameters(command=self.command, **provenance)
            trained.save(place / "params.safetensors")
        return {
            "model": name,
            "seed": seed,
            "parameters": size_of(model),
            "metrics": metrics,
            "best_epoch": 1 + int(np.argmax([row["validation_accuracy"] for row in metrics])),
            "test_accuracy": noisy["0.0"],
            "test_accuracy_last": last,
            "test_accuracy_by_noise": noisy,
        }

    def findings(self, runs):
        rows, said = {}, []
        for name in self.models:
            of_model = [run for run in runs if run["model"] == name]
            for text, values in (
                ("test accuracy", [run["test_accuracy"] for run in of_model]),
                ("under noise of 0.4", [run["test_accuracy_by_noise"]["0.4"] for run in of_model]),
                ("validation, epoch 1", [validation(run)[0] for run in of_model]),
                ("validation, best epoch", [max(validation(run)) for run in of_model]),
            ):
                rows[f"{name}: {text}"] = analysis.mean_interval(values).scaled(100, "%")
            rows[f"{name}: parameters"] = analysis.Estimate(of_model[0]["parameters"] * 1.0)
            speed = [row["sequences_per_second"] for run in of_model for row in run["metrics"]]
            rows[f"{name}: speed"] = analysis.Estimate(np.mean(speed), unit="sequences/s")
            said.append(f"{name} {rows[f'{name}: test accuracy']}")
        answer = [
            f"After {self.epochs} passes over {self.config['sequences']} digits, test digits are "
            f"answered right: {', '.join(said)} (chance 10 %; seeds: {len(self.seeds)}; "
            f"{self.choose} epoch).",
            "Under pixel noise of 0.4 at test: "
            + ", ".join(f"{m} {rows[f'{m}: under noise of 0.4']}" for m in self.models)
            + ".",
        ]
        return Findings(answer, rows, {"runs": runs})

    def figures(self, runs):
        return {"Learning": draw_learning(runs), "Noise tolerance": draw_noise(runs)}


def validation(run):
    return [row["validation_accuracy"] for row in run["metrics"]]


def size_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


def by_model(runs, values):
    models = dict.fromkeys(run["model"] for run in runs)
    return {m: [values(run) for run in runs if run["model"] == m] for m in models}


def draw_learning(runs):
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2))
    epochs = np.arange(1, len(runs[0]["metrics"]) + 1)
    for ax, key, scale, label in (
        (axes[0], "loss", 1, "training loss"),
        (axes[1], "validation_accuracy", 100, "validation accuracy (%)"),
    ):
        curves = by_model(runs, lambda run, k=key, s=scale: [s * row[k] for row in run["metrics"]])
        figures.plot_models(ax, epochs, curves, "epoch", label)
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_yscale("log")
    figures.label_log_axis(axes[0].yaxis)
    axes[1].axhline(10, color="black", lw=0.6, ls=":")
    axes[1].set_ylim(0, 101)
    axes[1].legend(loc="center right")
    return figure, (
        "Do they learn, and how fast? Lines: mean over seeds; bands: their range; dotted: chance."
    )


def draw_noise(runs):
    figure, ax = plt.subplots(figsize=(6.5, 4.2))
    curves = by_model(runs, lambda run: [100 * v for v in run["test_accuracy_by_noise"].values()])
    figures.plot_models(ax, NOISE, curves, "std of pixel noise at test", "test accuracy (%)")
    ax.axhline(10, color="black", lw=0.6, ls=":")
    ax.set_ylim(0, 101)
    ax.legend(loc="upper right")
    return figure, (
        "How much noise do they bear? Test accuracy under Gaussian noise on the pixels. Lines: "
        "mean over seeds; bands: their range; dotted: chance."
    )


if __name__ == "__main__":
    TrainSmnist.main()
