"""What a hit and a create cost the store, counted in system calls by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"),
    reason="strace is not installed (apt-get install strace)",
)

PIPELINE = """
    import os
    import furu

    class Model(furu.Furu[int]):
        n: int = 0

        def _create(self) -> int:
            return self.n

        def _load(self) -> int:
            return self.n
"""

PROGRAM = """
    import os, sys
    from costs import Model
    for n in (0, 0, 1):
        Model(n=n).get()  # imports, the helper process and the class's directories are not what is counted
    os.write(2, b"== create\\n")
    Model(n=2).get()
    os.write(2, b"== hit\\n")
    Model(n=2).get()
    os.write(2, b"== exists\\n")
    Model(n=2).exists()
    os.write(2, b"== miss\\n")
    Model(n=3).exists()
    os.write(2, b"== end\\n")
"""

CHANGING = {"mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat"}
CHANGING |= {"symlink", "symlinkat", "truncate", "ftruncate", "chmod", "fchmod", "utimensat", "pwrite64"}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Run the program under strace; return the calls that touched the store, by what was being done."""
    home = tmp_path_factory.mktemp("costs")
    (home / "costs.py").write_text(textwrap.dedent(PIPELINE))
    (home / "main.py").write_text(textwrap.dedent(PROGRAM))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FURU_")}
    environ |= {
        "FURU_PATH": str(home / "store"),
        "FURU_RECORD_GIT": "ignore",
        "FURU_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(home),
    }
    command = ["strace", "-y", "-e", "trace=%file,%desc", "-s", "64", sys.executable, str(home / "main.py")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=home)
    assert done.returncode == 0, done.stderr[-2000:]
    return _by_section(done.stderr, home / "store")


def _by_section(trace: str, store: Path) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in trace.splitlines():
        begun = re.search(r'write\(2[^,]*, "== (\w+)', line)
        if begun:
            current = sections.setdefault(begun.group(1), [])
        elif str(store) in line and "<pipe:" not in line:  # the heartbeat helper is told of paths through a pipe
            current.append(line)
    return sections


def _changes(line: str) -> bool:
    name = line.partition("(")[0]
    return " = -1 " not in line and (name in CHANGING or name == "write" or (name == "openat" and "O_CREAT" in line))


@needs_strace
@pytest.mark.parametrize("what", ["hit", "exists"])
def test_a_look_costs_one_stat(calls: dict[str, list[str]], what: str) -> None:
    """A hit, and exists() of what is there, is one stat of the marker: nothing opened, no lock, no log file touched."""
    assert len(calls[what]) == 1, "\n".join(calls[what])
    assert "SUCCESS.json" in calls[what][0]
    assert "stat" in calls[what][0].partition("(")[0]


@needs_strace
def test_a_miss_costs_two_looks(calls: dict[str, list[str]]) -> None:
    """Where there is no marker, exists() looks for one more file: the one that would make it an alias."""
    assert [re.search(r"/\.furu/([^\"]*)", line)[1] for line in calls["miss"]] == ["SUCCESS.json", "migration.json"]  # type: ignore[index]


@needs_strace
def test_a_create_changes_the_store_at_most_20_times(calls: dict[str, list[str]]) -> None:
    """Creating a trivial artifact takes at most 20 system calls that change the store."""
    changing = [line for line in calls["create"] if _changes(line)]
    assert 10 < len(changing) <= 20, "\n".join(changing)
