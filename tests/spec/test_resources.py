import json
import subprocess
import sys

import pytest

from collector import resources
from collector.errors import UsageError
from collector.suggest import did_you_mean


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Return the package as installed from a wheel: its data beside its modules."""
    package = tmp_path / "collector"
    for name in ("schemas/kinds/a.schema.json", "schemas/spec.schema.json"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(json.dumps({"title": name}))
    (tmp_path / "secret.schema.json").write_text("{}")
    monkeypatch.setattr(resources, "_PACKAGE", package)
    resources.schema.cache_clear()
    yield package
    resources.schema.cache_clear()


def test_in_a_checkout_data_is_found_at_its_root() -> None:
    assert "spec" in resources.schema_names()
    assert "kinds/nomad_nodes" in resources.schema_names()
    assert resources.schema("spec")["title"] == "Collection spec"
    assert "healthy" in resources.incidents()
    assert resources.incident("healthy").is_file()
    assert resources.spec_path("navidrome").is_file()
    assert resources.template_dir().is_dir()
    assert len(resources.rule_files()) > 1
    assert resources.joins_file() not in resources.rule_files()


def test_in_a_wheel_data_is_found_beside_the_modules(wheel) -> None:
    assert resources.schema_names() == ("kinds/a", "spec")
    assert resources.schema("kinds/a") == {"title": "schemas/kinds/a.schema.json"}


@pytest.mark.parametrize("name", ["../secret", "../../secret", "kinds", "", "/etc/passwd", "kinds/../spec"])
def test_a_name_cannot_escape_the_directory(wheel, name) -> None:
    with pytest.raises(UsageError, match="there is no"):
        resources.schema(name)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match='did you mean "app-crash"'):
        resources.incident("app-crsh")
    with pytest.raises(UsageError, match="there are: navidrome"):
        resources.spec_path("x")


def test_nothing_near_is_no_suggestion() -> None:
    assert did_you_mean("lnes", ["lines", "job"]) == 'did you mean "lines"?'
    assert did_you_mean("zzz", ["lines", "job"]) == ""


def test_a_spec_is_loaded_without_jinja_and_jsonschema() -> None:
    code = (
        "import sys; from pathlib import Path; from collector.resources import spec_path; from collector.spec import load_spec;"
        "path = spec_path('navidrome'); load_spec(path.read_text('utf-8'), str(path), syntax=False);"
        "assert not {'jinja2', 'jsonschema', 'requests', 'difflib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
