"""What a recording shows of itself, drawn by `horn_neuro.report.recordings` when asked for."""

__all__ = ["Pictures"]


class Pictures:
    """The methods of a recording that draw; each takes axes of matplotlib, and returns them."""

    def plot(self, trial=0, units=6, ax=None):
        """Draw positions over time; see `horn_neuro.report.plot_traces`."""
        return _drawing().plot_traces(self, trial, units, ax)

    def plot_psd(self, ax=None):
        """Draw power spectra; see `horn_neuro.report.plot_psd`."""
        return _drawing().plot_psd(self, ax)

    def plot_raster(self, trial=0, ax=None):
        """Draw spikes, or upward crossings; see `horn_neuro.report.plot_raster`."""
        return _drawing().plot_raster(self, trial, ax)

    def plot_phase(self, trial=0, ax=None):
        """Draw phases over time; see `horn_neuro.report.plot_phase`."""
        return _drawing().plot_phase(self, trial, ax)

    def plot_waves(self, trial=0, time=None, ax=None):
        """Draw phases where the units are; see `horn_neuro.report.plot_waves`."""
        return _drawing().plot_waves(self, trial, time, ax)

    def _repr_html_(self):
        """Return its words, and a picture of the first trial, for notebooks."""
        return _drawing().recording_in_a_notebook(self)


def _drawing():
    from horn_neuro.report import recordings

    return recordings
