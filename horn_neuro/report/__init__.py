"""Pieces of figures, their style, and the page that shows them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures", "style"],
    submod_attrs={
        "findings": ["findings_table"],
        "networks": ["plot_units", "plot_weights"],
        "page": ["report_problem", "write_report"],
        "recordings": ["plot_phase", "plot_psd", "plot_raster", "plot_traces", "plot_waves"],
        "style": ["styled"],
    },
)
