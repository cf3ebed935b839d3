"""Move the fragments of this directory into CHANGELOG.md, as the section of a release."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
KINDS = ("added", "changed", "fixed")
MARK = "<!-- releases -->\n"


def fragments(folder: Path) -> dict[str, list[Path]]:
    """Return the fragments by kind; one whose name or text is not as README.md says is a ``ValueError``."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(set(folder.glob("*.md")) - {folder / "README.md"}):
        named = re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*\.(added|changed|fixed)\.md", path.name)
        if not named:
            raise ValueError(f"{path.name}: a fragment is named <slug>.<{'|'.join(KINDS)}>.md")
        if not re.match(r"[A-Z`]", path.read_text().strip()):
            raise ValueError(f"{path.name}: a fragment is a sentence for users")
        found[named[1]].append(path)
    return found


def section(version: str, day: datetime.date, found: dict[str, list[Path]]) -> str:
    """Return the text of a release: a heading, and one list for each kind that has fragments."""
    parts = [f"## {version} ({day.isoformat()})\n"]
    for kind, paths in found.items():
        if paths:
            items = ("- " + "\n  ".join(path.read_text().strip().splitlines()) for path in paths)
            parts.append(f"### {kind.capitalize()}\n\n" + "\n".join(items) + "\n")
    return "\n".join(parts)


def collect(version: str, *, day: datetime.date, folder: Path, changelog: Path) -> None:
    """Put the section of a release on top of the changelog and remove its fragments.

    Nothing is written when there is no fragment, a bad one, or a section of that version already.
    """
    found = fragments(folder)
    before, mark, after = changelog.read_text().partition(MARK)
    if not re.fullmatch(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?", version):
        raise ValueError(f"{version!r} is not a version such as 0.2.0: make changelog VERSION=0.2.0")
    if not any(found.values()):
        raise ValueError("There are no fragments to collect.")
    if not mark or f"## {version} (" in after:
        raise ValueError(f"{changelog.name} has no line {MARK.strip()!r}, or has a section {version} already.")
    changelog.write_text(f"{before}{mark}\n{section(version, day, found)}{after}")
    for paths in found.values():
        for path in paths:
            path.unlink()


if __name__ == "__main__":
    try:
        today = datetime.datetime.now(datetime.UTC).date()
        collect(sys.argv[1], day=today, folder=HERE, changelog=HERE.parent / "CHANGELOG.md")
    except ValueError as error:
        sys.exit(str(error))
