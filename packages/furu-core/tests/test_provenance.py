"""Where a result comes from is recorded once, completely, and never a reason to fail beyond what is documented."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import furu
from furu import config
from furu.errors import FuruComputeError, FuruRecordError
from furu.storage import git, git_command, git_patch, provenance
from furu.storage.formats import FORMATS
from furu.task import ArtifactRef


class FakeTask:
    """A task with a key and a config."""

    furu_hash = "0123456789abcdef0123"
    furu_ref = ArtifactRef("data", "my_project.pipelines.TrainModel", furu_hash)

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return self.fields

    def _name(self) -> str | None:
        return None

    def to_python(self) -> str:
        """Return an expression."""
        return f"TrainModel({', '.join(f'{name}={value!r}' for name, value in self.fields.items())})"


class Repository:
    """A git repository in a temporary directory, which is the project."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(["git", *arguments], cwd=self.path, check=True, capture_output=True)
        return done.stdout.decode(errors="replace").strip()

    def commit(self, **files: str) -> str:
        """Commit files and return the commit."""
        for name, text in files.items():
            (self.path / name.replace("_py", ".py")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def clone_with(self, patch: bytes, commit: str, target: Path) -> Path:
        """Return a fresh clone at ``commit`` to which ``patch`` was applied."""
        subprocess.run(["git", "clone", "-q", str(self.path), str(target)], check=True)
        subprocess.run(["git", "checkout", "-q", commit], cwd=target, check=True)
        subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=target, input=patch, check=True)
        return target


@pytest.fixture
def settings(furu_tmp_root: Path) -> config.FuruConfig:
    """Give the settings; they are put back afterwards."""
    return config.current()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: config.FuruConfig) -> Path:
    """Give an empty project directory in which this process runs, with git facts looked up every time."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    path = tmp_path / "project"
    path.mkdir()
    monkeypatch.chdir(path)
    monkeypatch.setattr(config.FuruConfig, "project_root", path)
    monkeypatch.setattr(git_command, "_told", set())
    settings.base_root = path / "furu-data"
    settings.version_controlled_root_override = None
    settings.record_git = "uncached"
    return path


@pytest.fixture
def repository(project: Path) -> Repository:
    """Give a repository with an origin and no commits."""
    made = Repository(project)
    made.git("init", "-q", "-b", "main")
    made.git("remote", "add", "origin", "https://ada:secret@example.org/project.git")
    return made


@pytest.fixture
def meta(tmp_path: Path) -> str:
    """Give the ``.furu`` of an artifact directory outside the project."""
    (tmp_path / "artifact" / ".furu").mkdir(parents=True)
    return str(tmp_path / "artifact" / ".furu")


# The record


def recorded(meta: str, task: FakeTask | None = None) -> provenance.Metadata:
    """Record a task and read the record."""
    provenance.record(task or FakeTask(lr=0.1), meta)  # type: ignore[arg-type]
    found = provenance.read(meta)
    assert found is not None
    return found


def test_config_and_environment_are_recorded(meta: str, settings: config.FuruConfig) -> None:
    """Every documented field is there and true."""
    settings.record_git = "ignore"

    found = recorded(meta, FakeTask(lr=0.1, name="\ud800"))

    assert found.furu_python_def == "TrainModel(lr=0.1, name='\\ud800')"
    assert found.furu_obj == {"lr": 0.1, "name": "\ud800"}
    assert found.furu_hash == FakeTask.furu_hash
    assert found.furu_path == os.path.dirname(meta)
    assert found.namespace == "my_project.pipelines.TrainModel"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found.timestamp)
    assert found.command == " ".join(sys.argv)
    assert found.python_version == sys.version.split()[0]
    assert found.executable == sys.executable
    assert found.platform.startswith(os.uname().sysname)
    assert found.hostname == os.uname().nodename
    assert found.pid == os.getpid()
    assert found.user
    assert (found.git_commit, found.git_patch, found.git_submodules) == (None, None, None)
    assert (found.identity_version, found.format_version, found.result_format) == (1, 1, None)


def test_without_a_working_directory_there_is_no_project_and_no_git(
    meta: str, settings: config.FuruConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose working directory was removed still records what else there is to know."""
    settings.record_git = "cached"
    monkeypatch.setitem(settings.__dict__, "_directory", None)
    monkeypatch.setattr(sys, "executable", None)
    monkeypatch.setattr(provenance, "_of_process", None)

    found = recorded(meta)

    assert (found.git_commit, found.executable) == (None, "")


