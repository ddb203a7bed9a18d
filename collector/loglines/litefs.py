"""What LiteFS logs, as patterns that begin where a message begins (facts: the sources of LiteFS v0.5.14)."""

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
"""LiteFS v0.5.14: start-up, handoff and shutdown. The last two are normal for a moment; rules read them with the state."""
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
"""LiteFS's last word before it leaves: raw, on stderr (cmd/litefs/main.go). Applications write so as well; PostgreSQL with two blanks."""
ENDS = re.compile(
    LAST_WORD.pattern
    + r"(?:cannot (?:init (?:store|http server|consul|file system)|open store|run proxy server|exec|specify a database replication filter"
    r"|(?:read|parse|unmarshal) config)\b|init logger: |invalid lease type|promote: |yaml: |EOF\s*$|config file not found"
    r"|open .*\.ya?ml: |(?:fuse|data) directory (?:required|and data directory))"
)
"""Those that only LiteFS writes (v0.5.14, cmd/litefs/mount_linux.go, config.go)."""
SUPERVISES = re.compile(r"starting (?:background )?subprocess")
"""From here on the application speaks, and LiteFS itself ends with no other last word than that of a failed `exec`."""
ROLE_TAKEN = re.compile(LITEFS_ID + r"(?:existing primary found|primary lease acquired|connected to cluster, ready)")
ROLE_CHANGE = re.compile(
    LITEFS_ID + r"(?:existing primary found|primary lease|exiting primary|connected to cluster, ready|disconnected from primary)"
)
"""While LiteFS is between roles the application cannot know where it may write: it looks for a primary's name that is not there."""
MOUNTING = re.compile(r"mount helper error|fusermount")
"""LiteFS takes its lease beside this, so that what it says of the lease may come later and ends nothing of it."""
ENDING = re.compile(r"context canceled$")
"""What a replica says of its stream when it leaves."""
OF_FILES = re.compile(r"fuse: |fatal error")
"""What LiteFS tells of its lease and its stream is the cluster's; this is of what it has on its node."""
NOT_TAKEN = re.compile(
    r"fatal error occurred while applying ltx to|"
    + LITEFS_ID
    + r"disconnected from primary with error, retrying: process \w+ stream frame: "
)
"""A replica could not write or apply what the primary sent. It asks for the same again, so that one in step has taken it since."""
ENDED = re.compile(r"fatal error occurred|ERROR: ")
"""LiteFS leaves for this: what a replica could not take does not end it."""
LTX_FILE = re.compile(r"/dbs/(?P<database>[^/\s]{1,200})/ltx/[0-9a-f]{16}-(?P<txid>[0-9a-f]{16})\.ltx\b")
"""The file of a transaction, in the words of the system for what went wrong with it (v0.5.14, db.go LTXPath)."""
NOT_THERE = re.compile(
    LITEFS_ID + r"disconnected from primary with error, retrying: connect to primary: .*(?:connection refused|: code=\d+)"
)
"""A replica was turned away, which takes no time: it would be there again right after the next `FOUND` (store.go, monitorLease)."""
FOUND = re.compile(LITEFS_ID + r"existing primary found")
FOLLOWS = re.compile(LITEFS_ID + r'existing primary found .*, connecting as replica to \\?"(?P<url>[^"\\\s]{1,300})')
OTHER_ID = re.compile(r"cannot stream from primary with a different cluster id: (?P<mine>LFSC\w+) <> (?P<other>LFSC\w+)")
OF_LEASE = re.compile(
    LITEFS_ID + r"(?:cannot fetch cluster ID|cannot find primary|cannot (?:acquire|remove) lease|lease renewal error|primary lease lost)"
)
"""LiteFS complains of its lease. Each of `GAINED` comes from an answer to the same requests, so that the complaint is over by then."""
READY = re.compile(r"connected to cluster, ready")
"""LiteFS has its lease or its primary by then, its mount and its port: what kept it from there is over."""
NOBODY = re.compile(LITEFS_ID + r"cannot (?:find primary|acquire lease or find primary)\b[^:]*, retrying: no primary\s*$")
"""Consul has answered, that nobody leads or that the key is closed: what it had not answered before is over."""
UNREACHED = re.compile(r'(?:Get|Put) \\?"https?://')
"""How Go tells of a request that got no answer; what Consul has answered, an error too, has another form."""
ANSWERED = "Unexpected response code"
"""Consul's API says so of every answer that is an error: Consul was reached by then."""
GAINED = re.compile(LITEFS_ID + r"(?:primary lease acquired|existing primary found|acquiring existing lease from handoff)")
LOST = re.compile(LITEFS_ID + r"(?:primary lease lost|exiting primary|disconnected from primary)")
"""LiteFS v0.5.14, store.go: the loop that a node is primary or replica in."""
STREAM = re.compile(LITEFS_ID + r"(?:disconnected from primary|replica disconnected|cannot stream from primary)(?!.*position mismatch)")
"""A replica complains of its stream from the primary, and not of what comes by it."""
PARTING = re.compile(LITEFS_ID + r"disconnected from primary")
"""How a replica tells that its stream has ended; where that is harmless, it is no trouble at all."""
