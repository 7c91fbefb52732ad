"""`[deliver]` of the settings: by which ways somebody outside is told, of what, and who that is."""

from __future__ import annotations

import ipaddress
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

PORTS = {"starttls": 587, "tls": 465, "none": 25}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _mailbox(value: str) -> str:
    try:
        mailbox = Address(addr_spec=value)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ValueError("not an address; write one such as reading@example.org") from error
    if not value.isascii() or not value.isprintable() or not mailbox.username or "." not in f".{mailbox.domain}"[1:]:
        raise ValueError("not an address; write one such as reading@example.org, in ASCII")
    return value


Mailbox = Annotated[str, AfterValidator(_mailbox)]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _link(value: str, secure: bool = False) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError("not a URL") from error
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("a URL has printable ASCII characters only")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write a URL such as https://triage.example.org/reports/")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not hold a user or a password")
    if secure and parts.scheme != "https" and not _is_loopback(parts.hostname):
        raise ValueError("only https, but for this machine itself")
    return value


class MailSettings(_Section):
    """`[deliver.mail]`; without a server nothing is mailed."""

    server: str = ""
    port: int | None = Field(default=None, ge=1, le=65535)  # None: the usual one for `security`
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Mailbox | Literal[""] = ""
    to: tuple[Mailbox, ...] = ()
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None  # None: those of the system
    timeout_seconds: float = Field(default=30.0, ge=1, le=300)

    @field_validator("server")
    @classmethod
    def _host(cls, value: str) -> str:
        if value and (not value.isascii() or not value.isprintable() or set(value) & set(" /@")):
            raise ValueError("give the name or address of a mail server, without a scheme")
        return value

    @field_validator("sender", "to")
    @classmethod
    def _needed(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("server") and not value:
            raise ValueError("set it, since a server is set")
        return value

    @field_validator("password_file")
    @classmethod
    def _kept_secret(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (not info.data.get("user")):
            raise ValueError("user and password_file belong together")
        if value is not None and info.data.get("security") == "none":
            raise ValueError("a password is never sent in clear; set security")
        return value

    @property
    def port_to_use(self) -> int:
        """The port that is set, or the usual one."""
        return self.port or PORTS[self.security]


class WebhookSettings(_Section):
    """`[deliver.webhook]`; without a URL nothing is posted."""

    url: str = ""
    secret_file: Path | None = None
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=30.0, ge=1, le=300)

    @field_validator("url")
    @classmethod
    def _secure(cls, value: str) -> str:
        return _link(value, secure=True)

    @field_validator("secret_file")
    @classmethod
    def _needed(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("url") and value is None:
            raise ValueError("set it, since a url is set; what is posted is signed with it")
        return value


class UrgentSettings(_Section):
    """`[deliver.urgent]`: a notice for each new study of the band `first`."""

    enabled: bool = False
    to: tuple[Mailbox, ...] = ()  # empty: those of [deliver.mail]
    per_hour: int = Field(default=6, ge=1, le=1000)
    acknowledge_minutes: float = Field(default=30.0, ge=1, le=1440)
    escalate_to: tuple[Mailbox, ...] = ()


class DeliverSettings(_Section):
    """`[deliver]`."""

    link: str = ""
    heartbeat_hours: float = Field(default=0.0, ge=0, le=744)  # 0: none
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()
    urgent: UrgentSettings = UrgentSettings()

    @field_validator("link")
    @classmethod
    def _is_link(cls, value: str) -> str:
        return _link(value)

    @field_validator("urgent")
    @classmethod
    def _reachable(cls, value: UrgentSettings, info: ValidationInfo) -> UrgentSettings:
        mail, webhook = info.data.get("mail"), info.data.get("webhook")
        if mail is None or webhook is None:  # these have errors of their own
            return value
        if value.enabled and not mail.server and not webhook.url:
            raise ValueError("enabled, but there is no way to tell: set [deliver.mail] or [deliver.webhook]")
        if (value.to or value.escalate_to) and not mail.server:
            raise ValueError("to and escalate_to need [deliver.mail]")
        return value

    @model_validator(mode="after")
    def _heard(self) -> Self:
        if self.heartbeat_hours and not self.is_set_up:
            raise ValueError("heartbeat_hours needs [deliver.mail] or [deliver.webhook]")
        return self

    @property
    def is_set_up(self) -> bool:
        """Whether there is a way to tell anybody."""
        return bool(self.mail.server or self.webhook.url)
