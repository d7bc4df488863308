"""A real registry is asked, and what it knows of images is read, remembered and revalidated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from porch.errors import Disposition
from porch.functions.images import Image as Reference
from porch_devcluster.images import Image, push, push_index
from porch_devcluster.registry import registry
from porch_function_runner.images.contents import Platform
from porch_function_runner.images.failures import (
    ImageNotFound,
    NoCommand,
    RegistryUnavailable,
    UnreadableImage,
    WrongPlatform,
)
from porch_function_runner.images.metadata import ImageMetadata
from porch_function_runner.images.wire import WireSettings
from tests.integration.function_runner.images.looking import BEYOND_FAILED, content, looking

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry for everybody."""
    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


async def test_all_that_decides_how_a_function_runs_is_read(host: str) -> None:
    """The digest is what the tag led to, so that the very image can be named later."""
    image = Image(
        entrypoint=("/fn", "--run"), cmd=("more",), env=("A=b",), working_dir="/w", user="1000"
    )
    digest = push(image, f"{host}/org/fn:v1")
    async with looking() as look:
        found = await look.metadata(f"{host}/org/fn:v1")

    assert found == ImageMetadata(
        digest=digest,
        entrypoint=("/fn", "--run"),
        cmd=("more",),
        env=("A=b",),
        working_dir="/w",
        user="1000",
    )
    assert found.command == ("/fn", "--run")


async def test_the_command_stands_in_for_an_entrypoint(host: str) -> None:
    """They are never put together; with neither there is nothing to run."""
    push(Image(cmd=("/fn", "x")), f"{host}/cmd:v1")
    push(Image(), f"{host}/nothing:v1")
    async with looking() as look:
        command = await look.inspector.command(Reference.parse(f"{host}/cmd:v1"))
        with pytest.raises(NoCommand, match=r"nothing:v1.*ENTRYPOINT"):
            await look.inspector.command(Reference.parse(f"{host}/nothing:v1"))

    assert command == ("/fn", "x")


async def test_an_index_is_read_for_the_platform_of_the_nodes(host: str) -> None:
    """Its own digest is the image's: the nodes choose by themselves."""
    images = [content("/on-amd"), content("/on-arm", architecture="arm64")]
    digest = push_index(images, f"{host}/both:v1")
    arm, other = Platform(architecture="arm64"), Platform(architecture="s390x")
    async with looking(platforms=[arm]) as look:
        found = await look.metadata(f"{host}/both:v1")
        pinned = await look.metadata(f"{host}/both@{digest}")
    async with looking(platforms=[other]) as look:
        with pytest.raises(WrongPlatform, match=r"linux/s390x, found linux/amd64, linux/arm64"):
            await look.metadata(f"{host}/both:v1")

    assert (found.digest, found.entrypoint) == (digest, ("/on-arm",))
    assert pinned == found


async def test_a_tag_that_moved_is_noticed(host: str) -> None:
    """The entrypoint of the old image would be run in pods of the new one."""
    reference = f"{host}/moving:v1"
    old = push(content("/old"), reference)
    async with looking() as look:
        first = await look.metadata(reference)
        push(content("/new"), reference)
        at_once = await look.metadata(reference)
        look.pass_time()
        later = await look.metadata(reference)

    assert first.digest == at_once.digest == old
    assert later.entrypoint == ("/new",)


async def test_what_is_known_counts_on_while_the_registry_is_down(tmp_path: Path) -> None:
    """Functions that run do not stop for it; what is not known waits."""
    async with looking() as look:
        with registry(tmp_path) as host:
            push(content("/fn"), f"{host}/fn:v1")
            before = await look.metadata(f"{host}/fn:v1")
        look.pass_time()
        during = await look.metadata(f"{host}/fn:v1")
        with pytest.raises(RegistryUnavailable, match=f"unknown:v1.*{host}") as refused:
            await look.metadata(f"{host}/unknown:v1")
        with registry(tmp_path, port=int(host.rpartition(":")[2])):
            push(content("/new"), f"{host}/fn:v1")
            look.pass_time()
            after = await look.metadata(f"{host}/fn:v1")

    assert before == during
    assert refused.value.disposition is Disposition.RETRY
    assert after.entrypoint == ("/new",)


async def test_an_image_that_is_not_there_is_looked_for_again(host: str) -> None:
    """Pushing it helps, without a restart; but not every call asks the registry."""
    reference = f"{host}/late:v1"
    async with looking() as look:
        with pytest.raises(ImageNotFound, match=r"late:v1.*push it") as refused:
            await look.metadata(reference)
        push(content("/fn"), reference)
        with pytest.raises(ImageNotFound):
            await look.metadata(reference)
        look.pass_time(BEYOND_FAILED)
        found = await look.metadata(reference)

    assert refused.value.disposition is Disposition.STALL
    assert found.entrypoint == ("/fn",)


async def test_callers_of_one_image_share_one_look(host: str) -> None:
    """A burst of calls after a restart is one request; a caller that leaves harms no other."""
    push(content("/fn"), f"{host}/burst:v1")
    async with looking() as look:
        calls = [asyncio.ensure_future(look.metadata(f"{host}/burst:v1")) for _ in range(20)]
        await asyncio.sleep(0)
        calls[0].cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert {it.entrypoint for it in found[1:] if isinstance(it, ImageMetadata)} == {("/fn",)}
    assert len({id(it) for it in found[1:]}) == 1


async def test_content_beyond_our_bound_is_refused(host: str) -> None:
    """A registry must not fill the runner's memory."""
    push(Image(entrypoint=("/fn",), env=("A=" + "x" * 5000,)), f"{host}/large:v1")
    async with looking(wire=replace(WireSettings(), most_bytes=4000)) as look:
        with pytest.raises(UnreadableImage, match=r"large:v1.*more than 4000 bytes"):
            await look.metadata(f"{host}/large:v1")
