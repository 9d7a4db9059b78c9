"""Pieces of figures, their style, and the page that shows them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures", "style"],
    submod_attrs={
        "command": ["protocol_parser"],
        "hebbian": ["draw_hebbian_alignment"],
        "hebbian_learning": ["draw_hebbian_learning"],
        "heterogeneity": ["draw_heterogeneity"],
        "html": ["Report"],
        "run_folder": ["RunFolder"],
        "page": ["write_report"],
        "style": ["styled"],
    },
)
