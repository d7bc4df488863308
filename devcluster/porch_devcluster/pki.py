"""Keys and certificates of one control plane: its authority, its server, its users.

Made for one run and thrown away with it, so one year of validity is plenty. P-256 throughout:
a whole set takes some 20 ms. Private keys are readable by their owner alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

VALID = timedelta(days=365)
CLOCK_SKEW = timedelta(minutes=5)
SERVICE_IP = "10.96.0.1"  # first address of the Service range: kubernetes.default.svc
SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a client certificate speaks for, as Kubernetes reads it."""

    user: str
    groups: tuple[str, ...] = ()


USERS = (
    Subject("admin", ("system:masters",)),
    Subject("author", ("porch:authors",)),
    Subject("approver", ("porch:approvers",)),
    Subject("viewer", ("porch:viewers",)),
)
CONTROLLER_MANAGER = Subject("system:kube-controller-manager")
SCHEDULER = Subject("system:kube-scheduler")
KUBELET_CLIENT = Subject("kube-apiserver-kubelet-client", ("system:masters",))


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """What a node is called, and where the API server finds its kubelet."""

    name: str
    address: str

    @property
    def subject(self) -> Subject:
        return Subject(f"system:node:{self.name}", ("system:nodes",))


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and the certificate over its public half, both PEM."""

    key: bytes
    certificate: bytes


class Authority:
    """A certificate authority that lives as long as this object."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(Subject("porch-devcluster"))
        certificate = (
            _begun(self._name, issuer=self._name, key=self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pair = Pair(private_key(self._key), _pem(certificate))

    def server(self, user: str, *, addresses: Sequence[str]) -> Pair:
        """A pair for a server that is reached by these addresses and by the service's names."""
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in SERVER_NAMES]
        names += [x509.IPAddress(ip_address(address)) for address in addresses]
        return self._issue(
            Subject(user),
            purpose=ExtendedKeyUsageOID.SERVER_AUTH,
            alternatives=x509.SubjectAlternativeName(names),
        )

    def client(self, subject: Subject) -> Pair:
        """A pair with which `subject` is who it says to the API server."""
        return self._issue(subject, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self,
        subject: Subject,
        *,
        purpose: ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _begun(_name(subject), issuer=self._name, key=key.public_key())
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        return Pair(private_key(key), _pem(builder.sign(self._key, hashes.SHA256())))


@dataclass(frozen=True, slots=True)
class Pki:
    """Where the files of one control plane lie; made by `write`."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.crt"

    def certificate(self, name: str) -> Path:
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.directory / f"{name}.key"


def write(directory: Path, *, node: NodeIdentity | None = None) -> Pki:
    """Make all keys and certificates of a control plane on the loopback address."""
    directory.mkdir(parents=True, mode=0o700)
    pki = Pki(directory)
    authority = Authority()
    addresses = [str(IPv4Address("127.0.0.1")), SERVICE_IP]
    pairs = {
        "ca": authority.pair,
        "controller-manager": authority.client(CONTROLLER_MANAGER),
        **{subject.user: authority.client(subject) for subject in USERS},
    }
    if node is not None:
        addresses.append(node.address)
        pairs |= _of_node(authority, node)
    pairs["apiserver"] = authority.server("kube-apiserver", addresses=addresses)
    for name, pair in pairs.items():
        write_private(pki.key(name), pair.key)
        pki.certificate(name).write_bytes(pair.certificate)
    write_private(pki.key("service-accounts"), private_key(ec.generate_private_key(ec.SECP256R1())))
    return pki


def _of_node(authority: Authority, node: NodeIdentity) -> dict[str, Pair]:
    """What a node needs, and those who work with one."""
    return {
        "kubelet": authority.client(node.subject),
        "kubelet-server": authority.server(node.subject.user, addresses=[node.address]),
        "kubelet-client": authority.client(KUBELET_CLIENT),
        "scheduler": authority.client(SCHEDULER),
    }


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def private_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PEM as all Kubernetes components read it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(subject: Subject) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in subject.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, subject.user)])


def _begun(
    name: x509.Name, *, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALID)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
