"""`[receiver]` of the settings: where films come in over the network, from whom, and within which limits."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, model_validator

ANY: Final = "*"  # as a sender's AE title: whatever it calls itself
PORT: Final = 11112  # registered with IANA for DICOM; the other one, 104, is for privileged programs only


def _title(value: str) -> str:
    if value != value.strip() or not value or len(value) > 16 or "\\" in value or not value.isprintable():
        raise ValueError("an AE title has 1 to 16 characters, no backslash, and no space at its ends")
    if not value.isascii():
        raise ValueError("an AE title is written in ASCII")
    return value


def _address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError("give an address of this machine, such as 10.0.0.5, or 0.0.0.0 for all") from error
    return value


Title = Annotated[str, AfterValidator(_title)]


class SenderSettings(BaseModel):
    """One who may send: an AE title (``*``: any) from certain addresses. Both must fit; titles alone prove nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ae_title: Title
    addresses: tuple[IPvAnyNetwork, ...] = Field(min_length=1)


class ReceiverSettings(BaseModel):
    """`[receiver]`; nobody may send until somebody is named, and only this machine is listened to until told so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = None
    bind: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    port: int = Field(default=PORT, ge=1, le=65535)
    ae_title: Title = "CXR-TRIAGE"
    senders: tuple[SenderSettings, ...] = ()
    largest_mib: float = Field(default=128.0, gt=0, le=4096)  # of one object
    associations: int = Field(default=16, ge=1, le=64)
    associate_seconds: float = Field(default=30.0, ge=1, le=3600)  # from a connection to its association
    idle_seconds: float = Field(default=60.0, ge=1, le=3600)  # between two PDUs, and for one PDU
    object_seconds: float = Field(default=600.0, ge=1, le=86400)  # for one object
    reserve_mib: float = Field(default=1024.0, ge=0)  # of the disk, which stay free
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None

    @model_validator(mode="after")
    def _tls(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca needs tls_certificate and tls_key")
        return self
