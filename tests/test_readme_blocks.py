"""What README.md and docs/ show is run: a reader who copies it gets what it says.

Each page is one project in an empty directory.  A ``python`` block whose first line names a file, such as
``# my_project/pipelines.py``, becomes that file.  The commands of ``console`` blocks are run, and print what stands below
them.  All other ``python`` blocks of a page are one program; what it prints are the ``# Output:`` lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Pages whose code is there to be read: a protocol without its surroundings, records of decisions.
NOT_PROGRAMS = {"docs/architecture.md"}

#: Pages whose code is run on a Slurm cluster.
ON_A_CLUSTER = {"docs/slurm.md", "packages/furu-exec-slurm/README.md"}

PAGES = sorted(
    {
        str(path.relative_to(ROOT))
        for pattern in (
            "README.md",
            "docs/*.md",
            "packages/furu-core/README.md",
            "packages/furu-exec-slurm/README.md",
            "packages/furu-testing/README.md",
        )
        for path in ROOT.glob(pattern)
    }
    - NOT_PROGRAMS
)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# ([\w./-]+\.\w+)\n")
END_OF_BLOCK = "\x1e"


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the numbers of its first line and of its closing fence."""

    language: str
    text: str
    first: int
    last: int

    @property
    def file(self) -> str | None:
        """The file this block is, when its first line says so."""
        named = FILE_NAME.match(self.text)
        return named[1] if named else None


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = (ROOT / page).read_text()
    found = []
    for fence in FENCE.finditer(text):
        first = text.count("\n", 0, fence.start(2)) + 1
        found.append(Block(fence[1], fence[2], first, first + fence[2].count("\n")))
    return found


def programs(page: str) -> list[Block]:
    """Return the ``python`` blocks of a page that are no files."""
    return [block for block in blocks(page) if block.language == "python" and block.file is None]


def program(page: str) -> str:
    """Return the program of a page, each line at its place on the page, marking the end of each block."""
    lines = [""] * len((ROOT / page).read_text().splitlines())
    for block in programs(page):
        lines[block.first - 1 : block.last - 1] = block.text.splitlines()
        lines[block.last - 1] = f"print({END_OF_BLOCK!r})"
    return "\n".join(lines) + "\n"


def write_files(page: str, project: Path) -> None:
    """Write the blocks of a page that are files."""
    for block in blocks(page):
        if block.language == "python" and block.file is not None:
            path = project / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)


def run(command: str, project: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would, with the Python of this environment first and no setting of furu's."""
    # Without CI: programs print more there than on a reader's terminal.
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("FURU_") and name != "CI"}
    environ = inherited | {
        "PYTHONDONTWRITEBYTECODE": "1",  # pages edit modules faster than the second by which bytecode is dated
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONUNBUFFERED": "1",
        "LC_ALL": "C.UTF-8",  # sort sorts alike everywhere
        "XDG_CACHE_HOME": str(project.parent / "cache"),
        "FURU_RECORD_GIT": "ignore",  # where this runs is no reader's project
    }
    return subprocess.run(
        command, shell=True, cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


def run_shown(command: str, project: Path) -> str:
    """Return what a command prints on a terminal, with what differs from run to run masked."""
    done = run(f"exec 2>&1; {command}", project)
    return masked(done.stdout)


def masked(text: str) -> str:
    """Return a text with the time of day at the begin of a line, durations at its end, and process ids masked."""
    text = re.sub(r"^\d{6} ", "HHMMSS ", text, flags=re.MULTILINE)
    text = re.sub(r" in \d+\.\d\ds$", " in SECONDS", text, flags=re.MULTILINE)
    return re.sub(r"\(pid \d+\)", "(pid PID)", text)


def session(block: Block) -> list[tuple[str, str]]:
    """Return (command, what it prints) of a ``console`` block."""
    steps = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert steps[0] == "", f"line {block.first}: a console block begins with a command"
    return [(command, masked(shown)) for command, _, shown in (step.partition("\n") for step in steps[1:])]


def says(block: Block) -> list[str]:
    """Return the lines that a block says it prints."""
    return re.findall(r"^ *# Output: ?(.*)$", block.text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    """Commands and programs of a page run, and print what the page says they print."""
    if page in ON_A_CLUSTER and "FURU_CI" not in os.environ and run("scontrol ping", tmp_path).returncode != 0:
        pytest.skip("no Slurm answers here; `make slurm-up` starts one")
    write_files(page, tmp_path)
    for block in blocks(page):
        if block.language == "console":
            for command, shown in session(block):
                assert run_shown(command, tmp_path) == shown, f"{page}:{block.first} $ {command}"
    if not programs(page):
        return
    name = re.sub(r"\W", "_", Path(page).stem.lower())
    (tmp_path / f"{name}_page.py").write_text(program(page))

    done = run(f"python -m {name}_page", tmp_path)

    assert done.returncode == 0, f"{page} (the line numbers are the page's)\n{done.stderr}"
    printed = [text.strip("\n").splitlines() for text in done.stdout.split(f"{END_OF_BLOCK}\n")]
    for block, lines in zip(programs(page), printed, strict=False):
        assert lines == says(block), f"{page}:{block.first}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_of_a_page_can_be_imported(page: str, tmp_path: Path) -> None:
    """A block that is a file is a module that imports what it needs."""
    write_files(page, tmp_path)
    modules = [".".join(path.relative_to(tmp_path).with_suffix("").parts) for path in tmp_path.rglob("*.py")]

    if modules:
        done = run(f"python -c 'import {', '.join(sorted(modules))}'", tmp_path)

        assert done.returncode == 0, done.stderr


def test_pages_show_no_code_that_needs_what_is_not_there() -> None:
    """Names of packages that hold nothing yet appear in prose only."""
    absent = re.compile(r"furu-dashboard")
    shown = [
        f"{page}:{block.first}"
        for page in PAGES
        for block in blocks(page)
        if block.language in ("python", "console", "sh") and absent.search(block.text)
    ]

    assert shown == []


def test_links_between_pages_lead_somewhere() -> None:
    """A relative link on a page names a file of the repository."""
    links = [
        (ROOT / page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", FENCE.sub("", (ROOT / page).read_text()))
        if "://" not in target
    ]

    assert [f"{page}: {target}" for page, target in links if not (page.parent / target).exists()] == []
