"""Write docs/pictures/waves_under_a_digit.gif, the picture at the top of README.

The ink of a digit drives the units below it on a sheet that springs couple, until half of
the time has gone; waves leave for the edges, which absorb them.
"""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image

import horn_neuro as hn
from horn_neuro.parameters import Grid

SIDE, STEPS, EVERY, PIXELS = 84, 560, 8, 252
FRAME_MS = 70


def sheet():
    """Return positions of the sheet (ndarray, shape (SIDE, SIDE, n_times))."""
    digits = hn.datasets.smnist()
    three = digits.inputs[np.flatnonzero(digits.labels == 3)[4]].reshape(28, 28)
    ink = (SIDE - 28) // 2 + np.argwhere(three > 0.6)
    params = hn.lattice((SIDE, SIDE), 0.0, edges="absorbing", sources=ink, gamma=0.002)
    springs = hn.DiffusiveCoupling(Grid((SIDE, SIDE), edges="open").local(0.05))
    times = np.arange(STEPS)
    drive = np.tanh(times / 28) * np.sin(1.3 * 2 * np.pi / 28 * times) * (times < STEPS / 2)
    stimulus = np.repeat(drive[:, None], len(ink), axis=1)
    options = {"coupling": springs, "record": "x", "every": EVERY}
    x = hn.simulate(params, stimulus, **options).data["x"].values[0]
    return x.reshape(SIDE, SIDE, -1)


def frames(x):
    """Yield pictures of a sheet over time, blue and red, weak waves brightened."""
    bright = np.clip(x / (0.9 * np.quantile(np.abs(x), 0.985)), -1, 1)
    bright = np.sign(bright) * np.abs(bright) ** 0.7
    for k in range(x.shape[2]):
        pixels = (255 * colormaps["RdBu_r"](0.5 + 0.5 * bright[:, :, k])[:, :, :3]).astype(np.uint8)
        yield Image.fromarray(pixels).resize((PIXELS, PIXELS), Image.BICUBIC).quantize(48)


if __name__ == "__main__":
    first, *others = frames(sheet())
    path = Path(__file__).parent / "pictures" / "waves_under_a_digit.gif"
    first.save(path, save_all=True, append_images=others, duration=FRAME_MS, loop=0, optimize=True)
