"""Faults in a node's files: LiteFS's data, its disk, its mount, its /dev/fuse."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from tests.lab import machines
from tests.lab.cluster import Lab
from tests.lab.faults.jobs import victim

BARE_DEV = "mount -t tmpfs dev /mnt && cp -a /dev/null /dev/zero /dev/random /dev/urandom /dev/tty /mnt/ && mount --move /mnt /dev"
"""A /dev with the devices that programs need, and no fuse: what a container without the device has."""


def cluster_id(lab: Lab) -> str:
    """Return an ID in LiteFS's format, of a cluster that never existed."""
    lab.stop_job()
    node = victim(lab).name
    (lab.data(node) / "clusterid").write_text("LFSC0123456789ABCDEF\n", encoding="ascii")
    lab.run(lab.sample())
    return node


def lost(lab: Lab) -> str:
    """Every node's data is deleted; Consul keeps the old cluster ID."""
    lab.stop_job()
    for node in lab.layout.nodes:
        for entry in lab.data(node.name).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    lab.run(lab.sample())
    return ""


def corrupt(lab: Lab) -> str:
    """Some bytes of a page are overwritten that no recent transaction contains, so LiteFS cannot restore it from its log."""
    lab.stop_job()
    node = victim(lab).name
    damage(lab.data(node) / "dbs" / lab.layout.workload.database / "database")
    lab.run(lab.sample())
    return node


def damage(database: Path) -> None:
    """Overwrite data covered by LiteFS's checksum: the end of the file, whose pages were written once (see the sample app)."""
    content = bytearray(database.read_bytes())
    content[-400:-200] = b"\xde" * 200
    database.write_bytes(content)


def full(lab: Lab) -> str:
    """The data directory is a small file system of its own; something else fills it."""
    node = lab.replicas()[-1]
    fill(lab.data(node))
    return node


def fill(directory: Path) -> None:
    """Write until there is no space left, to the last byte."""
    with (directory / "leftover.bin").open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def no_fuse(lab: Lab) -> str:
    """Remove the device from the node's /dev."""
    lab.stop_job()
    node = victim(lab).name
    enter = machines.within(lab.resident(node), ["sh", "-c", BARE_DEV])
    subprocess.run(enter, check=True)
    lab.run(lab.sample())
    return node


def mount_stale(lab: Lab) -> str:
    """A process with its working directory in the mount keeps the dead mount busy."""
    node = lab.replicas()[-1]
    hold = f"cd {lab.layout.workload.mount} && exec sleep infinity"
    enter = machines.within(lab.resident(node), ["sh", "-c", hold])
    holder = subprocess.Popen(enter, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    held = Path(f"/proc/{holder.pid}/cwd")
    machines.wait("the mount to be held", lambda: str(held.readlink()) == lab.layout.workload.mount)
    os.kill(lab.litefs_pid(node), signal.SIGKILL)
    return node
