"""The built wheel in an environment that has the dependencies and nothing of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DATA = ("schemas", "templates", "specs", "incidents")


def _run(*words, cwd, path=""):
    environ = {"PATH": os.pathsep.join(filter(None, [path, "/usr/bin", "/bin"])), "HOME": str(cwd)}
    return subprocess.run([str(word) for word in words], cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def _build(kind, directory):
    done = _run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", directory, ROOT, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = directory.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return _build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return the directory with the executables of an environment that has the wheel.

    The dependencies come from the tests' environment, which has the locked versions, so no network is needed. The .pth files of a directory
    added by a .pth file are ignored, so the editable install of this checkout is not included.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    paths = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    site = Path(paths["purelib"])
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    python = Path(paths["scripts"]) / "python"
    done = _run(sys.executable, "-m", "pip", f"--python={python}", "install", "--no-index", "--no-deps", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return python.parent


@pytest.mark.parametrize("directory", DATA)
def test_all_data_ships(wheel, directory):
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith(f"collector/{directory}/")}
    here = {f"collector/{path.relative_to(ROOT)}" for path in (ROOT / directory).rglob("*") if path.is_file()}
    here = {name for name in here if "__pycache__" not in name}
    assert here
    assert shipped == here


def test_the_wheel_has_the_licence_the_types_and_no_tests(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert "collector/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"collector"}


def test_the_source_distribution_has_what_a_packager_needs(tmp_path):
    with tarfile.open(_build("sdist", tmp_path)) as archive:
        top = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    assert top >= {"collector", *DATA, "tests", "docs", "deploy", "requirements", "bin", "Makefile", "LICENSE", "README.md", "CHANGELOG.md"}
    assert not top & {".venv", ".cache"}


def test_the_installed_collector_is_not_this_checkout(installed, tmp_path):
    where = _run(installed / "python", "-c", "import collector; print(collector.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)


def test_the_demo_runs_from_the_wheel(installed, tmp_path):
    done = _run(installed / "collector", "demo", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "odroid8" in done.stdout
    assert "app.exited" in done.stdout


def test_the_module_is_the_console_script(installed, tmp_path):
    script = _run(installed / "collector", "--version", cwd=tmp_path)
    module = _run(installed / "python", "-m", "collector", "--version", cwd=tmp_path)
    assert script.returncode == 0
    assert (module.returncode, module.stdout) == (0, script.stdout)
