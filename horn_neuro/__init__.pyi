from . import analysis, datasets, parameters, recording, report, simulator
from .parameters import HornParameters, effenberger_2025, load_parameters
from .recording import Recording, State, load_recording
from .simulator import DrawnKicks, PoissonKicks, simulate

__all__ = [
    "DrawnKicks",
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
    "recording",
    "report",
    "simulate",
    "simulator",
]