def test_the_documented_fields_are_the_fields() -> None:
    """The record has what the documentation lists, and what says how to read it."""
    documented = {
        *("furu_python_def", "furu_obj", "furu_hash", "furu_path"),
        *("git_commit", "git_branch", "git_remote", "git_patch", "git_submodules"),
        *("timestamp", "command", "python_version", "executable", "platform", "hostname", "user", "pid"),
    }
    ours = {"namespace", "identity_version", "format_version", "result_format", "git_patch_truncated"}
    ours |= {"name", "dependencies", "source"}

    assert {one.name for one in dataclasses.fields(provenance.Metadata)} == documented | ours


class Part(furu.Furu[int]):
    """A dependency."""

    n: int = 1

    def _create(self) -> int:
        return self.n


class Named(furu.Furu[int]):
    """A class with a name for people and dependencies of every kind."""

    parts: tuple[Part, ...] = (Part(n=2), Part(n=3))
    by_name: dict[str, Part] = furu.field(default_factory=lambda: {"a": Part(n=4)})
    unnamed: bool = False

    @furu.furu_dep
    def more(self) -> Part:
        """Return a dependency that is no field."""
        return Part(n=5)

    def _name(self) -> str | None:
        if self.unnamed:
            raise ValueError("no name")
        return f"named {len(self.parts)}"

    def _create(self) -> int:
        return 0


def test_dependencies_and_name_are_recorded(furu_tmp_root: Path) -> None:
    """Each declared dependency is there with its place in the config; so is what _name says, where it says anything."""
    Named().get()
    Named(unnamed=True).get()

    found = Named().get_metadata()

    assert found.name == "named 2"
    assert found.dependencies is not None
    assert [(one.path, one.furu_hash) for one in found.dependencies] == [
        ("parts.0", Part(n=2).furu_hash),
        ("parts.1", Part(n=3).furu_hash),
        ("by_name.a", Part(n=4).furu_hash),
        ("more()", Part(n=5).furu_hash),
    ]
    assert {(one.root, one.namespace) for one in found.dependencies} == {("data", Part().furu_ref.namespace)}
    assert Named(unnamed=True).get_metadata().name is None


def test_the_format_of_the_result_is_noted(meta: str, settings: config.FuruConfig) -> None:
    """The format comes after the computation, and changes nothing else."""
    settings.record_git = "ignore"
    before = recorded(meta, FakeTask(text='"result_format": null'))

    provenance.set_result_format(meta, "numpy")

    assert provenance.read(meta) == dataclasses.replace(before, result_format="numpy")
    assert os.listdir(meta) == ["metadata.json"]


def test_there_is_room_for_the_name_of_every_format() -> None:
    """The name is filled in where the record has left room for it."""
    assert all(len(json.dumps(one.name)) <= provenance._FORMAT_ROOM for one in FORMATS)


def test_noting_a_format_where_nothing_is_recorded_does_nothing(meta: str) -> None:
    """``_create`` may have removed the whole directory."""
    provenance.set_result_format(meta, "json")

    assert os.listdir(meta) == []


def test_a_second_attempt_replaces_the_record_and_the_patch(repository: Repository, meta: str) -> None:
    """Nothing of an earlier attempt's record stays: not its config, not its patch."""
    repository.commit(a_py="one\n")
    (repository.path / "a.py").write_text("two\n")
    first = recorded(meta, FakeTask(lr=1))
    assert first.git_patch
    assert sorted(os.listdir(meta)) == ["git.patch", "metadata.json"]

    repository.git("checkout", "-q", "a.py")
    second = recorded(meta, FakeTask(lr=2))

    assert second.furu_obj == {"lr": 2}
    assert second.git_patch == ""
    assert os.listdir(meta) == ["metadata.json"]


