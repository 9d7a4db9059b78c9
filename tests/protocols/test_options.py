"""Every option of every protocol reaches the run: at another value, the run is another one.

Each is followed, at the values of the fast run and with one option at another value, to the first
call into the library that has other arguments (`Calls`), or to the end, where its results differ.
"""

import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch

import horn_neuro as hn
from horn_neuro._files import to_json
from horn_neuro.datasets import load_mnist
from horn_neuro.experiment import Experiment, Option, material

from .calls import Reached
from .conftest import NAMES, OPTIONS


def declared(name):
    module = import_module(f"horn_neuro.protocols.{name}")
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    (cls,) = (c for c in classes if issubclass(c, Experiment) and c.__module__ == module.__name__)
    return list(cls.options())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Values of options that name files, or have no default, by what they are."""
    folder = tmp_path_factory.mktemp("files")
    hn.effenberger_2025(9, seed=5).save(folder / "params.safetensors")
    shapes = {"i2h": (9, 1), "h2h": (9, 9), "h2o": (10, 9)}
    state = {}
    for layer, shape in shapes.items():
        state |= {f"{layer}.weight": torch.ones(shape), f"{layer}.bias": torch.zeros(shape[0])}
    torch.save(state, folder / "checkpoint.pt")
    for split, stem in (("train", "train"), ("test", "t10k")):
        digits = load_mnist("embedded", split)
        for kind, values in (("images", digits.images), ("labels", digits.labels)):
            header = np.array([0x800 + values.ndim, *values.shape], ">i4").tobytes()
            file = folder / f"{stem}-{kind}-idx{values.ndim}-ubyte"
            file.write_bytes(header + values[::-1].astype(np.uint8).tobytes())
    return {
        **{"params": folder / "params.safetensors", "checkpoint": folder / "checkpoint.pt"},
        **{"source": str(folder), "validation": 7, "learn": ("omega",), "omega": (0.1, 0.5)},
    }


def another(name, option, value, files):
    """Return a value of an option that is not the given one."""
    if name in files and (value is None or name == "source"):
        return files[name]
    if option.kind is bool:
        return not value
    if option.choices:
        rest = [choice for choice in option.choices if choice not in np.atleast_1d(value)]
        return (value[:-1] if len(value) > 1 else rest[:1]) if option.many else rest[0]
    first = value[0] if option.many else value
    for candidate in (2 * first, first / 2, 2 * first + 1, first + 0.1):
        new = option.kind(candidate)
        new = (new, *value[1:]) if option.many else new
        if new != value and allowed(name, option, new):
            return new
    raise AssertionError(f"{name} has no other value than {value}")


def allowed(name, option, value):
    try:
        option.resolve(name, value, "fast")
    except ValueError:
        return False
    return True


def outcome(cls, given, calls):
    """Return where a run leaves the recorded one, or what it found, or what it refuses."""
    try:
        with calls.follow():
            experiment = cls("fast", **given)
            _, findings = experiment.start()
    except Reached as reached:
        return "another call", str(reached)
    return "the end", facts(experiment, findings)


def facts(experiment, findings):
    """Return what a run says of its subject, without the time that it took."""

    def lasting(pairs):
        return {name: value for name, value in pairs if "second" not in name}

    said = [findings.answer, findings.rows, findings.details, experiment.config]
    return json.loads(to_json(said), object_pairs_hook=lasting)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_options_are_the_same_run(name, fast):
    """The control: what is followed to its end with nothing changed differs in nothing."""
    done = fast(name)
    found = outcome(type(done.run), OPTIONS.get(name, {}), done.calls)
    assert found == ("the end", facts(done.run, done.findings))


@pytest.mark.xdist_group("resonance")
def test_an_option_that_nobody_reads_is_found_out(fast):
    done = fast("resonance")
    cls = type("Idle", (type(done.run),), {"idle": Option(1.0, "for nothing")})
    found = outcome(cls, OPTIONS["resonance"] | {"idle": 2.0}, done.calls)
    assert found == ("the end", facts(done.run, done.findings))


@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name in NAMES for option in declared(name)]
)
def test_every_option_reaches_the_run(name, option, fast, files):
    done = fast(name)
    cls, declaration = type(done.run), done.run.options()[option]
    value = another(option, declaration, done.run.values[option], files)
    given = OPTIONS.get(name, {})
    # Of those that exclude others or say nothing without them, the rest is the same in both runs.
    rest = {k: v for k, v in given.items() if k not in (option, *declaration.excludes)}
    rest |= {needed: files[needed] for needed in declaration.needs}
    if (name, option) == ("train_smnist", "device") and not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device = cuda: torch finds no GPU"):
            outcome(cls, rest | {"device": "cuda"}, done.calls)
        return
    before = ("the end", facts(done.run, done.findings))
    if {k: v for k, v in given.items() if k != option} != rest:
        before = outcome(cls, rest, done.calls)
    assert outcome(cls, rest | {option: value}, done.calls) != before


@pytest.mark.parametrize("name", NAMES)
def test_gamma_moves_alpha_in_proportion(name, experiment, monkeypatch):
    """From oscillators to leaky integrators, in the same words and bounds everywhere."""
    option = experiment(name).options().get("gamma")
    if option is None or name in ("train_smnist", "transfer"):  # which take any gamma and alpha
        return
    assert replace(option, default=0.01) == material.GAMMA
    made = []

    def note(*args, gamma, alpha, **options):
        made.append((gamma, alpha))
        raise KeyboardInterrupt

    monkeypatch.setattr(hn, "effenberger_2025", note)
    for gamma in (None, 0.25):
        with pytest.raises(KeyboardInterrupt):
            experiment(name)("fast", **OPTIONS.get(name, {}), gamma=gamma).start()
    (own, alpha), (gamma, larger) = made
    assert (own, gamma) == (option.default, 0.25)
    assert larger / alpha == pytest.approx(gamma / own)
