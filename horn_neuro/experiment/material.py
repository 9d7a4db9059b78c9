"""What several experiments are made of: digits, matched networks, settled states, options."""

import os
import tempfile
from pathlib import Path

import numpy as np

import horn_neuro as hn
from horn_neuro._quantities import random_source
from horn_neuro.datasets import smnist
from horn_neuro.experiment.frame import Experiment
from horn_neuro.experiment.options import Option
from horn_neuro.parameters import child_seed, dense_gaussian, generator
from horn_neuro.simulator import DEVICES

__all__ = [
    "DEVICE",
    "GAMMA",
    "KICK_AMPLITUDE",
    "KICK_RATE",
    "OPTIMIZER",
    "PARAMS",
    "SEED",
    "DigitExperiment",
    "activity",
    "as_tensors",
    "free_decay",
    "mixed",
    "network_for_digits",
    "recurrent_weights",
    "settled",
    "train_briefly",
    "trained_networks",
    "untrained",
]

DEVICE = Option("auto", "where Brian2 runs", choices=DEVICES)
GAMMA = Option(
    0.01,
    "damping a step, half to twice that in heterogeneous networks; alpha grows with it, so that "
    "alpha / gamma stays; units with gamma above omega are leaky integrators",
    least=0.001,
    most=0.25,  # beyond twice that, a step would turn a velocity around
)
KICK_RATE = Option(50.0, "kicks of a unit, in Hz", least=0)
KICK_AMPLITUDE = Option(0.04, "size of a kick on y")
OPTIMIZER = Option("adamw", "muon: of w_rec, and adamw of the rest", choices=("adamw", "muon"))
PARAMS = Option(None, "a saved network (.safetensors)", kind=Path)
SEED = Option(1, "root of all randomness", least=0)


class DigitExperiment(Experiment):
    """An experiment on digits, one pixel a step.

    Examples
    --------
    >>> import numpy as np, horn_neuro as hn
    >>> class Ink(hn.experiment.DigitExperiment):
    ...     def measure(self):
    ...         return float(self.load_digits("test", 10, np.random.default_rng(1)).inputs.mean())
    ...     def findings(self, result):
    ...         return hn.experiment.Findings([f"{result:.2f} of a digit is ink."], {})
    >>> round(Ink.run("fast"), 2)
    0.11
    """

    source = Option("embedded", "embedded, openml, or a folder of MNIST's IDX files")

    def load_digits(self, split, count=None, rng=None, name="digits", make=smnist):
        """Draw digits without replacement, and note where they come from.

        Parameters
        ----------
        split : 'train' | 'test'
            As in `horn_neuro.datasets.load_mnist`.
        count : int | None
            How many; None takes all, in the order of the source.
        rng : int | numpy.random.Generator | None
            The source of randomness, or its seed.
        name : str
            Name of the option that says how many, for the message.
        make : callable
            `smnist` or `psmnist`.

        Returns
        -------
        digits : Sequences

        Raises
        ------
        ValueError
            If there are fewer.
        """
        sequences = make(os.path.expanduser(self.source), split, seed=None)
        self.config["digits"] = {"source": sequences.source, "checksum": sequences.checksum}
        if count is None:
            return sequences
        if count > len(sequences):
            raise ValueError(
                f"{name} = {count}, but {sequences.source} has {len(sequences)}: ask for fewer, "
                "or give another source"
            )
        return sequences[random_source(rng).permutation(len(sequences))[:count]]


def as_tensors(digits):
    """Return inputs (float32) and labels of digits as torch tensors."""
    import torch

    return torch.from_numpy(digits.inputs.astype(np.float32)), torch.from_numpy(digits.labels)


def recurrent_weights(model):
    """Return the recurrent weights (Parameter) of a `HornNetwork` or a tanh network."""
    horn = isinstance(model, hn.HornNetwork)
    return model.w_rec if horn else model.recurrent.weight_hh_l0


def activity(model, inputs):
    """Return what sends and what receives in a network that classifies.

    Parameters
    ----------
    model : HornNetwork | BaselineClassifier
        Oscillators, or tanh units.
    inputs : array_like, shape (n_trials, time, n_inputs)
        What it is shown.

    Returns
    -------
    pre, post : ndarray, shape (n_trials, n_units, time)
        (y, x) of oscillators, twice h of tanh units.
    """
    import torch

    inputs = torch.from_numpy(inputs.astype(np.float32))
    with torch.no_grad():
        if isinstance(model, hn.HornNetwork):
            data = model(inputs, record=True).recording.data
            return data["y"].values, data["x"].values
        h = model.recurrent(inputs)[0].permute(0, 2, 1).double().numpy()
        return h, h