def test_the_patch_is_read_from_its_file_or_from_the_record(meta: str, settings: config.FuruConfig) -> None:
    """``git_patch`` is there wherever it lies, and in every copy of the record."""
    settings.record_git = "ignore"
    recorded(meta)
    record = json.loads(Path(meta, "metadata.json").read_text())
    assert "git_patch" not in record
    Path(meta, "git.patch").write_bytes(b"diff --git \xff\n")
    beside = provenance.read(meta)
    assert beside is not None
    assert beside.git_patch == "diff --git \ufffd\n"
    assert dataclasses.asdict(beside)["git_patch"] == beside.git_patch

    Path(meta, "metadata.json").write_text(json.dumps(record | {"git_patch": "inline"}))
    inside = provenance.read(meta)

    assert inside is not None
    assert inside.git_patch == "inline"


def test_what_a_newer_furu_wrote_is_read(meta: str, settings: config.FuruConfig) -> None:
    """Unknown keys are passed over."""
    settings.record_git = "ignore"
    before = recorded(meta)
    path = Path(meta, "metadata.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"gpu": "many", "format_version": 7}))

    assert provenance.read(meta) == dataclasses.replace(before, format_version=7)


def test_no_record_is_none(meta: str) -> None:
    """Where nothing was recorded, or there is no directory, there is nothing to read."""
    assert provenance.read(meta) is None
    assert provenance.read(f"{meta}/absent") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b'{"furu_hash": 3}', b"\xff\xfe", b"[" * 100_000]
)
def test_torn_and_foreign_records_are_named(content: bytes, meta: str) -> None:
    """A file that is torn or was not written by furu is a record error with its path."""
    Path(meta, "metadata.json").write_bytes(content)

    with pytest.raises(FuruRecordError, match=re.escape(f"{meta}/metadata.json")):
        provenance.read(meta)


def test_importing_and_recording_need_no_pydantic(meta: str) -> None:
    """Only reading validates, so only reading pays for it."""
    code = """
import sys
from furu.storage import provenance
sys.path.insert(0, sys.argv[1])
from test_provenance_task import task
provenance.record(task, sys.argv[2])
sys.exit(bool({"pydantic", "subprocess"} & set(sys.modules)))
"""
    helper = Path(meta, "test_provenance_task.py")
    helper.write_text(
        "from furu.task import ArtifactRef\n"
        "class task:\n"
        "    furu_hash = '0' * 20\n"
        "    furu_ref = ArtifactRef('data', 'a.B', furu_hash)\n"
        "    to_dict = to_python = staticmethod(str)\n"
    )
    env = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")} | {
        "FURU_RECORD_GIT": "ignore"
    }

    assert subprocess.run([sys.executable, "-c", code, meta, meta], env=env, check=False).returncode == 0


# Git


def test_commit_branch_and_remote_are_recorded(repository: Repository, meta: str) -> None:
    """A clean repository gives its commit, its branch, its remote without the password in it, and an empty patch."""
    commit = repository.commit(a_py="one\n")

    found = recorded(meta)

    assert (found.git_commit, found.git_branch) == (commit, "main")
    assert found.git_remote == "https://example.org/project.git"
    assert (found.git_patch, found.git_submodules, found.git_patch_truncated) == ("", {}, False)
    assert os.listdir(meta) == ["metadata.json"]


def test_a_detached_head_has_no_branch(repository: Repository) -> None:
    """The commit is what counts."""
    commit = repository.commit(a_py="one\n")
    repository.git("checkout", "-q", "--detach")

    assert (git.facts().commit, git.facts().branch) == (commit, None)


def test_a_repository_without_commits_is_no_error(repository: Repository, tmp_path: Path) -> None:
    """The commit is absent, and the patch has what there is."""
    (repository.path / "staged.py").write_text("one\n")
    repository.git("add", "staged.py")
    (repository.path / "new.py").write_text("two\n")

    found = git.facts()

    assert (found.commit, found.branch) == (None, "main")
    assert b"+one" in found.patch.content
    assert b"+two" in found.patch.content


