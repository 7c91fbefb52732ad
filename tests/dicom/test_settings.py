"""`[receiver]`: every error at once and by key, and what only this machine can say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from daemon.dicom.checks import faults_of
from daemon.errors import ConfigurationError
from daemon.settings import Settings, load_settings

HERE = [{"ae_title": "*", "addresses": ["127.0.0.1"]}]


def settings(**receiver: Any) -> Settings:
    roots = receiver.pop("roots", [])
    return Settings.model_validate({"receiver": receiver, "root": roots})


def test_without_settings_nobody_is_listened_to() -> None:
    """Only this machine's own address, no sender, no folder; and the command says all of it."""
    receiver = Settings().receiver
    assert (receiver.bind, receiver.port, receiver.senders, receiver.folder) == ("127.0.0.1", 11112, (), None)
    assert faults_of(Settings()) == ["receiver.senders: nobody may send; name who may", "receiver.folder: none is set"]


def test_all_errors_are_named_at_once_by_key(tmp_path: Path) -> None:
    """Names, addresses, sizes and times that cannot be."""
    file = tmp_path / "config.toml"
    file.write_text(
        """
        [receiver]
        bind = "here"
        port = 0
        ae_title = "SEVENTEEN-LETTERS"
        senders = [
          { ae_title = "A\\\\B", addresses = ["10.0.0.0/8"] },
          { ae_title = "PACS", addresses = [] },
          { ae_title = "PACS", addresses = ["10.0.0.5/8", "pacs.example"] },
          { ae_title = " PACS" },
        ]
        largest_mib = 0
        associations = 1000
        idle_seconds = 0
        reserve_mib = -1
        folders = "x"
        """
    )
    with pytest.raises(ConfigurationError) as raised:
        load_settings(file)
    for key in (
        "bind: give an address",
        "port:",
        "ae_title: an AE title has",
        "senders.0.ae_title:",
        "senders.1.addresses:",
        "senders.2.addresses.0:",
        "senders.2.addresses.1:",
        "senders.3.ae_title:",
        "senders.3.addresses:",
        "largest_mib:",
        "associations:",
        "idle_seconds:",
        "reserve_mib:",
        "folders: there is no such key",
    ):
        assert f"receiver.{key}" in raised.value.cause


@pytest.mark.parametrize("keys", [{"tls_certificate": "c"}, {"tls_key": "k"}, {"tls_client_ca": "a"}])
def test_tls_is_whole_or_absent(tmp_path: Path, keys: dict[str, str]) -> None:
    """A certificate without its key would leave the port in the clear."""
    file = tmp_path / "config.toml"
    file.write_text("[receiver]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items()))
    with pytest.raises(ConfigurationError, match=r"receiver: tls_"):
        load_settings(file)


def test_a_folder_that_nobody_watches_is_an_error(tmp_path: Path) -> None:
    """What is acknowledged there would never be scored; nor where the root's patterns pass its files over."""
    for name in ("in", "in/dicom", "other"):
        (tmp_path / name).mkdir()
    root = {"path": tmp_path / "in"}
    inside, outside = tmp_path / "in" / "dicom", tmp_path / "other"
    assert faults_of(settings(folder=inside, senders=HERE, roots=[root])) == []
    assert faults_of(settings(folder=outside, senders=HERE)) == []  # roots may be named on the command line of watch
    (fault,) = faults_of(settings(folder=outside, senders=HERE, roots=[root]))
    assert "no [[root]] watches it" in fault
    for keys in ({"recursive": False}, {"include": ["*.jpg"]}, {"exclude": ["dicom"]}):
        (fault,) = faults_of(settings(folder=inside, senders=HERE, roots=[root | keys]))
        assert "takes no files such as 0000...dcm" in fault


def test_what_is_missing_on_this_machine_is_named_by_key(tmp_path: Path) -> None:
    """The folder, and files of TLS that are not there or are something else."""
    pem = tmp_path / "a.pem"
    pem.write_text("nothing")
    found = faults_of(settings(folder=tmp_path / "gone", tls_certificate=pem, tls_key=tmp_path / "no.key"))
    assert [fault.partition(": ")[0] for fault in found] == [
        "receiver.senders",
        "receiver.folder",
        "receiver.tls_key",
    ]
    (fault,) = faults_of(settings(folder=tmp_path, senders=HERE, tls_certificate=pem, tls_key=pem))
    assert "they are not a certificate and its key" in fault
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        assert "may not write" in faults_of(settings(folder=tmp_path, senders=HERE))[0]
