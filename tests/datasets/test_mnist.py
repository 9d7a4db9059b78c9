import gzip
import struct

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
    with pytest.raises(ValueError, match="101 digits of each class.* 100"):
        sequences.balanced(101, np.random.default_rng(1))


def test_folder_of_idx_files(folder):
    train, test = load_mnist(folder), load_mnist(str(folder), "test")
    assert len(train) == 12
    assert len(test) == 5
    assert train.labels.tolist() == [*range(10), 0, 1]


def test_missing_files_are_named(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="no t10k-labels-idx1-ubyte or .*embedded"):
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


def test_openml_out_of_reach(monkeypatch):
    def fetch(name, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(ConnectionError, match="no route to host.*use source='embedded'"):
        load_mnist("openml")
