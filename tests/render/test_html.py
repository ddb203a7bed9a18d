import re
from html.parser import HTMLParser

import pytest

from collector import resources
from collector.render import mail_html, render
from collector.render.nodes import MAILED

from .samples import SAMPLES

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Records elements, and whether all were closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.unbalanced = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


OUTPUTS = {**{f"page of {name}": (render, name) for name in SAMPLES}, **{f"mail of {name}": (mail_html, name) for name in SAMPLES}}


@pytest.fixture(params=OUTPUTS)
def output(request):
    function, name = OUTPUTS[request.param]
    return function(SAMPLES[name], "html") if function is render else function(SAMPLES[name])


def test_every_element_is_closed(output):
    page = Page(output)
    assert page.unbalanced == []
    assert page.open == []


def test_nothing_is_loaded_and_nothing_can_run(output):
    page = Page(output)
    assert page.all("script", "iframe", "object", "embed", "img", "form", "base", "audio", "video") == []
    links = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("href", "src", "xlink:href", "data")
    ]
    assert [link for link in links if not link.startswith(("data:", "#"))] == []
    assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert not re.search(r"@import|url\((?!#)", output)


def test_collected_text_is_escaped(output):
    assert "<script" not in output
    assert "alert(1)</script>" not in output


def test_page_forbids_loading_by_its_own_policy():
    policy = next(meta["content"] for meta in Page(render(SAMPLES["crash"], "html")).all("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_page_says_the_verdict_first_then_the_cause_then_the_table():
    text = render(SAMPLES["crash"], "html")
    text = text[text.index("<body") :]
    parts = ["critical</span>", "<h1>", "Root cause", "app.exited", "no such table", "<table>", "<svg", "Diagnostics", '<pre class="log"']
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)


def test_tables_and_pictures_can_be_read_aloud():
    page = Page(render(SAMPLES["crash"], "html"))
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    labels = [attributes["aria-labelledby"].split() for _, attributes in page.elements if "aria-labelledby" in attributes]
    assert {name for label in labels for name in label} <= ids
    pictures = [attributes for attributes in page.all("svg") if attributes.get("aria-hidden") != "true"]
    assert [attributes.get("role") for attributes in pictures] == ["img", "img"]


def test_identifiers_are_unique(output):
    ids = [attributes["id"] for _, attributes in Page(output).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_mail_has_inline_styles_and_no_picture():
    page = Page(mail_html(SAMPLES["changed"]))
    assert page.all("svg", "style", "link", "details") == []
    assert all("class" not in attributes for _, attributes in page.elements)


def test_mail_can_be_as_narrow_as_a_phone():
    page = Page(mail_html(SAMPLES["two-faults"]))
    layouts = [attributes for attributes in page.all("table") if attributes.get("role") == "presentation"]
    assert [layout for layout in layouts if "table-layout:fixed" not in layout["style"]] == []
    assert len(page.all("th")) == MAILED
    assert any("overflow-wrap:anywhere" in layout["style"] for layout in layouts)


def test_mail_is_small():
    assert len(mail_html(SAMPLES["two-faults"]).encode()) < 40_000


def test_mail_has_every_node():
    text = mail_html(SAMPLES["two-faults"])
    assert all(f">{node.name}</td>" in text for node in SAMPLES["two-faults"].nodes)


# --- contrast (WCAG 2.2, 1.4.3: 4.5 to 1) ---

PAIRS = [
    *[(ink, ground) for ink in ("ink", "soft") for ground in ("page", "card", "code")],
    *[(tone, ground) for tone in ("critical", "warning", "ok", "unknown", "info") for ground in ("card", f"{tone}-soft", "page")],
    *[("ink", f"{tone}-soft") for tone in ("critical", "warning", "ok", "unknown")],
    *[("soft", f"{tone}-soft") for tone in ("critical", "warning", "ok", "unknown")],
    *[("unknown", "critical-soft"), ("warning", "critical-soft"), ("critical", "warning-soft")],
    *[("card", tone) for tone in ("critical", "warning", "ok", "unknown", "info")],
]


def palettes():
    css = (resources.template_dir() / "report.css.j2").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part.split("* {")[0])) for part in (light, dark)]


def luminance(colour):
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_has_sufficient_contrast(ink, ground, mode):
    palette = palettes()[mode]
    assert contrast(palette[ink], palette[ground]) >= 4.5
