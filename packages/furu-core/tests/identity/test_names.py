"""Names: which classes have one that lasts, in which ways a program is started."""

import subprocess
import sys
from pathlib import Path

import furu_golden
import pytest

import furu
from furu.errors import FuruError, FuruIdentityError
from furu.identity import names


class InThisModule(furu.Furu[int]):
    x: int = 1


def test_name_is_module_and_qualname():
    """A class is called by its module and qualified name, nested classes included."""
    assert names.class_name(furu_golden.Outer.Inner) == "furu_golden.Outer.Inner"
    assert names.class_name(InThisModule) == f"{__name__}.InThisModule"
    assert names.class_name(Path) == "pathlib.Path"  # on Python 3.13 it says pathlib._local
    assert names.class_name(int) == "builtins.int"


def test_names_resolve():
    """A name leads back to its class or function."""
    for thing in (furu_golden.Outer.Inner, InThisModule, Path, int):
        assert names.resolve(names.class_name(thing)) is thing
    assert names.resolve(names.function_name(furu_golden.transform)) is furu_golden.transform


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_package.Thing", "no module 'no_such_package'"),
        ("furu_golden.Outer.Gone", "module furu_golden has no Outer.Gone"),
        ("broken_import.Thing", "needs 'no_such_dependency'"),
        ("raising_import.Thing", "importing raising_import raised ValueError: at import"),
        ("not-a-module.Thing", "no module"),
        ("plain", "no module"),
    ],
)
def test_name_that_does_not_resolve_says_why(name, why, tmp_path, monkeypatch):
    """What is missing is named: the module, what it needs, or the class in it."""
    (tmp_path / "broken_import.py").write_text("import no_such_dependency")
    (tmp_path / "raising_import.py").write_text("raise ValueError('at import')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FuruError, match=why):
        names.resolve(name)


def test_local_class_is_refused_unless_allowed(monkeypatch):
    """A class of a function has no lasting name; ``FURU_ALLOW_MAIN`` lets it pass, as scratch."""

    class Local(furu.Furu[int]):
        x: int = 1

    monkeypatch.setitem(furu.FURU_CONFIG.__dict__, "allow_main", False)
    with pytest.raises(FuruIdentityError, match="is defined inside a function") as caught:
        _ = Local().furu_hash
    assert "FURU_ALLOW_MAIN=1" in str(caught.value)
    monkeypatch.setitem(furu.FURU_CONFIG.__dict__, "allow_main", True)
    assert Local().furu_hash
    assert names.is_scratch_class(Local)
    assert not names.is_scratch_class(InThisModule)
    assert furu.FuruSerializer.from_dict(Local(x=2).to_dict()) == Local(x=2)
    monkeypatch.setitem(furu.FURU_CONFIG.__dict__, "allow_main", False)
    with pytest.raises(FuruIdentityError):
        _ = Local(x=3).furu_hash


MODULE = """
import furu
class Train(furu.Furu[int]):
    x: int = 1
class Outer:
    class Inner(furu.Furu[int]):
        x: int = 1
if __name__ in ("__main__", "__mp_main__"):
    from furu.identity import names
    try:
        print(names.class_name(Train), names.class_name(Outer.Inner), names.is_scratch_class(Train))
    except Exception as error:
        print(type(error).__name__, "FURU_ALLOW_MAIN=1" in str(error), "python -m" in str(error))
"""


@pytest.fixture
def project(tmp_path):
    """A package, a package inside it, a directory that is no package, and a script beside them."""
    for file in ("pkg/__init__.py", "pkg/sub/__init__.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    (tmp_path / "loose").mkdir()
    for file in ("pkg/train.py", "pkg/sub/train.py", "pkg/__main__.py", "loose/train.py", "script.py"):
        (tmp_path / file).write_text(MODULE)
    return tmp_path


def run(project, *args, env=None):
    done = subprocess.run(
        [sys.executable, *args], cwd=project, env=env or {}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("args", "path", "expected"),
    [
        (["-m", "pkg.train"], "", "pkg.train.Train pkg.train.Outer.Inner False"),
        (["-m", "pkg.sub.train"], "", "pkg.sub.train.Train pkg.sub.train.Outer.Inner False"),
        (["-m", "pkg"], "", "pkg.__main__.Train pkg.__main__.Outer.Inner False"),
        (["pkg/train.py"], ".", "pkg.train.Train pkg.train.Outer.Inner False"),
        (["pkg/sub/train.py"], ".", "pkg.sub.train.Train pkg.sub.train.Outer.Inner False"),
        (["pkg/train.py"], "", "FuruIdentityError True True"),
        (["script.py"], "", "FuruIdentityError True True"),
        (["script.py"], ".", "FuruIdentityError True True"),
        (["loose/train.py"], ".", "FuruIdentityError True True"),
        (["-c", MODULE], ".", "FuruIdentityError True True"),
        (["-m", "cProfile", "-o", "/dev/null", "script.py"], "", "FuruIdentityError True True"),
    ],
)
def test_main_module_is_called_by_its_real_name(project, args, path, expected):
    """``python -m`` and files of an importable package give classes their real names; other scripts are refused."""
    assert run(project, *args, env={"PYTHONPATH": path} if path else None) == expected


def test_script_passes_when_allowed(project):
    """``FURU_ALLOW_MAIN=1`` lets a script's classes pass as scratch."""
    assert run(project, "script.py", env={"FURU_ALLOW_MAIN": "1"}) == "__main__.Train __main__.Outer.Inner True"


def test_key_is_the_same_however_the_module_is_run(project):
    """A class has one key as the main module and imported."""
    (project / "pkg" / "train.py").write_text(MODULE + "    print(Train().furu_hash)\n")
    as_main = run(project, "-m", "pkg.train").split()[-1]
    assert run(project, "-c", "import pkg.train; print(pkg.train.Train().furu_hash)") == as_main


def test_name_is_the_same_in_a_spawned_child(project):
    """A child of multiprocessing's spawn, whose main module is a copy, computes the same keys."""
    (project / "pkg" / "train.py").write_text(
        MODULE
        + """
def key(obj):
    return type(obj).__module__, obj.furu_hash
if __name__ == "__main__":
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map(key, [Train(x=5)])[0]
    print(there[0], there[1] == Train(x=5).furu_hash)
"""
    )
    assert run(project, "-m", "pkg.train").splitlines()[-1] == "__mp_main__ True"
