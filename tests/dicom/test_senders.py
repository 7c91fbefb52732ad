"""Who may send, by AE title and address."""

from __future__ import annotations

import pytest

from daemon.dicom.senders import Senders
from daemon.dicom.settings import ReceiverSettings

SENDERS = Senders(
    ReceiverSettings.model_validate(
        {
            "senders": [
                {"ae_title": "PACS", "addresses": ["10.0.0.5", "fd00::/8"]},
                {"ae_title": "*", "addresses": ["10.1.0.0/16"]},
                {"ae_title": "ROOM1", "addresses": ["10.1.0.0/16"]},
            ]
        }
    ).senders
)


@pytest.mark.parametrize(
    ("ae_title", "address", "sender"),
    [
        ("PACS", "10.0.0.5", 0),
        ("PACS", "::ffff:10.0.0.5", 0),  # IPv4 through a socket that listens on ::
        ("PACS", "fd00::1%eth0", 0),
        ("PACS", "10.0.0.6", None),
        ("pacs", "10.0.0.5", None),
        ("PACS ", "10.0.0.5", None),
        ("", "10.0.0.5", None),
        ("ROOM1", "10.1.2.3", 1),  # the first that fits
        ("", "10.1.2.3", 1),
        ("ROOM1", "10.2.0.1", None),
        ("*", "10.0.0.5", None),
        ("PACS", "", None),
        ("PACS", "somewhere", None),
    ],
)
def test_title_and_address_must_both_fit(ae_title: str, address: str, sender: int | None) -> None:
    """One that calls itself right from elsewhere is a stranger, and so is another name from the right place."""
    assert SENDERS.named(ae_title, address) == sender


def test_whose_address_is_unknown_is_not_listened_to() -> None:
    """Before it says anything."""
    assert SENDERS.at("10.1.2.3") == [1, 2]
    assert SENDERS.at("192.0.2.1") == []
    assert Senders(()).at("127.0.0.1") == []
