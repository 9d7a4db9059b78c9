"""torch's recurrent networks as classifiers of sequences, to compare with."""

import torch
from torch import nn

from horn_neuro._quantities import whole
from horn_neuro.twin.state import at_ends, check_lengths, without_padding

__all__ = ["BASELINES", "BaselineClassifier", "matched_units"]

BASELINES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class BaselineClassifier(nn.Module):
    """A recurrent network of torch with default settings, read out at the last step.

    Parameters
    ----------
    kind : 'rnn' | 'gru' | 'lstm'
        The network; 'rnn' has tanh units.
    n_units, n_inputs, n_outputs : int
        Sizes.

    Raises
    ------
    ValueError
        If `kind` is unknown, or a size is no whole number of at least 1.

    Examples
    --------
    >>> import horn_neuro as hn, torch
    >>> gru = hn.twin.BaselineClassifier("gru", n_units=8)
    >>> gru(torch.rand(4, 28, 1)).shape
    torch.Size([4, 10])
    """

    def __init__(self, kind, n_units, n_inputs=1, n_outputs=10):
        super().__init__()
        if kind not in BASELINES:
            raise ValueError(f"kind = {kind!r}: choose one of {', '.join(BASELINES)}")
        n_units, n_inputs, n_outputs = (
            whole(name, value)
            for name, value in (
                ("n_units", n_units),
                ("n_inputs", n_inputs),
                ("n_outputs", n_outputs),
            )
        )
        self.recurrent = BASELINES[kind](n_inputs, n_units, batch_first=True)
        self.readout = nn.Linear(n_units, n_outputs)

    def forward(self, inputs, lengths=None):
        """Return logits (batch, n_outputs) of inputs (batch, time, n_inputs), at their ends."""
        if lengths is not None:
            sequence = inputs.transpose(0, 1)
            lengths = check_lengths(lengths, sequence)
            inputs = without_padding(sequence, lengths).transpose(0, 1)
        return self.readout(at_ends(self.recurrent(inputs)[0], lengths))


def matched_units(kind, n_parameters, n_inputs=1, n_outputs=10):
    """Return the number of units with which a baseline comes closest to a parameter count.

    Parameters
    ----------
    kind : 'rnn' | 'gru' | 'lstm'
        The network.
    n_parameters : int
        What to match.
    n_inputs, n_outputs : int
        Sizes.

    Returns
    -------
    n_units : int

    Examples
    --------
    A GRU with as many parameters as a network of 32 oscillators:

    >>> import horn_neuro as hn
    >>> hn.twin.matched_units("gru", 1450)
    19
    """

    n_parameters = whole("n_parameters", n_parameters)

    def count(n_units):
        with torch.device("meta"):
            network = BaselineClassifier(kind, n_units, n_inputs, n_outputs)
        return sum(parameter.numel() for parameter in network.parameters())

    return min(range(1, 2 + int(n_parameters**0.5)), key=lambda n: abs(count(n) - n_parameters))
