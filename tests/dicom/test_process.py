"""`cxr-triage receive` as its user runs it: its own process, dcmtk at the other end, signals, the log, and TLS."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from builders.dicom import dicom
from builders.films import grey_film
from builders.parts import ROOT, need_program
from builders.program import Program, Running, wait_until
from builders.receiver import CR, STORE, answer, command, echoscu, free_port, pdu, raw, storescu
from pynetdicom import AE
from pynetdicom.association import Association

from daemon.dicom.settings import PORT
from daemon.settings import load_settings

SENDERS = '[{ ae_title = "*", addresses = ["127.0.0.1"] }]'


@contextmanager
def started(folder: Path, environment: Mapping[str, str] | None = None, **keys: Any) -> Iterator[tuple[Running, int]]:
    """A receiver that listens, and its port; `keys` are values of `[receiver]` in TOML."""
    (folder / "in").mkdir(exist_ok=True)
    port = free_port()
    lines = {"folder": "'in'", "port": port, "senders": SENDERS, "reserve_mib": 0, **keys}
    text = "[log]\nlevel = 'debug'\n[receiver]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
    (folder / "config.toml").write_text(text)
    program = Program(folder, settings=environment or {})
    with program.started("--config", "config.toml", "receive") as running:
        running.wait_for("event=receiving")
        yield running, port


def films(folder: Path, count: int, **options: Any) -> list[Path]:
    """Files to send."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.dcm" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(dicom(grey_film(64, 56, seed=number), **options))
    return paths


def stored(folder: Path) -> list[Path]:
    return sorted((folder / "in").glob("[!.]*"))


@contextmanager
def associated(port: int, calling: str = "PEER") -> Iterator[Association]:
    entity = AE(ae_title=calling)
    entity.add_requested_context(CR)
    association = entity.associate("127.0.0.1", port, ae_title="CXR-TRIAGE")
    assert association.is_established
    yield association
    if association.is_established:
        association.release()


@pytest.mark.system("dcmtk")
def test_what_dcmtk_sends_is_stored_as_it_came(tmp_path: Path) -> None:
    """Another program's idea of the protocol; the pictures are the same, in each encoding, and no name is told."""
    need_program("dcmcjpls")
    paths = films(tmp_path / "pacs", 5)
    subprocess.run(["dcmcjpls", paths[1], tmp_path / "pacs" / "jls.dcm"], check=True)
    subprocess.run(["dcmcrle", paths[2], tmp_path / "pacs" / "rle.dcm"], check=True)
    subprocess.run(["dcmcjpeg", paths[3], tmp_path / "pacs" / "jpeg.dcm"], check=True)
    subprocess.run(["dcmconv", "+tb", paths[4], tmp_path / "pacs" / "big.dcm"], check=True)
    with started(tmp_path) as (running, port):
        assert echoscu(port) == 0
        assert echoscu(port, called="OTHER") != 0
        for _ in range(2):
            sent = storescu(port, *paths)
            assert (sent.code, sent.acknowledged) == (0, tuple(paths)), sent.said
        for flag, name in (("-xt", "jls"), ("-xr", "rle"), ("-xs", "jpeg"), ("-xb", "big"), ("-xd", "0")):
            sent = storescu(port, flag, tmp_path / "pacs" / f"{name}.dcm")
            assert len(sent.acknowledged) == 1, sent.said
        assert running.terminate() == 0
    assert len(stored(tmp_path)) == 10
    for path in stored(tmp_path):
        done = subprocess.run(["dcmdump", "-q", "+L", path], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    syntaxes = subprocess.run(["dcmdump", "-q", "+P", "0002,0010", *stored(tmp_path)], capture_output=True, check=True)
    assert len(set(filter(None, syntaxes.stdout.decode().splitlines()))) == 6


@pytest.mark.system("dcmtk")
def test_what_is_not_taken_is_seen_by_the_sender(tmp_path: Path) -> None:
    """A kind of object that is none of this program's business: dcmtk says that no context was agreed to."""
    (path,) = films(tmp_path / "pacs", 1)
    subprocess.run(["dcmodify", "-nb", "-m", "0008,0016=1.2.840.10008.5.1.4.1.1.2", path], check=True)
    with started(tmp_path) as (_, port):
        sent = storescu(port, path)
    assert sent.code != 0
    assert sent.acknowledged == ()
    assert "No presentation context" in sent.said or "No Acceptable Presentation Contexts" in sent.said
    assert stored(tmp_path) == []


@pytest.mark.system("dcmtk")
def test_the_page_for_administrators_is_true(tmp_path: Path) -> None:
    """Its configuration can be used, and its commands do what they are said to, at another address and port."""
    text = (ROOT / "docs" / "administrators.md").read_text(encoding="utf-8").split("## Receiving by DICOM")[1]
    (document,) = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "page.toml").write_text(document)
    receiver = load_settings(tmp_path / "page.toml").receiver
    assert (receiver.port, str(receiver.senders[0].addresses[0])) == (PORT, "10.1.2.3/32")
    commands = re.findall(r"^(?:echoscu|storescu) .*?(?=\s*#|$)", text, re.MULTILINE)
    assert len(commands) == 3
    (path,) = films(tmp_path / "pacs", 1)
    path.rename(tmp_path / "film.dcm")
    with started(tmp_path, ae_title=f"'{receiver.ae_title}'") as (_, port):
        for line in commands[:2]:
            assert f" {receiver.bind} {receiver.port}" in line
            command_here = line.replace(f" {receiver.bind} {receiver.port}", f" 127.0.0.1 {port}")
            done = subprocess.run(command_here.split(), cwd=tmp_path, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr.decode()
    assert len(stored(tmp_path)) == 1


def test_the_log_says_nothing_that_a_peer_said(tmp_path: Path) -> None:
    """At any level: no title, UID, address or file name, of films that are taken, refused or broken off."""
    instance = "1.2.826.0.1.987654321"
    with started(tmp_path) as (running, port):
        for last in (2, 0):
            with associated(port, calling="PLANTEDTITLE") as association:
                connection = raw(association)
                connection.sendall(pdu(command(STORE, instance), 3) + pdu(b"PLANTED^MARKER", last))
                if last:
                    assert answer(connection) == 0
                else:
                    connection.sendall(pdu(command(0x0020, instance), 3))
                    assert answer(connection) is None
                connection.close()
        with associated(port) as association:
            connection = raw(association)
            connection.sendall(pdu(command(STORE, "PLANTED.UID"), 3) + pdu(b"body", 2))  # pydicom would warn of it
            assert answer(connection) == 0xA900
            connection.close()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"PLANTEDTITLE" * 100)
        running.wait_for('event="association broken off"')
        assert running.terminate() == 0
    (file,) = stored(tmp_path)
    said = running.said()
    assert "event=object verdict=stored" in said
    for told in ("PLANTED", "987654321", "127.0.0.1", file.name[:16], str(tmp_path), "Traceback", "Warning"):
        assert told not in said, said


