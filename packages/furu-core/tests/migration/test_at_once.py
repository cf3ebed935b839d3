"""Two processes migrate while a third computes: nothing is lost, nothing is computed that is there, nothing is torn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from furu import config
from furu.migration import run
from furu.storage import alias
from furu_testing.children import Child

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[..., Any]

OLD, NEW = 120, 40

BEFORE = """
    class Model(furu.Furu[int]):
        n: int = 0

        def _create(self):
            return self.n
"""

AFTER = """
    class Model(furu.Furu[int]):
        migrations = [furu.Renamed("n", "rows")]
        rows: int = 0

        def _create(self):
            (self.furu_dir / "own.txt").write_text(str(self.rows))
            return self.rows
"""


def test_two_migrate_while_a_third_computes(version: Version, tmp_path: Path, furu_tmp_root: Path) -> None:
    """Every result of before is an alias afterwards, or was read before it was one; only what is new was computed."""
    shop = version(BEFORE)
    for n in range(OLD):
        shop.Model(n=n).get()
    shop = version(AFTER)
    migrating = "import shop; print(len(shop.Model.migrate().aliases))"
    computing = f"""
        import shop
        for n in range({OLD + NEW}):
            assert shop.Model(rows=n).get() == n
    """

    with (
        Child.python(migrating, report=tmp_path / "one") as one,
        Child.python(migrating, report=tmp_path / "two") as two,
        Child.python(computing, report=tmp_path / "three") as three,
    ):
        told = [int(child.end().ok()[-1]) for child in (one, two)]
        three.end().ok()

    assert all(0 <= count <= OLD for count in told)
    created = [
        line
        for line in (json.loads(text) for text in trace().splitlines())
        if line["outcome"].endswith("->create") and line["pid"] == three.pid
    ]
    assert len(created) == NEW
    for n in range(OLD):
        assert shop.Model(rows=n).is_alias
        own = furu_tmp_root / "data/shop/Model" / shop.Model(rows=n).furu_hash
        assert sorted(path.name for path in own.rglob("*")) == [".furu", "migration.json"]
        assert alias.read(str(own / ".furu")) is not None
    assert sum(run.runs().values()) == OLD
    assert all(not shop.Model(rows=n).is_alias for n in range(OLD, OLD + NEW))


def test_migrating_under_a_rerun_never_writes_into_an_original(
    version: Version, tmp_path: Path, furu_tmp_root: Path
) -> None:
    """While two processes recompute everything under the new keys, and a third migrates, the originals stay byte by byte."""
    shop = version(BEFORE)
    for n in range(30):
        shop.Model(n=n).get()
    before = {path: path.read_bytes() for path in (furu_tmp_root / "data").rglob("*") if path.is_file()}
    shop = version(AFTER)
    migrating = "import shop; shop.Model.migrate()"
    computing = "import shop; [shop.Model(rows=n).get() for n in range(30)]"

    with (
        Child.python(migrating, report=tmp_path / "one") as one,
        Child.python(computing, report=tmp_path / "two", env={"FURU_ALWAYS_RERUN": "shop.Model"}) as two,
        Child.python(computing, report=tmp_path / "three", env={"FURU_ALWAYS_RERUN": "shop.Model"}) as three,
    ):
        for child in (one, two, three):
            child.end().ok()

    after = {path: path.read_bytes() for path in before if path.name != ".schemas.jsonl"}
    assert after == {path: content for path, content in before.items() if path.name != ".schemas.jsonl"}
    for n in range(30):
        made = shop.Model(rows=n)
        assert (made.get(), made.is_alias, made.furu_dir.name) == (n, False, made.furu_hash)
        assert (made.furu_dir / "own.txt").read_text() == str(n)


def trace() -> str:
    """Return what every get() of this test has told."""
    path = config.current().trace
    assert path is not None
    return path.read_text()
