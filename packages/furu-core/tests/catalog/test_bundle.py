"""Bundles: what leaves one store arrives in another as it was, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from holdings import Number, Pair, User, Versioned
from hypothesis import example, given
from hypothesis import strategies as st

from furu.catalog import bundle, exporting, importing, labels, place, reading, reference, removal
from furu.errors import FuruError, FuruRecordError
from furu.storage import alias, lease, state, store
from furu.task import ArtifactRef, Original
from furu_testing import furu_test_env

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import furu
    from furu.catalog.importing import Step
    from furu.storage.artifact import Artifact

USER = User(pair=Pair(n=1), more=(Pair(n=2),))


def of(task: furu.Furu[Any]) -> Artifact:
    """Return the handle on a task's directory."""
    return store.artifact(task.furu_ref)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a directory for bundles, with a store in force that has artifacts in both roots."""
    with furu_test_env(tmp_path / "home"):
        Pair(n=2).get()
        USER.get()
        Versioned().get()
        Number(n=7).get()
        yield tmp_path


@pytest.fixture
def abroad(home: Path) -> Iterator[Path]:
    """Have another store in force, an empty one."""
    with furu_test_env(home / "abroad"):
        yield home


def exported(path: Path, *tasks: furu.Furu[Any], outputs: bool = True, store_at: Path | None = None) -> str:
    """Write a bundle of tasks and what they need from the home store; return its path."""
    where = place.below(store_at or path.parent / "home")
    artifacts = [reference.resolve(task.furu_hash, where) for task in tasks]
    closure, missing = exporting.with_dependencies(artifacts, where)
    assert missing == []
    assert exporting.export(closure, str(path), outputs=outputs).missing == ()
    return str(path)


def imported(path: str, *, records: bool = False) -> list[tuple[str, str]]:
    """Import a bundle into the store in force; return what was planned for each artifact, in order of their classes."""
    with bundle.source(path) as source:
        steps = importing.plan(bundle.entries(source), place.of_settings(), records=records)
        importing.check_size(steps, source, place.of_settings())
        for _, error in importing.all_of(steps, source):
            if error is not None:
                raise error
    return sorted((step.entry.ref.namespace.rpartition(".")[2], step.action) for step in steps)


def steps_of(path: str, source: bundle.Source) -> list[Step]:
    """Return the plan of an import into the store in force."""
    return importing.plan(bundle.entries(source), place.of_settings())


def contents(directory: Path) -> dict[str, bytes | None]:
    """Return every path below a directory with its content, and whether it is executable, in its name."""
    return {
        f"{path.relative_to(directory)}{'*' if path.is_file() and os.access(path, os.X_OK) else ''}": path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(directory.rglob("*"))
    }


def nothing_came_in(directory: Path) -> bool:
    """Return whether a store has no files: neither artifacts nor what an import was about to make."""
    return not [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["bundle.zip", "bundle"])
def test_what_was_exported_is_loaded_elsewhere(abroad: Path, name: str) -> None:
    """Results, records and what they need arrive in both roots, byte by byte, and nothing is computed again."""
    (abroad / "home" / "artifacts").mkdir(exist_ok=True)
    with furu_test_env(abroad / "home"):
        directory = Pair(n=1).furu_dir
        (directory / "empty" / "deeper").mkdir(parents=True)
        (directory / "tool").write_text("#!")
        (directory / "tool").chmod(0o755)
        (directory / "latest").symlink_to("first")
        before = contents(directory)
    path = exported(abroad / name, USER, Versioned())

    assert imported(path) == [("Pair", "import"), ("Pair", "import"), ("User", "import"), ("Versioned", "import")]

    assert USER.load_existing() == 1
    assert Versioned().load_existing() == 1
    assert contents(Pair(n=1).furu_dir) == before
    assert not list((abroad / "abroad").rglob(".import.*"))
    assert of(USER).observed_state().result == "success"
    assert USER.get_metadata().furu_hash == USER.furu_hash


def test_a_store_that_has_some_of_it_keeps_it(abroad: Path) -> None:
    """What is published is left alone; a second import finds everything there."""
    path = exported(abroad / "b.zip", USER)
    Pair(n=1).get()
    marker = (Pair(n=1).furu_dir / ".furu" / "SUCCESS.json").read_bytes()

    assert imported(path) == [("Pair", "import"), ("Pair", "there"), ("User", "import")]

    assert (Pair(n=1).furu_dir / ".furu" / "SUCCESS.json").read_bytes() == marker
    assert {action for _, action in imported(path)} == {"there"}


def test_what_an_attempt_has_left_gives_way(abroad: Path) -> None:
    """A failed attempt's directory is replaced by the result; labels of both stores are kept."""
    with furu_test_env(abroad / "home"):
        labels.change(of(Pair(n=1)).meta_dir, lambda it: it.tagged("theirs").named("their name"))
    path = exported(abroad / "b.zip", Pair(n=1))
    held = of(Pair(n=1)).claim("1" * 32)
    assert held is not None
    held.release()
    (Pair(n=1).furu_dir / "checkpoint").write_text("")
    labels.change(of(Pair(n=1)).meta_dir, lambda it: it.tagged("mine").named("my name").pin())

    assert imported(path) == [("Pair", "import")]

    assert Pair(n=1).load_existing() == "1"
    assert not (Pair(n=1).furu_dir / "checkpoint").exists()
    assert labels.read(of(Pair(n=1)).meta_dir) == labels.Labels("my name", None, True, ("mine", "theirs"))


