"""`collector demo`: the main job, through the real HTTP and command-line path, on a recorded incident."""

from __future__ import annotations

import argparse
import os
import sys

from collector.commands.collecting import collect_and_conclude, progress_bar, read_spec
from collector.commands.reporting import handover, plain_arguments
from collector.errors import DeliveryError
from collector.pipeline import Call
from collector.replay import Recording, demo_environment
from collector.resources import incident, incidents, spec_path
from collector.settings import Settings

SPEC = "navidrome"


def run(arguments: argparse.Namespace) -> int:
    """Replay an incident and report on it; 0 when that worked, whatever the verdict."""
    if arguments.incident == "list":
        sys.stdout.write("\n".join(incidents()) + "\n")
        return 0
    recording = Recording.load(incident(arguments.incident))
    with (
        demo_environment(recording, path=os.environ.get("PATH", "")) as environ,
        progress_bar(wanted=not arguments.quiet) as progress,
    ):
        settings = Settings.from_environment({**_harmless(), **environ})
        spec = read_spec(str(spec_path(SPEC)), recording.meta.get("vars", []), settings)
        _, report = collect_and_conclude(Call(spec, settings, progress=progress))
    code = handover(plain_arguments(arguments), settings, spec).finish(report)
    return code if code == DeliveryError.exit_code else 0


def _harmless() -> dict[str, str]:
    """What a demonstration may take from the user's environment: nothing that leads to a real cluster."""
    return {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
