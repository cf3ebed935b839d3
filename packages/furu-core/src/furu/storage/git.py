"""What git knows about the user's code: commit, branch, remote, submodules, and what is not committed."""

from __future__ import annotations

import _thread
import os
import re
from dataclasses import dataclass, field

from furu import config
from furu.errors import FuruComputeError, FuruConfigError
from furu.storage import git_patch
from furu.storage.git_command import line, run, tell_once


@dataclass(frozen=True, slots=True)
class GitFacts:
    """What was found in the repository at ``root``; all absent where there is none."""

    root: str | None = None
    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    submodules: dict[str, str] = field(default_factory=dict)
    patch: git_patch.Patch = field(default_factory=git_patch.Patch)


_ABSENT = GitFacts()

_lock = _thread.allocate_lock()
_cached: dict[tuple[object, ...], GitFacts] = {}


def facts() -> GitFacts:
    """Return what git knows about the project, as ``FURU_RECORD_GIT`` asks.

    In mode ``cached`` the git commands run once in this process, whichever thread comes first.

    Raises ``FuruComputeError`` when the repository has no remote ``origin`` and ``FURU_ALLOW_NO_GIT_ORIGIN`` is not set.
    Anything else that git lacks or refuses is recorded as absent.
    """
    settings = config.current()
    if settings.record_git == "ignore" or not _has_project(settings):
        return _ABSENT
    found = _look() if settings.record_git == "uncached" else _looked_once()
    if found.root is not None and found.remote is None and not settings.allow_no_git_origin:
        raise FuruComputeError(
            f"the git repository {found.root} has no remote 'origin', so its commits could not be found again",
            hints=[
                f"add one: git -C {found.root} remote add origin URL",
                "FURU_ALLOW_NO_GIT_ORIGIN=1 records what there is without it",
                "FURU_RECORD_GIT=ignore records nothing of git",
            ],
        )
    return found


def _has_project(settings: config.FuruConfig) -> bool:
    try:
        return bool(settings.project_root)
    except FuruConfigError:  # the working directory was removed; that is nothing to fail for here
        return False


def _looked_once() -> GitFacts:
    settings = config.current()
    key = (settings.project_root, settings.root_text("data"), settings.root_text("artifacts"))
    with _lock:
        if key not in _cached:
            _cached[key] = _look()
        return _cached[key]


def _look() -> GitFacts:
    project = os.fspath(config.current().project_root)
    top = os.fsdecode(run(project, "rev-parse", "--show-toplevel").text).removesuffix("\n")
    if not os.path.isabs(top):
        complaints = run(project, "rev-parse", "--show-toplevel", complaints=True).text.decode(errors="replace")
        why = next(iter(complaints.splitlines()), "no working tree")
        reason = "" if "not a git repository" in why else f" ({why.removeprefix('fatal: ')})"
        tell_once("INFO", f"{project} is in no git repository{reason}: results are recorded without a commit")
        return _ABSENT
    commit = line(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return GitFacts(
        root=top,
        commit=commit,
        branch=line(top, "symbolic-ref", "--quiet", "--short", "HEAD"),
        remote=_without_password(line(top, "remote", "get-url", "origin")),
        submodules=_submodules(top),
        patch=git_patch.against(commit, top),
    )


def _without_password(url: str | None) -> str | None:
    """Return a remote's URL without the user and token that some write into it."""
    return None if url is None else re.sub(r"^(https?://)[^/@]*@", r"\1", url, flags=re.IGNORECASE)


def _submodules(top: str) -> dict[str, str]:
    """Return the commit each submodule is at; what is not checked out has the commit that is recorded for it."""
    if not os.path.isfile(f"{top}/.gitmodules"):
        return {}
    lines = run(top, "submodule", "status", "--recursive").text.decode(errors="replace").splitlines()
    found = (re.match(r"[ +\-U]([0-9a-f]{40,64}) (.+?)(?: \([^()]*\))?$", one) for one in lines)
    return {match[2]: match[1] for match in found if match}


def _after_fork() -> None:
    """Give a forked child a lock that no vanished thread holds."""
    global _lock
    _lock = _thread.allocate_lock()


os.register_at_fork(after_in_child=_after_fork)
