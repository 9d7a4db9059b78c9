"""Harmonic oscillator recurrent networks: simulated by Brian2, recorded for MNE."""

from pathlib import Path

import lazy_loader

from horn_neuro._version import __version__  # noqa: F401

# The names below are imported when they are first used (SPEC 1), so that
# `import horn_neuro` needs neither brian2 nor mne.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# An installation has the protocols in the package; in a checkout they lie beside it.
if not Path(__file__).with_name("protocols").exists():
    __path__.append(str(Path(__file__).parents[1]))
