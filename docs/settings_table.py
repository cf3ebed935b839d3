"""Writes the tables of settings into README.md and docs/configuration.md, from ``furu.settings.SETTINGS``.

Run it after a setting was added or changed: ``python docs/settings_table.py``.  A test says when that was forgotten.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

from furu.settings import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- settings: begin (written by docs/settings_table.py) -->\n"
END = "<!-- settings: end -->"

#: Defaults that are better said in words.
IN_WORDS = {
    "version_controlled_root_override": "`<project>/furu-data/artifacts`",
    "heartbeat_interval_sec": "a third of `FURU_LEASE_SECS`",
    "max_wait_time_sec": "unset: what the class says, else 600",
}

#: Stands in for the settings that defaults are derived from.
NAMED = SimpleNamespace(project_root=PurePosixPath("<project>"), base_root=PurePosixPath("<FURU_PATH>"))


def default(name: str, setting: Setting) -> str:
    """Return the default of a setting, as people write it."""
    if name in IN_WORDS:
        return IN_WORDS[name]
    value = setting.default(NAMED) if callable(setting.default) else setting.default
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`" if value else "empty"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def rows(*, attributes: bool) -> list[tuple[str, ...]]:
    """Return the cells of every row, those of the attribute of ``FURU_CONFIG`` included where they are wanted."""
    found = []
    for name, setting in SETTINGS.items():
        if setting.env is None and not attributes:
            continue
        variable = f"`{setting.env}`" if setting.env else "none"
        attribute = (f"`{name}`",) if attributes else ()
        found.append((variable, *attribute, default(name, setting), setting.kind.allowed, setting.doc))
    return found


def table(*, attributes: bool) -> str:
    """Return the table as Markdown."""
    heads = ("variable", *(("`FURU_CONFIG.`",) if attributes else ()), "default", "takes", "meaning")
    lines = [heads, ("---",) * len(heads), *rows(attributes=attributes)]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def current(page: Path) -> str:
    """Return the text of a page with the table as it should be."""
    wanted = BEGIN + table(attributes=page.parent != ROOT) + END
    text, replaced = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: wanted, page.read_text(), flags=re.S)
    if replaced != 1:
        raise ValueError(f"{page} has {replaced} places for the table of settings, marked {BEGIN.strip()}")
    return text


PAGES = (ROOT / "README.md", ROOT / "docs" / "configuration.md")

if __name__ == "__main__":
    for page in PAGES:
        page.write_text(current(page))
        print(f"{page.relative_to(ROOT)} is up to date")
