"""Data sets by name."""

import inspect

from horn_neuro._quantities import number
from horn_neuro.datasets.pixels import psmnist, smnist
from horn_neuro.datasets.recorded import basic_motions, japanese_vowels
from horn_neuro.datasets.speech import speech_commands

__all__ = ["load"]

_SETS = {
    made.__name__: made
    for made in (smnist, psmnist, japanese_vowels, basic_motions, speech_commands)
}


def load(name, split="train", seed=0, *, noise=0.0, **options):
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        'smnist' or 'psmnist', handwritten digits a pixel a step; 'japanese_vowels', nine
        speakers; 'basic_motions', four activities; 'speech_commands', spoken digits.
    split : str
        The part: 'train' or 'test', of 'speech_commands' also 'validation'.
    seed : int | None
        Of the order of the sequences, and of the noise; None leaves the order of the source.
    noise : float
        Standard deviation of Gaussian noise on the inputs.
    **options
        Of the function of that name in `horn_neuro.datasets`: the `source` of digits, the
        `folder` of 'speech_commands', its `words` and `step`.

    Returns
    -------
    sequences : Sequences

    Raises
    ------
    ImportError, FileNotFoundError, ConnectionError
        If the data are not there; the message says how to get them.
    ValueError
        If a name, a split or an option is unknown, noise has no seed, or a file is damaged.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> noisy = hn.datasets.load("psmnist", "test", noise=0.2)
    >>> noisy.source
    'embedded (test), noise 0.2 by seed 0'
    """
    if not isinstance(name, str) or name not in _SETS:
        raise ValueError(f"name = {name!r}: choose one of {', '.join(_SETS)}")
    taken = inspect.signature(_SETS[name]).parameters
    unknown = [option for option in options if option not in taken]
    if unknown:
        raise ValueError(f"{name} takes no {unknown[0]}; it takes {', '.join(taken)} and noise")
    missing = [o for o, p in taken.items() if p.default is p.empty and o not in options]
    if missing:
        raise ValueError(f"{name} needs {missing[0]}: give load({name!r}, {missing[0]}=...)")
    noise = number("noise", noise, least=0)
    if noise and seed is None:
        raise ValueError("seed = None: noise needs one; give a whole number")
    made = _SETS[name](split=split, seed=seed, **options)
    return made.noisy(noise, seed) if noise else made
