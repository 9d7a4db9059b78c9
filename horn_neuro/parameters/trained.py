"""Networks that come with the package, trained on the full sequential MNIST."""

from collections import Counter
from pathlib import Path

from horn_neuro._quantities import whole
from horn_neuro.parameters.storage import load_parameters

__all__ = ["PRETRAINED", "PRETRAINED_KINDS", "pretrained", "pretrained_table"]

_FOLDER = Path(__file__).with_name("pretrained")
_NAMES = sorted(path.stem for path in _FOLDER.glob("*.safetensors"))

#: Names of the single networks: the first that came with the package, and the best.
PRETRAINED = tuple(name for name in _NAMES if name.startswith("horn"))

#: Kinds of which there are several networks, each from a seed of its own, and how many.
PRETRAINED_KINDS = dict(Counter(n.split("-")[0] for n in _NAMES if n not in PRETRAINED))


def pretrained(name, network=0):
    """Load a network that comes with the package.

    Its provenance holds what it was trained and tested on, the seed, the command that trained
    it and its test accuracy. Equal and heterogeneous networks of the same number begin with
    the same recurrent weights. "leaky" networks are overdamped (gamma of 0.3 a step above
    omega of 0.05), which makes leaky integrators of their units, with alpha / gamma as in the
    oscillators. "horn128_smnist" and "horn128_psmnist" (permuted pixels) have learned all three.

    Parameters
    ----------
    name : str
        One of `PRETRAINED_KINDS`, or of `PRETRAINED`, of which there is one network each.
    network : int
        Which network of the kind, from 0.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If there is no network of that name or number.

    Examples
    --------
    >>> pretrained("heterogeneous", 2).provenance["test_accuracy"]
    0.9744
    >>> [pretrained("homogeneous", k).provenance["seed"] for k in range(3)]
    [101, 102, 103]
    """
    count = 1 if name in PRETRAINED else PRETRAINED_KINDS.get(name)
    if count is None:
        names = ", ".join((*PRETRAINED_KINDS, *PRETRAINED))
        raise ValueError(f"no pretrained network {name!r}; there are {names}")
    number = whole("network", network, 0)
    if number >= count:
        raise ValueError(f"network = {number}: of {name} there are {count}, numbered from 0")
    file = name if name in PRETRAINED else f"{name}-{number}"
    return load_parameters(_FOLDER / f"{file}.safetensors")


def pretrained_table():
    """Tell of all networks that come along, from their own metadata.

    Returns
    -------
    table : str
        In Markdown, a network a row.

    Examples
    --------
    >>> import horn_neuro as hn
    >>> print(hn.parameters.pretrained_table().splitlines()[0])
    | network | units | seed | omega | gamma | alpha | epochs | test accuracy (%) |
    """
    networks = [(kind, n) for kind, count in PRETRAINED_KINDS.items() for n in range(count)]
    lines = ["| network | units | seed | omega | gamma | alpha | epochs | test accuracy (%) |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for name, number in [*networks, *((name, 0) for name in PRETRAINED)]:
        params = pretrained(name, number)
        origin = params.provenance
        spans = []
        for values in (params.omega, params.gamma, params.alpha):
            low, high = f"{values.min():.3g}", f"{values.max():.3g}"
            spans.append(low if low == high else f"{low} to {high}")
        call = f'`pretrained("{name}", {number})`' if name in PRETRAINED_KINDS else f"`{name}`"
        epochs, accuracy = origin.get("epochs", 20), f"{100 * origin['test_accuracy']:.2f}"
        row = (call, params.n_units, origin["seed"], *spans, epochs, accuracy)
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines) + "\n"
