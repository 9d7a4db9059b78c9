"""A sheet over time as a moving picture."""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.animation import FFMpegWriter
from PIL import Image

__all__ = ["save_animation", "video_formats"]

_FPS = 20


def video_formats():
    """Return what `save_animation` writes here (tuple of str): "gif", and "mp4" where ffmpeg is."""
    return ("gif", "mp4") if FFMpegWriter.isAvailable() else ("gif",)


def save_animation(path, x, size=256):
    """Write a sheet over time, 20 times a second, in blue and red.

    Parameters
    ----------
    path : str | Path
        The file: GIF, or MP4 by matplotlib's writer for ffmpeg where its name ends in mp4.
    x : array_like, shape (rows, columns, n_times)
        Positions.
    size : int
        Height in pixels, an even number.

    Raises
    ------
    ValueError
        If it is no sheet, or not finite.
    """
    x = np.asarray(x, float)
    if x.ndim != 3 or not x.size or not np.isfinite(x).all():
        raise ValueError(f"x has shape {x.shape}; give finite positions, (rows, columns, n_times)")
    top = np.quantile(np.abs(x), 0.99) or 1.0
    colors = np.uint8(255 * plt.get_cmap("RdBu_r")(0.5 + x / (2 * top))[..., :3])
    shape = 2 * round(size * x.shape[1] / x.shape[0] / 2), size
    frames = [
        Image.fromarray(np.ascontiguousarray(colors[:, :, k])).resize(shape, Image.BICUBIC)
        for k in range(x.shape[2])
    ]
    if Path(path).suffix == ".mp4":
        _save_mp4(path, frames)
        return
    first, *others = (f.convert("P", palette=Image.ADAPTIVE, colors=64) for f in frames)
    with open(path, "wb") as file:
        first.save(file, "GIF", save_all=True, append_images=others, duration=1000 // _FPS, loop=0)


def _save_mp4(path, frames):
    figure = plt.figure(figsize=np.array(frames[0].size) / 100, layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    image = ax.imshow(frames[0], aspect="auto")
    writer = FFMpegWriter(_FPS)
    with writer.saving(figure, path, dpi=100):
        for frame in frames:
            image.set_data(frame)
            writer.grab_frame()
    plt.close(figure)
