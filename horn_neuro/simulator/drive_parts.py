"""`Part`: one waveform of a drive, how strong it is, which units hear it, and when."""

import re
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from horn_neuro._quantities import floats, number, usable, whole
from horn_neuro.parameters.physical import in_ms
from horn_neuro.simulator.waveforms import Samples

__all__ = ["Part"]


@dataclass(frozen=True, eq=False)
class Part:
    """One waveform: how strong it is, which units hear it, and when; as in `Drive`."""

    wave: object
    amplitude: np.ndarray
    units: np.ndarray | None = None
    start_ms: float = 0.0
    stop_ms: float | None = None

    def __post_init__(self):
        amplitude = floats("drive: amplitude", self.amplitude)
        if amplitude.ndim > 1 or not usable(amplitude).all():
            raise ValueError(
                f"drive: amplitude = {self.amplitude!r}; give a finite number, or one for each "
                "unit that is driven"
            )
        start = number("drive: start_ms", in_ms("drive: start_ms", self.start_ms), least=0)
        stop = self.stop_ms
        if stop is not None:
            stop = number("drive: stop_ms", in_ms("drive: stop_ms", stop), least=0)
            if stop <= start:
                raise ValueError(
                    f"drive: stop_ms = {stop:g}: give a time after {start:g}, the start"
                )
        checked = {"amplitude": amplitude.copy(), "units": _units(self.units)}
        vars(self).update(checked, start_ms=start, stop_ms=stop)

    def __str__(self):
        units, stop = "", "the end" if self.stop_ms is None else f"{self.stop_ms:g} ms"
        if self.units is not None:
            named = np.flatnonzero(self.units) if self.units.dtype == bool else self.units
            units = f", units {np.array2string(named, threshold=6)}"
        size = "amplitudes" if self.amplitude.ndim else f"amplitude {self.amplitude:g}"
        return f"{self.wave}, {size}{units}, {self.start_ms:g} ms to {stop}"

    def resolve(self, params, n_trials, n_steps, rng):
        """Return signals (n_trials, n_steps, n_sources), and weights (n_units, n_sources)."""
        units = self._driven(params.n_units)
        first, last = self._steps(n_steps, params.step)
        until = min(last, n_steps)
        drawn = self.wave.draw(until - first, last - first, params.step, n_trials, len(units), rng)
        signals = np.zeros((n_trials, n_steps, drawn.shape[2]))
        signals[:, first:until] = drawn
        source = np.arange(len(units)) if drawn.shape[2] > 1 else np.zeros(len(units), int)
        weights = np.broadcast_to(self.amplitude, len(units))
        return signals, sparse.csr_array(
            (weights, (units, source)), (params.n_units, drawn.shape[2])
        )

    def _driven(self, n):
        """Return the units of a network that hear it (ndarray of int)."""
        units = np.arange(n) if self.units is None else self.units
        if units.dtype == bool:
            if units.shape != (n,):
                raise ValueError(
                    f"drive: units is a mask of shape {units.shape}; give a bool for each of the "
                    f"{n} units"
                )
            units = np.flatnonzero(units)
        if units.max() >= n:
            raise ValueError(
                f"drive: units has {units.max()}, but the network has the units 0 to {n - 1}"
            )
        if self.amplitude.shape not in ((), units.shape):
            raise ValueError(
                f"drive: amplitude has shape {self.amplitude.shape}; give one number, or one for "
                f"each of the {len(units)} units that are driven"
            )
        return units

    def _steps(self, n_steps, step):
        """Return its first step, and the one after its last, which may lie behind the end."""
        first = round(self.start_ms / (1e3 * step))
        last = n_steps if self.stop_ms is None else round(self.stop_ms / (1e3 * step))
        if first >= min(last, n_steps):
            raise ValueError(
                f"drive: {self} acts in no step: {n_steps} steps of {1e3 * step:g} ms are "
                "simulated; start earlier, stop later, or simulate longer"
            )
        if self.stop_ms is None and isinstance(self.wave, Samples):
            n_samples = self.wave.steps(step)
            if n_samples > n_steps - first:
                raise ValueError(
                    f"drive: {self.wave} lasts {n_samples} steps from step {first} on, but "
                    f"{n_steps} are simulated; simulate longer, or cut it by stop_ms="
                )
        return first, last


def _units(units):
    """Return numbers of units, or a mask, as an ndarray, or None."""
    if units is None:
        return None
    single = isinstance(units, str) or np.ndim(units) == 0
    each = [units] if single else list(units)
    flags = [isinstance(unit, bool | np.bool_) for unit in each]
    if each and all(flags) and not single:
        if not any(each):
            raise ValueError("drive: units is a mask of no unit; make one of them True")
        return np.array(each)
    if any(flags):
        raise ValueError(f"drive: units = {units!r}: give numbers, or a bool for each unit")
    named = [re.fullmatch(r"x(\d+)", name) if isinstance(name, str) else None for name in each]
    numbers = [
        int(match[1]) if match else whole("drive: units", unit, 0)
        for match, unit in zip(named, each, strict=True)
    ]
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError(f"drive: units = {units!r}: give each unit once, and at least one")
    return np.array(numbers)