def test_the_patch_brings_a_clone_to_the_state_of_the_files(repository: Repository, tmp_path: Path) -> None:
    """Changed, staged, deleted, renamed, binary, executable and new files: a clone with the patch has them all."""
    names = ["changed.py", "staged.py", "deleted.py", "renamed.py", "sp ace.py", "ünï.py"]
    for name in names:
        (repository.path / name).write_text("".join(f"{name} {line}\n" for line in range(30)))
    (repository.path / "image.bin").write_bytes(bytes(range(256)))
    (repository.path / "latin.txt").write_bytes(b"caf\xe9\r\n")
    commit = repository.commit()
    for name in ("changed.py", "staged.py", "sp ace.py", "ünï.py"):
        (repository.path / name).write_text((repository.path / name).read_text().replace(" 15\n", " fifteen\n"))
    repository.git("add", "staged.py")
    repository.git("mv", "renamed.py", "moved.py")
    (repository.path / "deleted.py").unlink()
    (repository.path / "image.bin").write_bytes(bytes(reversed(range(256))))
    (repository.path / "latin.txt").write_bytes(b"caf\xe9s\r\n")
    (repository.path / "package").mkdir()
    (repository.path / "package" / "new module.py").write_text("a\nb")
    (repository.path / "package" / "__init__.py").write_text("")
    (repository.path / "package" / "neü.txt").write_bytes(b"one\r\n\r\ntwo\xff\n")
    (repository.path / "run.sh").write_text("#!/bin/sh\n")
    (repository.path / "run.sh").chmod(0o755)

    found = git.facts()

    clone = repository.clone_with(found.patch.content, commit, tmp_path / "clone")
    here = {path.relative_to(repository.path): path.read_bytes() for path in files_below(repository.path)}
    assert {path.relative_to(clone): path.read_bytes() for path in files_below(clone)} == here
    assert os.access(clone / "run.sh", os.X_OK)
    assert not found.patch.truncated


def files_below(directory: Path) -> list[Path]:
    """Return the files of a working tree."""
    return [path for path in directory.rglob("*") if path.is_file() and ".git" not in path.parts]


def test_what_does_not_belong_in_a_patch_is_left_out(
    repository: Repository, settings: config.FuruConfig, tmp_path: Path
) -> None:
    """furu's own roots, ignored files, hidden files, large and binary new files, links and odd names are left out."""
    repository.commit(a_py="one\n")
    (repository.path / ".gitignore").write_text("ignored/\n")
    settings.version_controlled_root_override = repository.path / "results"
    for name in (
        "furu-data/data/x.py",
        "results/y.py",
        "ignored/z.py",
        ".env",
        ".venv/w.py",
        "new\nline.py",
        'quo"te.py',
    ):
        (repository.path / name).parent.mkdir(parents=True, exist_ok=True)
        (repository.path / name).write_text("token = 1\n")
    repository.git("add", "-f", "results/y.py")
    (repository.path / "large.txt").write_text("x\n" * 60_000)
    (repository.path / "model.bin").write_bytes(b"\x00\x01")
    (repository.path / "link").symlink_to("/etc/hosts")
    (repository.path / "kept.py").write_text("kept\n")

    content = git.facts().patch.content.decode()

    assert re.findall(r"^diff --git a/(.*) b/", content, flags=re.MULTILINE) == ["kept.py"]


def test_a_root_that_is_the_project_itself_does_not_hide_the_code(
    repository: Repository, settings: config.FuruConfig
) -> None:
    """With ``FURU_PATH=.`` furu's directories in it are left out, not the project."""
    repository.commit(a_py="one\n")
    settings.base_root = repository.path
    (repository.path / "a.py").write_text("two\n")
    (repository.path / "data").mkdir()
    (repository.path / "data" / "x.py").write_text("stored\n")

    content = git.facts().patch.content

    assert b"+two" in content
    assert b"stored" not in content


def test_the_whole_repository_counts_when_the_project_is_a_part_of_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes beside the project's directory are in the patch, under paths from the top."""
    repository.commit(a_py="one\n")
    (repository.path / "a.py").write_text("two\n")
    (repository.path / "part").mkdir()
    (repository.path / "part" / "new.py").write_text("three\n")
    monkeypatch.setattr(config.FuruConfig, "project_root", repository.path / "part")

    content = git.facts().patch.content

    assert b"a/a.py b/a.py" in content
    assert b"b/part/new.py" in content


