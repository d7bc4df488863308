"""Content: what text cannot carry is carried over, and digests are git's."""

import pytest

from porch.kpt.content import BadPath, BlobId, Content, File, FileMode, combine

SCRIPT = File.of(b"#!/bin/sh\n", FileMode.EXECUTABLE)
PICTURE = File.of(b"\x89PNG\0")
LINK = File.of(b"README.md", FileMode.SYMLINK)


def test_binaries_and_symlinks_stay_when_a_client_writes_text_only() -> None:
    """A push knows nothing of them, so their absence is no deletion."""
    written = combine({"README.md": "new"}, {"logo.png": PICTURE, "link": LINK})

    assert set(written) == {"README.md", "logo.png", "link"}


def test_a_script_keeps_its_executable_bit_and_goes_when_its_text_goes() -> None:
    """The text is shown, so its absence is a deletion; its mode is not, so it is kept."""
    kept = combine({"run.sh": "#!/bin/bash\n"}, {"run.sh": SCRIPT})
    dropped = combine({}, {"run.sh": SCRIPT})

    assert kept["run.sh"].mode is FileMode.EXECUTABLE
    assert dict(dropped) == {}


def test_an_executable_binary_stays() -> None:
    """Only its id may be known."""
    program = File(BlobId("a" * 40), FileMode.EXECUTABLE)

    assert combine({}, {"bin/tool": program})["bin/tool"] == program


def test_a_text_takes_the_place_of_a_binary_at_its_path() -> None:
    """What the user writes wins."""
    assert combine({"logo.png": "text"}, {"logo.png": PICTURE})["logo.png"].data == b"text"


@pytest.mark.parametrize(
    "path", ["", "/x", "../x", "a/../b", "a//b", ".git/config", "a\\b", "a\nb", "x/", "./a"]
)
def test_paths_that_could_leave_the_package_are_refused(path: str) -> None:
    """The same rule as the CRD's."""
    with pytest.raises(BadPath, match="must"):
        Content.from_texts({path: "x"})


def test_a_file_cannot_be_the_folder_of_another() -> None:
    """Git could not hold both."""
    with pytest.raises(BadPath, match="must not be both"):
        Content.from_texts({"a": "x", "a/b": "y"})
