"""The selftest, compiled once for all files here."""

import pytest
from cuda_on_cpu.programs import compiled


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def program(tmp_path_factory, cache):
    return compiled(tmp_path_factory.mktemp("selftest"), cache, sanitize=False)


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory, cache):
    return compiled(tmp_path_factory.mktemp("selftest"), cache, sanitize=True)
