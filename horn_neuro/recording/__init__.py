"""Recordings: labelled signals, their files, and their life in MNE."""

import lazy_loader

# MNE is imported when a recording is converted.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "netcdf": ["load_recording", "save_recording"],
        "dataset": ["Recording"],
        "spikes": ["SpikeTrains", "phase_crossings"],
        "state": ["State"],
        "to_mne": ["to_epochs", "to_raw"],
    },
)
