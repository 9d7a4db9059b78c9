"""Random generators: one per stochastic source, all spawned from one recorded seed."""

import zlib

import numpy as np

from horn_neuro._quantities import whole

__all__ = ["child_seed", "generator", "resolve_seed"]


def resolve_seed(seed=None):
    """Return `seed` as an integer, or draw a fresh one to be recorded.

    Parameters
    ----------
    seed : int | None
        A non-negative integer, or None to draw one from the operating system.

    Returns
    -------
    seed : int
        Between 0 and 2**63 - 1 when drawn.

    Raises
    ------
    ValueError
        If `seed` is not a non-negative integer.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.resolve_seed(7)
    7
    """
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> 1)
    try:
        return whole("seed", seed, 0, np.inf)
    except ValueError:
        raise ValueError(
            f"seed = {seed!r}: give a non-negative integer, or None to draw one"
        ) from None


def _sequence(seed, source):
    seed = whole("seed", seed, 0, np.inf)
    if not isinstance(source, str):
        raise ValueError(f"source = {source!r}: give the name of the source, a text")
    # The key is the name of the source and not a counter, so that sources may
    # be created in any order, or not at all, without changing one another.
    return np.random.SeedSequence(seed, spawn_key=(zlib.crc32(source.encode()),))


def generator(seed, source):
    """Return the random generator of one stochastic source.

    Parameters
    ----------
    seed : int
        The recorded root seed.
    source : str
        The name of the source, for example ``"omega"`` or ``"kicks"``.

    Returns
    -------
    rng : numpy.random.Generator
        It depends on `seed` and `source` only, not on the order of creation.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> one, same = (hn.parameters.generator(1, "kicks").random() for _ in range(2))
    >>> one == same, one == hn.parameters.generator(1, "omega").random()
    (True, False)
    """
    return np.random.default_rng(_sequence(seed, source))


def child_seed(seed, source):
    """Return the seed of one source, where an integer of 32 bits is asked for.

    Parameters
    ----------
    seed : int
        The recorded root seed.
    source : str
        The name of the source.

    Returns
    -------
    seed32 : int
        Between 0 and 2**32 - 1.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> hn.parameters.child_seed(1, "kicks") == hn.parameters.child_seed(1, "omega")
    False
    """
    return int(_sequence(seed, source).generate_state(1)[0])
