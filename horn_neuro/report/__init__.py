"""Figures, run folders and HTML reports."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures"],
    submod_attrs={
        "html": ["write_report"],
        "run_folder": ["RunFolder"],
        "style": ["styled"],
    },
)