def test_a_patch_beyond_the_limit_ends_at_a_line_and_says_so(
    repository: Repository, meta: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A huge patch is cut, marked in the text and in the record."""
    monkeypatch.setattr(git_command, "MOST_OUTPUT_BYTES", 10_000)
    monkeypatch.setattr(git_patch, "MOST_BYTES", 10_000)
    repository.commit(a_py="one\n")
    (repository.path / "a.py").write_text("a line of text\n" * 2_000)

    found = recorded(meta)

    assert found.git_patch_truncated
    assert found.git_patch is not None
    assert len(found.git_patch) < 10_100
    assert found.git_patch.endswith("\n+a line of text\n# furu: truncated here, the rest was not recorded\n")


def test_artifacts_of_one_process_share_one_patch(repository: Repository, tmp_path: Path) -> None:
    """The same uncommitted changes take room once, and each artifact keeps them when another one is removed."""
    repository.commit(a="one\n")
    (repository.path / "a").write_text("two\n")
    metas = [tmp_path / name for name in ("first", "second")]
    for meta in metas:
        meta.mkdir()
        provenance.record(FakeTask(), str(meta))  # type: ignore[arg-type]

    first, second = (meta / "git.patch" for meta in metas)
    assert first.samefile(second)
    content = second.read_bytes()
    first.unlink()
    assert second.read_bytes() == content


def test_a_patch_of_some_megabytes_is_kept_whole(repository: Repository, tmp_path: Path) -> None:
    """There is no limit below 10 MB."""
    commit = repository.commit(a_py="one\n")
    (repository.path / "a.py").write_text("a line of text\n" * 500_000)

    found = git.facts()

    assert len(found.patch.content) > 7_500_000
    assert not found.patch.truncated
    clone = repository.clone_with(found.patch.content, commit, tmp_path / "clone")
    assert (clone / "a.py").read_text() == (repository.path / "a.py").read_text()


def test_submodules_are_recorded_with_their_commits(repository: Repository, tmp_path: Path) -> None:
    """Each submodule's path and the commit it is at."""
    library = Repository(tmp_path / "library")
    library.path.mkdir()
    library.git("init", "-q")
    library.commit(lib_py="one\n")
    for where in ("lib", "deep/my lib"):
        repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), where)
    repository.commit(a_py="one\n")
    moved = Repository(repository.path / "lib")
    new = moved.commit(lib_py="two\n")

    found = git.facts()

    assert found.submodules == {"lib": new, "deep/my lib": library.git("rev-parse", "HEAD")}
    assert f"+Subproject commit {new}".encode() in found.patch.content


def test_settings_of_the_user_do_not_change_the_patch(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """External diffs, text conversion, prefixes, colours, pagers and monitors that users configure are not used."""
    commit = repository.commit(a_py="one\n")
    (repository.path / ".gitattributes").write_text("*.py diff=shout\n")
    repository.commit()
    (repository.path / "a.py").write_text("two\n")
    plain = git.facts().patch.content
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\necho TRAPPED\n")
    script.chmod(0o755)
    for key, value in {
        "diff.external": str(script),
        "diff.shout.textconv": str(script),
        "diff.shout.command": str(script),
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.relative": "true",
        "diff.context": "0",
        "color.ui": "always",
        "core.pager": str(script),
        "core.fsmonitor": str(script),
        "diff.submodule": "log",
    }.items():
        repository.git("config", key, value)
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(script))
    monkeypatch.setenv("GIT_PAGER", str(script))

    assert git.facts().patch.content == plain
    assert commit != git.facts().commit
    assert not trap.exists()


