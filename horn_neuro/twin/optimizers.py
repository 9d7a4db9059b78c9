"""The optimizers of a training, which share a network's parameters."""

from functools import partial

import torch

__all__ = ["OPTIMIZERS", "make_optimizers"]

OPTIMIZERS = ("adamw", "sgd", "muon")
_SGD = partial(torch.optim.SGD, momentum=0.9)


def make_optimizers(model, config):
    """Share the parameters of a network out to optimizers.

    Parameters
    ----------
    model : torch.nn.Module
        The network.
    config : TrainingConfig
        Its optimizer, learning rates and weight decay.

    Returns
    -------
    optimizers : list of torch.optim.Optimizer
        One for all, or another besides for the recurrent weights: Muon.
    """
    shares = {"weights": [], "oscillators": [], "recurrent": []}
    for name, parameter in model.named_parameters():
        last = name.rpartition(".")[2]
        recurrent = last == "w_rec" or last.startswith("weight_hh")  # ours, and torch's
        if last.startswith("raw_"):
            shares["oscillators"].append(parameter)
        else:
            muon = config.optimizer == "muon" and recurrent
            shares["recurrent" if muon else "weights"].append(parameter)
    rate, decay = config.learning_rate, config.weight_decay
    groups = [
        {"params": shares["weights"], "lr": rate, "weight_decay": decay},
        {"params": shares["oscillators"], "lr": config.oscillator_rate * rate, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers = []
    if groups:
        optimizers.append((_SGD if config.optimizer == "sgd" else torch.optim.AdamW)(groups))
    if shares["recurrent"]:
        # Its steps are 0.2 times the rate in the root mean square; here they are the rate.
        options = {"lr": 5 * rate, "weight_decay": decay / 5, "adjust_lr_fn": "match_rms_adamw"}
        optimizers.append(torch.optim.Muon(shares["recurrent"], **options))
    return optimizers
