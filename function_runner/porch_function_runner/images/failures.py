"""Why nothing is known of an image.

    PorchError
    ├── Permanent
    │   ├── ImageNotFound      the registry has no such image
    │   ├── RegistryDenied     the registry wants other credentials
    │   ├── UntrustedRegistry  its certificate is not signed by an authority that we trust
    │   ├── UnreadableImage    what it serves is not an image that we can read
    │   ├── WrongPlatform      the image is not for the nodes' platform
    │   ├── NoCommand          the image has nothing to run
    │   └── BadCredentials     the credentials that we were given cannot be read
    └── Transient
        ├── RegistryUnavailable  no answer, or an error of the registry's own
        ├── RegistryBusy         it wants to be asked later
        └── WrongDigest          it served other content than was asked for

Every text names the image, the cause and what to do.
"""

from datetime import timedelta

from porch.errors import Permanent, Transient


class ImageNotFound(Permanent):
    """A registry does not have an image."""

    reason = "ImageNotFound"

    def __init__(self, image: str) -> None:
        super().__init__(
            f"image {image!r} must be in its registry, which does not have it: check name and tag,"
            " or push it; registries also say so of a private image"
        )


class RegistryDenied(Permanent):
    """A registry refuses our credentials, or wants some."""

    reason = "RegistryDenied"

    def __init__(self, image: str, *, user: str, said: str) -> None:
        whose = f"the credentials of {user!r}" if user else "requests without credentials"
        super().__init__(
            f"image {image!r} must be readable, its registry refuses {whose}{_said(said)}: add or"
            " mend the entry of that registry in the docker config that the runner is given"
        )


class UntrustedRegistry(Permanent):
    """A registry's certificate cannot be verified."""

    reason = "UntrustedRegistry"

    def __init__(self, image: str, *, host: str, said: str) -> None:
        super().__init__(
            f"image {image!r} must come from a registry that is trusted, the certificate of"
            f" {host!r} is not{_said(said)}: give the runner the registry's authority"
            " (`--enable-private-registries-tls`, `--tls-secret-path`)"
        )


class UnreadableImage(Permanent):
    """What a registry serves is not an image of a kind that we know."""

    reason = "UnreadableImage"

    def __init__(self, image: str, found: str) -> None:
        super().__init__(
            f"image {image!r} must be an OCI or Docker (schema 2) image, found {found}:"
            " build and push it anew"
        )


class WrongPlatform(Permanent):
    """An image is for other machines than the nodes."""

    reason = "WrongPlatform"

    def __init__(self, image: str, *, wanted: str, found: str) -> None:
        super().__init__(
            f"image {image!r} must be for the platform of the nodes, {wanted}, found {found}:"
            " build it for that, or tell the runner what the nodes are (`--node-platforms`)"
        )


class NoCommand(Permanent):
    """An image has neither an entrypoint nor a command."""

    reason = "NoCommand"

    def __init__(self, image: str) -> None:
        super().__init__(
            f"image {image!r} must have an entrypoint or a command that runs the function, found"
            " neither: set ENTRYPOINT where the image is built"
        )


class BadCredentials(Permanent):
    """The credentials that the runner was given are not a docker config."""

    reason = "BadCredentials"


class RegistryUnavailable(Transient):
    """A registry cannot be reached, or fails."""

    reason = "RegistryUnavailable"

    def __init__(self, image: str, *, host: str, said: str) -> None:
        super().__init__(
            f"image {image!r} cannot be looked at, its registry {host!r} does not answer as it"
            f" must{_said(said)}: check the registry and the network; it is asked again"
        )


class RegistryBusy(Transient):
    """A registry limits how often it is asked."""

    reason = "RegistryBusy"

    def __init__(self, image: str, *, host: str, wait: timedelta) -> None:
        super().__init__(
            f"image {image!r} cannot be looked at, its registry {host!r} wants to be asked again"
            f" after {wait.total_seconds():.0f} s (too many requests): wait, or give the runner"
            " credentials with a higher limit"
        )
        self.wait = wait


class WrongDigest(Transient):
    """Content does not have the digest by which it was asked for."""

    reason = "WrongDigest"

    def __init__(self, image: str, *, wanted: str, found: str) -> None:
        super().__init__(
            f"content of image {image!r} must have the digest {wanted}, found {found}: it was"
            " changed in the registry or on the way (a proxy, a broken cache); it is asked again"
        )


def _said(text: str) -> str:
    return f" ({text})" if text else ""
