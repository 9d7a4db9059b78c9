"""What a protocol asks of the library, call by call, and where another run leaves it."""

import copy
import functools
import inspect
import time
import types
from contextlib import contextmanager
from dataclasses import fields, is_dataclass

import joblib
import numpy as np
import torch
import xarray

import horn_neuro as hn

ROOMS = ("analysis", "datasets", "parameters", "recording", "simulator", "twin")
TRAINED = ("train", "train_briefly")
SLOW = 0.02  # seconds, from which on the answer of a call is kept


class Reached(BaseException):
    """The first call with other arguments than those of the run that was recorded."""


class Calls:
    """All calls of a protocol's module into the library, and of its own functions.

    Attributes
    ----------
    keys : list of str
        Name and digest of the arguments of each call, in their order.
    answers : dict of str to tuple
        Of slow calls, by key: what is returned, states of models, the steps observed, and the
        number of calls within.
    """

    def __init__(self, module):
        self.module, self.keys, self.answers = module, [], {}

    @contextmanager
    def record(self):
        """Note all calls."""
        with self._instead(self._note):
            yield

    @contextmanager
    def follow(self):
        """Answer the same calls as they were answered, and raise `Reached` at the first other."""
        self.left = iter(self.keys)
        with self._instead(self._compare):
            yield

    @contextmanager
    def _instead(self, call):
        before = dict(vars(self.module))
        for name, value in before.items():
            if (wrapped := self._wrapped(value, call)) is not value:
                setattr(self.module, name, wrapped)
        try:
            yield
        finally:
            vars(self.module).update(before)

    def _wrapped(self, value, call):
        if isinstance(value, types.ModuleType) and value.__name__.startswith("horn_neuro"):
            return _Proxy(value, functools.partial(self._wrapped, call=call))
        place = (getattr(value, "__module__", None) or "").split(".")
        traced = place[0] == "horn_neuro" and (place[1] in ROOMS or place[-1] == "material")
        traced |= place == self.module.__name__.split(".")
        if (inspect.isfunction(value) and traced) or getattr(value, "__name__", "") == "Fabric":
            return functools.wraps(value)(functools.partial(call, value))
        return value

    def _note(self, function, *args, **kwargs):
        key = f"{function.__qualname__} {digest([args, kwargs])}"
        self.keys.append(key)
        steps, started, place = [], time.perf_counter(), len(self.keys)
        if function.__name__ in TRAINED:
            args, kwargs = watched(args, kwargs, steps)
        answer = function(*args, **kwargs)
        slow = time.perf_counter() - started > SLOW
        if function.__name__ in TRAINED or (
            slow
            and not isinstance(answer, np.random.Generator)  # which the run goes on to draw from
            and not any(map(changes, [*args, *kwargs.values()]))
        ):
            models = [copy.deepcopy(m.state_dict()) for m in args if is_model(m)]
            # What an observer calls, it calls again when it is shown the steps.
            within = 0 if steps else len(self.keys) - place
            self.answers[key] = answer, models, steps, within
        return answer

    def _compare(self, function, *args, **kwargs):
        key = f"{function.__qualname__} {digest([args, kwargs])}"
        if key != next(self.left, None):
            raise Reached(key)
        if key not in self.answers:
            return function(*args, **kwargs)
        answer, states, steps, within = self.answers[key]
        for _ in range(within):  # calls that it has made itself
            next(self.left)
        models = [value for value in args if is_model(value)]
        for step, state in steps:
            models[0].load_state_dict(state)
            kwargs.get("observe", args[-1])(step, models[0])
        for model, state in zip(models, states, strict=True):
            model.load_state_dict(state)
        return answer


class _Proxy:
    """A module whose functions are wrapped."""

    def __init__(self, module, wrap):
        self.__dict__.update(_module=module, _wrap=wrap)

    def __getattr__(self, name):
        return self._wrap(getattr(self._module, name))


def is_model(value):
    return isinstance(value, torch.nn.Module)


def changes(value):
    """Whether a call may change it, or ask it something."""
    return callable(value) or isinstance(value, np.random.Generator)


def watched(args, kwargs, steps):
    """Let the observer of a training note what it sees."""

    def watch(observe):
        def noting(step, model):
            steps.append((step, copy.deepcopy(model.state_dict())))
            observe(step, model)

        return noting

    args = [watch(v) if inspect.isroutine(v) else v for v in args]
    kwargs = {k: watch(v) if k == "observe" and v else v for k, v in kwargs.items()}
    return args, kwargs


def digest(value):
    """Return a digest (str) of what an argument says, without where it comes from."""
    return joblib.hash(plain(value))


def plain(value):
    """Return an argument as arrays, numbers, strings and lists of them."""
    if isinstance(value, hn.HornParameters):
        return value.fingerprint
    if isinstance(value, hn.Recording):
        return plain(value.data)
    if isinstance(value, xarray.Dataset):
        return plain(dict(value.data_vars))
    if isinstance(value, xarray.DataArray):
        return plain([value.dims, value.values, {k: v.values for k, v in value.coords.items()}])
    if is_model(value):
        return [repr(value), plain(value.state_dict())]
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, np.random.Generator):
        return plain(value.bit_generator.state)
    if isinstance(value, functools.partial):
        return plain([value.func, value.args, value.keywords])
    if isinstance(value, np.ndarray) and value.dtype != object:
        return np.ascontiguousarray(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if f.name != "provenance"]
        return [type(value).__name__, *(plain(getattr(value, name)) for name in names)]
    if isinstance(value, dict):
        return [[str(k), plain(v)] for k, v in value.items()]
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return [plain(v) for v in value]
    if callable(value):
        return getattr(value, "__qualname__", type(value).__name__)
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    within = {} if type(value).__name__ == "Fabric" else getattr(value, "__dict__", {})
    return [type(value).__name__, plain(within)]
