"""What secrets look like, as data. Rules are applied in this order, each to the output of those before it.

A pattern's group `v` is the secret and is replaced; the text around it stays for the reader. Matching ignores case. IDs of allocations,
nodes, evaluations and sessions, LiteFS's cluster IDs, TXIDs and checksums are not secrets: no rule matches them, unless named as a token.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """`needles` are lower-case strings of which one must be present before the pattern is tried; `name` is used in the placeholder.

    A name must not be a word that the patterns look for: `<redacted:token:1f2e>` would be read as a token.
    """

    name: str
    needles: tuple[str, ...]
    pattern: str


PLACEHOLDER: Final = r"<redacted:[a-z-]+:[0-9a-f]{4}>"

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SECRET_WORDS: Final = ("passw", "passphrase", "pwd", "secret", "token", "credential", *(f"{end}key" for end in "_-isetnprd"))
"""`_WORD` contains one of these; for `api_key`, `accessKey` and the like, the last letter before the key."""
_NOT_NEXT = r"(?<!next)(?<!next[_-])"
"""Before `token`: Nomad's pagination token is an ID."""
_WORD = (
    r"(?-i:[acegmpstACEGMPST])(?:(?<=t)(?<!nextt)(?<!next[_-]t)oken|(?<=p)(?:assword|asswd|assphrase|wd)|(?<=s)ecret|(?<=c)redentials?"
    r"|(?:(?<=a)(?:pi|ccess|ccount)|(?<=s)(?:ecret|hared)|(?<=p)rivate|(?<=e)ncrypt(?:ion)?|(?<=g)ossip|(?<=m)aster)[_-]?key)"
    r"(?:[ _-]?(?:id|value|hash)|[_-](?:post|base(?:64)?|data|old|new|\d{1,2}))?"
)
"""The first letters are factored out: with a case-sensitive first character class `re` skips non-matching positions twice as fast."""
_SHORT = r"(?:(?<=[_.-])|(?<=db)|(?<=sql)|(?<=smtp)|(?<=user))pass"
"""Only as the end of a setting's name, `SMTP_PASS`: alone it is a common word in logs."""
_QUOTE = r"""\\{0,3}["']"""
_EQUALS = r"(?>=>|:=|=|%3d)\s{0,8}"
_IS = rf"(?:{_QUOTE})?\s{{0,8}}(?>=>|:=|[:=]|%3[ad])\s{{0,40}}"
_PASS_IS = rf"(?:{_SHORT}{_IS}|(?<![a-z0-9_.-])pass(?:{_QUOTE}\s{{0,8}}:\s{{0,8}}|(?:{_QUOTE})?\s{{0,8}}{_EQUALS}))"
"""`pass=` and `"pass":`, but not `pass: `, which also begins a sentence."""
_BLOCK = r"[|>][+-]?\d?[+-]?"
"""YAML: the value is the indented text below."""
_REAL = rf"(?!<redacted:|(?:true|false|null|none|nil)\b|\$[{{(a-z_]|\{{\{{|{_BLOCK}[ \t]{{0,8}}(?:\n|\Z))"
_NO_COUNT = r"(?!\d{1,4}(?:[/.,%]\d{0,4})?%?(?:[\s,;\\\"')\]}]|\Z)|(?:ok|yes|no|on|off|first|second|third|last|final|failed)\b)"
"""After `pass`, which is also a verb and a round: `pass=3/4 tests`."""
_BARE = r"(?!\\{1,3}[\"'])[^\s\"'`]+?(?=[,;:.)}\]\\]{0,8}(?:[\s\"'`]|<redacted:|\Z))"
_PASS_NEEDLES: Final = tuple(f"pass{end}" for end in "=: \"'\\%")
_AUTH_NEEDLES: Final = tuple(f"auth{end}" for end in "=: \"'\\%")

NAMED_KEY: Final = rf"(?:{_WORD}|{_SHORT}|\Apass|authorization|\A(?:set-)?cookie|requirepass|masterauth)\Z"
"""A key of structured data whose whole value is a secret."""
_KEY = rf"(?:{_QUOTE})?[\w.-]{{0,64}}?(?:{_WORD}|pass)(?:{_QUOTE})?"
OPEN_KEY: Final = rf"(?:^|[\s{{,\[(]){_KEY}[ \t]{{0,8}}[:=][ \t]{{0,8}}(?P<block>{_BLOCK})?[ \t]{{0,8}}\Z"
"""The end of a line whose value is on the next one."""
OPEN_FLAG: Final = rf"\A--?[\w-]{{0,64}}?{_WORD}\Z"
"""An argument whose value is the next one."""


def _named(needles: tuple[str, ...], before: str, real: str = _REAL) -> tuple[Rule, Rule, Rule]:
    """Return a pattern for the value after a name and its separator: quoted, quoted with escapes, or bare."""
    return (
        Rule("named", needles, rf"{before}(?P<q>[\"']){real}(?P<v>(?:\\.|(?!(?P=q))[^\\\n])+)(?:(?P=q)|$)"),
        Rule("named", needles, rf"{before}(?P<q>\\{{1,3}}[\"']){real}(?P<v>(?:(?!(?P=q))[^\n])+?)(?:(?P=q)|$)"),
        Rule("named", needles, rf"{before}{real}(?P<v>{_BARE})"),
    )


