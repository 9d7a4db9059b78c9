"""Harmonic oscillator recurrent networks: simulated by Brian2, recorded for MNE."""

import lazy_loader

from horn_neuro._version import __version__  # noqa: F401

# The names below are imported when they are first used (SPEC 1), so that
# `import horn_neuro` needs neither brian2 nor mne.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