def train_briefly(model, digits, n_validation, observe=None, **options):
    """Train a classifier on a CPU, and keep no files.

    Parameters
    ----------
    model : torch.nn.Module
        As in `horn_neuro.twin.train`.
    digits : Sequences
        For training and validation together.
    n_validation : int
        How many of them are for validation.
    observe : callable | None
        As in `horn_neuro.twin.train`.
    **options
        Of `horn_neuro.twin.TrainingConfig`.

    Returns
    -------
    metrics : list of dict
        Of every epoch.
    best : dict of str to Tensor
        State of the model in the epoch of best validation accuracy.
    """
    from horn_neuro.twin import Task, TrainingConfig, train

    task, config = Task.of(digits, n_validation), TrainingConfig(**options)
    with tempfile.TemporaryDirectory() as scratch:
        return train(model, task, config, scratch, observe=observe)


def network_for_digits(path=None, load=hn.load_parameters):
    """Load a network that takes one pixel a step, and answers with ten classes.

    Parameters
    ----------
    path : Path | None
        A saved network; None takes the pretrained heterogeneous one.
    load : callable
        Reads the file.

    Returns
    -------
    params : HornParameters

    Raises
    ------
    ValueError
        If it has other inputs or outputs, or a single unit.
    """
    params = hn.pretrained("horn64_heterogeneous") if path is None else load(path)
    if params.n_inputs != 1 or params.n_outputs != 10 or params.n_units < 2:
        raise ValueError(
            f"{path} has {params.n_inputs} inputs, {params.n_units} units and {params.n_outputs} "
            "outputs; digits are one pixel a step, in ten classes: give a network with 1 input, "
            "at least 2 units and 10 outputs"
        )
    return params


def trained_networks(kind, count=None):
    """Load the pretrained networks of a kind, from as many seeds.

    Parameters
    ----------
    kind : 'heterogeneous' | 'homogeneous' | 'leaky'
        As in `horn_neuro.pretrained`. Those of the first two kinds are matched one by one.
    count : int | None
        How many, from the first; None takes all.

    Returns
    -------
    networks : list of HornParameters

    Raises
    ------
    ValueError
        If there is no such kind, or fewer than that.
    """
    return [hn.pretrained(kind, k) for k in range(count or hn.PRETRAINED_KINDS.get(kind, 1))]


def untrained(n_units, coupling, seed, *, heterogeneous=True, gamma=0.01, alpha=None, **options):
    """Make an untrained network with dense Gaussian weights.

    Parameters
    ----------
    n_units : int
        Oscillators.
    coupling : float
        Standard deviation of w_rec.
    seed : int
        Root of all randomness.
    heterogeneous : bool
        As in `effenberger_2025`.
    gamma, alpha : float
        Damping and excitability; no alpha takes 4 gamma, as the authors' code has it, so that
        all values of gamma give units the same gain at their resonance.
    **options
        As in `effenberger_2025`.

    Returns
    -------
    params : HornParameters
    """
    options |= {"gamma": gamma, "alpha": 4 * gamma if alpha is None else alpha}
    params = hn.effenberger_2025(n_units, heterogeneous=heterogeneous, seed=seed, **options)
    provenance = {**params.provenance, "w_rec": f"dense_gaussian, std {coupling}"}
    w_rec = dense_gaussian(n_units, coupling, generator(seed, "coupling"))
    return params.replace(w_rec=w_rec, provenance=provenance)


def free_decay(params):
    """Return how fast units alone come to rest, leaky integrators by their slower part.

    Parameters
    ----------
    params : HornParameters
        Units.

    Returns
    -------
    rate : ndarray, shape (n_units,)
        In 1/s: gamma, of overdamped units gamma - sqrt(gamma**2 - omega**2).
    """
    overdamped = np.sqrt(np.maximum(params.gamma**2 - params.omega**2, 0))
    return (params.gamma - overdamped) * params.h / params.step


def mixed(params, level):
    """Mix the units of a network with equal ones of the same mean omega and gamma.

    Parameters
    ----------
    params : HornParameters
        Heterogeneous units.
    level : float
        0 makes all units equal, 1 leaves them.

    Returns
    -------
    params : HornParameters
        With the same weights.
    """
    omega, gamma = (
        (1 - level) * values.mean() + level * values for values in (params.omega, params.gamma)
    )
    return params.replace(omega=omega, gamma=gamma)


def settled(params, n_steps, n_trials, kicks, seed, device):
    """Kick a silent network for a while; returns the `State` of all trials."""
    return hn.simulate(
        params,
        n_steps,
        n_trials=n_trials,
        kicks=kicks,
        record=(),
        device=device,
        seed=child_seed(seed, "settling"),
    ).final_state