def test_a_surrounding_git_command_does_not_redirect(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a git hook, where GIT_DIR and others are set, the project's own repository is looked at."""
    commit = repository.commit(a_py="one\n")
    other = Repository(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "-q")
    for name, value in {
        "GIT_DIR": f"{other.path}/.git",
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": f"{other.path}/.git/index",
        "GIT_PREFIX": "deep/",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, value)

    found = git.facts()

    assert (found.commit, found.remote) == (commit, "https://example.org/project.git")
    assert found.patch.content == b""


def test_the_index_is_not_touched(repository: Repository) -> None:
    """Looking takes no lock and writes nothing into the repository."""
    repository.commit(a_py="one\n")
    (repository.path / ".git" / "index.lock").write_text("")
    (repository.path / "a.py").touch()
    before = sorted((path, path.stat().st_mtime_ns) for path in (repository.path / ".git").rglob("*"))

    assert git.facts().commit is not None

    assert sorted((path, path.stat().st_mtime_ns) for path in (repository.path / ".git").rglob("*")) == before


def test_no_repository_is_recorded_as_absent_and_said_once(
    project: Path, meta: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A project without git has no git facts and one log line."""
    with caplog.at_level("INFO"):
        first, second = recorded(meta), recorded(meta)

    for found in (first, second):
        assert (found.git_commit, found.git_branch, found.git_remote) == (None, None, None)
        assert (found.git_patch, found.git_submodules) == (None, None)
    assert [record.getMessage() for record in caplog.records] == [
        f"{project} is in no git repository: results are recorded without a commit"
    ]


def test_git_that_is_not_installed_is_no_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the program there are no facts, and the log says why."""
    monkeypatch.setenv("PATH", str(repository.path))

    with caplog.at_level("INFO"):
        assert git.facts() == git.GitFacts()

    assert "git cannot be run" in caplog.text


def test_a_repository_without_origin_is_refused_with_both_ways_out(repository: Repository, meta: str) -> None:
    """The error names both variables; nothing is recorded."""
    repository.commit(a_py="one\n")
    repository.git("remote", "rename", "origin", "upstream")

    with pytest.raises(FuruComputeError, match="no remote 'origin'") as caught:
        recorded(meta)

    assert "FURU_ALLOW_NO_GIT_ORIGIN" in str(caught.value)
    assert "FURU_RECORD_GIT" in str(caught.value)
    assert os.listdir(meta) == []


def test_a_missing_origin_may_be_allowed(repository: Repository, settings: config.FuruConfig) -> None:
    """``FURU_ALLOW_NO_GIT_ORIGIN`` records what there is."""
    commit = repository.commit(a_py="one\n")
    repository.git("remote", "remove", "origin")
    settings.allow_no_git_origin = True

    assert (git.facts().commit, git.facts().remote) == (commit, None)


def test_ignoring_git_runs_nothing(repository: Repository, settings: config.FuruConfig, meta: str) -> None:
    """``FURU_RECORD_GIT=ignore`` does not look, also where the repository would be refused."""
    repository.git("remote", "remove", "origin")
    settings.record_git = "ignore"

    assert recorded(meta).git_commit is None


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put a program called git in front of git, which notes each run; give the notes."""
    real = subprocess.run(["which", "git"], capture_output=True, check=True).stdout.decode().strip()
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "git"
    script.write_text(f'#!/bin/sh\necho run >> {tmp_path}/runs\nexec {real} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    return tmp_path / "runs"


def test_cached_facts_are_looked_up_once_in_a_process(
    repository: Repository, settings: config.FuruConfig, counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many threads ask at once and later, git runs once, and again in mode ``uncached``."""
    repository.commit(a_py="one\n")
    monkeypatch.setattr(git, "_cached", {})
    settings.record_git = "cached"
    counted.write_text("")

    threads = [threading.Thread(target=git.facts) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    once = len(counted.read_text().splitlines())
    (repository.path / "a.py").write_text("two\n")
    assert git.facts().patch.content == b""
    assert len(counted.read_text().splitlines()) == once

    settings.record_git = "uncached"
    assert b"+two" in git.facts().patch.content
    assert len(counted.read_text().splitlines()) == 2 * once
    assert once <= 7


def test_a_fork_while_another_thread_looks_does_not_hang(
    repository: Repository, settings: config.FuruConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child of a process whose other thread is in the middle of looking looks for itself."""
    repository.commit(a_py="one\n")
    monkeypatch.setattr(git, "_cached", {})
    settings.record_git = "cached"
    with git._lock:
        child = os.fork()
        if not child:
            os._exit(0 if git.facts().commit else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_git_that_does_not_answer_is_given_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What takes too long is absent, its helpers are killed with it, and one warning says so."""
    commit = repository.commit(a_py="one\n")
    real = subprocess.run(["which", "git"], capture_output=True, check=True).stdout.decode().strip()
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "git"
    script.write_text(f'#!/bin/sh\ncase "$*" in *" diff "*) sleep 60 | cat ;; *) exec {real} "$@" ;; esac\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=":")
    monkeypatch.setattr(git_command, "MOST_WAIT_SEC", 0.5)

    first, second = git.facts(), git.facts()

    assert first.commit == second.commit == commit
    assert first.patch.truncated
    assert b"git diff failed or took too long" in first.patch.content
    assert [record.levelname for record in caplog.records] == ["WARNING"]
