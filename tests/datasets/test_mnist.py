import gzip
import struct
import zlib
from http.client import IncompleteRead
from urllib.error import HTTPError

import numpy as np
import pytest
import sklearn.datasets

from horn_neuro.datasets import load_mnist, pixel_permutation, psmnist, read_idx, smnist


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """A folder like MNIST's, with a few made-up digits; one file of each pair is packed."""
    rng = np.random.default_rng(1)
    for stem, count in (("train", 12), ("t10k", 5)):
        images = rng.integers(0, 256, (count, 28, 28))
        (tmp_path / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))
    return tmp_path


def test_embedded_digits():
    train, test = load_mnist(), load_mnist(split="test")
    assert np.bincount(train.labels).tolist() == [400] * 10
    assert np.bincount(test.labels).tolist() == [100] * 10
    assert train.images.dtype == np.uint8
    assert train.images.max() == 255
    # The two splits, and the data, are what they were on 2026-11-24.
    assert train.checksum[:16] == "56463f0dd1fc7ba0"
    assert test.checksum[:16] == "b4d34770a2d1fbbd"
    joined = np.concatenate([train.images, test.images]).reshape(5000, -1)
    assert len(np.unique(joined, axis=0)) == 5000


def test_sequences():
    digits, sequences = load_mnist(split="test"), smnist(split="test", seed=None)
    assert sequences.inputs.shape == (1000, 784, 1)
    assert sequences.inputs.min() == 0
    assert sequences.inputs.max() == 1
    # Row by row: step 28 r + c is pixel (r, c).
    assert sequences.inputs[7, 28 * 14 + 9, 0] == digits.images[7, 14, 9] / 255
    assert sequences.checksum == digits.checksum


def test_digits_come_shuffled_by_their_seed():
    """The embedded ones are sorted by class: the first twenty of them are zeros."""
    plain, one, same, other = (smnist(split="test", seed=seed) for seed in (None, 0, 0, 1))
    assert set(plain.labels[:20]) == {0}
    assert set(one.labels[:40]) == set(range(10))
    np.testing.assert_array_equal(one.inputs, same.inputs)
    assert not np.array_equal(one.labels, other.labels)
    # Each keeps its label, whatever the order.
    some = plain[np.random.default_rng(0).permutation(len(plain))[:5]]
    np.testing.assert_array_equal(some.inputs, one[:5].inputs)
    np.testing.assert_array_equal(some.labels, one.labels[:5])


def test_permuted_sequences():
    plain, permuted = smnist(split="test"), psmnist(split="test")
    order = pixel_permutation()
    assert sorted(order) == list(range(784))
    assert order[:5].tolist() == [732, 223, 118, 374, 466]
    assert np.array_equal(permuted.inputs[:, 3], plain.inputs[:, order[3]])
    assert np.array_equal(permuted.labels, plain.labels)


def test_balanced_choice():
    sequences = smnist(split="test")
    index = sequences.balanced(3, np.random.default_rng(1))
    assert sequences.labels[index].tolist() == [k for k in range(10) for _ in range(3)]
    assert len(set(index)) == 30
    with pytest.raises(ValueError, match="per_class = 101: .* has 100 in its"):
        sequences.balanced(101, np.random.default_rng(1))


def test_folder_of_idx_files(folder):
    train, test = load_mnist(folder), load_mnist(str(folder), "test")
    assert len(train) == 12
    assert len(test) == 5
    assert train.labels.tolist() == [*range(10), 0, 1]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", [".", "MNIST/raw", "raw", "own folder"])
@pytest.mark.parametrize("mark", ["-", "."])
def test_names_of_others(folder, tmp_path_factory, mark, place, packed):
    """The archive's hyphen is a dot inside; torchvision's folder; Kaggle's folder for each."""
    other = tmp_path_factory.mktemp("other")
    for path in folder.iterdir():
        content = path.read_bytes()
        plain = gzip.decompress(content) if path.suffix == ".gz" else content
        name = path.name.removesuffix(".gz").replace("-idx", f"{mark}idx")
        name += ".gz" if packed else ""
        target = other / (name if place == "own folder" else place) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(plain) if packed else plain)
    for split in ("train", "test"):
        assert load_mnist(other, split).checksum == load_mnist(folder, split).checksum


def test_missing_files_are_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(
        FileNotFoundError, match="no t10k-labels-idx1-ubyte or .*there is t10k-images.*embedded"
    ):
        load_mnist(folder, "test")
    with pytest.raises(FileNotFoundError, match="no train-images"):
        load_mnist(folder / "nowhere")


def test_damaged_files(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="truncated or damaged gzip"):
        load_mnist(folder)
    path.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with pytest.raises(ValueError, match=r"declares 9408 bytes .* but 9407 follow"):
        load_mnist(folder)
    for content in (b"", b"PNG nonsense", b"\0\0\x08"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="not an IDX file"):
            read_idx(path)
    path.write_bytes(idx(np.zeros((12, 27, 27))))
    with pytest.raises(ValueError, match="are not MNIST"):
        load_mnist(folder)
    path.write_bytes(idx(np.zeros((0, 28, 28))))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(0)))
    with pytest.raises(ValueError, match=r"shape \(0, 28, 28\) .* are not MNIST"):
        load_mnist(folder)


def test_bad_arguments():
    with pytest.raises(ValueError, match="source = None: give 'embedded'"):
        load_mnist(None)
    with pytest.raises(ValueError, match="seed = -1: give a whole number"):
        smnist(split="test", seed=-1)
    sequences = smnist(split="test")
    with pytest.raises(IndexError, match=r"index 3: .* such as \[3:4\] for one"):
        sequences[3]
    with pytest.raises(ValueError, match="per_class = 1.5"):
        sequences.balanced(1.5, np.random.default_rng(1))
    with pytest.raises(ValueError, match="no sequence"):
        sequences[:0]


def test_unknown_split():
    with pytest.raises(ValueError, match="split = 'dev'"):
        load_mnist(split="dev")


def test_openml(monkeypatch):
    class Bunch:
        data = np.repeat(np.arange(70000) % 256, 784).reshape(70000, 784).astype(float)
        target = (np.arange(70000) % 10).astype(str)

    def fetch(name, **options):
        assert name == "mnist_784"
        return Bunch

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    train, test = load_mnist("openml"), load_mnist("openml", "test")
    assert (len(train), len(test)) == (60000, 10000)
    assert test.images[0, 0, 0] == 60000 % 256
    assert test.labels[:3].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "error",
    [
        OSError("no route to host"),
        HTTPError("https://openml.org", 412, "Precondition failed", None, None),
        ValueError("md5 checksum of local file does not match description"),
        IncompleteRead(b""),
        zlib.error("invalid block type"),
    ],
)
def test_openml_gives_nothing(monkeypatch, error):
    def fetch(name, **options):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    name = type(error).__name__
    with pytest.raises(ConnectionError, match=f"no digits .{name}: .*use source='embedded'"):
        load_mnist("openml")
