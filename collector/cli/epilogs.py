"""The epilog of each command's help: examples and exit codes."""

from __future__ import annotations

from collections.abc import Mapping

FAILURES = """\
  64 usage error   78 bad spec, bundle or settings   130 interrupted
  70 internal error, or the report could not be delivered
"""
VERDICTS = """\
exit codes:
  0 ok   1 warning   2 critical   3 unknown: too little was seen for a verdict
"""
EXIT_CODES: Mapping[str, str] = {
    "": VERDICTS + FAILURES,
    "diagnose": VERDICTS + "  with --check: 0 the plan is complete   3 not all items could be listed\n" + FAILURES,
    "analyze": VERDICTS + FAILURES,
    "lint": "exit codes:\n  0 no problems\n" + FAILURES,
    "diff": "exit codes:\n  0 success, whatever changed\n" + FAILURES,
    "demo": "exit codes:\n  0 success, whatever verdict it shows\n" + FAILURES,
}
"""By command: verdicts for those that make a report, `ANY` for the others."""
ANY = "exit codes:\n  0 success\n" + FAILURES
EXAMPLES: Mapping[str, str] = {
    "": """\
  collector demo                        see what it does, without a cluster
  collector diagnose SPEC               which node is broken, and why?
  collector diagnose SPEC --check       dry run: what it would ask
  collector explain disk.full           what a cause means, and what to do
""",
    "diagnose": """\
  collector diagnose specs/navidrome.yml
  collector diagnose SPEC --check
  collector diagnose SPEC -e job=gitea -e service=gitea-web -o json
  collector diagnose SPEC -l 'node[1-3]' -t litefs --deadline 10s
  collector diagnose SPEC -o html --out report.html --bundle run.gz
  collector diagnose SPEC --state DIR --mail-to ops@example.org \\
                     --mail-when change
""",
    "analyze": """\
  collector analyze run.gz -v
  collector analyze run.gz -o html --out report.html
  collector analyze run.gz --now 2026-11-24T07:00:00Z
""",
    "lint": """\
  collector lint specs/*.yml
""",
    "explain": """\
  collector explain                     the list of codes
  collector explain disk.full           one of them
""",
    "diff": """\
  collector diff yesterday.gz today.gz
  collector diff yesterday.json today.json -o json
""",
    "demo": """\
  collector demo list                   the incidents that ship
  collector demo                        the default one
  collector demo lease-unreachable -v   another one, in full detail
  collector demo incident.jsonl.gz      a file from `collector record`
""",
    "record": """\
  collector record specs/navidrome.yml incident.jsonl.gz
""",
    "schema": """\
  collector schema                      the list of schemas
  collector schema report               what `-o json` prints
""",
    "completion": """\
  source <(collector completion bash)   in ~/.bashrc
  collector completion zsh > DIR/_collector
                                        DIR is one of zsh's $fpath
  collector completion fish > ~/.config/fish/completions/collector.fish
""",
}
"""Instructive calls, by command; each fits 80 columns."""


def epilog(command: str) -> str:
    """Return the examples and exit codes of a command; of the program itself for the empty name."""
    return f"examples:\n{EXAMPLES[command]}\n{EXIT_CODES.get(command, ANY)}"
