"""LiteFS's log messages as patterns, anchored at the start of the message (source: LiteFS v0.5.14)."""

from __future__ import annotations

import re

LITEFS_ID = r"(?:[0-9A-F]{16}: )?"
HARMLESS = re.compile(
    LITEFS_ID + r"(?:no backup client configured|using backup client|Using (?:Consul|static) to determine primary|initializing consul: "
    r"|using existing cluster id|set cluster id on |LiteFS mounted to|http server listening on|waiting to connect to cluster"
    r"|connected to cluster, ready|no proxy target set|proxy server listening on|starting (?:background )?subprocess"
    r"|waiting for signal or subprocess|primary lease acquired|acquiring existing lease from handoff|existing primary found"
    r"|stream (?:dis)?connected \(|writing snapshot|starting from txid|snapshot received for|database file is zero length on init"
    r"|wal-sync: no wal file|exiting primary, (?:destroying|preserving) lease|preserving lease for handoff"
    r"|disconnected from primary, retrying|cannot release consul key|consul key release error"
    r"|disconnected from primary with error, retrying: next frame: (?:unexpected EOF|EOF)"
    r"|disconnected from primary with error, retrying: .*\bcontext canceled\b"
    r"|node is not a candidate, skipping command|sending signal to exec process|waiting for exec process to close"
    r"|signal received, litefs shutting down|litefs shut down complete"
    r"|subprocess exited|LiteFS (?:development build|v\d)|config file read from|deprecated drop db frame|transaction file for txid"
    r"|cannot become primary, local node has no cluster ID|cannot acquire lease or find primary, retrying: no primary)"
)
"""LiteFS v0.5.14: start-up, handoff and shutdown. The last two are normal for a moment; rules combine them with the state."""
LITEFS_OWN = re.compile(
    LITEFS_ID + r"(?:cannot (?:fetch cluster ID|find primary|connect, \"consul\"|acquire lease|acquire existing lease|remove lease"
    r"|stream from primary|create journal|cannot read local|set cluster id)|disconnected from primary|replica disconnected, retrying"
    r"|lease renewal error"
    r"|primary lease lost|handoff unsuccessful|state change recovery error|fuse: |fuse serve error|mount helper error"
    r"|client (?:transaction id|preapply)|position mismatch|http: [A-Z]+ /|backup |fatal error occurred while|invalid database header on"
    r"|node lost write access|remote begin|halt lock|restoring from backup|closing proxy server|proxy: |cannot truncate|retention)"
)
SETTLES = re.compile(
    LITEFS_ID + r"(?:connected to cluster, ready|primary lease acquired|using existing cluster id|snapshot received for|stream connected)"
)
STARTS = re.compile(r"(?:no backup client configured|using backup client|config file read from|LiteFS (?:development build|v\d))")
LAST_WORD = re.compile(r"ERROR: (?! )")
"""LiteFS's final error, unformatted on stderr (cmd/litefs/main.go). Applications use the same form; PostgreSQL with two spaces."""
ENDS = re.compile(
    LAST_WORD.pattern
    + r"(?:cannot (?:init (?:store|http server|consul|file system)|open store|run proxy server|exec|specify a database replication filter"
    r"|(?:read|parse|unmarshal) config)\b|init logger: |invalid lease type|promote: |yaml: |EOF\s*$|config file not found"
    r"|open .*\.ya?ml: |(?:fuse|data) directory (?:required|and data directory))"
)
"""Final errors that only LiteFS writes (v0.5.14, cmd/litefs/mount_linux.go, config.go)."""
SUPERVISES = re.compile(r"starting (?:background )?subprocess")
"""After this line the application may log, and the only final error of LiteFS is that `exec` failed."""
OF_ANYONE = re.compile(
    LAST_WORD.pattern + r"(?:yaml: |EOF\s*$|config file not found|cannot (?:read|parse|unmarshal) config\b|open .*\.ya?ml: )"
)
"""Those of `ENDS` that an application with a configuration of its own may write as well: LiteFS writes them before anything else."""
LEAVES = re.compile(
    LITEFS_ID + r"(?:exiting primary|signal received|sending signal to exec process|subprocess exited|litefs shut down complete"
    r"|disconnected from primary.*\bcontext canceled)"
)
"""LiteFS is about to end, so that the next line may be the first one of its next start."""
ROLE_TAKEN = re.compile(LITEFS_ID + r"(?:existing primary found|primary lease acquired|connected to cluster, ready)")
ROLE_CHANGE = re.compile(
    LITEFS_ID + r"(?:existing primary found|primary lease|exiting primary|connected to cluster, ready|disconnected from primary)"
)
"""Between roles the application cannot know where it may write: the file with the primary's name is missing."""
MOUNTING = re.compile(r"mount helper error|fusermount")
"""LiteFS acquires its lease concurrently, so messages about the lease may come later and do not end it."""
ENDING = re.compile(r"context canceled$")
"""A replica's message that its stream ends at shutdown."""
OF_FILES = re.compile(r"fuse: |fatal error")
"""LiteFS's messages about its own node, as opposed to its lease and its stream."""
NOT_TAKEN = re.compile(
    r"fatal error occurred while applying ltx to|"
    + LITEFS_ID
    + r"disconnected from primary with error, retrying: process \w+ stream frame: "
)
"""A replica could not write or apply what the primary sent. It requests the same again, so one in sync has since applied it."""
ENDED = re.compile(r"fatal error occurred|ERROR: ")
"""LiteFS exits after this; data that a replica could not write does not end it."""
LTX_FILE = re.compile(r"/dbs/(?P<database>[^/\s]{1,200})/ltx/[0-9a-f]{16}-(?P<txid>[0-9a-f]{16})\.ltx\b")
"""The file of a transaction, in the system's error messages (v0.5.14, db.go LTXPath)."""
NOT_THERE = re.compile(
    LITEFS_ID + r"disconnected from primary with error, retrying: connect to primary: .*(?:connection refused|: code=\d+)"
)
"""A replica was rejected at once; the message would recur right after the next `FOUND` (store.go, monitorLease)."""
FOUND = re.compile(LITEFS_ID + r"existing primary found")
FOLLOWS = re.compile(LITEFS_ID + r'existing primary found .*, connecting as replica to \\?"(?P<url>[^"\\\s]{1,300})')
OTHER_ID = re.compile(r"cannot stream from primary with a different cluster id: (?P<mine>LFSC\w+) <> (?P<other>LFSC\w+)")
OF_LEASE = re.compile(
    LITEFS_ID + r"(?:cannot fetch cluster ID|cannot find primary|cannot (?:acquire|remove) lease|lease renewal error|primary lease lost)"
)
"""Problems with the lease. Each `GAINED` line results from an answer to the same requests, so the problem is then over."""
READY = re.compile(r"connected to cluster, ready")
"""By then LiteFS has its lease or primary, its mount and its port: what prevented that is over."""
NOBODY = re.compile(LITEFS_ID + r"cannot (?:find primary|acquire lease or find primary)\b[^:]*, retrying: no primary\s*$")
"""Consul has answered that there is no primary or that the key is locked: earlier failures to reach it are over."""
UNREACHED = re.compile(r'(?:Get|Put) \\?"https?://')
"""Go's message for an unanswered request; an error answered by Consul has another form."""
ANSWERED = "Unexpected response code"
"""Consul's API client prefixes errors that Consul answered with this: Consul was reached."""
GAINED = re.compile(LITEFS_ID + r"(?:primary lease acquired|existing primary found|acquiring existing lease from handoff)")
LOST = re.compile(LITEFS_ID + r"(?:primary lease lost|exiting primary|disconnected from primary)")
"""LiteFS v0.5.14, store.go: leaving the loop in which a node is primary or replica."""
STREAM = re.compile(LITEFS_ID + r"(?:disconnected from primary|replica disconnected|cannot stream from primary)(?!.*position mismatch)")
"""A replica's problem with the stream from its primary itself, not with its content."""
PARTING = re.compile(LITEFS_ID + r"disconnected from primary")
"""A replica's message that its stream has ended; harmless variants are not a problem."""
