"""Experiments: the frame that all of them share, and what several are made of."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["material", "media"],
    submod_attrs={
        "comparison": ["Comparison", "compare"],
        "frame": ["Experiment", "Findings"],
        "material": ["DigitExperiment"],
        "options": ["Option", "Sizes"],
        "run_folder": ["RunFolder", "load_results"],
    },
)
