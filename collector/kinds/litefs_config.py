"""Finds LiteFS's lease configuration in a job: `consul:` blocks of litefs.yml in templates, environment and arguments.

The text is a template, not YAML, so it is searched rather than parsed. Source: docs/litefs.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from collector.kinds import shapes
from collector.kinds.shapes import Obj
from collector.model import JSON

_BODY = r"[^\n]*\n?(?P<body>(?:(?P=indent)[ \t]+[^\n]*(?:\n|\Z)|[ \t]*(?:\{\{[^\n]*)?\n)*)"
"""Lines indented deeper than the key; lines of Nomad's template language may stand anywhere."""
BLOCK = re.compile(r"^(?P<indent>[ \t]*)consul:[ \t]*(?P<flow>\{[^}\n]*\})?" + _BODY, re.MULTILINE)
LEASE_BLOCK = re.compile(r"^(?P<indent>[ \t]*)lease:[ \t]*" + _BODY, re.MULTILINE)
STATIC = re.compile(r"""^[ \t]*type:[ \t]*["']?static\b""", re.MULTILINE)
KEY = re.compile(r"""(?:^|[{,\s])key:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#,}'"][^\n#,}]*))""", re.MULTILINE)
URL = re.compile(r"https?://[^\s\"'{}<>|\\^`]+")
TEMPLATE = re.compile(r"\{\{-?\s*env\s+[\"'`](\w+)[\"'`]\s*-?\}\}|\$\{(\w+)\}|\$(\w+)")
COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
LEASE = re.compile(r"^[ \t]*lease:", re.MULTILINE)
MAX_TEXT = 1 << 17


def leases(job: Obj) -> dict[str, JSON]:
    """Return `lease_keys` and `lease_urls` without duplicates, in order of appearance; keys that only the node can render are omitted.

    `litefs_yml` lists the files rendered from templates with a `lease:`, as paths for `nomad alloc fs`: `TASK/PATH`.
    """
    keys: list[str] = []
    urls: list[str] = []
    files: list[str] = []
    for text, file in _configurations(job):
        files += [file] if file else []
        for block in _consul_blocks(text):
            found = [url.rstrip(".,;)") for url in URL.findall(block)]
            urls += found
            keys += [_prefixed(key, found) for key in _keys(block)]
    return {name: list(dict.fromkeys(some)) for name, some in (("lease_keys", keys), ("lease_urls", urls), ("litefs_yml", files))}


def _consul_blocks(text: str) -> Iterator[str]:
    """Return the `consul:` blocks of Consul leases, without comments; a static lease may contain one that is not used."""
    for lease in LEASE_BLOCK.finditer(text):
        if not STATIC.search(lease["body"]):
            yield from (COMMENT.sub("", (match["flow"] or "") + "\n" + match["body"]) for match in BLOCK.finditer(lease["body"]))


def _configurations(job: Obj) -> Iterator[tuple[str, str]]:
    """Return each text that may contain a litefs.yml, with the variables replaced that are equal on all nodes, and its file."""
    for group in shapes.objects(job, "TaskGroups"):
        for task in shapes.objects(group, "Tasks"):
            env = {name: value for name, value in shapes.mapping(task, "Env").items() if isinstance(value, str)}
            values = env | _identity(job, group, task)
            templates = [(shapes.text(one, "EmbeddedTmpl"), _file(task, one)) for one in shapes.objects(task, "Templates")]
            args = shapes.mapping(task, "Config").get("args")
            words = [word for word in args if isinstance(word, str)] if isinstance(args, list) else []
            texts = [*templates, *((text, "") for text in (*env.values(), *words))]
            yield from ((_rendered(text[:MAX_TEXT], values), file) for text, file in texts if LEASE.search(text[:MAX_TEXT]))


def _file(task: Obj, template: Obj) -> str:
    """Return a template's path in the allocation's directory; `${NOMAD_TASK_DIR}` and similar variables are resolved."""
    path = shapes.text(template, "DestPath")
    for variable, directory in (("NOMAD_TASK_DIR", "local"), ("NOMAD_SECRETS_DIR", "secrets")):
        path = path.replace(f"${{{variable}}}", directory)
    return f"{shapes.text(task, 'Name')}/{path.lstrip('/')}" if path and "$" not in path else ""


def _identity(job: Obj, group: Obj, task: Obj) -> dict[str, str]:
    """Return Nomad's runtime variables that are equal for all allocations."""
    return {
        "NOMAD_JOB_ID": shapes.text(job, "ID"),
        "NOMAD_JOB_NAME": shapes.text(job, "Name") or shapes.text(job, "ID"),
        "NOMAD_NAMESPACE": shapes.text(job, "Namespace"),
        "NOMAD_REGION": shapes.text(job, "Region"),
        "NOMAD_GROUP_NAME": shapes.text(group, "Name"),
        "NOMAD_TASK_NAME": shapes.text(task, "Name"),
    }


def _keys(block: str) -> list[str]:
    found = ("".join(match).strip() for match in KEY.findall(block))
    return [key for key in found if key and not any(mark in key for mark in ("{", "}", "$"))]


def _rendered(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2] or match[3]
        return values.get(name, match[0])

    return TEMPLATE.sub(value, text)


def _prefixed(key: str, urls: list[str]) -> str:
    """Prepend the path of `consul.url` to the key, as LiteFS does (consul.go:83,130); with several URLs it is unknown which one applies."""
    try:
        path = urlsplit(urls[0]).path.strip("/") if len(urls) == 1 else ""
    except ValueError:
        path = ""
    return f"{path}/{key}".strip("/") if path else key.strip("/")
