"""`diagnose` on recorded clusters: through the proxy, on the recorded addresses, and on a recording of the replay."""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping

import pytest

from collector.kinds import KINDS
from collector.model import JSON, Bundle
from collector.pipeline import Call, gather
from collector.redact import Redactor
from collector.replay import Recording, demo_environment, replay_server
from collector.replay.demo import environment, write_command
from collector.replay.record import WIDER, Recorder, crawl
from collector.resources import spec_path
from collector.settings import Settings
from collector.sources import Sources
from collector.spec import load_spec
from tests.replay.addresses import served_on_its_addresses
from tests.replay.recordings import INCIDENTS

SPEC = spec_path("navidrome")


@pytest.fixture(params=INCIDENTS, ids=lambda path: path.name.split(".")[0])
def incident(request):
    return Recording.load(request.param)


def _collect(environ: Mapping[str, str], recorded: list[Recorder] | None = None) -> Bundle:
    spec = load_spec(SPEC.read_text(), str(SPEC), extra_vars={}, kinds=KINDS)
    settings = Settings.from_environment(environ)
    redactor = Redactor(settings.secret_values(), spec.redact)
    sources = Sources(settings, redactor)
    recorder = Recorder(sources, redactor, settings.describe())
    try:
        return gather(Call(spec, settings), recorder, redactor)
    finally:
        if recorded is not None:
            crawl(recorder, deadline=time.monotonic() + 60)
            recorded.append(recorder)
        sources.close()


def _told(bundle: Bundle) -> list[str]:
    """Return each item's outcome without the number that distinguishes items of the same name, which depends on timing."""
    return sorted(repr((r.id.split("#")[0], r.status, r.rung, r.reason, _lasting(r.data), r.date)) for r in bundle.results)


def _lasting(data: JSON) -> JSON:
    """Remove when LiteFS was queried by this machine's clock."""
    return {key: value for key, value in data.items() if key not in {"date_at", "date_within"}} if isinstance(data, dict) else data


def test_an_incident_holds_all_that_the_spec_asks_and_a_recording_of_its_replay_replays_the_same(incident, tmp_path):
    recorders: list[Recorder] = []
    with replay_server(incident) as replay:
        first = _told(_collect(environment(incident, replay, write_command(incident, tmp_path)), recorders))
    wider = {request.path for request in WIDER}
    unknown = [asked.path for asked in replay.unknown if asked.path not in wider]
    assert [path for path in unknown if not path.startswith("/v1/client/fs/ls/")] == []  # requested only since the incidents were recorded
    recorders[0].recording({"scenario": "again"}).save(tmp_path / "again.gz")
    with demo_environment(Recording.load(tmp_path / "again.gz")) as environ:
        again = _told(_collect(environ))
    assert again == first


@pytest.mark.parametrize("name", ["app-crash", "no-leader", "nomad-client-down"])
def test_the_proxy_does_not_change_the_results(name):
    incident = Recording.load(next(path for path in INCIDENTS if path.name.startswith(name)))
    with demo_environment(incident) as environ:
        through_the_proxy = _told(_collect(environ))
    try:
        with served_on_its_addresses(incident) as environ:
            directly = _told(_collect(environ))
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}:
            raise
        pytest.skip(f"the recorded addresses are not free here: {error}")
    assert directly == through_the_proxy
