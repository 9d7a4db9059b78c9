"""The trainable twin of a network in torch."""

import lazy_loader

# torch is imported when something of this room is used.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "authors_layout": ["load_checkpoint", "save_checkpoint"],
        "backends": ["BACKENDS"],
        "baselines": ["BaselineClassifier", "matched_units"],
        "evaluation": ["evaluate"],
        "native": ["native_problem"],
        "signals": ["ErrorSignals", "error_signals"],
        "network": ["WEIGHTS", "HornNetwork"],
        "state": ["HornOutput", "HornState"],
        "task": ["Task"],
        "training": ["TrainingConfig", "train"],
        "transforms": ["constrain", "unconstrain"],
    },
)
