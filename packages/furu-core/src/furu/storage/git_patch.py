"""What is not committed, as a patch that ``git apply`` takes."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass

from furu import config
from furu.storage import git_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = git_command.MOST_OUTPUT_BYTES
MOST_UNTRACKED_FILE_BYTES = 100_000
MOST_UNTRACKED_BYTES = 1_000_000

_TRUNCATED = b"# furu: truncated here, the rest was not recorded\n"
_DIFF = (
    "diff",
    "--binary",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--submodule=short",
    "--unified=3",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)


@dataclass(frozen=True, slots=True)
class Patch:
    """Brings a fresh clone at the recorded commit to the state the files were in.

    It has the tracked changes, binary ones included, and untracked text files up to 100 kB each and 1 MB together.  Left
    out are files that git ignores, untracked ones with a name or in a directory that begins with a dot (credentials live
    there), and furu's own roots.  Beyond 10 MB it ends at a line's end with a comment that says so.
    """

    content: bytes = b""
    truncated: bool = False


def against(commit: str | None, top: str) -> Patch:
    """Return the patch from ``commit`` (None: from nothing) to the working tree at ``top``."""
    left_out = [f":(top,exclude,literal){path}" for path in own_roots(top)]
    base = commit or git_command.line(top, "hash-object", "-t", "tree", os.devnull) or "HEAD"  # the empty tree
    tracked = git_command.run(top, *_DIFF, base, "--", ":(top)", *left_out)
    if not tracked.ok:
        return Patch(b"# furu: git diff failed or took too long\n" + _TRUNCATED, truncated=True)
    content = tracked.text if tracked.cut else tracked.text + b"".join(_untracked(top, left_out))
    if not tracked.cut and len(content) <= MOST_BYTES:
        return Patch(content)
    content = content[:MOST_BYTES]
    return Patch(content[: content.rfind(b"\n") + 1] + _TRUNCATED, truncated=True)


def own_roots(top: str) -> list[str]:
    """Return furu's roots inside the working tree, relative to it.  What holds the whole project is no root of ours."""
    settings = config.current()
    project = os.path.realpath(settings.project_root) + os.sep
    roots = (
        os.fspath(settings.base_root),
        settings.root_text("data"),
        settings.root_text("artifacts"),
        os.fspath(settings.raw_dir),
        os.fspath(settings.submitit_root),
    )
    spellings = [
        one for root in roots for one in (root, os.path.realpath(root)) if not project.startswith(one + os.sep)
    ]
    relative = [os.path.relpath(one, top) for one in spellings]
    return sorted({one for one in relative if one.split(os.sep)[0] not in (os.curdir, os.pardir)})


def _untracked(top: str, left_out: list[str]) -> Iterator[bytes]:
    listing = git_command.run(top, "ls-files", "--others", "--exclude-standard", "-z", "--", ":(top)", *left_out)
    room = MOST_UNTRACKED_BYTES
    for path in listing.text.split(b"\0")[:-1]:
        if not (path.startswith(b".") or b"/." in path):
            piece = _as_new_file(os.fsencode(top), path)
            if len(piece) <= room:
                room -= len(piece)
                yield piece


def _as_new_file(top: bytes, path: bytes) -> bytes:
    """Return the patch that adds an untracked text file, or nothing where it is binary, large, odd or gone."""
    if re.search(rb'[\x00-\x1f"\\\x7f]', path):
        return b""  # git would quote such a name
    try:
        facts = os.lstat(top + b"/" + path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MOST_UNTRACKED_FILE_BYTES:
            return b""
        with open(top + b"/" + path, "rb") as file:
            text = file.read(MOST_UNTRACKED_FILE_BYTES + 1)
    except OSError:
        return b""
    if b"\0" in text or len(text) > MOST_UNTRACKED_FILE_BYTES:
        return b""
    mode = b"100755" if facts.st_mode & stat.S_IXUSR else b"100644"
    return b"diff --git a/%b b/%b\nnew file mode %b\n" % (path, path, mode) + _added(path, text)


def _added(path: bytes, text: bytes) -> bytes:
    if not text:
        return b"index 0000000..e69de29\n"
    lines = text.split(b"\n")
    last = lines.pop()  # what follows the last line break
    body = b"".join([b"+%b\n" % line for line in lines])
    if last:
        body += b"+%b\n\\ No newline at end of file\n" % last
    tab = b"\t" if b" " in path else b""  # git's own mark of where such a name ends
    return b"--- /dev/null\n+++ b/%b%b\n@@ -0,0 +1,%d @@\n" % (path, tab, len(lines) + bool(last)) + body
