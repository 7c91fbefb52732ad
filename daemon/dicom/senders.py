"""Who may send: AE titles and addresses that were configured; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.dicom.settings import ANY, SenderSettings


@dataclass(frozen=True, slots=True)
class Senders:
    """The configured senders. In logs they are numbered, in the order of the configuration, from 0."""

    known: Sequence[SenderSettings]

    def at(self, address: str) -> list[int]:
        """Those that may send from an address."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return []
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # how IPv4 looks to a socket that listens on ::
        return [number for number, sender in enumerate(self.known) if any(found in net for net in sender.addresses)]

    def named(self, ae_title: str, address: str) -> int | None:
        """The first sender that has this AE title and may send from this address."""
        for number in self.at(address):
            if self.known[number].ae_title in (ANY, ae_title):
                return number
        return None