def test_what_is_being_computed_is_left_alone(abroad: Path) -> None:
    """An import does not touch what somebody holds, also when the claim comes after the plan was made."""
    path = exported(abroad / "b.zip", Pair(n=1))
    with bundle.source(path) as source:
        steps = steps_of(path, source)
        held = of(Pair(n=1)).claim("1" * 32)
        assert held is not None
        with pytest.raises(FuruError, match="is kept: it is in use"):
            importing.take(steps[0], source)
        assert imported(path) == [("Pair", "in use")]
        held.check()
        held.release()
    assert sorted(path.name for path in Pair(n=1).furu_dir.parent.iterdir() if path.is_dir()) == [Pair(n=1).furu_hash]


def test_without_results_nothing_counts_as_published(abroad: Path) -> None:
    """A bundle of records brings configs and logs when asked, and get() computes the result."""
    path = exported(abroad / "b.zip", USER, outputs=False)
    assert {action for _, action in imported(path)} == {"no result"}
    assert nothing_came_in(abroad / "abroad" / "data")

    assert {action for _, action in imported(path, records=True)} == {"import"}

    assert not USER.exists()
    assert USER.get_state().result == "absent"
    assert USER.get_metadata().furu_hash == USER.furu_hash
    assert {action for _, action in imported(path, records=True)} == {"there"}
    assert USER.get() == 1


def test_what_leads_out_of_an_artifact_makes_it_incomplete(abroad: Path) -> None:
    """A link to somewhere else, a pipe and a link to a directory are left out and told, and the result does not count."""
    with furu_test_env(abroad / "home"):
        directory = Pair(n=1).furu_dir
        (abroad / "secret").write_text("secret")
        (directory / "out").symlink_to(abroad / "secret")
        (directory / "round").symlink_to(directory)
        os.mkfifo(directory / "pipe")
    with zipfile.ZipFile(exported(abroad / "b.zip", Pair(n=1))) as written:
        assert not any(b"secret" in written.read(name) for name in written.namelist())
    with bundle.source(str(abroad / "b.zip")) as source:
        (entry,) = bundle.entries(source)
    assert entry.left_out == ("out", "pipe", "round")
    assert imported(str(abroad / "b.zip")) == [("Pair", "no result")]


