"""Trainings of a second: a task, a network that learns it, and how."""

import numpy as np
import torch
from lightning_fabric import Fabric

import horn_neuro as hn
from horn_neuro.twin import HornNetwork, Task, TrainingConfig, train


def two_sines():
    """Two classes of short sequences: slow and fast sines of random phase."""
    rng = np.random.default_rng(1)
    labels = np.arange(120) % 2
    phase = rng.uniform(0, 2 * np.pi, (120, 1))
    waves = np.sin(np.where(labels == 0, 0.1, 0.35)[:, None] * np.arange(60) + phase)
    return Task(torch.tensor(waves[:, :, None], dtype=torch.float32), torch.tensor(labels), 40)


def horn():
    params = hn.effenberger_2025(12, n_outputs=2, heterogeneous=True, seed=1)
    return HornNetwork(params, "analytic")


def run(model, task, folder, **options):
    resume, precision = options.pop("resume", False), options.pop("precision", "32-true")
    config = TrainingConfig(**{"epochs": 3, "batch_size": 16, **options})
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    return train(model, task, config, folder, fabric=fabric, resume=resume)
