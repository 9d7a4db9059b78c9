"""Which channels of MNE's epochs are meant."""

__all__ = ["chosen_epochs"]


def chosen_epochs(epochs, picks=None):
    """Return a copy of epochs with some of their channels.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Any.
    picks : str | array_like | None
        As MNE takes them; None is all but stimulus channels and bad ones.

    Returns
    -------
    epochs : mne.BaseEpochs
        Of which none is bad.
    """
    if picks is None:
        kinds = zip(epochs.ch_names, epochs.get_channel_types(), strict=True)
        bad = epochs.info["bads"]
        picks = [name for name, kind in kinds if kind != "stim" and name not in bad]
    chosen = epochs.copy().pick(picks)
    chosen.info["bads"] = []  # those that are named are meant
    return chosen
