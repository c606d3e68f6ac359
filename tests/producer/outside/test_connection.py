"""Connections with TLS: which certificates are accepted, and that deadlines hold."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from models import process_caches
from models.errors import Unreachable
from producer import outside
from producer.outside import Answer, guard
from tests.producer.outside.receiver import Receiver, answer, answering, dripping, receiving

MAX_SECONDS = 4  # seconds: a call that ignored its limits would take ten or more
PEM = Encoding.PEM


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that signs certificates, and a folder for them."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
    )


def create_authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        builder("authority", "authority", key, 30)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    return Authority(key, certificate.sign(key, hashes.SHA256()), folder)


def context(authority: Authority, names: list[str], days: int = 1) -> ssl.SSLContext:
    """Return the context of a server whose certificate is for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        builder("server", "authority", key, days)
        .add_extension(x509.SubjectAlternativeName([alternative(each) for each in names]), False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), False)
    )
    path = authority.folder / "server.pem"
    private = key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.sign(authority.key, hashes.SHA256()).public_bytes(PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server


def alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """An authority that this process trusts because of its environment, as an operator would set it."""
    authority = create_authority(tmp_path)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.certificate.public_bytes(PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("ALLOW_PRIVATE_TARGETS", "1")
    monkeypatch.setattr(guard, "resolve", lambda host, port: ["127.0.0.1"])
    process_caches.reset_all()
    yield authority
    process_caches.reset_all()


@contextmanager
def secure(tls: ssl.SSLContext) -> Iterator[Receiver]:
    with receiving(answering(answer(body=b"hello")), tls=tls) as receiver:
        yield receiver


def get(host: str, receiver: Receiver) -> Answer:
    return outside.call("GET", f"https://{host}:{receiver.port}/", {}, None)


def test_the_name_is_sent_to_the_server_and_compared_with_its_certificate(authority: Authority) -> None:
    requested_names: list[str | None] = []
    tls = context(authority, ["hooks.example"])
    tls.sni_callback = lambda sock, host, _: requested_names.append(host)
    with secure(tls) as receiver:
        assert get("Hooks.example", receiver).body == b"hello"
    assert requested_names == ["hooks.example"]
    assert receiver.headers()["host"] == f"hooks.example:{receiver.port}"


@pytest.mark.parametrize(
    "host", ["hooks.example", "hooks.example.", "www.wild.example", "b\u00fccher.example", "127.0.0.1"]
)
def test_a_certificate_for_the_name_is_accepted(host: str, authority: Authority) -> None:
    names = ["hooks.example", "*.wild.example", "xn--bcher-kva.example", "127.0.0.1"]
    with secure(context(authority, names)) as receiver:
        assert get(host, receiver).status == 200


@pytest.mark.parametrize("host", ["other.example", "a.hooks.example", "example", "127.0.0.1", "a.b.wild.example"])
def test_a_certificate_for_another_name_is_refused(host: str, authority: Authority) -> None:
    with (
        secure(context(authority, ["hooks.example", "*.wild.example", "127.0.0.2"])) as receiver,
        pytest.raises(Unreachable, match=r"The certificate is not valid: .*mismatch"),
    ):
        get(host, receiver)
    assert receiver.requests == []


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with (
        secure(context(authority, ["hooks.example"], days=-1)) as receiver,
        pytest.raises(Unreachable, match="The certificate is not valid: certificate has expired"),
    ):
        get("hooks.example", receiver)


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    stranger = create_authority(authority.folder)
    with (
        secure(context(stranger, ["hooks.example"])) as receiver,
        pytest.raises(Unreachable, match="The certificate is not valid"),
    ):
        get("hooks.example", receiver)
    assert receiver.requests == []


def test_old_versions_of_tls_are_refused(authority: Authority) -> None:
    tls = context(authority, ["hooks.example"])
    tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with secure(tls) as receiver, pytest.raises(Unreachable, match="The connection failed: TLS"):
        get("hooks.example", receiver)


def test_a_server_without_tls_is_one_error(authority: Authority) -> None:
    def plain(sock: socket.socket, receiver: Receiver) -> None:
        sock.sendall(answer("400 Bad Request"))

    with receiving(plain) as receiver, pytest.raises(Unreachable, match="The connection failed"):
        get("hooks.example", receiver)


@pytest.mark.parametrize(
    "drop", [b"", b"\x16\x03\x03\x40\x00" + bytes(0x4000), b"\x00"], ids=["silence", "records", "drip"]
)
def test_a_handshake_ends_with_the_connect_timeout(drop: bytes, authority: Authority) -> None:
    def never(sock: socket.socket, receiver: Receiver) -> None:
        sock.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # a greeting of 16 kB, which is never complete
        while not receiver.stopped.wait(0.02):
            sock.sendall(drop)

    with receiving(never) as receiver:
        start = time.monotonic()
        with pytest.raises(Unreachable):
            outside.call("GET", f"https://hooks.example:{receiver.port}/", {}, None, connect_seconds=0.3)
    assert time.monotonic() - start < MAX_SECONDS


def test_a_slow_answer_over_tls_ends_with_the_timeout(authority: Authority) -> None:
    with receiving(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), tls=context(authority, ["hooks.example"])) as receiver:
        start = time.monotonic()
        with pytest.raises(Unreachable, match="No answer in time"):
            outside.call("GET", f"https://hooks.example:{receiver.port}/", {}, None, total_seconds=0.5)
    assert time.monotonic() - start < MAX_SECONDS


def test_a_redirect_may_lead_to_tls(authority: Authority) -> None:
    with secure(context(authority, ["hooks.example"])) as receiver:
        moved = answer("301 Moved", Location=f"https://hooks.example:{receiver.port}/")
        with receiving(answering(moved)) as first:
            assert outside.fetch(first.url).body == b"hello"
