"""What a secret looks like, as data. The rules are tried in this order, each on what the ones before it left.

A pattern's group `v` is the secret itself and is replaced; what stands around it stays, so that a reader still sees what it was. Words are
matched in any case. IDs of allocations, nodes, evaluations and sessions, LiteFS's cluster IDs, TXIDs and checksums are no secrets: none of
these fits them, unless someone calls one a token.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """`needles` are lower-case texts of which one must be there before the pattern is worth trying; `name` goes into the placeholder.

    No name may be a word that the patterns look for: `<redacted:token:1f2e>` would be read as a token.
    """

    name: str
    needles: tuple[str, ...]
    pattern: str


PLACEHOLDER: Final = r"<redacted:[a-z-]+:[0-9a-f]{4}>"

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SECRET_WORDS: Final = ("passw", "passphrase", "pwd", "secret", "token", "credential", *(f"{end}key" for end in "_-isetnp"))
"""What `_WORD` holds one of; of `api_key`, `accessKey` and the like the last letter before the key."""
_NOT_NEXT = r"(?<!next)(?<!next[_-])"
"""Before `token`: that of Nomad's pagination is an ID."""
_WORD = (
    rf"(?:{_NOT_NEXT}token|password|passwd|passphrase|pwd|secret|credentials?"
    r"|(?:api|access|secret|private|encrypt|encryption|gossip|account)[_-]?key)(?:[ _-]?(?:id|value|hash))?"
)
_QUOTE = r"""\\{0,3}["']"""
_IS = rf"(?:{_QUOTE})?\s{{0,8}}(?>=>|:=|[:=]|%3[ad])\s{{0,8}}"
_REAL = r"(?!<redacted:|(?:true|false|null|none|nil)\b|\$[{(a-z_]|\{\{)"
_BARE = r"(?!\\{1,3}[\"'])(?:(?!<redacted:)[^\s\"'`])+?(?=[,;:.)}\]\\]{0,8}(?:[\s\"'`]|<redacted:|\Z))"

NAMED_KEY: Final = rf"{_WORD}\Z"
"""A key of structured data whose whole value is a secret."""

RULES: Final = (
    Rule(
        "pem",
        ("-----begin ",),
        r"(?P<v>-----BEGIN [A-Z0-9 ]{1,40}-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END [A-Z0-9 ]{1,40}-----|(?=-----BEGIN )|\Z))",
    ),
    Rule("pem", ("-----end ",), r"(?P<v>(?<![\w+/=])(?:[\w+/=]{16,100}(?:\s|\\n){1,4}){1,60}-----END [A-Z0-9 ]{1,40}-----)"),
    Rule("url", ("://",), rf"://[^\s/:@\"'<>]{{0,256}}:{_REAL}(?P<v>[^\s/\"']{{1,512}})@"),
    Rule(
        "header",
        ("authorization",),
        rf"authorization{_IS}\[?(?:{_QUOTE})?(?:(?:bearer|basic|digest|token|negotiate)\s{{1,8}})?+{_REAL}(?P<v>{_BARE})",
    ),
    Rule("bearer", ("bearer",), r"\bbearer\s{1,8}(?P<v>(?=[\w.~+/=-]{0,64}\d|[\w.~+/=-]{20})[\w.~+/=-]{8,})"),
    Rule("jwt", ("eyj",), r"\b(?P<v>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*(?:\.[\w-]+){0,2})"),
    Rule("aws", ("akia", "asia"), r"\b(?P<v>(?:AKIA|ASIA)[0-9A-Z]{16})\b"),
    Rule(
        "vendor",
        ("gh", "github_pat_", "glpat-", "xox", "hvs.", "hvb.", "hvr.", "aiza", "k_live_", "k_test_", "npm_"),
        r"\b(?P<v>gh[pousr]_[a-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|hv[sbr]\.[\w-]{20,}"
        r"|AIza[\w-]{30,}|[sr]k_(?:live|test)_[a-z0-9]{10,}|npm_[a-z0-9]{30,})",
    ),
    Rule(
        "uuid",
        ("token", "secret"),
        rf"(?:{_NOT_NEXT}token|secret)(?:[ _-]?id)?[\s\"'=:(\[]{{1,12}}(?:is\s|was\s|of\s)?[\"']?(?P<v>{_UUID})",
    ),
    Rule("query", ("?", "&"), rf"[?&][\w.-]{{0,64}}{_WORD}={_REAL}(?P<v>[^\s&#\"'<>]+)"),
    Rule("named", _SECRET_WORDS, rf"{_WORD}{_IS}(?P<q>[\"']){_REAL}(?P<v>(?:\\.|(?!(?P=q))[^\\\n])+)(?:(?P=q)|$)"),
    Rule("named", _SECRET_WORDS, rf"{_WORD}{_IS}(?P<q>\\{{1,3}}[\"']){_REAL}(?P<v>(?:(?!(?P=q))[^\n])+?)(?:(?P=q)|$)"),
    Rule(
        "named",
        _SECRET_WORDS,
        rf"^[ \t-]{{0,64}}(?:{_QUOTE})?[\w.-]{{0,64}}?{_WORD}(?:{_QUOTE})?:[ \t]{{1,8}}{_REAL}(?P<v>[^\s\"'](?:[^\n]*\S)?)[ \t]*$",
    ),
    Rule("named", _SECRET_WORDS, rf"{_WORD}{_IS}{_REAL}(?P<v>{_BARE})"),
    Rule("flag", _SECRET_WORDS, rf"(?:^|\s)--?[\w-]{{0,64}}?{_WORD}\s{{1,4}}(?!-){_REAL}(?P<v>{_BARE})"),
)