_QUOTED, _ESCAPED, _UNQUOTED = _named(_SECRET_WORDS, rf"{_WORD}{_IS}")

RULES: Final = (
    Rule(
        "pem",
        ("-----begin ",),
        r"(?P<v>-----BEGIN [A-Z0-9 ]{1,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z))",
    ),
    Rule("pem", ("-----end ",), r"(?P<v>(?<![\w+/=])(?:[\w+/=]{16,100}(?:\s|\\n){1,4}){1,60}-----END [A-Z0-9 ]{1,40}-----)"),
    Rule("url", ("://",), rf"://[^\s/:@\"'<>\[]{{0,256}}:{_REAL}(?P<v>[^\s/\"']{{1,512}}|(?!\d{{1,5}}/)[^\s\"'<>]{{1,512}})@"),
    Rule(
        "url",
        ("@tcp", "@unix(", "@udp("),
        rf"(?<![\w.%:-])[\w.%-]{{1,64}}:{_REAL}(?P<v>[^\s\"'<>]{{1,128}}?)@(?:tcp6?|unix|udp)\(",
    ),
    Rule(
        "header",
        ("authorization",),
        rf"authorization{_IS}\[?(?:{_QUOTE})?(?:(?:bearer|basic|digest|token|negotiate)\s{{1,8}})?+{_REAL}(?P<v>{_BARE})",
    ),
    Rule(
        "header",
        ("cookie",),
        rf"\b(?:set-)?cookie2?{_IS}\[?(?:{_QUOTE})?(?P<v>[\w.-]{{1,128}}=[^\s;,\"'\\<>]{{4,}}(?:;[ \t]?[\w.-]{{1,128}}=[^\s;,\"'\\<>]+)*)",
    ),
    Rule("bearer", ("bearer",), r"\bbearer\s{1,8}(?P<v>(?=[\w.~+/=-]{0,64}\d|[\w.~+/=-]{20})[\w.~+/=-]{8,})"),
    # Only near the start of a run of such characters; otherwise each `eyJ` in `-eyJ-eyJ-` is tried up to the end of the line.
    Rule("jwt", ("eyj",), r"(?<![\w-])(?:[\w-]{0,32}[_-])?(?P<v>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*(?:\.[\w-]+){0,2})"),
    Rule("aws", ("akia", "asia"), r"\b(?P<v>(?:AKIA|ASIA)[0-9A-Z]{16})\b"),
    Rule(
        "vendor",
        (
            "gh",
            "github_pat_",
            "glpat-",
            "xox",
            "hvs.",
            "hvb.",
            "hvr.",
            "aiza",
            "k_live_",
            "k_test_",
            "npm_",
            "dckr_pat_",
            "sg.",
            "age-secret-",
        ),
        r"\b(?P<v>gh[pousr]_[a-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|hv[sbr]\.[\w-]{20,}"
        r"|AIza[\w-]{30,}|[sr]k_(?:live|test)_[a-z0-9]{10,}|npm_[a-z0-9]{30,}"
        r"|dckr_pat_[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{30,}|AGE-SECRET-KEY-1[a-z0-9]{20,})",
    ),
    Rule("vendor", ("hooks.slack.com/services/",), r"hooks\.slack\.com/services/(?P<v>[\w/]{10,})"),
    Rule("vendor", ("/api/webhooks/",), r"/api/webhooks/\d{1,32}/(?P<v>[\w-]{10,})"),
    Rule(
        "hash",
        ("$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$apr1$", "$argon2"),
        r"(?P<v>\$(?:1|2[aby]|5|6|y|apr1|argon2i?d?)\$[\w./+=,$-]{8,})",
    ),
    Rule(
        "uuid",
        ("token", "secret"),
        rf"(?:{_NOT_NEXT}token|secret)(?:[ _-]?id)?[\s\"'=:(\[]{{1,12}}(?:is\s|was\s|of\s)?[\"']?(?P<v>{_UUID})",
    ),
    Rule("query", ("?", "&"), rf"[?&][\w.-]{{0,64}}(?:{_WORD}|(?<![a-z])pass|sig|signature)={_REAL}(?P<v>[^\s&#\"'<>]+)"),
    Rule(
        "query",
        ("signature=", "signature%3d"),
        rf"(?:x-(?:amz|goog)-signature(?:=|%3d)|signature=(?=[\w+/=%.~-]{{16}})){_REAL}(?P<v>[\w+/=%.~-]+)",
    ),
    # Subsonic's API, used by Navidrome: a plain password, or its salted hash, which is as good. http://www.subsonic.org/pages/api.jsp
    Rule("query", ("/rest/",), rf"/rest/[\w.]{{1,64}}\?(?:[^\s\"'<>]{{0,256}}?&)?[pt]={_REAL}(?P<v>[^\s&\"'<>]+)"),
    Rule("query", _SECRET_WORDS, rf"{_WORD}%22(?:%20|\+)?%3a(?:%20|\+)?%22{_REAL}(?P<v>(?:(?!%22)[^\s&\"'<>])+)"),
    Rule("named", _SECRET_WORDS, rf"<[\w.:-]{{0,64}}?{_WORD}>{_REAL}(?P<v>[^<>\n]{{1,512}})</"),
    # A container's environment: {"Name": "DB_PASSWORD", "Value": "..."}.
    Rule(
        "named",
        _SECRET_WORDS,
        rf"{_QUOTE}(?:name|key){_QUOTE}\s{{0,8}}:\s{{0,8}}{_QUOTE}[\w.-]{{0,64}}?{_WORD}{_QUOTE}\s{{0,8}},\s{{0,40}}{_QUOTE}value{_QUOTE}\s{{0,8}}:\s{{0,8}}"
        rf"(?P<q>{_QUOTE}){_REAL}(?P<v>(?:(?!(?P=q))[^\n])+)(?P=q)",
    ),
    Rule(
        "block",
        (*_SECRET_WORDS, "pass:"),
        rf"^(?P<in>[ \t]{{0,64}})(?:-[ \t]{{1,4}})?{_KEY}:[ \t]{{1,8}}{_BLOCK}[ \t]{{0,8}}\n"
        r"(?P=in)[ \t]{1,64}(?!<redacted:)(?P<v>\S[^\n]*(?:(?:\n[ \t]{0,64}){0,3}\n(?P=in)[ \t]{1,64}\S[^\n]*)*)",
    ),
    Rule(
        "named",
        _SECRET_WORDS,
        rf"{_WORD}{_QUOTE}\s{{0,8}}:\s{{0,8}}(?P<v>[\[{{]\s{{0,40}}[^\s\[\]{{}}<>][^\[\]{{}}\n<>]{{0,2000}}[\]}}])",
    ),
    _QUOTED,
    _ESCAPED,
    Rule(
        "named",
        _SECRET_WORDS,
        rf"^[ \t-]{{0,64}}(?:{_QUOTE})?[\w.-]{{0,64}}?{_WORD}(?:{_QUOTE})?:[ \t]{{1,8}}{_REAL}(?P<v>[^\s\"'](?:[^\n]*\S)?)[ \t]*$",
    ),
    _UNQUOTED,
    *_named(_PASS_NEEDLES, _PASS_IS, _REAL + _NO_COUNT),
    Rule("named", ("pass:",), rf"^[ \t-]{{0,64}}(?-i:[pP]ass):[ \t]{{1,8}}{_REAL}{_NO_COUNT}(?P<v>[^\s\"':]+)[ \t]*$"),
    # Redis and HTTP. A mechanism's name, such as `ldap`, is not a secret.
    Rule(
        "named",
        _AUTH_NEEDLES,
        rf"(?<![a-z])auth{_IS}(?:{_QUOTE})?{_REAL}(?!scram|sha|md5|oauth|hmac|aes|rsa|user|node|x509|krb)"
        r"(?=[\w+/=~!@#$%^&*-]{0,64}\d)(?=[\w+/=~!@#$%^&*-]{0,64}[a-z])(?P<v>[\w+/=~!@#$%^&*-]{8,512})(?=[\s\"'\\,;)}\]]|\Z)",
    ),
    Rule(
        "flag",
        ("requirepass", "masterauth"),
        rf"\b(?:requirepass|masterauth)[ \t]{{1,4}}(?:{_QUOTE})?{_REAL}(?!(?:is|was|not|option|directive)\b)(?P<v>{_BARE})",
    ),
    Rule("flag", ("sshpass",), rf"\bsshpass[\s\"',]{{1,6}}-p[\s\"',]{{0,6}}+{_REAL}(?P<v>{_BARE})"),
    Rule(
        "flag",
        ("curl",),
        rf"\bcurl\b[^\n|;]{{0,200}}?[\s\"',](?:-u|--user|--proxy-user)[\s\"',=]{{0,6}}[^\s:\"'<>]{{1,64}}:{_REAL}(?P<v>[^\s\"'<>]{{1,256}})",
    ),
    Rule(
        "flag",
        ("mysql", "mariadb"),
        rf"\b(?:mysql|mariadb)[\w-]{{0,16}}\b[^\n|;]{{0,200}}?\s-p(?!ort|ath|lugin|rotocol){_REAL}(?P<v>[^\s\"'-][^\s\"']{{2,255}})",
    ),
    Rule("flag", ("identified by",), rf"\bidentified by (?:password )?(?P<q>['\"]){_REAL}(?P<v>(?:(?!(?P=q))[^\n])+)(?P=q)"),
    Rule(
        "flag",
        ("machine",),
        rf"\bmachine[ \t]{{1,4}}\S{{1,128}}[ \t]{{1,4}}login[ \t]{{1,4}}\S{{1,64}}\s{{1,4}}password\s{{1,4}}{_REAL}(?P<v>\S{{1,256}})",
    ),
    Rule("flag", _SECRET_WORDS, rf"(?:^|\s)--?[\w-]{{0,64}}?{_WORD}\s{{1,4}}(?!-){_REAL}(?P<v>{_BARE})"),
)
