"""Images depend on what is in them and on nothing else."""

from __future__ import annotations

import io
import json
import tarfile

from porch_devcluster.images import File, Image, Link, digest_of

IMAGE = Image(
    files=(File("/bin/tool", b"program", mode=0o555), Link("/bin/other", "tool")),
    entrypoint=("/bin/tool",),
    env=("A=b",),
    user="65532",
)


def test_the_same_files_are_the_same_image() -> None:
    """Time and place must not be in a digest: what is unchanged is not pulled again."""
    again = Image(files=IMAGE.files, entrypoint=IMAGE.entrypoint, env=IMAGE.env, user=IMAGE.user)

    assert IMAGE.layer() == again.layer()
    assert digest_of(IMAGE.config(IMAGE.layer())) == digest_of(again.config(again.layer()))


def test_a_layer_has_files_with_modes_and_links() -> None:
    """Container runtimes unpack it as it is."""
    with tarfile.open(fileobj=io.BytesIO(IMAGE.layer())) as archive:
        tool, other = archive.getmember("bin/tool"), archive.getmember("bin/other")

    assert (tool.mode, tool.size, tool.uid) == (0o555, len(b"program"), 0)
    assert (other.issym(), other.linkname) == (True, "tool")


def test_a_configuration_leaves_out_what_is_empty() -> None:
    """An empty entrypoint is none, which some readers tell apart."""
    config = json.loads(IMAGE.config(IMAGE.layer()))

    assert config["config"] == {"Entrypoint": ["/bin/tool"], "Env": ["A=b"], "User": "65532"}
