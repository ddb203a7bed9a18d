"""The real servers: found or built once, started per module, named in the run's output."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from tests.conftest import TOLD
from tests.integration.fake_nomad import VERSION
from tests.integration.site import Site
from tests.lab.binaries import CACHE, Binary, find

SERVERS = Path(__file__).with_name("servers")
VERSIONS = {"consul": "1.13.9", "litefs": "0.5.14"}
TOOLS = ("unshare", "nsenter", "setpriv", "fusermount3")
REQUIRED = "COLLECTOR_REQUIRE_REAL"


@pytest.fixture(scope="session")
def binaries(request: pytest.FixtureRequest) -> Mapping[str, Binary]:
    """Return Consul and LiteFS of the tested versions, built if necessary. Skips if impossible, unless COLLECTOR_REQUIRE_REAL is set."""
    if reason := _hindrance():
        _give_up(reason)
    found = {name: _at_version(name) or _built(name) for name in VERSIONS}
    servers = ", ".join(str(binary) for binary in found.values())
    request.config.stash.setdefault(TOLD, []).append(
        f"real servers: {servers}; Nomad {VERSION} is a fake (tests/integration/fake_nomad.py)"
    )
    return found


@pytest.fixture(scope="module")
def running(binaries: Mapping[str, Binary]) -> Iterator[Site]:
    """Yield a Consul with three nodes, shared by the tests of a module that do not break Consul."""
    site = Site(binaries)
    try:
        site.boot()
        yield site
    finally:
        site.close()


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """Yield the shared cluster with nothing deployed on it."""
    yield running
    running.withdraw()


@pytest.fixture
def own(binaries: Mapping[str, Binary]) -> Iterator[Site]:
    """Yield a separate cluster, not booted yet, for tests that break or change Consul."""
    site = Site(binaries)
    try:
        yield site
    finally:
        site.close()


def _hindrance() -> str:
    """Return what this machine lacks for mounting FUSE in private namespaces; empty if nothing."""
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return f"not on PATH: {', '.join(lacking)}"
    if not Path("/dev/fuse").exists():
        return "there is no /dev/fuse"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return f"mount namespaces are not allowed: {tried.stderr.strip()}" if tried.returncode else ""


def _at_version(name: str) -> Binary | None:
    binary = find(name)
    return binary if binary and binary.version == VERSIONS[name] else None


def _built(name: str) -> Binary:
    """Build with Go from the module locked under servers/, through Go's own proxy and checksums."""
    go = shutil.which("go")
    if not go:
        _give_up(f"{name} {VERSIONS[name]} is not on PATH, and there is no Go to build it (`make servers`)")
    CACHE.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "GOBIN": str(CACHE)}
    built = subprocess.run([go, "install", "tool"], cwd=SERVERS / name, env=environ, capture_output=True, text=True, check=False)
    if built.returncode:
        _give_up(f"cannot build {name}: {built.stderr.strip()[-400:]}")
    binary = _at_version(name)
    assert binary, f"{name} was built into {CACHE}, but that is not what is found"
    return binary


def _give_up(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and the real servers cannot run: {reason}", pytrace=False)
    pytest.skip(f"needs the real Consul and LiteFS: {reason}")
