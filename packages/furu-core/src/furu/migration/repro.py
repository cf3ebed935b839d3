"""Repro: the code that computed an artifact, brought back into a worktree of its own, and the command that runs it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from furu import config
from furu._sys import files
from furu.errors import FuruError
from furu.storage import alias, git_command, provenance, stored
from furu.storage.artifact import Artifact
from furu.storage.layout import METADATA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.storage.provenance import Metadata

_OWN = ".furu-repro"  # in the worktree: the program and the store; names with a dot are no part of recorded patches
_PROGRAM = """\
import json, sys
import furu

with open({record!r}) as file:
    made = furu.FuruSerializer.from_dict(json.load(file)["furu_obj"])
made.get()
sys.stdout.write(f"{{made.furu_hash}} {{made.furu_dir}}\\n")
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an artifact can be computed once more with the code that computed it.

    ``worktree`` is where the code will be, ``environ`` and ``argv`` are the command.  ``missing`` says why it cannot be done,
    ``notes`` what is not as it was then.
    """

    artifact: Artifact
    commit: str | None
    repository: str | None
    patch: str | None
    worktree: str
    record: str
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command line: where it runs, which variables it adds, and its words."""

    directory: str
    environ: dict[str, str]
    argv: tuple[str, ...]

    def __str__(self) -> str:
        import shlex

        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.environ.items())
        return f"cd {shlex.quote(self.directory)} && {variables} {shlex.join(self.argv)}"


def recipe(key: str, *, into: str | None = None) -> Recipe:
    """Return how the artifact with this key, or the beginning of one, can be computed once more.  Changes nothing.

    The repository is that of the project.  Of an alias it is the original that is computed.

    Raises ``FuruError`` when no artifact, or more than one, has that key, or it has no metadata.
    """
    artifact = _found(key)
    metadata = provenance.read(artifact.meta_dir)
    if metadata is None:
        raise FuruError(f"{artifact.directory} has no metadata.json: nobody recorded how it was computed")
    missing: list[str] = []
    repository = git_command.line(os.fspath(config.current().project_root), "rev-parse", "--show-toplevel")
    if repository is None:
        missing.append(f"{config.current().project_root} is in no git repository: run this in a clone of the project")
    if metadata.git_commit is None:
        missing.append("no commit was recorded: there was no repository, or FURU_RECORD_GIT=ignore")
    elif repository is not None and not _has(repository, metadata.git_commit):
        fetch = f"git fetch {metadata.git_remote or 'origin'} {metadata.git_commit}"
        missing.append(f"this clone does not have commit {metadata.git_commit[:12]}: {fetch}")
    if metadata.git_patch_truncated:
        missing.append("the patch of uncommitted changes was too large to be recorded whole")
    worktree = os.path.abspath(into) if into else _default_worktree(artifact)
    if os.path.exists(worktree):
        missing.append(f"{worktree} is there already: remove it (git worktree remove), or name another with --into")
    patch = f"{artifact.meta_dir}/{provenance.PATCH}"
    return Recipe(
        artifact=artifact,
        commit=metadata.git_commit,
        repository=repository,
        patch=patch if os.path.isfile(patch) else None,
        worktree=worktree,
        record=f"{artifact.meta_dir}/{METADATA}",
        missing=tuple(missing),
        notes=tuple(_notes(metadata)),
    )


def check_out(wanted: Recipe) -> Command:
    """Make the worktree, apply the patch, and return the command that computes the artifact there.

    It computes everything the artifact needs as well, into a store of its own inside the worktree: the results that are
    there are neither used nor touched.

    Raises ``FuruError`` saying what git refused, or that the commit does not have the module of the class.
    """
    assert wanted.repository is not None
    assert wanted.commit is not None
    _git(wanted.repository, "worktree", "add", "--detach", wanted.worktree, wanted.commit)
    if wanted.patch is not None:
        _git(wanted.worktree, "apply", "--whitespace=nowarn", os.path.abspath(wanted.patch))
    source = _source_root(wanted.worktree, wanted.artifact.ref.namespace)
    own = f"{wanted.worktree}/{_OWN}"
    os.mkdir(own)
    files.write_new(f"{own}/compute.py", _PROGRAM.format(record=wanted.record).encode())
    environ = {
        "FURU_PATH": f"{own}/store",
        "FURU_VERSION_CONTROLLED_PATH": f"{own}/store/artifacts",
        "PYTHONPATH": source,
    }
    return Command(wanted.worktree, environ, (sys.executable, f"{_OWN}/compute.py"))


def _found(key: str) -> Artifact:
    found = [one for one in stored.artifacts() if one.ref.furu_hash.startswith(key)]
    if len(found) != 1:
        raise FuruError(
            f"{key!r} begins the keys of {len(found)} artifacts in the store",
            hints=["write more of it" if found else "furu_hash is the key of an object; FURU_PATH sets the store"],
        )
    artifact = found[0]
    original = None if artifact.published() else alias.original_of(artifact.meta_dir)
    return artifact if original is None else Artifact.at(original)


def _default_worktree(artifact: Artifact) -> str:
    import tempfile

    return f"{tempfile.gettempdir()}/furu-repro-{artifact.ref.furu_hash[:9]}"


def _has(repository: str, commit: str) -> bool:
    return git_command.run(repository, "cat-file", "-e", f"{commit}^{{commit}}").ok


def _notes(metadata: Metadata) -> list[str]:
    notes = []
    here = sys.version.partition(" ")[0]
    if metadata.python_version != here:
        notes.append(f"it was computed with Python {metadata.python_version}; this is {here}")
    if metadata.git_submodules:
        notes.append(
            f"submodules are not checked out: {', '.join(metadata.git_submodules)} (git submodule update --init)"
        )
    notes.append("installed packages are those of today: furu does not record them")
    return notes


def _git(directory: str, *arguments: str) -> None:
    answer = git_command.run(directory, *arguments, complaints=True)
    if not answer.ok:
        said = answer.text.decode(errors="replace").strip()
        raise FuruError(f"git {' '.join(arguments[:2])} failed in {directory}: {said}")


def _source_root(worktree: str, namespace: str) -> str:
    """Return the directory in a worktree from which the module of a class is imported: the nearest to its top."""
    listing = git_command.run(worktree, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "*.py")
    files = [os.fsdecode(one) for one in listing.text.split(b"\0") if one]
    parts = namespace.split(".")[:-1]
    while parts:
        ends = (f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py")
        found = [one for one in files if one.endswith(tuple(f"/{end}" for end in ends)) or one in ends]
        if found:
            nearest = min(found, key=lambda one: (one.count("/"), one))
            end = next(end for end in ends if nearest.endswith(end))
            return os.path.normpath(f"{worktree}/{nearest.removesuffix(end)}")
        parts = parts[:-1]  # a class inside a class
    raise FuruError(
        f"commit and patch have no module of {namespace}",
        hints=[f"it was not committed then, or lies outside of the repository; the worktree is {worktree}"],
    )
