"""The lease in a job's litefs.yml, in whatever form the job contains it."""

from __future__ import annotations

from typing import Any

import pytest

from collector.kinds.litefs_config import leases


def job(text: str, path: str = "local/lfs.yml") -> dict[str, Any]:
    return {
        "ID": "wiki",
        "TaskGroups": [{"Name": "web", "Tasks": [{"Name": "lfs", "Templates": [{"EmbeddedTmpl": text, "DestPath": path}]}]}],
    }


CONSUL = "lease:\n  type: consul\n  consul:\n    url: http://127.0.0.1:8500\n    key: app/lease\n"
CASES = {
    "consul's": (CONSUL, ["app/lease"]),
    "the same, deeper": ("".join(f"    {line}\n" for line in CONSUL.splitlines()), ["app/lease"]),
    "with lines of the template language between": (
        CONSUL.replace("  consul:", '{{ with env "X" }}\n  consul:') + "{{ end }}\n",
        ["app/lease"],
    ),
    "a key of Nomad's own": (CONSUL.replace("app/lease", '{{ env "NOMAD_JOB_ID" }}/lease'), ["wiki/lease"]),
    "static, beside one that does not count": (CONSUL.replace("type: consul", 'type: "static"'), []),
    "consul for something else than the lease": ("lease:\n  type: static\nconsul:\n  key: other\n", []),
    "a lease, and consul for something else after it": (CONSUL + "backup:\n  consul:\n    key: other\n", ["app/lease"]),
}


@pytest.mark.parametrize("case", CASES)
def test_only_a_lease_in_consul_has_a_key(case: str) -> None:
    text, keys = CASES[case]
    assert leases(job(text))["lease_keys"] == keys


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("local/lfs.yml", "lfs/local/lfs.yml"),
        ("/secrets/litefs.yml", "lfs/secrets/litefs.yml"),
        ("${NOMAD_SECRETS_DIR}/litefs.yml", "lfs/secrets/litefs.yml"),
        ("${NOMAD_META_where}/litefs.yml", None),
        ("", None),
    ],
)
def test_the_file_is_named_as_nomad_finds_it(path: str, file: str | None) -> None:
    assert leases(job(CONSUL, path))["litefs_yml"] == ([file] if file else [])