def test_told_to_stop_it_lets_what_is_on_its_way_finish(tmp_path: Path) -> None:
    """The object is answered and stays, idle associations end, new ones do not begin, and the code is 0."""
    with started(tmp_path) as (running, port), associated(port) as idle, associated(port) as busy:
        connection = raw(busy)
        connection.sendall(pdu(command(STORE), 3) + pdu(b"first half", 0))
        wait_until(lambda: list((tmp_path / "in").glob("*.part")) != [], lambda: "the first half", running.alive)
        running.process.terminate()
        wait_until(lambda: not idle.is_established, lambda: "the end of the idle one", running.alive)
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
        assert running.alive()
        connection.sendall(pdu(b"second half", 2))
        assert answer(connection) == 0x0000
        assert running.process.wait(60) == 0
        connection.close()
    (file,) = stored(tmp_path)
    assert file.read_bytes().endswith(b"first halfsecond half")


def test_the_service_manager_hears_of_it(tmp_path: Path) -> None:
    """Ready once it listens, and stopping."""
    told = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        with started(tmp_path, {"NOTIFY_SOCKET": str(tmp_path / "notify")}) as (running, _):
            while b"READY=1" not in told:
                told.append(manager.recv(100))
            assert running.terminate() == 0
        while b"STOPPING=1" not in told:
            told.append(manager.recv(100))


