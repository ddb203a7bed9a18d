"""Descriptions of requests, as a reader would write them."""

from __future__ import annotations

import pytest

from collector.collect.dispatch import describe
from collector.model import Dial, Exec, Http, Request


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (Http("nomad", "/v1/nodes", {"per_page": 5}), "GET nomad/v1/nodes?per_page=5"),
        (Http("litefs", "/info", base="http://n1:20202"), "GET http://n1:20202/info"),
        (Exec("a1", "web", ("ls", "-a")), "nomad alloc exec -task web a1 ls -a"),
        (Dial("10.0.0.8", 80), "connect 10.0.0.8:80"),
        (Dial("fd00::8", 80), "connect [fd00::8]:80"),
    ],
)
def test_a_request_is_described_as(request_: Request, written: str) -> None:
    assert describe(request_) == written
