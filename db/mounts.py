"""Which kind of file system a path lies on, from the kernel's list of mounts; a network mount is named."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MOUNTINFO: Final = Path("/proc/self/mountinfo")

NETWORK_KINDS: Final = frozenset(
    {
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph-fuse", "fuse.cephfs",
        "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.juicefs",
        "fuse.mount-s3", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs",
    }
)  # fmt: skip
"""File systems that other machines write to: no events from there, and no locks that SQLite may trust."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: where, of which kind, of what (a device, a share), and which folder of that."""

    point: str
    kind: str
    source: str = ""
    folder: str = "/"

    @property
    def is_remote(self) -> bool:
        """Whether others can write to it without this kernel noticing: no event comes from there."""
        return self.kind in NETWORK_KINDS or self.kind == "fuse" or self.kind.startswith("fuse.")


def parse_mounts(text: bytes) -> list[Mount]:
    """The mounts in the text of a mountinfo file (proc(5)), in the kernel's order; other lines are passed over."""
    mounts = []
    for line in text.splitlines():
        left, separator, right = line.partition(b" - ")
        fields, kinds = left.split(b" "), right.split(b" ")
        if separator and len(fields) >= 6 and kinds[0]:
            point, kind, folder = (os.fsdecode(_unescape(field)) for field in (fields[4], kinds[0], fields[3]))
            source = os.fsdecode(_unescape(kinds[1])) if len(kinds) > 1 else ""
            mounts.append(Mount(point, kind, source, folder))
    return mounts


def _unescape(field: bytes) -> bytes:
    r"""Space, tab, newline and backslash stand in mountinfo as ``\040`` and the like."""
    return re.sub(rb"\\([0-3][0-7]{2})", lambda match: bytes([int(match[1], 8)]), field)


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that an absolute path without symbolic links lies on: the innermost, and of several there the last."""
    found: Mount | None = None
    for mount in mounts:
        inside = path == mount.point or path.startswith(mount.point.rstrip("/") + "/")
        if inside and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def network_kind(path: Path, mountinfo: Path = MOUNTINFO) -> str | None:
    """The kind of network mount that a path lies on, e.g. "nfs4"; None when it is local or cannot be known.

    Args:
        path: need not exist; symbolic links are followed.
        mountinfo: the kernel's list of mounts.
    """
    mount = mount_at(path, mountinfo)
    return mount.kind if mount and mount.kind in NETWORK_KINDS else None


def mount_at(path: Path, mountinfo: Path = MOUNTINFO) -> Mount | None:
    """The mount that a path lies on; None when it cannot be known. The path need not exist; links are followed."""
    try:
        text = mountinfo.read_bytes()
    except OSError:  # not Linux, or /proc is hidden
        return None
    return mount_of(os.path.realpath(path), parse_mounts(text))


def places_of(path: Path, mountinfo: Path = MOUNTINFO) -> dict[str, str]:
    """The file systems that a folder and what is mounted below it lie on, and where in them, by path relative to it.

    The folder itself has the key "". In words that stay the same over remounts and bind mounts: a local disk is not
    named, since its device is called otherwise after some restarts; a share and a FUSE mount are. Empty when it cannot
    be known.
    """
    try:
        mounts = parse_mounts(mountinfo.read_bytes())
    except OSError:  # not Linux, or /proc is hidden
        return {}
    real = os.path.realpath(path)
    own = mount_of(real, mounts)
    if own is None:
        return {}
    places = {"": _place(own, real)}
    for mount in mounts:
        if mount.point.startswith(real.rstrip("/") + "/"):
            places[os.path.relpath(mount.point, real)] = _place(mount, mount.point)  # of several there, the last
    return places


def _place(mount: Mount, path: str) -> str:
    inside = "/" + os.path.normpath(os.path.join(mount.folder, os.path.relpath(path, mount.point))).lstrip("/")  # noqa: PTH118
    return " ".join(part for part in (mount.kind, mount.source if mount.is_remote else "", inside) if part)
