"""Calls over TLS: a handshake that fails has sent nothing, and only a certificate that is vouched for gets the token."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from calls import ACCEPTED, HELLO, SHOP, TAKEN, to
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wire import Turn, Wire, close, hang, raw, reset

from kaiwa.meta.answers import Lost, NotSent


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_server_without_tls_is_not_sent() -> None:
    with Wire.opened(TAKEN, accept=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as wire:
        async with to(f"https://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), NotSent)
        assert wire.bodies == []


@pytest.mark.parametrize("breaks", [reset, close, hang])
async def test_a_handshake_that_breaks_off_is_not_sent(breaks: Turn) -> None:
    with Wire.opened(TAKEN, accept=breaks) as wire:
        async with to(f"https://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), NotSent)
        assert wire.bodies == []


async def test_a_certificate_that_nobody_vouches_for_is_not_sent(certificate: Path) -> None:
    """Breaks when certificates are not checked: the token would go to whoever answers."""
    with Wire.opened(TAKEN, tls=server_context(certificate)) as wire:
        async with to(f"https://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), NotSent)
        assert wire.bodies == []


@pytest.mark.parametrize(("turn", "lost"), [(TAKEN, False), (reset, True), (close, True)])
async def test_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn, lost: bool) -> None:
    """Promise 3, as over plain sockets."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Wire.opened(turn, TAKEN, tls=server_context(certificate)) as wire:
        async with to(f"https://{wire.address}") as graph:
            answer = await graph.send(SHOP, HELLO)
        assert isinstance(answer, Lost) if lost else answer == ACCEPTED
        assert len(wire.bodies) == 1


async def test_a_refusal_of_tls_after_the_request_was_written_is_lost(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 3: with TLS 1.3 the request leaves before the server has agreed to the handshake."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = server_context(certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    with Wire.opened(TAKEN, tls=context) as wire:
        async with to(f"https://{wire.address}") as graph:
            assert isinstance(await graph.send(SHOP, HELLO), Lost)
        assert wire.bodies == []
