"""A sheet over time becomes a moving picture, and what is none is refused."""

import numpy as np
import pytest
from PIL import Image

from horn_neuro.report import animation
from horn_neuro.report.animation import save_animation


def waves(n=6):
    row, column, time = np.indices((8, 12, n))
    return np.cos(0.8 * column + 0.1 * row - time)


def test_a_gif_has_every_time_and_the_shape_of_the_sheet(tmp_path):
    save_animation(tmp_path / "sheet.gif", waves(), size=64)
    with Image.open(tmp_path / "sheet.gif") as image:
        assert image.n_frames == 6
        assert image.size == (96, 64)
        assert image.info["duration"] == 50
        first = np.asarray(image.convert("RGB")).astype(int)
        image.seek(3)  # half a turn later, blue is red
        later = np.asarray(image.convert("RGB")).astype(int)
    redness = [np.ravel(frame[..., 0] - frame[..., 2]) for frame in (first, later)]
    assert np.corrcoef(*redness)[0, 1] < -0.8


def test_a_still_sheet_is_white(tmp_path):
    save_animation(tmp_path / "still.gif", np.zeros((4, 4, 2)), size=8)
    with Image.open(tmp_path / "still.gif") as image:
        assert np.asarray(image.convert("RGB")).min() > 240


def test_mp4_goes_through_the_writer_of_ffmpeg(tmp_path, monkeypatch):
    """With a writer that keeps frames: matplotlib's own needs the program."""
    frames = []

    class Writer(animation.FFMpegWriter):
        @classmethod
        def isAvailable(cls):
            return True

        def setup(self, figure, path, dpi):
            self.fig = figure

        def grab_frame(self):
            self.fig.canvas.draw()
            frames.append(np.asarray(self.fig.canvas.buffer_rgba())[..., :3].copy())

        def finish(self):
            pass

    monkeypatch.setattr(animation, "FFMpegWriter", Writer)
    assert animation.video_formats() == ("gif", "mp4")
    save_animation(tmp_path / "sheet.mp4", waves(), size=64)
    assert [frame.shape for frame in frames] == [(64, 96, 3)] * 6
    assert not np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize("x", [np.zeros((4, 4)), np.full((4, 4, 2), np.nan), np.zeros((4, 4, 0))])
def test_what_is_no_sheet_over_time_is_refused(tmp_path, x):
    with pytest.raises(ValueError, match="give finite positions"):
        save_animation(tmp_path / "x.gif", x)
    assert not list(tmp_path.iterdir())
