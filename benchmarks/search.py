#!/usr/bin/env python
"""Which frequencies, damping and coupling learn pixels, in their order or permuted?

Trains small networks of one seed and prints the validation accuracy after every
epoch: psMNIST with 64 units and four epochs on 10,000 digits, sMNIST with 32 units
and eight epochs on 55,000. It is how the settings of results/smnist.md were chosen.

    python benchmarks/search.py psmnist FOLDER       # MNIST's IDX files; five minutes
    python benchmarks/search.py smnist FOLDER        # a quarter of an hour, one core
    python benchmarks/search.py psmnist FOLDER 0 20  # these rows only
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

import horn_neuro as hn
from horn_neuro.parameters import dense_gaussian, generator, log_uniform
from horn_neuro.twin import HornClassifier, Task, TrainingConfig, train

SEED = 1
ROWS = 2 * np.pi / 28  # the frequency of rows in pixels in their order


@dataclass(frozen=True)
class Search:
    """Sizes of a search, its digits with those for validation, and what is tried.

    A configuration: lowest and highest omega, or one for all units; gamma; alpha;
    std of w_rec; learning rate.
    """

    units: int
    epochs: int
    digits: int
    validation: int
    configurations: tuple


SEARCHES = {
    "psmnist": Search(
        units=64,
        epochs=4,
        digits=11000,
        validation=1000,
        configurations=(
            (ROWS, 0.02, 0.07, 1.6, 2e-2),
            (0.27, 0.003, 0.07, 0.4, 2e-2),
            (0.27, 0.01, 0.07, 0.8, 2e-2),
            (0.1, 0.01, 0.07, 0.8, 2e-2),
            (0.6, 0.01, 0.07, 0.8, 2e-2),
            ((0.6 * ROWS, 1.5 * ROWS), 0.02, 0.07, 1.6, 2e-2),
            ((0.02, 0.6), 0.02, 0.07, 1.6, 2e-2),
            ((0.02, 0.6), 0.01, 0.07, 1.6, 2e-2),
            ((0.02, 0.6), 0.005, 0.07, 0.8, 2e-2),
            ((0.02, 0.6), 0.005, 0.07, 0.8, 1e-2),
            ((0.02, 0.6), 0.005, 0.07, 0.8, 4e-2),
            ((0.02, 0.6), 0.005, 0.07, 0.4, 2e-2),
            ((0.02, 0.6), 0.005, 0.03, 0.8, 2e-2),
            ((0.02, 0.6), 0.005, 0.15, 0.4, 2e-2),
            ((0.01, 0.2), 0.01, 0.03, 1.6, 2e-2),
            ((0.01, 0.2), 0.01, 0.07, 0.8, 2e-2),
            ((0.02, 1.5), 0.005, 0.07, 0.8, 2e-2),
            ((0.05, 1.5), 0.02, 0.07, 1.6, 2e-2),
            ((0.05, 1.5), 0.01, 0.07, 0.8, 2e-2),
            ((0.05, 1.5), 0.02, 0.2, 0.8, 2e-2),
            ((0.05, 1.5), 0.003, 0.07, 0.4, 2e-2),
            ((0.05, 1.5), 0.003, 0.07, 0.2, 2e-2),
            ((0.05, 1.0), 0.003, 0.07, 0.4, 2e-2),
            ((0.05, 1.0), 0.003, 0.2, 0.4, 2e-2),
            ((0.05, 1.0), 0.003, 0.07, 0.4, 1e-2),
            ((0.05, 1.0), 0.001, 0.07, 0.2, 2e-2),
            ((0.1, 1.0), 0.003, 0.07, 0.4, 2e-2),
        ),
    ),
    "smnist": Search(
        units=32,
        epochs=8,
        digits=60000,
        validation=5000,
        configurations=(
            (ROWS, 0.02, 0.07, 1.6, 2e-2),
            (ROWS, 0.01, 0.07, 0.8, 2e-2),
            (ROWS, 0.005, 0.07, 0.4, 2e-2),
            (0.0775, 0.005, 0.07, 0.4, 2e-2),
            ((0.6 * ROWS, 1.5 * ROWS), 0.02, 0.07, 1.6, 2e-2),
            ((0.1, 0.6), 0.05, 0.07, 1.6, 2e-2),
            ((0.1, 0.6), 0.02, 0.07, 1.6, 1e-2),
            ((0.1, 0.6), 0.02, 0.07, 1.6, 2e-2),
            ((0.1, 0.6), 0.02, 0.07, 1.6, 4e-2),
            ((0.1, 0.6), 0.02, 0.2, 0.8, 2e-2),
            ((0.1, 0.6), 0.01, 0.07, 0.8, 2e-2),
            ((0.05, 1.0), 0.02, 0.07, 1.6, 2e-2),
            ((0.05, 1.0), 0.01, 0.07, 0.8, 2e-2),
            ((0.05, 1.5), 0.003, 0.07, 0.4, 2e-2),
            ((0.02, 0.6), 0.01, 0.07, 0.8, 2e-2),
            ((0.02, 0.3), 0.02, 0.07, 1.6, 2e-2),
            ((0.02, 0.3), 0.01, 0.07, 0.8, 2e-2),
            ((0.02, 0.3), 0.005, 0.07, 0.4, 2e-2),
            ((0.02, 0.3), 0.005, 0.07, 0.4, 4e-2),
            ((0.02, 0.3), 0.0025, 0.07, 0.2, 2e-2),
            ((0.02, 0.3), 0.001, 0.07, 0.2, 2e-2),
            ((0.02, 0.2), 0.005, 0.07, 0.4, 2e-2),
            ((0.01, 0.3), 0.005, 0.07, 0.4, 2e-2),
            ((0.005, 0.3), 0.005, 0.07, 0.4, 2e-2),
            ((0.02, 0.3), 0.005, 0.04, 0.4, 2e-2),
            ((0.02, 0.3), 0.005, 0.15, 0.1, 2e-2),
            ((0.02, 0.3), 0.005, 0.15, 0.2, 2e-2),
            ((0.02, 0.3), 0.005, 0.15, 0.4, 2e-2),
            ((0.02, 0.3), 0.005, 0.3, 0.1, 2e-2),
            ((0.04, 0.3), 0.005, 0.15, 0.2, 2e-2),
            ((0.02, 0.6), 0.005, 0.15, 0.2, 2e-2),
        ),
    ),
}


def learn(task, search, omega, gamma, alpha, std, learning_rate):
    """Train one network; returns the validation accuracy after every epoch."""
    params = hn.effenberger_2025(search.units, alpha=alpha, seed=SEED)
    if np.ndim(omega):
        omega = log_uniform(*omega, search.units, np.random.default_rng(5))
    w_rec = dense_gaussian(search.units, std, generator(SEED, "coupling"))
    model = HornClassifier(params.replace(omega=omega, gamma=gamma, w_rec=w_rec))
    config = TrainingConfig(epochs=search.epochs, learning_rate=learning_rate, seed=SEED)
    with tempfile.TemporaryDirectory() as scratch:
        metrics, _ = train(model, task, config, Path(scratch), fabric=Fabric(accelerator="cpu"))
    return [row["validation_accuracy"] for row in metrics]


def main():
    name, folder, *rows = sys.argv[1:]
    search = SEARCHES[name]
    digits = getattr(hn.datasets, name)(folder, "train")
    chosen = np.random.default_rng(0).permutation(len(digits))[: search.digits]
    inputs = torch.from_numpy(digits.inputs[chosen].astype(np.float32))
    task = Task(inputs, torch.from_numpy(digits.labels[chosen]), search.validation)
    print("| row | omega | gamma | alpha | std of w_rec | learning rate | accuracy by epoch (%) |")
    print("|---|---|---|---|---|---|---|")
    for k in map(int, rows or range(len(search.configurations))):
        omega, *others = search.configurations[k]
        words = " to ".join(f"{value:.3g}" for value in np.atleast_1d(omega))
        reached = " ".join(f"{100 * value:.1f}" for value in learn(task, search, omega, *others))
        values = " | ".join(f"{value:g}" for value in others)
        print(f"| {k} | {words} | {values} | {reached} |", flush=True)


if __name__ == "__main__":
    main()
