"""Parameters of harmonic oscillator networks: values, factories, samplers and files."""

from horn_neuro.parameters.connections import Connections
from horn_neuro.parameters.delays import constant_delays, distance_delays, uniform_delays
from horn_neuro.parameters.diffusion import DiffusiveCoupling
from horn_neuro.parameters.factories import effenberger_2025, trainable
from horn_neuro.parameters.grid import Grid
from horn_neuro.parameters.horn import HornParameters
from horn_neuro.parameters.lattice import lattice
from horn_neuro.parameters.layers import stack
from horn_neuro.parameters.physical import network
from horn_neuro.parameters.plasticity import CovarianceRule, PhaseRule
from horn_neuro.parameters.samplers import log_grid, log_uniform, truncated_normal, uniform_multiple
from horn_neuro.parameters.seeds import child_seed, generator, resolve_seed
from horn_neuro.parameters.stability import is_stable
from horn_neuro.parameters.step import Step
from horn_neuro.parameters.storage import load_parameters
from horn_neuro.parameters.topology import (
    dense_gaussian,
    laplacian,
    shuffled,
    sparse_random,
)
from horn_neuro.parameters.trained import (
    PRETRAINED,
    PRETRAINED_KINDS,
    pretrained,
    pretrained_table,
)

__all__ = [
    "PRETRAINED",
    "PRETRAINED_KINDS",
    "Connections",
    "CovarianceRule",
    "DiffusiveCoupling",
    "Grid",
    "HornParameters",
    "PhaseRule",
    "Step",
    "child_seed",
    "constant_delays",
    "dense_gaussian",
    "distance_delays",
    "effenberger_2025",
    "generator",
    "is_stable",
    "laplacian",
    "lattice",
    "load_parameters",
    "log_grid",
    "log_uniform",
    "network",
    "pretrained",
    "pretrained_table",
    "resolve_seed",
    "shuffled",
    "sparse_random",
    "stack",
    "trainable",
    "truncated_normal",
    "uniform_delays",
    "uniform_multiple",
]