def test_what_changes_while_it_is_read_is_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artifact that is computed again, or removed, during the export is told, and not in the list."""
    changes: list[Callable[[], object]] = [
        lambda: (Pair(n=1).furu_dir / ".furu" / "SUCCESS.json").unlink(),
        lambda: removal.remove(of(Pair(n=2))),
    ]
    wanted = [of(Pair(n=1)), of(Pair(n=2)), of(Number(n=7))]
    look = exporting._Contents

    def looked(directory: str) -> exporting._Contents:
        found = look(directory)
        if changes:
            changes.pop(0)()
        return found

    monkeypatch.setattr(exporting, "_Contents", looked)
    made = exporting.export(wanted, str(home / "b.zip"), outputs=True)
    assert [one.ref for one in made.entries] == [Number(n=7).furu_ref]
    assert len(made.missing) == 2
    with furu_test_env(home / "abroad"):
        assert imported(str(home / "b.zip")) == [("Number", "import")]


@pytest.mark.parametrize("name", ["b.zip", "b"])
def test_an_export_that_fails_leaves_nothing(home: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file appears when it is complete; one that is there is not overwritten."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(exporting._Zip, "add_text", full)
        patched.setattr(exporting._Folder, "add_text", full)
        with pytest.raises(OSError, match="No space"):
            exporting.export([of(USER)], str(home / name))
    assert sorted(path.name for path in home.iterdir()) == ["home"]
    exporting.export([of(USER)], str(home / name))
    with pytest.raises(FuruError, match="is there already"):
        exporting.export([of(USER)], str(home / name))


def damaged(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one file of a bundle in a directory, or in a zip that stores it plainly."""
    if path.is_dir():
        file = path / name
        file.write_bytes(change(file.read_bytes()))
        return
    with zipfile.ZipFile(path) as old:
        contents = {one: old.read(one) for one in old.namelist()}
    contents[name] = change(contents[name])
    with zipfile.ZipFile(path, "w") as new:
        for one, content in contents.items():
            new.writestr(one, content)


@pytest.mark.parametrize("name", ["b.zip", "b"])
@pytest.mark.parametrize(
    "change",
    [lambda it: b"2" * len(it), lambda it: it + b"more", lambda it: it[:-1]],
    ids=["other", "longer", "shorter"],
)
def test_a_file_that_was_changed_is_refused(abroad: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """One byte more, less or other than the list says, and the artifact stays out, the others come in."""
    path = exported(abroad / name, Pair(n=1), Number(n=7))
    inner = f"data/holdings/Pair/{Pair(n=1).furu_hash}/second"
    damaged(abroad / name, inner, change)
    with bundle.source(path) as source:
        steps = steps_of(path, source)
        found = {step.entry.ref: error for step, error in importing.all_of(steps, source)}
    assert "changed or damaged" in str(found[Pair(n=1).furu_ref])
    assert found[Number(n=7).furu_ref] is None
    assert not Pair(n=1).furu_dir.exists()
    assert Number(n=7).load_existing() == 7
    assert not list((abroad / "abroad").rglob(".import.*"))


def test_torn_zips_are_told(abroad: Path) -> None:
    """However a zip is cut or garbled, the answer is an error of furu's and an empty store."""
    path = Path(exported(abroad / "b.zip", Pair(n=1)))
    whole = path.read_bytes()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:cut] + bytes(byte ^ 0x55 for byte in whole[cut : cut + 64]) + whole[cut + 64 :])
        try:
            imported(str(path))
        except FuruError:
            assert not Pair(n=1).furu_dir.exists()
        else:
            assert Pair(n=1).load_existing() == "1"
            shutil.rmtree(Pair(n=1).furu_dir)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FuruRecordError, match="is no bundle"):
        imported(str(path))


def listed(path: Path, *records: Any) -> str:
    """Write a bundle whose list has these records; return its path."""
    path.mkdir()
    lines = [bundle.HEADER, *records]
    (path / bundle.LIST).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def record(**changes: Any) -> dict[str, Any]:
    """Return a line of a list: one artifact with a marker, and one other file."""
    digest = hashlib.sha256(b"{}").hexdigest()
    made = {
        "root": "data",
        "namespace": "holdings.Pair",
        "furu_hash": "a" * 20,
        "complete": True,
        "files": [[".furu/SUCCESS.json", 2, digest, False], ["first", 2, digest, False]],
    }
    return made | changes


EVIL_PATHS = [
    "../out",
    "/etc/passwd",
    "a/../../out",
    "a//b",
    "./a",
    "a/.",
    "",
    ".furu",
    ".furu/compute.lock/" + "0" * 32,
    ".furu/compute.lock",
    ".furu/labels/compute.lock/x",
    ".furu/state.json.tmp.1",
    "a\0b",
    7,
    None,
]


