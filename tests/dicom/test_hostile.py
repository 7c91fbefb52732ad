"""Peers that lie, stall, flood and go away: each costs its own association at most."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.receiver import (
    ECHO,
    EVENT,
    FIND,
    PATIENCE,
    STORE,
    Receiver,
    answer,
    closed,
    command,
    pdu,
    raw,
    receiving,
    soon,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.dicom.accepted import VERIFICATION
from daemon.dicom.sockets import LARGEST_TAKEN

# pynetdicom's threads stumble over what such peers do, and end; that nothing else does is what is tested
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning", "ignore::UserWarning")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    """Times are short where a test waits for their end, and nothing else is."""
    with receiving(tmp_path / "in", largest_mib=0.01, idle_seconds=120, associate_seconds=120) as receiver:
        yield receiver
        receiver.idle()
        assert receiver.halves() == []


def connected(receiver: Receiver) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", receiver.port), timeout=PATIENCE)
    connection.settimeout(PATIENCE)
    return connection


def works(receiver: Receiver) -> bool:
    with receiver.associated() as association:
        return association.is_established and association.send_c_echo().Status == 0


@pytest.mark.parametrize(
    "said",
    [
        b"\x01\x00\xff\xff\xff\xff",  # a request of 4 GiB
        b"\x04\x00" + struct.pack(">L", LARGEST_TAKEN + 1),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # TLS, where there is none
        b"\x01\x00\x00\x00\x00\x04\x00\x01\x00\x00",  # a request that says nothing
        b"\x04\x00\x00\x00\x00\x00",  # data without an association
        b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00",
    ],
)
def test_what_is_no_request_ends_at_once(receiver: Receiver, said: bytes) -> None:
    """Before its length is believed."""
    with connected(receiver) as connection:
        connection.sendall(said)
        assert closed(connection)
    assert works(receiver)


def test_a_pdu_of_an_association_is_bounded_too(receiver: Receiver) -> None:
    """Peers were told 128 KiB."""
    with receiver.associated() as association:
        connection = raw(association)
        connection.sendall(struct.pack(">BBL", 4, 0, LARGEST_TAKEN + 1))
        assert closed(connection)
    assert works(receiver)


def test_who_says_nothing_or_stops_in_the_middle_is_let_go(tmp_path: Path) -> None:
    """Without a request, within one, and within an object; others are served meanwhile."""
    with receiving(tmp_path / "in", associate_seconds=1, idle_seconds=1) as receiver:
        silent, slow = connected(receiver), connected(receiver)
        slow.sendall(b"\x01\x00\x00\x00\x10\x00\x00")
        with receiver.associated() as association:
            middle = raw(association)
            middle.sendall(pdu(command(STORE), 3) + pdu(bytes(100), 0))
            assert works(receiver)
            assert all(closed(connection) for connection in (silent, slow, middle))
        receiver.idle()
        assert receiver.halves() == receiver.files() == []


def test_an_object_that_comes_drop_by_drop_has_an_end(tmp_path: Path) -> None:
    """Each piece comes in time; all together do not."""
    with receiving(tmp_path / "in", object_seconds=1) as receiver, receiver.associated() as association:
        connection = raw(association)
        connection.sendall(pdu(command(STORE), 3))
        with contextlib.suppress(OSError):  # it is closed, or reset
            for _ in range(600):
                connection.sendall(pdu(b"drop", 0))
                time.sleep(0.05)
        soon(lambda: receiver.values("association broken off", "cause") == ["slow"])
        assert receiver.halves() == receiver.files() == []


def test_a_stranger_is_not_listened_to(tmp_path: Path) -> None:
    """The connection is closed before it said anything."""
    senders = [{"ae_title": "*", "addresses": ["10.0.0.0/8"]}]
    with receiving(tmp_path / "in", senders=senders, associate_seconds=120) as receiver:
        with connected(receiver) as connection:
            assert closed(connection)
        assert receiver.values("connection refused", "cause") == ["address"]


def test_connections_that_only_stand_there_have_a_highest_number(tmp_path: Path) -> None:
    """They do not use up threads; when they go, others may come."""
    with receiving(tmp_path / "in", associations=1, associate_seconds=120) as receiver:
        first = [connected(receiver) for _ in range(5)]
        soon(lambda: len(receiver.server.connections) == 5)
        with connected(receiver) as more:
            assert closed(more)
        assert receiver.values("connection refused", "cause") == ["too-many"]
        for connection in first:
            connection.close()
        receiver.idle()
        assert works(receiver)


@pytest.mark.parametrize("cut", [0, 1, 150])
def test_who_goes_away_in_the_middle_leaves_nothing(receiver: Receiver, cut: int) -> None:
    """After the command, or within the dataset."""
    with receiver.associated() as association:
        connection = raw(association)
        connection.sendall(pdu(command(STORE), 3) + (pdu(bytes(cut), 0) if cut else b""))
        soon(lambda: len(receiver.halves()) == 1)
        connection.close()
        soon(lambda: receiver.halves() == [])
    assert receiver.files() == []


def test_an_object_that_is_too_large_is_told_and_dropped(receiver: Receiver) -> None:
    """However much more comes; the next object of the association is taken."""
    with receiver.associated() as association:
        connection = raw(association)
        connection.sendall(pdu(command(STORE), 3))
        for _ in range(100):
            connection.sendall(pdu(bytes(10_000), 0))
        soon(lambda: receiver.halves() == [])
        connection.sendall(pdu(b"", 2))
        assert answer(connection) == 0xC010
        connection.sendall(pdu(command(STORE), 3) + pdu(b"small", 2))
        assert answer(connection) == 0x0000
    assert len(receiver.files()) == 1
    assert receiver.values("object", "verdict") == ["too-large", "stored"]
    assert receiver.values("object", "bytes") == [1_000_000, 5]


@pytest.mark.parametrize(
    ("command_set", "body", "status"),
    [
        (command(STORE), b"", 0xC000),
        (command(STORE, kind="1.2.840.10008.5.1.4.1.1.1.1"), b"body", 0xA900),  # another class than was agreed to
        (command(STORE, instance="../../etc/passwd"), b"body", 0xA900),
        (command(STORE, instance="1.2.3\n4"), b"body", 0xA900),
        (command(STORE, instance="1.2." + "3" * 60), b"body", 0x0000),
    ],
)
def test_an_object_that_is_not_what_it_says_is_told(
    receiver: Receiver, command_set: bytes, body: bytes, status: int
) -> None:
    """Nothing of it is kept, and nothing is written elsewhere."""
    before = sorted(receiver.folder.parent.rglob("*"))
    with receiver.associated() as association:
        connection = raw(association)
        connection.sendall(pdu(command_set, 3) + pdu(body, 2))
        assert answer(connection) == status
    assert len(receiver.files()) == (status == 0)
    assert [path for path in sorted(receiver.folder.parent.rglob("*")) if path not in receiver.files()] == before


@pytest.mark.parametrize(
    "said",
    [
        pdu(b"data", 2),  # data that nothing announced
        pdu(command(ECHO, dataset=True), 3),
        pdu(command(STORE, dataset=False), 3),
        pdu(command(EVENT), 3),
        pdu(command(FIND), 3),
        pdu(command(STORE), 3, context=99),
        pdu(command(STORE), 3) + pdu(b"data", 0, context=3),
        pdu(command(STORE), 3) + pdu(command(STORE), 3),
        pdu(command(STORE), 3) + pdu(b"a", 2) + pdu(command(STORE), 3) + pdu(b"b", 0),
        pdu(bytes(8000), 1) + pdu(bytes(8000), 1),
        pdu(b"\xff" * 60, 3),
        pdu(command(ECHO, kind=VERIFICATION, dataset=False), 3, context=3) * 2000,
        struct.pack(">BBL", 4, 0, 4) + bytes(4),
        struct.pack(">BBLLB", 4, 0, 5, 1, 1),
    ],
    ids=range(14),
)
def test_a_breach_of_the_protocol_ends_the_association(receiver: Receiver, said: bytes) -> None:
    """Messages that are not taken, out of order, too long, or sent without waiting for answers."""
    with receiver.associated() as association:
        connection = raw(association)
        with contextlib.suppress(ConnectionError):
            connection.sendall(said)
        while answer(connection) is not None:
            pass
        assert closed(connection)
    assert works(receiver)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 255), st.sampled_from([1, 3, 255])), max_size=5))
def test_nothing_that_is_sent_ends_the_receiver(receiver: Receiver, pieces: list[tuple[bytes, int, int]]) -> None:
    """Pieces of anything, in any order."""
    with receiver.associated() as association:
        connection = raw(association)
        with contextlib.suppress(ConnectionError):
            for data, header, context in pieces:
                connection.sendall(pdu(data, header, context))
        connection.close()
    assert works(receiver)
