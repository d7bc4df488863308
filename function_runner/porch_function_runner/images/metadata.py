"""What is known of an image."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMetadata:
    """One image as its registry has it."""

    digest: str  # of what the reference leads to: an index where there are several platforms
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()  # NAME=VALUE
    working_dir: str = ""
    user: str = ""

    @property
    def command(self) -> tuple[str, ...]:
        """What is run for a call: the entrypoint, else the command; never both."""
        return self.entrypoint or self.cmd
