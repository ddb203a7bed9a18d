"""Recognises errors that are an application's own: not caused by a disk, lock, lease, link or another service."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

_UNSET = r"(?:must be set|(?:(?:is|was|has) )?(?:not (?:been )?(?:set|defined|configured)|required|missing|unset|empty|undefined))\b"
_SETTING = r"(?:environment variable|env var|setting|config(?:uration)? (?:key|value|option|property))s?"
_MATTERS: Mapping[str, Sequence[str]] = {
    "a setting that it misses": (
        r"KeyError: '[A-Z][A-Z0-9_]{2,}'",  # Python, os.environ
        r'key not found: "(?:"|[A-Z][A-Z0-9_]{2,}")',  # Ruby, ENV.fetch; the quoted name may have been redacted
        rf"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b[`'\"]?,? {_UNSET}",
        rf"(?i:\b{_SETTING} [`'\"]?[\w.:-]{{1,60}}[`'\"]? {_UNSET})",
        rf"(?i:\b(?:missing|required) (?:required |mandatory )?{_SETTING})",
        r"environment variable not found|ImproperlyConfigured",  # Rust, Django
        r"Missing [`'\"]secret_key_base|No application encryption key has been specified",  # Rails, Laravel
        r"Could not resolve placeholder '",  # Spring
    ),
    "a part of its program that is not there": (
        r"MissingTemplate|TemplateNotFound|TemplateDoesNotExist|View \[[^\]]{1,100}\] not found",  # Rails, Jinja, Django, Laravel
        r"(?i:\btemplate:? [`'\"]?[\w./-]{1,100}[`'\"]? (?:is |was )?(?:not found|not defined|undefined|missing|does not exist))",  # Go
        r"html/template: |TemplateSyntaxError|ActionView::Template::Error|\b(?:Indentation|Syntax|Name)Error: |ClassCastException",
        r"ModuleNotFoundError|No module named |Cannot find (?:module|package) |cannot load such file",
        r"Class [\"'][^\"']{1,200}[\"'] not found",
        r"ImportError: cannot import name |NameError: uninitialized constant |symbol lookup error: |Undefined constant ",
        r"Failed to lookup view |Error resolving template |template: \S{1,100}: no such template",  # Express, Thymeleaf, Go
        r"ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError|Call to undefined (?:function|method)",
        r"error while loading shared libraries|Could not load file or assembly|UnsatisfiedLinkError|NoSuchFieldError",
        r"MissingResourceException|NoSuchBeanDefinitionException|(?:MissingMethod|TypeLoad)Exception|Unable to resolve service for type",
        r"(?:Interface|Trait) [\"'][^\"']{1,200}[\"'] not found|UndefinedFunctionError|AttributeError: (?:partially initialized )?module '",
        r"ReferenceError: [\w$]{1,80} is not defined|\b(?:ERR_)?MODULE_NOT_FOUND\b",
        r"PackageNotFoundError|DistributionNotFound|Gem::MissingSpecError",
    ),
    "data that it refuses": (
        r"(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed|SQLITE_CONSTRAINT",
        r"(?i:violates (?:unique|not-null|check|foreign key) constraint|duplicate (?:key|entry)\b|integrity constraint violation)",
    ),
    "another service that it needs": (
        r"(?i:\b(?:smtp|imap|ldap|redis|memcached?|rabbitmq|amqp|kafka|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|elasticsearch|minio|oauth|oidc|licen[cs]e)\b)",
    ),
    "an index that it builds anew": (
        r"(?i:\bre-?index(?:ing)?\b|\brebuilding (?:the |its )?(?:search )?index\b|\bindex is being (?:re)?built\b)",
    ),
}
_OF_THE_CLUSTER = re.compile(
    r"(?i)read[ -]?only|\block(?:ed|s)?\b|\bbusy\b|i/o|input/output|no space|disk|quota|malformed|database is|unable to open|out of memory"
    r"|primary(?![ _]?key)|replica|leader|\blag|\bstale\b|\blease|litefs|consul|no such (?:file|host)|permission denied"
    r"|refused|time[ds]?[- ]?out|deadline|unreachable|(?<!service )unavailable|not connected|transport endpoint"
    r"|\bE(?:CONN|HOST|NET|AI_|IO|ROFS|NOSPC|DQUOT|ADDR)"
)
"""Words about what the cluster provides; `Service Unavailable` is HTTP's phrase for any 503."""


@cache
def _known() -> Mapping[str, re.Pattern[str]]:
    """Compiled on first use, since most runs have no errors to look into."""
    return {matter: re.compile("|".join(patterns)) for matter, patterns in _MATTERS.items()}


def may_follow(text: str | None) -> bool:
    """True if the text may be the consequence of another problem, so that the error is not certainly the application's own."""
    return bool(text and _OF_THE_CLUSTER.search(text))


def own_matter(text: str) -> str | None:
    """Return the error in words; None if the text contains none, or also something that another problem may have caused."""
    if not text or may_follow(text):
        return None
    return next((matter for matter, pattern in _known().items() if pattern.search(text)), None)
