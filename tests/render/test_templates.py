import pytest

from collector.errors import SettingsError, UsageError
from collector.render import FORMATS, render

from .samples import CRASH, HOSTILE, SAMPLES


def test_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="choose one of text, json, html"):
        render(CRASH, "yaml")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_control_character_is_ever_put_out(sample, format_):
    text = render(SAMPLES[sample], format_, verbose=2)
    assert [character for character in text if (ord(character) < 0x20 and character not in "\n\t") or 0x7F <= ord(character) <= 0x9F] == []
    assert text.endswith("\n")
    text.encode()


def test_collected_text_is_never_a_template():
    assert "{{ report.spec }} {% raw %}" in render(HOSTILE, "json")


def test_users_template_comes_before_ours(tmp_path):
    (tmp_path / "report.txt.j2").write_text("{{ report.verdict }} in {{ report.duration_seconds | duration }}\n")
    assert render(CRASH, "text", template_dirs=[tmp_path]) == "critical in 0.4 s\n"


def test_users_template_can_build_on_ours(tmp_path):
    (tmp_path / "report.txt.j2").write_text('call 555-0100\n{% include "collector/report.txt.j2" %}')
    assert render(CRASH, "text", template_dirs=[tmp_path]) == "call 555-0100\n" + render(CRASH, "text")


def test_users_page_can_replace_one_block_of_ours(tmp_path):
    (tmp_path / "report.html.j2").write_text('{% extends "collector/report.html.j2" %}{% block nodes %}<p>none</p>{% endblock %}')
    page = render(CRASH, "html", template_dirs=[tmp_path])
    assert "<p>none</p>" in page
    assert "app.exited" in page


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ report.verdikt }}", "no attribute 'verdikt'"),
        ("{% if %}", r"report\.txt\.j2:1"),
        ("{{ report.__class__.__mro__ }}", "unsafe"),
        ("{% include 'nowhere.j2' %}", "nowhere"),
    ],
)
def test_wrong_template_of_a_user_is_their_setting_and_says_where(tmp_path, template, message):
    (tmp_path / "report.txt.j2").write_text(template)
    with pytest.raises(SettingsError, match=message):
        render(CRASH, "text", template_dirs=[tmp_path])


def test_template_cannot_leave_its_directory(tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "report.txt.j2").write_text('{% include "../secret" %}')
    with pytest.raises(SettingsError, match="secret"):
        render(CRASH, "text", template_dirs=[tmp_path / "templates"])