@pytest.mark.parametrize("path", EVIL_PATHS)
def test_names_that_lead_elsewhere_are_refused(abroad: Path, path: Any) -> None:
    """A list that names anything but a plain path inside the artifact is refused as a whole, before anything is written."""
    digest = hashlib.sha256(b"").hexdigest()
    evil = listed(abroad / "evil", record(files=[[path, 0, digest, False]]))
    with pytest.raises(FuruRecordError, match=r"line 2 of furu-bundle\.jsonl"):
        imported(evil)
    with pytest.raises(FuruRecordError):
        imported(listed(abroad / "evil2", record(empty=[path])))
    assert nothing_came_in(abroad / "abroad")


@pytest.mark.parametrize(
    "changes",
    [
        {"root": "scratch"},
        {"root": "../data"},
        {"namespace": "..holdings"},
        {"namespace": "holdings/../../x"},
        {"namespace": ""},
        {"namespace": 3},
        {"furu_hash": "../../../../../../etc"},
        {"furu_hash": "A" * 20},
        {"files": "all"},
        {"files": [["a", -1, "0" * 64, False]]},
        {"files": [["a", True, "0" * 64, False]]},
        {"files": [["a", 1, "0" * 63, False]]},
        {"files": [["a", 1, "0" * 64, False]] * 2},
        {"files": [["a", 1, "0" * 64, False]], "empty": ["a"]},
        {"disk_bytes": "many"},
    ],
)
def test_a_list_that_is_not_furus_is_refused(abroad: Path, changes: dict[str, Any]) -> None:
    """Roots, namespaces, hashes and sizes are what they have to be."""
    with pytest.raises(FuruRecordError, match=r"line 2 of furu-bundle\.jsonl"):
        imported(listed(abroad / "evil", record(**changes)))
    assert nothing_came_in(abroad / "abroad")


@given(path=st.text(alphabet=st.sampled_from("a./\\~\0 -"), max_size=12) | st.text(max_size=12))
@example(path="..")
def test_a_path_that_is_taken_stays_inside(path: str) -> None:
    """Whatever the text, what is accepted names a file strictly below its directory."""
    try:
        entry = bundle.entry(record(files=[[path, 0, "0" * 64, False]]))
    except ValueError:
        return
    place = os.path.normpath(f"/artifact/{entry.members[0].path}")
    assert place == f"/artifact/{path}"
    assert place.startswith("/artifact/")


@pytest.mark.parametrize(
    "lines", [b"", b"{}\n", b"[]\n", b'{"format": "furu-bundle", "format_version": 99}\n', b"\xff\n", b"[" * 99999]
)
def test_what_is_no_list_is_told(abroad: Path, lines: bytes) -> None:
    """An empty, foreign, newer or torn list is told with the line."""
    (abroad / "b").mkdir()
    (abroad / "b" / bundle.LIST).write_bytes(lines)
    with pytest.raises(FuruRecordError, match=r"furu-bundle\.jsonl"):
        imported(str(abroad / "b"))
    with pytest.raises(FuruRecordError, match="is no bundle"):
        imported(__file__)
    with pytest.raises(FuruRecordError, match="is no bundle"):
        imported(str(abroad / "nowhere.zip"))


def test_a_bundle_s_links_are_not_followed(abroad: Path) -> None:
    """A directory that has a link in place of a file is refused: it could name any file of whoever imports it."""
    (abroad / "secret").write_text("{}")
    evil = Path(listed(abroad / "evil", record()))
    inner = evil / "data" / "holdings" / "Pair" / ("a" * 20)
    (inner / ".furu").mkdir(parents=True)
    (inner / ".furu" / "SUCCESS.json").write_text("{}")
    (inner / "first").symlink_to(abroad / "secret")
    with pytest.raises(FuruRecordError, match="no plain file"):
        imported(str(evil))
    (inner / "first").unlink()
    (inner / "first").write_text("{}")
    shutil.move(inner, abroad / "moved")
    inner.symlink_to(abroad / "moved")
    with pytest.raises(FuruRecordError, match="no plain file"):
        imported(str(evil))
    assert nothing_came_in(abroad / "abroad")


