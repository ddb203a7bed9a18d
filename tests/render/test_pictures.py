import pytest

from collector.render import report_document
from collector.render.timeline import SHAPES, timeline_picture
from collector.render.topology import topology

from .samples import CHANGED, CRASH, HEALTHY, NOW, SAMPLES, TWO_FAULTS, event, row

LABEL = 58
"""How wide a label of the axis is: eight figures of 12.5 pixels."""


def streams(report):
    picture = topology(report_document(report))
    boxes = picture["boxes"][-len(picture["edges"]) :]
    return {box["full"]: edge["state"] for box, edge in zip(boxes, picture["edges"], strict=True)}


def test_streams_of_a_healthy_cluster_are_whole():
    assert streams(HEALTHY) == {"odroid7": "ok", "odroid8": "ok"}


def test_picture_shows_what_is_cut_and_what_was_not_seen():
    assert streams(TWO_FAULTS) == {"odroid7": "cut", "odroid8": "cut", "odroid9": "unseen", "odroid10": "unseen"}


def test_stream_of_a_lagging_replica_is_late_and_says_by_how_much():
    late = row("n2", lag_seconds=12.0, severity="warning", databases=({"name": "db", "txid": 3, "checksum": None, "behind": 9},))
    picture = topology(report_document(HEALTHY._replace(nodes=(HEALTHY.nodes[0], late))))
    assert [(edge["state"], edge["label"]) for edge in picture["edges"]] == [("late", "9 tx behind")]


def test_node_that_is_not_well_for_another_reason_is_not_called_late():
    sick = row("n2", lag_seconds=0.3, severity="critical", nomad="down")
    assert streams(HEALTHY._replace(nodes=(HEALTHY.nodes[0], sick))) == {"n2": "ok"}


def test_cluster_without_primary_shows_that_there_is_none():
    picture = topology(report_document(HEALTHY._replace(nodes=HEALTHY.nodes[1:])))
    assert picture["boxes"][0]["name"] == "no primary"
    assert {edge["state"] for edge in picture["edges"]} == {"cut"}
    assert picture["text"].startswith("No primary was seen.")


def test_every_primary_has_a_box():
    two = (HEALTHY.nodes[0], HEALTHY.nodes[0]._replace(name="other"))
    assert [box["full"] for box in topology(report_document(HEALTHY._replace(nodes=two)))["boxes"]] == ["odroid6", "other"]


def test_large_cluster_draws_the_sick_and_counts_the_rest():
    picture = topology(report_document(SAMPLES["large"]))
    assert "node-017" in {box["full"] for box in picture["boxes"]}
    assert len(picture["boxes"]) == 9
    assert picture["more"] == "and 291 more nodes that are not drawn"


@pytest.mark.parametrize("sample", SAMPLES)
def test_everything_is_drawn_inside_the_picture(sample):
    document = report_document(SAMPLES[sample])
    if picture := topology(document):
        tall = picture["box"]["height"]
        assert all(0 <= box["x"] <= picture["width"] and 0 <= box["y"] <= picture["height"] - tall for box in picture["boxes"])
    if picture := timeline_picture(document):
        assert all(picture["left"] <= mark["x"] <= picture["right"] and mark["y"] < picture["height"] for mark in picture["marks"])


def test_no_picture_without_anything_to_draw():
    document = report_document(SAMPLES["unseen"])
    assert (topology(document), timeline_picture(document)) == (None, None)


def test_crash_loop_is_one_mark_that_counts():
    loop = tuple(
        {"at": NOW - second / 10, "node": "n1", "kind": "task", "text": "Restarting", "severity": "warning"} for second in range(21, 0, -1)
    )
    start = {"at": NOW - 3600, "node": "n1", "kind": "task", "text": "Started", "severity": None}
    picture = timeline_picture(report_document(CRASH._replace(timeline=(start, *loop))))
    assert sum(mark["number"] or 1 for mark in picture["marks"]) == 22
    assert len(picture["marks"]) < 8


def test_events_stand_in_order_with_the_latest_on_the_right():
    picture = timeline_picture(report_document(CRASH))
    node = [mark["x"] for mark in picture["marks"] if mark["y"] == picture["lanes"][-1]["y"]]
    assert node == sorted(node)
    assert picture["lanes"][0]["name"] == "cluster"


def test_onset_is_marked():
    assert timeline_picture(report_document(CRASH))["onset"]["label"] == "onset 06:20:31"


def test_the_cluster_has_a_lane_however_many_nodes_are_worse_off():
    crowd = [event(number, "task_event", "Terminated", node=f"n{number}", severity="critical") for number in range(20)]
    picture = timeline_picture(report_document(CRASH._replace(timeline=(*crowd, event(5, "leader", "nomad leader a → b")))))
    assert picture["lanes"][0]["name"] == "cluster"
    assert any("nomad leader" in mark["title"] for mark in picture["marks"])


def test_labels_of_the_axis_do_not_run_into_each_other():
    for seconds in range(1, 4000, 7):
        events = (event(seconds, "check", "began"), event(0, "check", "ended"))
        last, *others = timeline_picture(report_document(CRASH._replace(timeline=events)))["ticks"]
        edges = [last["x"] - LABEL, *(tick["x"] - LABEL / 2 for tick in others)]
        assert all(left >= tick["x"] + LABEL / 2 for left, tick in zip(edges, others, strict=False))


def test_every_kind_has_a_shape_and_the_legend_names_those_that_are_drawn():
    picture = timeline_picture(report_document(CHANGED))
    assert {mark["shape"] for mark in picture["marks"]} <= {sign["shape"] for sign in picture["legend"]}
    named = {name for sign in picture["legend"] for name in sign["text"].split(" or ")}
    assert named == {SHAPES[event["kind"]][0] for event in CHANGED.timeline}


def test_kinds_are_told_apart_by_more_than_their_colour():
    shapes = {kind: shape for kind, (_, shape) in SHAPES.items()}
    assert shapes.pop("evaluation") == shapes["deployment"]
    assert len(set(shapes.values())) == len(shapes)


def test_what_happened_between_two_runs_has_a_bar_back_to_the_first():
    change = event(60, "primary", "primary a → b", after=3600)
    picture = timeline_picture(report_document(CRASH._replace(timeline=(change, event(0, "leader", "nomad leader a → b")))))
    (bar,) = picture["bars"]
    (mark,) = [mark for mark in picture["marks"] if "primary" in mark["title"]]
    assert picture["left"] <= bar["x1"] < bar["x2"] == mark["x"]


def test_a_change_of_the_only_run_there_is_is_drawn():
    picture = timeline_picture(report_document(CRASH._replace(timeline=(event(0, "leader", "nomad leader a → b", after=3600),))))
    assert [picture["left"] <= bar["x1"] < bar["x2"] for bar in picture["bars"]] == [True]


def test_the_picture_says_in_words_how_much_of_what_it_shows():
    text = timeline_picture(report_document(CHANGED))["text"]
    assert text.startswith(
        "1 task event, 3 check changes, 2 primary changes, 1 leader change, 1 node change, 1 deployment, 1 root cause in 1 d"
    )
