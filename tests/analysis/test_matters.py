"""Applications' errors about themselves, in each language's format, and errors that may be the consequence of another problem."""

from __future__ import annotations

import pytest

from collector.loglines.matters import own_matter

SETTING, PROGRAM = "a setting that it misses", "a part of its program that is not there"
DATA, INDEX = "data that it refuses", "an index that it builds anew"
OWN = [
    ("KeyError: 'WIKI_SECRET_KEY'", SETTING),
    ('config.rb:3:in `fetch\': key not found: "" (KeyError)', SETTING),
    ("Error: environment variable WIKI_URL is not set", SETTING),
    ("panic: required environment variable WIKI_URL not set", SETTING),
    ("WIKI_URL must be set", SETTING),
    ("thread 'main' panicked at src/main.rs:3: WIKI_URL: environment variable not found", SETTING),
    ("Error: Missing required environment variable: WIKI_URL", SETTING),
    ("django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.", SETTING),
    ("Missing `secret_key_base` for 'production' environment", SETTING),
    ("java.lang.IllegalArgumentException: Could not resolve placeholder 'wiki.url' in value \"${wiki.url}\"", SETTING),
    ("ActionView::MissingTemplate: Missing template layouts/application", PROGRAM),
    ("jinja2.exceptions.TemplateNotFound: base.html", PROGRAM),
    ('html/template: "base.html" is undefined', PROGRAM),
    ("ModuleNotFoundError: No module named 'wiki.plugins'", PROGRAM),
    ("Error: Cannot find module 'express'", PROGRAM),
    ("Caused by: java.lang.ClassNotFoundException: org.wiki.Main", PROGRAM),
    ('PHP Fatal error:  Uncaught Error: Class "App\\Wiki" not found in /srv/index.php:3', PROGRAM),
    ("cannot load such file -- bootsnap/setup (LoadError)", PROGRAM),
    ("wiki: error while loading shared libraries: libvips.so.42: cannot open shared object file", PROGRAM),
    ("System.InvalidOperationException: Configuration value 'Wiki:Url' is missing", SETTING),
    ("Error: Cannot find package 'express' imported from /srv/app.js", PROGRAM),
    ("ImportError: cannot import name 'x' from 'y'", PROGRAM),
    ("NameError: uninitialized constant Wiki::Page", PROGRAM),
    ("wiki: symbol lookup error: wiki: undefined symbol: vips_init", PROGRAM),
    ('Error: Failed to lookup view "home" in views directory "/srv/views"', PROGRAM),
    ("org.thymeleaf.exceptions.TemplateInputException: Error resolving template [home]", PROGRAM),
    ("IntegrityError: UNIQUE constraint failed: settings.name", DATA),
    ("SQLSTATE[23000]: Integrity constraint violation: 19 UNIQUE constraint failed (Connection: sqlite)", DATA),
    ('ERROR: duplicate key value violates unique constraint "settings_name"', DATA),
    ("NOT NULL constraint failed: wiki.primary_key", DATA),
    ('{"status":"reindexing","done":"41%"}', INDEX),
    ("503 Service Unavailable: KeyError: 'WIKI_SECRET_KEY'", SETTING),
]
NOT_KNOWN = [
    "",
    "Internal Server Error",
    '{"status":"starting"}',
    '{"error":"no primary available"}',
    '{"replica":"stale"}',
    "KeyError: 'user'",
    "NoMethodError: undefined method `name' for nil",
    "TypeError: Cannot read properties of undefined (reading 'id')",
    "no such table: settings",
    "PRIMARY_HOST is not set",
    "CONFIG_FILE not found",
    "environment variable LEADER_URL not set",
    "could not read PRIMARY KEY of replica",
    "sqlite3.OperationalError: attempt to write a readonly database",
    "reindexing failed: database is locked",
    "ModuleNotFoundError after disk I/O error",
    "OSError: [Errno 28] No space left on device: 'template.html'",
    "lookup login.lan on 10.1.0.53:53: read udp 10.1.0.13:40113->10.1.0.53:53: i/o timeout",
    "Error: cannot find module cache at 127.0.0.1:6379: connection refused",
    "stat /srv/db/settings: transport endpoint is not connected",
]


@pytest.mark.parametrize(("text", "matter"), OWN)
def test_an_applications_own_error_is_recognised_in_each_language(text: str, matter: str) -> None:
    assert own_matter(text) == matter


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_an_error_that_may_follow_from_another_fault_is_not_the_applications_own(text: str) -> None:
    assert own_matter(text) is None
