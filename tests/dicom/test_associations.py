"""The receiver with pynetdicom at the other end: what is agreed to, stored, and told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from builders.dicom import dicom
from builders.films import grey_film
from builders.receiver import CR, EXPLICIT, STORE, Receiver, answer, command, pdu, raw, receiving
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, build_context

from daemon.dicom.accepted import STORAGE, SYNTAXES, VERIFICATION

CT = "1.2.840.10008.5.1.4.1.1.2"
RIS = "1.2.840.10008.5.1.4.31"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "in") as receiver:
        yield receiver


def film(seed: int = 0) -> bytes:
    return dicom(grey_film(64, 56, seed=seed))


def test_everything_on_the_list_is_agreed_to_and_nothing_else(receiver: Receiver) -> None:
    """Each kind in each encoding, alone; a sender sees in its own log what is not taken."""
    wanted = [(kind, syntax) for kind in STORAGE for syntax in SYNTAXES]
    for start in range(0, len(wanted), 100):
        entity, part = AE(), wanted[start : start + 100]
        entity.requested_contexts = [build_context(kind, syntax) for kind, syntax in part]
        association = entity.associate("127.0.0.1", receiver.port, ae_title="CXR-TRIAGE")
        assert {(cx.abstract_syntax, cx.transfer_syntax[0]) for cx in association.accepted_contexts} == set(part)
        association.release()
    with receiver.associated(CT, RIS, CR, "1.2.826.0.1.3680043.9.9", VERIFICATION) as association:
        assert {cx.abstract_syntax for cx in association.accepted_contexts} == {CR, VERIFICATION}
    with receiver.associated(CR, syntaxes=["1.2.840.10008.1.2.4.100"]) as association:  # MPEG 2
        assert association.accepted_contexts == []
    assert (receiver.values("association", "accepted")[-2:], receiver.values("association", "rejected")[-2:]) == (
        [2, 0],
        [3, 1],
    )


def test_of_several_encodings_the_most_faithful_is_chosen(receiver: Receiver) -> None:
    """Not the one that the sender names first."""
    offered = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2", EXPLICIT]
    for expected in (EXPLICIT, "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50"):
        with receiver.associated(CR, syntaxes=offered) as association:
            assert association.accepted_contexts[0].transfer_syntax == [expected]
        offered.remove(expected)


def test_a_film_is_there_when_its_sender_is_told_so(receiver: Receiver) -> None:
    """Success means a whole file; the same film again, by this or another association, adds none."""
    dataset = dcmread(DicomBytesIO(film()))
    for _ in range(2):
        with receiver.associated() as association:
            for _ in range(2):
                assert association.send_c_store(dataset).Status == 0x0000
                (file,) = receiver.files()
                assert dcmread(file).PixelData == dataset.PixelData
                assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
            assert association.send_c_echo().Status == 0x0000
    assert receiver.halves() == []
    assert receiver.values("object", "verdict") == ["stored"] * 4
    assert receiver.values("object", "object") == [1, 2, 3, 4]
    receiver.idle()
    assert receiver.values("association ended", "count") == [2, 2]


def test_the_bytes_of_a_dataset_are_not_looked_at(receiver: Receiver) -> None:
    """What is no DICOM at all, and lies in many pieces, is stored as it came; the daemon says what it thinks of it."""
    body = b"this is no dataset" * 1000
    with receiver.associated() as association:
        connection = raw(association)
        connection.sendall(pdu(command(STORE), 3))
        for at in range(0, len(body), 999):
            connection.sendall(pdu(body[at : at + 999], 0))
        connection.sendall(pdu(b"", 2))
        assert answer(connection) == 0x0000
    (file,) = receiver.files()
    assert file.read_bytes().endswith(b"CXR_TRIAGE" + body)
    assert receiver.values("object", "bytes") == [len(body)]


def test_the_encoding_that_was_agreed_to_stands_in_the_file(receiver: Receiver) -> None:
    """For each encoding another file, of the same bytes behind the head."""
    for syntax in SYNTAXES:
        with receiver.associated(CR, syntaxes=[syntax]) as association:
            connection = raw(association)
            connection.sendall(pdu(command(STORE), 3) + pdu(b"body", 2))
            assert answer(connection) == 0x0000
    found = {dcmread(file, force=False, specific_tags=[]).file_meta.TransferSyntaxUID for file in receiver.files()}
    assert found == set(SYNTAXES)


def test_the_same_film_over_many_associations_at_once_lies_there_once(receiver: Receiver) -> None:
    """And other films are not disturbed by it."""
    datasets = [dcmread(DicomBytesIO(film(seed))) for seed in (0, 0, 0, 0, 1, 2, 3, 4)]

    def send(number: int) -> list[int]:
        with receiver.associated() as association:
            return [association.send_c_store(datasets[number]).Status for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [[0] * 5] * 8
    assert len(receiver.files()) == 5
    assert receiver.halves() == []
    assert sorted(receiver.values("object", "object")) == list(range(1, 41))


def test_a_corrected_film_is_another_file(receiver: Receiver) -> None:
    """The same instance UID with other bytes: which of them holds is said by the daemon."""
    with receiver.associated() as association:
        for age in ("045Y", "046Y"):
            dataset = dcmread(DicomBytesIO(dicom(grey_film(64, 56), age=age, instance_uid="1.2.3")))
            assert association.send_c_store(dataset).Status == 0x0000
    assert len(receiver.files()) == 2


def test_who_is_not_named_is_rejected(tmp_path: Path) -> None:
    """By its own title, or by that of whom it means; the log does not repeat what it said."""
    senders = [{"ae_title": "OTHER", "addresses": ["10.0.0.1"]}, {"ae_title": "PACS", "addresses": ["127.0.0.0/8"]}]
    with receiving(tmp_path / "in", senders=senders) as receiver:
        for calling, called in (("PLANTED", "CXR-TRIAGE"), ("OTHER", "CXR-TRIAGE"), ("PACS", "PLANTED")):
            with receiver.associated(calling=calling, called=called) as association:
                assert association.is_rejected
        with receiver.associated(calling="PACS") as association:
            assert association.send_c_echo().Status == 0x0000
        receiver.idle()
        assert receiver.values("association rejected", "cause") == ["calling-ae-title"] * 2 + ["called-ae-title"]
        assert receiver.values("association", "sender") == [1]
        assert not [line for line in receiver.lines if "PLANTED" in str(line.__dict__)]


def test_one_association_too_many_is_told_so(tmp_path: Path) -> None:
    """As a thing that passes: the sender is to try again; those that run are not disturbed."""
    with receiving(tmp_path / "in", associations=2) as receiver:
        with receiver.associated() as one, receiver.associated() as two, receiver.associated() as three:
            assert three.is_rejected
            rejection = three.acceptor.primitive
            assert (rejection.result, rejection.result_source, rejection.diagnostic) == (2, 3, 2)
            assert (one.send_c_echo().Status, two.send_c_echo().Status) == (0, 0)
        assert receiver.values("association rejected", "cause") == ["too-many"]


def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    """Out of resources, so that the sender tries again; nothing of the film is left."""
    with receiving(tmp_path / "in", reserve_mib=2**40) as receiver, receiver.associated() as association:
        assert association.send_c_store(dcmread(DicomBytesIO(film()))).Status == 0xA700
        assert association.send_c_echo().Status == 0x0000
        assert receiver.files() == receiver.halves() == []
        assert receiver.values("object", "verdict") == ["no-space"]
        assert receiver.values("object", "sender") == [0]
