from . import analysis, datasets, parameters, recording, report, simulator, twin
from .parameters import (
    PRETRAINED,
    HornParameters,
    effenberger_2025,
    load_parameters,
    pretrained,
)
from .recording import Recording, State, load_recording
from .simulator import DrawnKicks, PoissonKicks, simulate
from .twin import HornNetwork

__all__ = [
    "PRETRAINED",
    "DrawnKicks",
    "HornNetwork",
    "HornParameters",
    "PoissonKicks",
    "Recording",
    "State",
    "analysis",
    "datasets",
    "effenberger_2025",
    "load_parameters",
    "load_recording",
    "parameters",
    "pretrained",
    "recording",
    "report",
    "simulate",
    "simulator",
    "twin",
]
