"""``furu_test_env``: a store of one's own for the length of a block, in any test framework."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from furu import config
from furu.runtime import announcing, overrides

if TYPE_CHECKING:
    from collections.abc import Iterator

LEASE_SEC = 5.0
POLL_SEC = 0.02


@contextmanager
def furu_test_env(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Use a store below ``path`` inside the block, which is the value; put everything back afterwards.

    Inside, all settings have their defaults but for: every root is below ``path``; git is not recorded; a lease lasts 5 s;
    others are looked at every 20 ms; what every ``get()`` does is traced, for ``assert_computed`` and its relatives.
    ``FURU_`` variables are set accordingly, so that child processes use the same store.  Overrides of results in force
    outside are not seen inside, and the first load of each artifact is announced anew.

    Promise: afterwards every setting, every ``FURU_`` variable and every override is as before, also after an error.
    """
    root = Path(os.path.abspath(path))
    root.mkdir(parents=True, exist_ok=True)
    settings = config.current()
    before = settings.snapshot()
    outside = {name: text for name, text in os.environ.items() if name.startswith("FURU_")}
    with tempfile.TemporaryDirectory(prefix="furu-trace-") as aside:
        try:
            _set_variables(_variables(root, Path(aside) / "trace.jsonl"))
            with overrides.none_installed(), _memory_of_its_own(root):
                settings.restore(config.FuruConfig().snapshot())
                yield root
        finally:
            _set_variables(outside)
            settings.restore(before)


@contextmanager
def _memory_of_its_own(root: Path) -> Iterator[None]:
    """Let three things be as in a fresh process: which loads were announced, scratch blocks, the temporary root.

    What else one test could see of another; nobody but a test has a use for it.
    """
    outside = announcing._loaded, config._scratched, config._scratch  # noqa: SLF001
    announcing._loaded, config._scratched, config._scratch = set(), (), root / "scratch"  # noqa: SLF001
    try:
        yield
    finally:
        announcing._loaded, config._scratched, config._scratch = outside  # noqa: SLF001


def _variables(root: Path, trace: Path) -> dict[str, str]:
    return {
        "FURU_PATH": str(root),
        "FURU_VERSION_CONTROLLED_PATH": str(root / "artifacts"),
        "FURU_RECORD_GIT": "ignore",
        "FURU_LEASE_SECS": str(LEASE_SEC),
        "FURU_POLL_INTERVAL_SECS": str(POLL_SEC),
        "FURU_TRACE": str(trace),
        "FURU_CACHE_PATH": str(root / "cache"),
    }


def _set_variables(wanted: dict[str, str]) -> None:
    """Let exactly these ``FURU_`` variables be set."""
    for name in [name for name in os.environ if name.startswith("FURU_") and name not in wanted]:
        del os.environ[name]
    os.environ.update(wanted)
