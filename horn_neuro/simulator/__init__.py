"""The Brian2 simulation of a network: equations, kicks, stimuli and devices."""

import lazy_loader

# Brian2 itself is imported when something runs.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cuda": ["cuda_problem"],
        "devices": ["DEVICES", "compiler_problem"],
        "drives": ["Drive"],
        "kicks": ["DrawnKicks", "PoissonKicks"],
        "simulation": ["simulate"],
        "spikes": ["SpikeCoupling"],
        "standalone": ["cache_folder"],
    },
)
