"""Which mount a path lies on, from what the kernel writes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.mounts import NETWORK_KINDS, Mount, mount_of, network_kind, parse_mounts, places_of

KERNEL = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 27 0:40 / /mnt/films rw,relatime shared:5 master:2 - nfs4 pacs:/export rw,vers=4.2
31 27 0:41 / /mnt/a\040share rw - cifs //server/share rw
32 30 8:2 / /mnt/films/local rw - ext4 /dev/sda2 rw
"""


def test_the_kernels_list_is_read():
    """Optional fields may be none or many; a space in a path is written as an escape."""
    assert parse_mounts(KERNEL) == [
        Mount("/proc", "proc", "proc"),
        Mount("/", "ext4", "/dev/sda1"),
        Mount("/mnt/films", "nfs4", "pacs:/export"),
        Mount("/mnt/a share", "cifs", "//server/share"),
        Mount("/mnt/films/local", "ext4", "/dev/sda2"),
    ]


@given(st.binary())
def test_no_text_upsets_the_reader(text):
    """Lines of another shape are passed over."""
    assert isinstance(parse_mounts(text), list)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/films", "nfs4"),
        ("/mnt/films/2026/a.dcm", "nfs4"),
        ("/mnt/films-local/a.dcm", "ext4"),
        ("/mnt/films/local/a.db", "ext4"),
        ("/mnt/a share/x", "cifs"),
        ("/home", "ext4"),
    ],
)
def test_the_innermost_mount_counts(path, kind):
    """And a folder whose name only begins alike is not inside."""
    mount = mount_of(path, parse_mounts(KERNEL))
    assert mount is not None
    assert mount.kind == kind


def test_of_several_mounts_on_one_point_the_last_counts():
    """The later one covers the earlier."""
    assert mount_of("/a/b", [Mount("/", "ext4"), Mount("/a", "ext4"), Mount("/a", "nfs")]) == Mount("/a", "nfs")


def test_no_mount_at_all_is_none():
    """As in a container that hides them."""
    assert mount_of("/a", []) is None


@pytest.mark.parametrize("kind", sorted(NETWORK_KINDS))
def test_a_network_mount_is_named_by_its_kind(tmp_path: Path, kind: str):
    """Also for a file that is not there yet."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"27 1 8:1 / / rw - ext4 /dev/sda1 rw\n28 27 0:9 / {tmp_path} rw - {kind} host:/x rw\n")
    assert network_kind(tmp_path / "new.db", mountinfo) == kind


def test_a_symbolic_link_is_followed_to_its_mount(tmp_path: Path):
    """A link on the local disk to a file on a share is on the share."""
    (tmp_path / "share").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "share" / "real.db")
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"27 1 8:1 / / rw - ext4 a rw\n28 27 0:9 / {tmp_path}/share rw - nfs host:/x rw\n")
    assert network_kind(tmp_path / "link.db", mountinfo) == "nfs"


def test_a_local_disk_and_an_unknown_one_are_no_network_mounts(tmp_path: Path):
    """Where the kernel's list cannot be read, nothing is refused."""
    assert network_kind(tmp_path) is None
    assert network_kind(tmp_path, tmp_path / "missing") is None


BEFORE = "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 27 0:40 / /mnt rw - cifs //server/share rw\n"


@pytest.mark.parametrize(
    ("kernel", "place"),
    [
        (BEFORE, "cifs //server/share /films"),
        ("27 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "ext4 /mnt/films"),  # not mounted
        (
            BEFORE + "31 30 0:40 /films /mnt/films ro - cifs //server/share rw\n",
            "cifs //server/share /films",
        ),  # a bind mount
        (BEFORE + "31 30 0:50 / /mnt/films rw - tmpfs tmpfs rw\n", "tmpfs /"),  # mounted over
        ("27 1 8:1 / / rw - ext4 /dev/sdb7 rw\n", "ext4 /mnt/films"),  # the disk has another name after a restart
    ],
)
def test_the_places_of_a_folder_tells_mounts_apart_and_survives_bind_mounts(tmp_path: Path, kernel: str, place: str):
    """A share that is not mounted, or a mount over it, gives another place; a service's own view of it does not."""
    (tmp_path / "mountinfo").write_text(kernel)
    assert places_of(Path("/mnt/films"), tmp_path / "mountinfo") == {"": place}


def test_mounts_below_a_folder_are_known(tmp_path: Path):
    """A share for each modality, below one root; of two on one point the later one counts."""
    (tmp_path / "mountinfo").write_text(
        "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 27 0:40 / /in/ct rw - cifs //server/ct rw\n"
        "31 27 0:41 / /in/dx rw - cifs //server/dx rw\n32 31 0:42 / /in/dx rw - tmpfs tmpfs rw\n"
        "33 27 0:43 / /in-other rw - tmpfs tmpfs rw\n"
    )
    expected = {"": "ext4 /in", "ct": "cifs //server/ct /", "dx": "tmpfs /"}
    assert places_of(Path("/in"), tmp_path / "mountinfo") == expected


@pytest.mark.parametrize(
    ("kind", "remote"), [("fuse.bindfs", True), ("fuse", True), ("nfs4", True), ("ext4", False), ("tmpfs", False)]
)
def test_mounts_that_others_write_to_are_known(kind: str, remote: bool):
    """From there the kernel tells of nothing."""
    assert Mount("/", kind).is_remote is remote
