"""Mounts: which file system a path is on."""

from __future__ import annotations

import os
import re

#: File systems that several machines see, on which locks and memory maps of one machine mean little.
NETWORK = {
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "lustre", "gpfs", "beegfs", "fhgfs", "ceph", "glusterfs"),
    *(
        "panfs",
        "pvfs2",
        "orangefs",
        "wekafs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.beegfs",
        "fuse.juicefs",
        "fuse.ceph",
    ),
}

_ESCAPED = re.compile(r"\\([0-7]{3})")


def kind_of(path: str) -> str | None:
    """Return the type of the file system that holds a path, such as ``ext4`` or ``nfs4``; None where nobody tells.

    The path need not exist; its nearest ancestor that does counts.
    """
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    path = os.path.realpath(path)
    found, longest = None, -1
    for line in lines:
        left, _, right = line.partition(" - ")
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), left.split(" ")[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # of two mounts on one point the later one is seen
            found, longest = right.split(" ")[0], len(point)
    return found


def is_network(path: str) -> bool:
    """Return whether a path is on a file system that other machines see as well."""
    return kind_of(path) in NETWORK