def bomb(path: Path, *, declared: int, packed: int) -> str:
    """Write a zip whose file ``first`` unpacks to ``packed`` zeros, of which the list declares ``declared``."""
    digest = hashlib.sha256(b"\0" * min(declared, 1000)).hexdigest()
    marker = hashlib.sha256(b"{}").hexdigest()
    files = [[".furu/SUCCESS.json", 2, marker, False], ["first", declared, digest, False]]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        inner = f"data/holdings/Pair/{'a' * 20}"
        made.writestr(f"{inner}/.furu/SUCCESS.json", "{}")
        with made.open(f"{inner}/first", "w", force_zip64=True) as file:
            for _ in range(packed // 1_000_000):
                file.write(b"\0" * 1_000_000)
        lines = [bundle.HEADER, record(files=files)]
        made.writestr(bundle.LIST, "".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_no_more_is_unpacked_than_the_list_says(abroad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that unpacks to more than the list declares is given up at the first byte too many."""
    path = bomb(abroad / "bomb.zip", declared=1000, packed=50_000_000)
    written: list[int] = []
    read = bundle.damage_told

    def counted(name: str, how: Callable[[int], bytes], count: int) -> bytes:
        found = read(name, how, count)
        written.extend([len(found)] if name.endswith("first") else [])
        return found

    monkeypatch.setattr(bundle, "damage_told", counted)
    with pytest.raises(FuruRecordError, match="changed or damaged"):
        imported(path)
    assert sum(written) < 2000
    assert nothing_came_in(abroad / "abroad")


def test_what_unpacks_to_too_much_is_refused_unless_trusted(abroad: Path) -> None:
    """A hundred times its size and more than a gigabyte is suspicious; more than there is room for is refused anyway."""
    for declared, why in ((2 << 30, "says that it unpacks to"), (1 << 60, "has room for")):
        path = bomb(abroad / f"{declared}.zip", declared=declared, packed=0)
        with bundle.source(path) as source:
            steps = steps_of(path, source)
            with pytest.raises(FuruError, match=why):
                importing.check_size(steps, source, place.of_settings())
            if declared == 2 << 30:
                importing.check_size(steps, source, place.of_settings(), any_size=True)


def test_a_name_that_occurs_twice_in_a_zip_is_refused(abroad: Path) -> None:
    """A zip with two files of one name would show one to a check and unpack the other."""
    path = exported(abroad / "b.zip", Pair(n=1))
    with zipfile.ZipFile(path, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr(f"data/holdings/Pair/{Pair(n=1).furu_hash}/first", "x")
    with pytest.raises(FuruRecordError, match="occurs twice"):
        imported(path)


def test_an_import_that_is_killed_leaves_no_artifact(abroad: Path) -> None:
    """Killed right before the rename, the store has nothing but a directory that a sweep removes."""
    path = exported(abroad / "b.zip", Pair(n=1))
    pid = os.fork()
    if pid == 0:
        importing._put = lambda *_: os.kill(os.getpid(), 9)
        imported(path)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    assert not Pair(n=1).furu_dir.exists()
    (leftover,) = removal.leftovers(place.of_settings().data)
    assert removal.sweep([leftover]) == [], "it may be somebody's at work"
    for folder in (leftover, f"{leftover}/.furu"):
        os.utime(folder, (1, 1))
    assert removal.sweep([leftover]) == [leftover]
    assert imported(path) == [("Pair", "import")]


def test_importers_at_once_do_not_meet(abroad: Path) -> None:
    """Several processes that import the same bundle all end well, and the store has each artifact once."""
    path = exported(abroad / "b.zip", USER)
    pids = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                with bundle.source(path) as source:
                    for _, error in importing.all_of(steps_of(path, source), source):
                        assert error is None or "meanwhile" in str(error) or "kept" in str(error), error
            except BaseException as error:
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 4
    assert USER.load_existing() == 1
    assert list(removal.leftovers(place.of_settings().data)) == []


def test_records_of_another_artifact_are_refused(abroad: Path) -> None:
    """A result that was renamed to count for another config stays out."""
    exported(abroad / "b", Number(n=7))
    inner = abroad / "b" / "data" / "holdings" / "Number"
    (inner / Number(n=7).furu_hash).rename(inner / Number(n=8).furu_hash)
    text = (abroad / "b" / bundle.LIST).read_text()
    (abroad / "b" / bundle.LIST).write_text(text.replace(Number(n=7).furu_hash, Number(n=8).furu_hash))
    with pytest.raises(FuruRecordError, match="holds the records of"):
        imported(str(abroad / "b"))
    assert nothing_came_in(abroad / "abroad" / "data")


def test_aliases_travel_and_lead_nowhere_else(abroad: Path) -> None:
    """An alias comes with its original; one that names a directory of its own is refused."""

    def aliased(original: Original, number: int) -> ArtifactRef:
        ref = ArtifactRef("data", "holdings.Old", f"{number:020d}")
        meta = abroad / "home" / "data" / "holdings" / "Old" / ref.furu_hash / ".furu"
        meta.mkdir(parents=True)
        made = alias.Alias(original=original, ref=ref, furu_obj={}, steps=(), run="r", at="")
        alias.write(str(meta), made)
        return ref

    good = aliased(Original(Pair(n=1).furu_ref), 1)
    where = place.below(abroad / "home")
    artifacts, missing = exporting.with_dependencies([reference.resolve(good.furu_hash, where)], where)
    assert missing == []
    exporting.export(artifacts, str(abroad / "good.zip"), outputs=True)
    assert imported(str(abroad / "good.zip")) == [("Old", "import"), ("Pair", "import")]
    assert store.artifact(good).holder() is not None

    for number, original in enumerate(
        [Original(Pair(n=1).furu_ref, path="/etc"), Original(ArtifactRef("data", "../../x", "a" * 20))], start=2
    ):
        bad = reference.resolve(aliased(original, number).furu_hash, where)
        exporting.export([bad], str(abroad / f"bad{number}.zip"), outputs=True)
        with pytest.raises(FuruRecordError, match="outside of the store"):
            imported(str(abroad / f"bad{number}.zip"))


def test_a_snapshot_shows_everything_and_is_small(home: Path, tmp_path: Path) -> None:
    """Unpacked, it is a store whose artifacts look as they did, whatever state they are in, without large files."""
    (Pair(n=1).furu_dir / "large").write_bytes(os.urandom(1_000_000))
    with pytest.raises(ValueError, match="below zero"):
        Number(n=-1).get()
    held = of(Number(n=9)).claim("1" * 32)
    assert held is not None
    everything = [one for one in reference.stored(place.of_settings()) if os.path.isdir(one.meta_dir)]
    before = {one.ref: one.observed_state().result for one in everything}

    made = exporting.export(everything, str(home / "s.zip"), outputs=True, largest=exporting.SNAPSHOT_BYTES)
    held.release()

    assert made.missing == ()
    assert (home / "s.zip").stat().st_size < 100_000
    with bundle.source(str(home / "s.zip")) as source:
        entries = {one.ref: one for one in importing.unpack_all(source, str(tmp_path / "look"))}
    where = place.below(tmp_path / "look")
    rows = {ref: reading.read(ref.root, ref.namespace, ref.furu_hash, where.directory(*key(ref))) for ref in before}
    assert {ref: row.result for ref, row in rows.items()} == before
    assert entries[Pair(n=1).furu_ref].left_out == ("large",)
    assert entries[Pair(n=1).furu_ref].disk_bytes > 1_000_000
    assert not list((tmp_path / "look").rglob("compute.lock"))
    assert entries[Number(n=-1).furu_ref].state is not None
    assert state.read(f"{where.directory(*key(Number(n=-1).furu_ref))}/.furu") is not None
    assert lease.look(of(Number(n=9)).meta_dir) is None


def key(ref: ArtifactRef) -> tuple[str, str, str]:
    """Return the parts of a reference."""
    return ref.root, ref.namespace, ref.furu_hash
