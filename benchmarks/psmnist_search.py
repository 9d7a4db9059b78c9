#!/usr/bin/env python
"""Which frequencies, damping and coupling learn permuted pixels?

Trains 64-unit networks for four epochs on 10,000 digits of psMNIST, one seed,
and prints the validation accuracy (1,000 digits) after every epoch. It is how
the settings of the psMNIST rows in results/smnist.md were chosen.

    python benchmarks/psmnist_search.py FOLDER       # MNIST's IDX files; ten minutes on one core
    python benchmarks/psmnist_search.py FOLDER 0 20  # these rows only
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

import horn_neuro as hn
from horn_neuro.parameters import dense_gaussian, generator, log_uniform
from horn_neuro.twin import HornClassifier, Task, TrainingConfig, train

UNITS, SEED = 64, 1
ROWS = 2 * np.pi / 28  # the frequency of rows, were the pixels in order
# Lowest and highest omega, or one for all units; gamma; alpha; std of w_rec; learning rate.
CONFIGURATIONS = (
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
)


def learn(task, omega, gamma, alpha, std, learning_rate):
    """Train one network; returns the validation accuracy after every epoch."""
    params = hn.effenberger_2025(UNITS, alpha=alpha, seed=SEED)
    if np.ndim(omega):
        omega = log_uniform(*omega, UNITS, np.random.default_rng(5))
    w_rec = dense_gaussian(UNITS, std, generator(SEED, "coupling"))
    model = HornClassifier(params.replace(omega=omega, gamma=gamma, w_rec=w_rec))
    config = TrainingConfig(epochs=4, learning_rate=learning_rate, seed=SEED)
    with tempfile.TemporaryDirectory() as scratch:
        metrics, _ = train(model, task, config, Path(scratch), fabric=Fabric(accelerator="cpu"))
    return [row["validation_accuracy"] for row in metrics]


def main():
    digits = hn.datasets.psmnist(sys.argv[1], "train")
    chosen = np.random.default_rng(0).permutation(len(digits))[:11000]
    inputs = torch.from_numpy(digits.inputs[chosen].astype(np.float32))
    task = Task(inputs, torch.from_numpy(digits.labels[chosen]), 1000)
    rows = [int(k) for k in sys.argv[2:]] or range(len(CONFIGURATIONS))
    print("| row | omega | gamma | alpha | std of w_rec | learning rate | accuracy by epoch (%) |")
    print("|---|---|---|---|---|---|---|")
    for k in rows:
        omega, *others = CONFIGURATIONS[k]
        words = " to ".join(f"{value:.3g}" for value in np.atleast_1d(omega))
        reached = " ".join(f"{100 * value:.1f}" for value in learn(task, omega, *others))
        values = " | ".join(f"{value:g}" for value in others)
        print(f"| {k} | {words} | {values} | {reached} |", flush=True)


if __name__ == "__main__":
    main()
