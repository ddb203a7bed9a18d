"""The real servers, started once for this package; tests are skipped, with the reason, if they are missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.lab.binaries import find
from tests.privilege.guarded import Guarded, guarded_consul, guarded_nomad

CONSUL_VERSION = "1.13.9"
REQUIRED = "COLLECTOR_REQUIRE_REAL"


@pytest.fixture(scope="session")
def consul() -> Iterator[Guarded]:
    binary = find("consul")
    if not binary or binary.version != CONSUL_VERSION:
        _give_up(f"consul {CONSUL_VERSION} is neither on PATH nor built (`make servers`)")
    with guarded_consul(binary.path) as running:
        yield running


@pytest.fixture(scope="session")
def nomad() -> Iterator[Guarded]:
    """Nomad is not built by the tests but used if installed. Its client needs root."""
    binary = find("nomad")
    if not binary:
        pytest.skip("there is no nomad on PATH")
    if os.geteuid() != 0:
        pytest.skip("a Nomad client needs root")
    with guarded_nomad(binary.path) as running:
        yield running


@pytest.fixture(autouse=True, scope="session")
def tools() -> None:
    if not shutil.which("setpriv"):
        _give_up("not on PATH: setpriv, without which a killed test run would leave servers behind")


def _give_up(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and the real servers cannot run: {reason}", pytrace=False)
    pytest.skip(f"needs real servers: {reason}")
