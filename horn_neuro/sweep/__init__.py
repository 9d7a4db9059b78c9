"""Any experiment or function over a grid of values, on this machine, Dask or SLURM."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "folder": ["load_sweep"],
        "rows": ["grid"],
        "driver": ["sweep"],
        "table": ["Sweep"],
    },
)
