"""Dependencies may be redistributed with the collector, and docs/dependencies.md says so."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Licences compatible with Apache-2.0 for an unmodified package.
ALLOWED = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MPL-2.0", "PSF-2.0"}
# What packages wrote before SPDX expressions.
SPDX = {
    "Apache Software License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def installed() -> list[str]:
    """Return the packages in the run-time lock that are installed here; some are for other Python versions."""
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE)
    here = {found.name.lower().replace("_", "-") for found in metadata.distributions()}
    assert len(here & set(locked)) >= 20
    return [name for name in locked if name in here]


def licence(package: str) -> str:
    """Return an SPDX expression: the package's own, or the equivalent of its words."""
    told = metadata.metadata(package)
    classifiers = [line.rsplit(" :: ")[-1] for line in told.get_all("Classifier") or [] if line.startswith("License")]
    words = told.get("License-Expression") or told.get("License") or ""
    if not words or "\n" in words:
        (words,) = classifiers
    return SPDX.get(words, words)


def documented() -> dict[str, str]:
    """Return package -> licence from the tables of docs/dependencies.md."""
    told = {}
    for line in (ROOT / "docs" / "dependencies.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            told |= dict.fromkeys(
                (name.lower() for name in re.findall(r"`([\w-]+)`", cells[0])), cells[-1] if len(cells) == 3 else cells[-2]
            )
    return told


@pytest.mark.parametrize("package", installed())
def test_the_licence_lets_it_be_passed_on(package: str) -> None:
    assert set(re.split(r" AND | OR ", licence(package))) <= ALLOWED


@pytest.mark.parametrize("package", installed())
def test_the_licence_is_the_documented_one(package: str) -> None:
    assert set(re.split(r" AND | OR ", licence(package))) <= set(documented()[package].split(" AND "))
