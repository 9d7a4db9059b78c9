from . import analysis, datasets, experiment, parameters, recording, report, simulator, twin
from .parameters import (
    PRETRAINED,
    PRETRAINED_KINDS,
    CovarianceRule,
    DiffusiveCoupling,
    HornParameters,
    PhaseRule,
    effenberger_2025,
    lattice,
    load_parameters,
    pretrained,
    stack,
)
from .recording import Recording, State, load_recording
from .simulator import DrawnKicks, PoissonKicks, simulate
from .twin import HornNetwork

__all__ = [
    "PRETRAINED",
    "PRETRAINED_KINDS",
    "CovarianceRule",
    "DiffusiveCoupling",
    "DrawnKicks",
    "HornNetwork",
    "HornParameters",
    "PhaseRule",
    "PoissonKicks",
    "Recording",
    "State",
    "analysis",
    "datasets",
    "effenberger_2025",
    "experiment",
    "lattice",
    "load_parameters",
    "load_recording",
    "parameters",
    "pretrained",
    "recording",
    "report",
    "simulate",
    "simulator",
    "stack",
    "twin",
]
