"""Certificates say what Kubernetes reads from them, and only their owner can read the keys."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from porch_devcluster import pki


def test_a_client_certificate_carries_user_and_groups() -> None:
    """Common name and organisations are the identity that RBAC sees."""
    pair = pki.Authority().client(pki.Subject("jane", ("a", "b")))
    subject = x509.load_pem_x509_certificate(pair.certificate).subject

    assert [it.value for it in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["jane"]
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert sorted(str(it.value) for it in groups) == ["a", "b"]


def test_a_certificate_serves_its_one_purpose_and_is_signed_by_the_authority() -> None:
    """A user's certificate must not pass for a server's."""
    authority = pki.Authority()
    ca = x509.load_pem_x509_certificate(authority.pair.certificate)
    server = x509.load_pem_x509_certificate(
        authority.server("server", addresses=["127.0.0.1"]).certificate
    )
    client = x509.load_pem_x509_certificate(authority.client(pki.Subject("u")).certificate)

    server.verify_directly_issued_by(ca)
    client.verify_directly_issued_by(ca)
    assert _purposes(server) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert _purposes(client) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert isinstance(client.public_key(), ec.EllipticCurvePublicKey)


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The run directory is under /tmp, where others look."""
    written = pki.write(tmp_path / "pki")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in written.directory.glob("*.key")}

    assert modes == {0o600}
    assert stat.S_IMODE(written.directory.stat().st_mode) == 0o700


def _purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
