"""A small table of kinds, to test the language independently of the collector's kinds."""

from collector.kinds.kind import Argument, Kind


def _rung(_args):
    return []
    yield


def _kind(name, arguments=None, *, rungs=("api",), one_of=()):
    ladder = tuple((rung, None) for rung in rungs)
    return Kind(name, f"collects {name}", dict.fromkeys(rungs, _rung), ladder, arguments or {}, one_of=one_of)


KINDS = {
    "plants": _kind("plants"),
    "leaves": _kind("leaves", {"plant": Argument("string", "which plant", required=True, item="name")}, rungs=("near", "far")),
    "water": _kind(
        "water",
        {
            "tank": Argument("string", "which tank"),
            "pipe": Argument("string", "which pipe"),
            "litres": Argument("integer", "how much", default=1),
            "stops": Argument("array", "where", default=()),
            "quality": Argument("string", "how clean", default="rain", choices=("rain", "tap")),
        },
        one_of=("tank", "pipe"),
    ),
}

HEAD = "version: 1\nname: garden\n"
