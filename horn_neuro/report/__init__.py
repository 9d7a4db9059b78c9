"""Figures, run folders and HTML reports."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures"],
    submod_attrs={
        "command": ["protocol_parser"],
        "hebbian": ["draw_hebbian_alignment"],
        "hebbian_learning": ["draw_hebbian_learning"],
        "heterogeneity": ["draw_heterogeneity"],
        "html": ["Report"],
        "plv": ["draw_plv"],
        "resonance": ["draw_resonance"],
        "rest_vs_evoked": ["draw_rest_vs_evoked"],
        "run_folder": ["RunFolder"],
        "style": ["styled"],
        "transfer": ["draw_spiking", "draw_transfer"],
    },
)
