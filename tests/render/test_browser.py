"""The page in a real browser: Debian's chromium, headless, on files only."""

import html
import json
import re
import shutil
import subprocess

import pytest

from collector.render import mail_html, render

from .samples import SAMPLES, row

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (Debian's package `chromium`)")]

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--allow-file-access-from-files",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
    "--dump-dom",
]

MAILS = {
    **{name: SAMPLES[name] for name in ("crash", "two-faults", "changed", "hostile", "large")},
    "long names": SAMPLES["crash"]._replace(nodes=tuple(row(f"n-{number}.{'fra.example.' * 5}org") for number in range(3))),
}

FRAME = """<!doctype html><iframe id="page" src="page.html" style="width:{width}px;height:800px;border:0"></iframe>
<script>
document.getElementById("page").onload = event => {{
  const page = event.target.contentDocument;
  const free = element => !element.closest("pre.log, .scroll, svg");
  const size = text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a; // as shown, whatever the font's own height is
  const measured = {{
    scroll: page.documentElement.scrollWidth,
    wide: [...page.querySelectorAll("body *")]
      .filter(e => free(e) && e.getBoundingClientRect().right > {width} + 0.5).map(e => e.outerHTML.slice(0, 90)),
    small: [...page.querySelectorAll("svg text:not(.count)")].filter(e => size(e) < 10).map(e => [e.textContent, size(e)]),
    ground: getComputedStyle(page.body).backgroundColor,
    open: page.querySelectorAll("details[open]").length,
  }};
  const out = document.createElement("p");
  out.id = "measured";
  out.textContent = JSON.stringify(measured);
  document.body.append(out);
}};
</script>"""
"""A frame has exactly the width that is asked for, and the page in it can be measured without a script of its own."""


@pytest.fixture
def measure(tmp_path):
    """Return the browser's measurements of a page in a frame of that width, and its console output."""

    def measured(page, width, *flags):
        (tmp_path / "page.html").write_text(page, "utf-8")
        (tmp_path / "frame.html").write_text(FRAME.format(width=width), "utf-8")
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags, (tmp_path / "frame.html").as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        found = re.search(r'<p id="measured">(.*?)</p>', done.stdout, re.DOTALL)
        return {**json.loads(html.unescape(found[1])), "console": [line for line in done.stderr.splitlines() if "CONSOLE" in line]}

    return measured


@pytest.mark.parametrize("sample", ["two-faults", "hostile"])
@pytest.mark.parametrize("width", [360, 1280])
def test_page_fits_its_window_and_its_console_is_silent(measure, sample, width):
    found = measure(render(SAMPLES[sample], "html"), width)
    assert found["scroll"] <= width
    assert found["wide"] == []
    assert found["console"] == []


@pytest.mark.parametrize("sample", MAILS)
@pytest.mark.parametrize("width", [320, 360, 700])
def test_mail_fits_its_window(measure, sample, width):
    found = measure(mail_html(MAILS[sample]), width)
    assert found["scroll"] <= width
    assert found["wide"] == []


def test_pictures_can_be_read_on_a_phone(measure):
    assert measure(render(SAMPLES["two-faults"], "html"), 360)["small"] == []


def test_page_is_dark_where_the_reader_wants_it_dark(measure):
    page = render(SAMPLES["crash"], "html")
    assert measure(page, 800)["ground"] == "rgb(246, 247, 249)"
    assert measure(page, 800, "--blink-settings=preferredColorScheme=0")["ground"] == "rgb(15, 19, 24)"