def test_it_opens_no_database_and_loads_no_model(tmp_path: Path) -> None:
    """What a peer may take over in this process can read neither."""
    code = "import sys; import daemon.dicom.receiver, daemon.cli.receive\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pynetdicom" in done.stdout.split()
    loaded = set(done.stdout.split())
    assert not {"sqlalchemy", "sqlite3", "alembic", "ai_edge_litert", "db.store", "db.engine", "models.scorer"} & loaded


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    """Without settings, without the extra, with a port that is taken, and with a folder that another one holds."""
    program = Program(tmp_path)
    done = program.run("receive")
    assert done.code == 2
    assert "receiver.senders" in done.one_line()
    assert "receiver.folder" in done.one_line()
    with started(tmp_path) as (running, port):
        again = program.run("--config", "config.toml", "receive")
        assert again.code == 1
        assert "another receiver writes into it" in again.one_line()
        (tmp_path / "other").mkdir()
        taken = program.run("--config", "config.toml", "receive", CXR_TRIAGE_RECEIVER__FOLDER="other")
        assert taken.code == 1
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in taken.one_line()
        assert running.alive()


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path) -> None:
    """One line, and the other commands work."""
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pynetdicom' else find(name, *rest)\n"
        "sys.modules['pynetdicom'] = None; sys.argv = ['cxr-triage', 'receive']\n"
        "from daemon.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("cxr-triage: cannot receive films: pynetdicom is not installed; install the extra")
    assert done.stderr.count("\n") == 1


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA with certificates of a server and a client, and a client that another CA signed."""
    openssl, folder = need_program("openssl"), tmp_path_factory.mktemp("pems")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    for ca in ("ca", "stranger-ca"):
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{ca}.key"]
        run("req", "-x509", *key, "-out", f"{ca}.pem", "-days", "2", "-subj", f"/CN={ca}")
    for name, ca in (("server", "ca"), ("client", "ca"), ("stranger", "stranger-ca")):
        key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"]
        run("req", *key, "-out", f"{name}.csr", "-subj", "/CN=localhost")
        signed = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2"]
        run("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
    return folder


def _tls(pems: Path, **more: str) -> dict[str, str]:
    keys = {"tls_certificate": "server.pem", "tls_key": "server.key", **more}
    return {key: f"'{pems / name}'" for key, name in keys.items()}


def _client(pems: Path, name: str) -> list[str]:
    """What dcmtk's programs are told, to show a certificate and to ask for the server's."""
    return ["+tls", f"{pems / name}.key", f"{pems / name}.pem", "+cf", f"{pems / 'ca.pem'}"]


@pytest.mark.system("dcmtk")
def test_with_tls_only_those_whom_the_ca_signed_may_send(tmp_path: Path, pems: Path) -> None:
    """Neither in the clear, nor without a certificate, nor with one of another CA."""
    (path,) = films(tmp_path / "pacs", 1)
    with started(tmp_path, **_tls(pems, tls_client_ca="ca.pem")) as (running, port):
        anonymous = ["+tla", "+cf", f"{pems / 'ca.pem'}"]
        for flags in ([], anonymous, _client(pems, "stranger")):
            assert storescu(port, *flags, path).acknowledged == ()
            assert echoscu(port, *flags) != 0
        assert stored(tmp_path) == []
        assert echoscu(port, *_client(pems, "client")) == 0
        sent = storescu(port, *_client(pems, "client"), path)
        assert sent.acknowledged == (path,), sent.said
        assert running.terminate() == 0
    assert len(stored(tmp_path)) == 1
    assert "cause=tls" in running.said()


@pytest.mark.system("dcmtk")
def test_without_a_ca_for_clients_tls_only_hides_what_is_sent(tmp_path: Path, pems: Path) -> None:
    """Whoever may send by title and address needs no certificate; a large film goes through in many records."""
    (path,) = films(tmp_path / "pacs", 1)
    path.write_bytes(dicom(grey_film(2000, 1500)))
    with started(tmp_path, **_tls(pems)) as (_, port):
        sent = storescu(port, "+tla", "+cf", f"{pems / 'ca.pem'}", path)
        assert sent.acknowledged == (path,), sent.said
        assert storescu(port, path).acknowledged == ()


def test_who_begins_no_handshake_holds_nobody_up(tmp_path: Path, pems: Path) -> None:
    """pynetdicom itself would accept no other connection meanwhile."""
    context = ssl.create_default_context(cafile=pems / "ca.pem")
    context.check_hostname = False
    with started(tmp_path, **_tls(pems), associate_seconds=60) as (_, port):
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        entity = AE()
        entity.add_requested_context("1.2.840.10008.1.1")
        association = entity.associate("127.0.0.1", port, ae_title="CXR-TRIAGE", tls_args=(context, "localhost"))
        assert association.is_established
        assert association.send_c_echo().Status == 0
        association.release()
        for connection in silent:
            connection.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the old versions that are asked for
def test_an_old_tls_is_not_spoken(tmp_path: Path, pems: Path) -> None:
    """1.2 at least."""
    with started(tmp_path, **_tls(pems)) as (_, port):
        for version, spoken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("DEFAULT@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            with socket.create_connection(("127.0.0.1", port)) as connection:
                if spoken:
                    context.wrap_socket(connection).close()
                else:
                    with pytest.raises(OSError):  # noqa: PT011  (an alert, or closed)
                        context.wrap_socket(connection)


def test_a_key_with_a_password_is_an_error_and_no_prompt(tmp_path: Path, pems: Path) -> None:
    """A service that waits at its start for somebody to type would never be ready."""
    locked = tmp_path / "locked.key"
    words = ["rsa", "-aes256", "-passout", "pass:x", "-in", pems / "server.key", "-out", locked]
    subprocess.run([need_program("openssl"), *words], check=True, capture_output=True)
    (tmp_path / "in").mkdir()
    keys = {"FOLDER": "in", "SENDERS": '[{"ae_title": "*", "addresses": ["127.0.0.1"]}]'}
    keys |= {"TLS_CERTIFICATE": str(pems / "server.pem"), "TLS_KEY": str(locked)}
    done = Program(tmp_path, settings={f"CXR_TRIAGE_RECEIVER__{key}": value for key, value in keys.items()}).run(
        "receive"
    )
    assert done.code == 2
    assert "tls_certificate, tls_key" in done.one_line()
