"""References: how people name an artifact, and what a name never leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from holdings import Number, Versioned

from furu.catalog import place, reference
from furu.errors import FuruError, FuruMissingArtifact


@pytest.fixture
def number(furu_tmp_root: Path) -> Number:
    """Give an artifact that is there, in a store with two others."""
    Number(n=1).get()
    Versioned().get()
    made = Number()
    made.get()
    return made


def found(text: str) -> str:
    """Return the hash of the artifact that ``text`` names."""
    artifact = reference.resolve(text, place.of_settings())
    assert Path(artifact.meta_dir).is_dir()
    return artifact.ref.furu_hash


def test_every_spelling_leads_to_the_artifact(number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash, begin of a hash, class and hash as a log prints them, namespace and hash, and the directory."""
    key, namespace = number.furu_hash, number.furu_ref.namespace
    spellings = [
        key,
        key[:6],
        key[:6].upper(),
        f"Number-{key[:8]}",
        number.furu_ref.label,
        f"Number/{key}",
        f"{namespace}/{key}",
        f"{namespace}-{key[:8]}",
        f"{namespace.replace('.', '/')}/{key}",
        f"{namespace}:{key[:9]}",
        str(number.furu_dir),
        f"{number.furu_dir}/",
        str(number.furu_dir / ".furu" / "state.json"),
        os.path.relpath(number.furu_dir),
    ]
    assert [found(text) for text in spellings] == [key] * len(spellings)
    monkeypatch.chdir(number.furu_dir)
    assert found(".") == key


def test_both_roots_are_looked_at(number: Number) -> None:
    """A version-controlled artifact is found by its hash alone, and with its root in the reference."""
    artifact = reference.resolve(Versioned().furu_hash[:9], place.of_settings())
    assert artifact.ref == Versioned().furu_ref
    assert artifact.directory == str(Versioned().furu_dir)


def test_another_store_may_be_meant(number: Number, tmp_path: Path) -> None:
    """The store is an argument: one that was moved is found at its new place."""
    here = Path(place.of_settings().base)
    here.rename(tmp_path / "moved")
    artifact = reference.resolve(number.furu_hash[:9], place.below(tmp_path / "moved"))
    assert artifact.directory.startswith(str(tmp_path / "moved" / "data"))
    with pytest.raises(FuruMissingArtifact):
        found(number.furu_hash)


def test_what_is_not_clear_is_listed(furu_tmp_root: Path) -> None:
    """A begin that several hashes share is refused with the candidates; a long list ends."""
    parent = Number().furu_dir.parent
    for number in range(15):
        (parent / f"abcdef{number:014d}" / ".furu").mkdir(parents=True)
    with pytest.raises(FuruError, match="any of more than 10 artifacts") as refused:
        found("abcdef")
    assert len(refused.value.hints) == 11
    with pytest.raises(FuruError, match="any of 5 artifacts") as refused:
        found("abcdef0000000000001")
    assert all(hint.startswith(Number().furu_ref.namespace) for hint in refused.value.hints)
    assert found("abcdef00000000000014") == "abcdef00000000000014"


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "/", "../../etc/passwd", "Number", "Number-", "x" * 5000, "nothing-1234abcd", "\0", "1234\n5678"],
)
def test_what_names_nothing_is_refused(number: Number, text: str) -> None:
    """Whatever is typed, the answer is an error that says what a name looks like."""
    with pytest.raises(FuruMissingArtifact, match="there is no artifact"):
        found(text)


def test_a_short_begin_is_refused(number: Number) -> None:
    """Three characters are too few, for deleting takes references, too."""
    with pytest.raises(FuruError, match="too short"):
        found(number.furu_hash[:3])


def test_no_name_leads_out_of_the_store(number: Number, tmp_path: Path) -> None:
    """A directory that looks like an artifact and lies elsewhere is none, however it is named."""
    outside = tmp_path / "outside" / "mod" / ("a" * 20)
    (outside / ".furu").mkdir(parents=True)
    store = Path(place.of_settings().data)
    ways = [
        outside,
        store / ".." / ".." / "outside" / "mod" / ("a" * 20),
        number.furu_dir / ".." / ".." / ".." / ".." / "outside" / "mod" / ("a" * 20),
        f"../outside/mod/{'a' * 20}",
        f"..outside.mod-{'a' * 20}",
        f"%2e%2e/outside/mod/{'a' * 20}",
    ]
    (number.furu_dir / "link").symlink_to(outside)
    for way in ways:
        with pytest.raises(FuruMissingArtifact):
            found(str(way))
    assert found(str(number.furu_dir / "link")) == number.furu_hash, "a path inside an artifact names that artifact"
    with pytest.raises(FuruMissingArtifact):
        reference.resolve("a" * 20, place.of_settings())


def test_a_directory_without_records_is_no_artifact(number: Number) -> None:
    """A directory that is named like a hash and holds no ``.furu`` is not found."""
    (number.furu_dir.parent / ("b" * 20)).mkdir()
    with pytest.raises(FuruMissingArtifact):
        found("b" * 20)
    with pytest.raises(FuruMissingArtifact):
        found(str(number.furu_dir.parent / ("b" * 20)))
