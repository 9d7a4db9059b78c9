"""`HornNetwork`: the trainable twin of a network."""

import numpy as np
import torch
from scipy import sparse
from torch import nn

from horn_neuro._quantities import number
from horn_neuro.parameters import DiffusiveCoupling, HornParameters
from horn_neuro.recording import Recording, State
from horn_neuro.twin.backends import BACKENDS, choose_backend
from horn_neuro.twin.cell import Coefficients
from horn_neuro.twin.state import HornOutput, HornState, check_lengths, without_padding
from horn_neuro.twin.torch_files import without_wrappers
from horn_neuro.twin.transforms import constrain, unconstrain

__all__ = ["WEIGHTS", "HornNetwork"]

WEIGHTS = ("w_in", "b_in", "w_rec", "b_rec", "w_out", "b_out")
OSCILLATORS = ("omega", "gamma", "alpha")
READOUTS = ("last", "every")
# Units up to which a sparse w_rec is trained, as a dense one.
LARGEST = 4096


def dense(array):
    """Return an array of NumPy, also of a sparse one."""
    return array.toarray() if sparse.issparse(array) else np.asarray(array)


class HornNetwork(nn.Module):
    """A harmonic oscillator recurrent network that learns by backpropagation through time.

    Parameters
    ----------
    params : HornParameters
        Initial values, sizes, delays and steps.
    backend : 'auto' | 'reference' | 'analytic' | 'native' | 'cuda_graph'
        How it is computed. All give the same outputs and gradients. cuda_graph is
        analytic, launched as a whole on a GPU; it keeps the memory of up to eight
        shapes of batches.
    batch_first : bool
        Whether inputs are (batch, time, n_inputs), the default here, or (time,
        batch, n_inputs), the default of torch's recurrent networks.
    readout : 'last' | 'every'
        Read out the last state only, or the state at every step.
    learn : tuple of str
        The fields that learn, of w_in, b_in, w_rec, b_rec, w_out, b_out,
        feedback, omega, gamma, alpha. The last three learn through transforms
        that keep every unit stable (`horn_neuro.twin.constrain`).
    dropout : float
        Share of the units that the readout misses in training, as `torch.nn.Dropout` does it.
    dtype : torch.dtype
        float32 or float64.
    coupling : DiffusiveCoupling | None
        Coupling of positions besides, which does not learn; by the reference backend.

    Raises
    ------
    ValueError
        If an argument is unknown, or alpha is to learn and not positive.

    Notes
    -----
    Equations: `HornParameters`. A field that learns is an `nn.Parameter` of its
    name, omega, gamma and alpha under ``raw_omega`` and so on; all others are
    buffers. Products of float32 have the precision that
    `torch.set_float32_matmul_precision` allows, where that is faster; states stay float32.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> twin = hn.HornNetwork(hn.effenberger_2025(n_units=8, seed=1), backend="reference")
    >>> twin(torch.rand(4, 28, 1)).logits.shape
    torch.Size([4, 10])
    """

    def __init__(
        self,
        params,
        backend="auto",
        *,
        batch_first=True,
        readout="last",
        learn=WEIGHTS,
        dropout=0.0,
        dtype=torch.float32,
        coupling=None,
    ):
        super().__init__()
        if not isinstance(params, HornParameters):
            raise ValueError(f"params = {params!r}: give HornParameters")
        if not any(dtype is known for known in (torch.float32, torch.float64)):
            raise ValueError(f"dtype = {dtype!r}: choose torch.float32 or torch.float64")
        learn = (learn,) if isinstance(learn, str) else learn
        if not isinstance(learn, list | tuple):
            raise ValueError(f"learn = {learn!r}: give a tuple of names")
        learn = tuple(learn)
        learnable = (*WEIGHTS, "feedback", *OSCILLATORS)
        unknown = [name for name in learn if not isinstance(name, str) or name not in learnable]
        if unknown:
            raise ValueError(f"learn has {unknown[0]!r}: choose from {', '.join(learnable)}")
        if not isinstance(readout, str) or readout not in READOUTS:
            raise ValueError(f"readout = {readout!r}: choose last or every")
        if not isinstance(backend, str) or backend not in BACKENDS:
            raise ValueError(f"backend = {backend!r}: choose one of {', '.join(BACKENDS)}")
        self.initial, self.learn = params, learn
        self.backend, self.batch_first, self.readout = backend, batch_first, readout
        self.h, self.coupling = params.h, coupling
        self.dropout = number("dropout", dropout, least=0, below=1)
        if not isinstance(batch_first, bool):
            raise ValueError(f"batch_first = {batch_first!r}: give True or False")
        if coupling is not None:
            if not isinstance(coupling, DiffusiveCoupling):
                raise ValueError(f"coupling = {coupling!r}: give a DiffusiveCoupling, or None")
            coupling.check(params)
        if params.n_units > LARGEST and sparse.issparse(params.w_rec):
            raise ValueError(
                f"w_rec is sparse, of {params.n_units} units; the twin trains dense weights, of up "
                f"to {LARGEST} units: simulate it in Brian2, or give a dense w_rec"
            )
        values = {
            name: torch.tensor(dense(getattr(params, name)), dtype=torch.float64)
            for name in learnable
        }
        transformed = any(name in learn for name in OSCILLATORS)
        raw = unconstrain(values, self.h) if transformed else {}
        for name in learnable:
            if name in learn and name in OSCILLATORS:
                setattr(self, f"raw_{name}", nn.Parameter(raw[name].to(dtype)))
            elif name in learn:
                setattr(self, name, nn.Parameter(values[name].to(dtype)))
            else:
                self.register_buffer(name, values[name].to(dtype))
        # The delay of an absent connection counts once there is one, up to the longest present.
        delays = params.delays
        if delays is not None:
            delays = torch.tensor(np.clip(dense(delays), 1, params.max_delay))
        self.register_buffer("delays", delays)
        for name, mask in self._masks().items():
            self.register_buffer(f"mask_{name}", mask)

    def _masks(self):
        """Return which weights may differ from 0 (dict of Tensor of bool), where some may not.

        Of layers, blocks that are absent stay absent, of inputs and of the readout too.
        """
        params, masks = self.initial, {"w_rec": self.initial.mask}
        if params.layer is not None:
            each = np.eye(params.layer.max() + 1)[params.layer]
            heard = ((params.w_in != 0).any(axis=1) @ each > 0)[params.layer]
            read = ((params.w_out != 0).any(axis=0) @ each > 0)[params.layer]
            masks |= {"w_in": heard[:, None], "w_out": read[None]}
        return {name: torch.tensor(mask) for name, mask in masks.items() if mask is not None}

    def _masked(self, name):
        value, mask = getattr(self, name), getattr(self, f"mask_{name}", None)
        return value if mask is None else value * mask

    @property
    def oscillators(self):
        """Current omega, gamma and alpha (dict of str to Tensor, shape (n_units,))."""
        if not any(name in self.learn for name in OSCILLATORS):
            return {name: getattr(self, name) for name in OSCILLATORS}
        fixed = {name: getattr(self, name) for name in OSCILLATORS if name not in self.learn}
        raw = {
            name: getattr(self, f"raw_{name}") if name in self.learn else torch.zeros(())
            for name in OSCILLATORS
        }
        if "gamma" in fixed:
            # omega's range depends on gamma: go through gamma's own raw value.
            raw["gamma"] = torch.logit(fixed["gamma"] * self.h)
        return {**constrain(raw, self.h), **fixed}

    def coefficients(self):
        """Return what a step multiplies with (`Coefficients`), connected to the parameters."""
        oscillators, h = self.oscillators, self.h
        scale = 1 / np.sqrt(self.initial.n_units)
        stiffness = h * oscillators["omega"] ** 2
        if self.coupling is not None:
            stiffness = stiffness + h * stiffness.new_tensor(self.coupling.degree)
        return Coefficients(
            w_in=self._masked("w_in"),
            bias=self.b_in + scale * self.b_rec,
            w=scale * self._masked("w_rec"),
            decay=1 - 2 * h * oscillators["gamma"],
            gain=h * oscillators["alpha"],
            stiffness=stiffness,
            # The feedback acts inside the tanh and is not scaled.
            feedback=self.feedback,
        )

    def forward(self, inputs, state=None, record=False, lengths=None):
        """Run the network over a batch of sequences.

        Parameters
        ----------
        inputs : Tensor, shape (batch, time, n_inputs)
            Or (time, batch, n_inputs) with ``batch_first=False``.
        state : HornState | None
            Where to start; None starts at rest.
        record : bool
            Whether to record positions and velocities at all steps.
        lengths : array_like of int, shape (batch,) | None
            Steps of each sequence, where they differ: the last of them is read out and is the
            state; what follows takes no part, and has no gradient.

        Returns
        -------
        out : HornOutput

        Raises
        ------
        ValueError
            If the inputs, the lengths or the state do not fit the network.
        """
        if not isinstance(inputs, torch.Tensor):
            raise ValueError(f"inputs are of type {type(inputs).__name__}; give a tensor of torch")
        if inputs.ndim != 3 or inputs.shape[2] != self.initial.n_inputs or not inputs.numel():
            order = "(batch, time, n_inputs)" if self.batch_first else "(time, batch, n_inputs)"
            raise ValueError(
                f"inputs have shape {tuple(inputs.shape)}; give {order} with n_inputs = "
                f"{self.initial.n_inputs}"
            )
        if inputs.dtype != self.w_out.dtype:
            raise ValueError(
                f"inputs are {inputs.dtype}, but the network is {self.w_out.dtype}; convert one"
            )
        sequence = inputs.transpose(0, 1) if self.batch_first else inputs
        if lengths is not None:
            lengths = check_lengths(lengths, sequence)
            sequence = without_padding(sequence, lengths)
        start = self._start(state, sequence)
        run = choose_backend(self.backend, sequence, self.delays, self.coupling)
        every = self.readout == "every"
        keep = record or ("positions" if every else False)
        xs, ys, x, *rest = run(
            *(sequence, *start[:3], self.coefficients(), self.h, self.delays, keep),
            **{"lengths": lengths, **self._springs(start)},
        )
        heard = nn.functional.dropout(xs if every else x, self.dropout, self.training)
        logits = nn.functional.linear(heard, self._masked("w_out"), self.b_out)
        if every and self.batch_first:
            logits = logits.transpose(0, 1)
        state = HornState(x, rest[0], *(past.transpose(0, 1) for past in rest[1:]))
        return HornOutput(
            logits, state, self._recording(sequence, xs, ys, state) if record else None
        )

    def _start(self, state, sequence):
        """Return x, y, past_y and, with coupled positions, past_x as backends take them."""
        batch, n = sequence.shape[1], self.initial.n_units
        shapes = [(batch, n), (batch, n), (batch, self.initial.max_delay - 1, n)]
        if self.coupling is not None:
            shapes.append((batch, self.coupling.connections.longest - 1, n))
        if not (state is None or isinstance(state, HornState)):
            raise ValueError(
                f"state is of type {type(state).__name__}; give the HornState of an output"
            )
        if state is not None and state.past_x is not None and self.coupling is None:
            raise ValueError(
                "state: it has past_x, which this network has no use for; it was left by one with "
                "coupled positions"
            )
        if state is None:
            state = [sequence.new_zeros(shape) for shape in shapes]
        for name, tensor, shape in zip(HornState._fields, state, shapes, strict=False):
            if tensor is None or tuple(tensor.shape) != shape:
                found = None if tensor is None else tuple(tensor.shape)
                raise ValueError(f"state: {name} has shape {found}; this batch asks for {shape}")
            if tensor.dtype != sequence.dtype:
                raise ValueError(
                    f"state: {name} is {tensor.dtype}, but the network {sequence.dtype}"
                )
        x, y, *pasts = state[: len(shapes)]
        return x, y, *(past.transpose(0, 1) for past in pasts)

    def _springs(self, start):
        """Return what only the reference takes, of coupled positions."""
        if self.coupling is None:
            return {}
        by_lag = self.coupling.connections.by_lag().items()
        springs = {lag: self.h * start[0].new_tensor(w.toarray()) for lag, w in by_lag}
        return {"past_x": start[3], "springs": springs}

    def _recording(self, sequence, xs, ys, state):
        def array(tensor):
            return tensor.detach().cpu().numpy()

        # A past of no steps is none.
        parts = {k: v for k, v in state._asdict().items() if v is not None and v.numel()}
        last = State(**{name: array(tensor) for name, tensor in parts.items()})
        present = {name: array(self.oscillators[name]) for name in ("omega", "gamma")}
        learned = {name: present[name] for name in present if name in self.learn}
        params = self.initial.replace(**learned)
        return Recording.from_arrays(
            params,
            signals={name: array(s.permute(1, 2, 0)) for name, s in (("x", xs), ("y", ys))},
            stimulus=array(sequence.permute(1, 2, 0)),
            final_state=last,
            provenance={
                "device": f"torch {self.backend} {sequence.device.type}",
                "step": params.step,
                "parameters_provenance": params.provenance,
            },
        )

    def to_parameters(self, **provenance):
        """Return the network's present values.

        Parameters
        ----------
        **provenance
            Entries to add to the provenance of the initial parameters.

        Returns
        -------
        params : HornParameters
            What has not been trained is that of the initial parameters, bit for bit;
            what has been has the precision of the network's dtype.

        Raises
        ------
        ValueError
            If a value is not finite, as after a diverged training.
        """
        tensors = {**{name: getattr(self, name, None) for name in WEIGHTS}, **self.oscillators}
        tensors["feedback"] = self.feedback
        untrained = HornNetwork(self.initial, learn=self.learn, dtype=self.w_out.dtype)
        before = {**dict(untrained.named_parameters()), **untrained.oscillators}
        learned = {}
        for name in self.learn:
            value, initial = (t[name].detach().cpu().double().numpy() for t in (tensors, before))
            # What has not moved keeps the bits that the network's dtype has no room for.
            learned[name] = np.where(value == initial, dense(getattr(self.initial, name)), value)
            if hasattr(self, f"mask_{name}"):
                learned[name] *= getattr(self, f"mask_{name}").cpu().numpy()
        if sparse.issparse(self.initial.w_rec) and "w_rec" in learned:
            learned["w_rec"] = sparse.csr_array(learned["w_rec"])
        elif self.delays is not None and not sparse.issparse(self.initial.w_rec):
            learned["delays"] = self._delays(learned.get("w_rec", self.initial.w_rec))
        return self.initial.replace(**learned, provenance={**self.initial.provenance, **provenance})

    def _delays(self, w_rec):
        """Return the initial delays, and of new connections those they have learned with."""
        new = (w_rec != 0) & (self.initial.w_rec == 0)
        return np.where(new, self.delays.cpu().numpy(), self.initial.delays)

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Load a state as torch does, also that of a compiled or data-parallel network."""
        return super().load_state_dict(without_wrappers(state_dict), strict, assign)

    def _repr_html_(self):
        """Return the picture of its parameters as they are now, for notebooks."""
        return self.to_parameters()._repr_html_()

    def extra_repr(self):
        """Describe the network in its `repr`."""
        p = self.initial
        return (
            f"{p.n_inputs} inputs, {p.n_units} units, {p.n_outputs} outputs, "
            f"backend={self.backend!r}, batch_first={self.batch_first}, readout={self.readout!r}, "
            f"learn={self.learn}, dropout={self.dropout:g}"
        )
