"""Command sets that are let through and those that are not, and the head of a file; on bytes alone."""

from __future__ import annotations

import io
import struct

import pytest
from builders.receiver import CR, ECHO, EVENT, EXPLICIT, FIND, STORE, command
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.filewriter import write_file_meta_info

from daemon.dicom.messages import IMPLEMENTATION, Message, head_of_file, is_uid, read_command


def test_a_request_to_store_says_what_it_brings() -> None:
    """UIDs come without their padding."""
    found = read_command(command(STORE, "1.2.3"))
    assert found is not None
    assert (found.message, found.has_dataset, found.sop_class, found.sop_instance) == (Message.STORE, True, CR, "1.2.3")
    assert found.names_itself


@pytest.mark.parametrize("message", [FIND, EVENT, 0x0010, 0x0021, 0x0FFF, 0x8001, 0x8030, 0xFFFF])
def test_other_messages_are_not_taken(message: int) -> None:
    """Queries, retrievals, cancellations, notifications and responses: nobody here asked for them."""
    assert read_command(command(message)) is None


def test_what_is_broken_is_not_taken() -> None:
    """Cut anywhere but between two elements, with an element twice, of another group, or without a message."""
    whole = command(ECHO, dataset=False)
    assert read_command(whole) is not None
    assert read_command(whole + whole) is None
    assert read_command(whole + struct.pack("<HHL", 8, 0x16, 0)) is None
    assert read_command(b"") is None
    assert all(read_command(whole[:cut]) is None for cut in range(len(whole) - 20))


@given(st.binary(max_size=300))
def test_nothing_makes_it_fail(data: bytes) -> None:
    """Whatever bytes come, the answer is a command or None."""
    read_command(data)


@pytest.mark.parametrize("text", ["", "1..2", ".1", "1.", "1.2/../3", "1.2\n", "1.2 ", "1.٣", "1" * 65, "1.2\0.3"])
def test_what_is_no_uid_could_not_stand_in_a_file(text: str) -> None:
    """Letters, paths, line ends, other digits than ours, or too many."""
    assert not is_uid(text)


def test_leading_zeros_are_let_pass() -> None:
    """The standard forbids them, and some vendors write them; the film is none the worse."""
    assert is_uid("1.2.03.4")


def test_the_head_is_what_the_standard_asks_for() -> None:
    """Read and written again by pydicom it is the same."""
    head = head_of_file(CR, "1.2.34", EXPLICIT)
    meta = dcmread(io.BytesIO(head), force=False).file_meta
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID) == (
        CR,
        "1.2.34",
        EXPLICIT,
    )
    assert meta.ImplementationClassUID == IMPLEMENTATION
    again = io.BytesIO()
    write_file_meta_info(again, meta, enforce_standard=True)
    assert head == bytes(128) + b"DICM" + again.getvalue()
