"""Names: which classes have one that lasts, in which ways a program is started."""

import importlib
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


SHOP = """
import functools
import furu

def made(k):
    return type("Made", (furu.Furu,), {"_create": lambda self: k, "__module__": __name__})

one, two = made(1), made(2)

class Kept(furu.Furu[int]):
    x: int = 1
Old = Kept
class Kept(furu.Furu[int]):
    x: int = 2

early = {}

def looked_at(cls):
    early[cls.__qualname__] = cls().furu_ref
    return cls

@looked_at
class Decorated(furu.Furu[int]):
    x: int = 1
    @looked_at
    class Inner(furu.Furu[int]):
        x: int = 1

@looked_at
class Replaced(furu.Furu[int]):
    x: int = 1
Gone, Replaced = Replaced, None

def plain(x):
    return x
def traced(f):
    @functools.wraps(f)
    def call(*args):
        return f(*args)
    return call
tracing = traced(plain)

@traced
def covered(x):
    return x
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A module with classes that do and do not go by the names they have there."""
    (tmp_path / "furu_shop.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path)
    import furu_shop

    yield furu_shop
    sys.modules.pop("furu_shop", None)


def refuse(call):
    with pytest.raises(FuruIdentityError, match="is not what its module has under that name"):
        call()


def test_classes_that_share_a_name_do_not_share_results(shop):
    """A class is refused unless its module has it, and no other, under the name it says it has."""
    for cls in (shop.one, shop.two, shop.Old, shop.Gone):
        refuse(lambda cls=cls: cls().furu_dir)
    assert names.class_name(shop.Kept) == "furu_shop.Kept"


def test_classes_of_executed_code_are_refused():
    """Code that runs in no module has classes that say they are built in."""
    space = {}
    exec("import furu\nclass Task(furu.Furu[int]):\n    x: int = 1", space)
    refuse(lambda: space["Task"]().furu_hash)


def test_a_class_made_by_a_call_lasts_under_its_own_name(shop):
    """What such a class needs is a name of its own, in its module as well."""
    shop.Three = shop.made(3)
    shop.Three.__qualname__ = "Three"
    assert names.class_name(shop.Three) == "furu_shop.Three"


def test_misnamed_classes_pass_as_scratch_when_allowed(shop, furu_tmp_root, monkeypatch):
    """``FURU_ALLOW_MAIN`` sends their results to the temporary root."""
    furu.FURU_CONFIG.allow_main = True
    assert shop.one().furu_ref.root == "scratch"
    assert shop.Kept().furu_ref.root == "data"
    furu.FURU_CONFIG.allow_main = False
    refuse(lambda: shop.one().furu_ref)


def test_a_class_may_be_asked_while_its_module_is_imported(shop):
    """A decorator may ask for the key before the name is there; whether it ever comes there is seen later."""
    assert shop.early["Decorated"] == shop.Decorated().furu_ref
    assert shop.early["Decorated.Inner"] == shop.Decorated.Inner().furu_ref
    assert shop.early["Replaced"].namespace == "furu_shop.Replaced"
    refuse(lambda: shop.Gone().furu_ref)


def test_reloading_a_module_keeps_the_classes_that_were_used(shop):
    """After a reload the new class has the name; the old one keeps it when it was asked for it before."""
    used, unused = shop.Kept, shop.Decorated.Inner
    names.class_name(used)
    names._stable.pop(unused, None)
    importlib.reload(shop)

    assert shop.Kept is not used
    assert names.class_name(shop.Kept) == names.class_name(used) == "furu_shop.Kept"
    refuse(lambda: names.class_name(unused))


def test_functions_that_share_a_name_are_refused(shop):
    """A wrapper that took over the name of what it wraps is another function; what a decorator has replaced is not."""
    assert names.function_name(shop.plain) == "furu_shop.plain"
    assert names.function_name(shop.covered) == "furu_shop.covered"
    assert names.function_name(shop.covered.__wrapped__) == "furu_shop.covered"
    refuse(lambda: names.function_name(shop.tracing))


def test_a_module_that_is_not_found_by_its_name_is_trusted(shop):
    """A module that a test runner or a pickle brought along need not be in ``sys.modules``."""
    del sys.modules["furu_shop"]
    assert names.class_name(shop.Kept) == "furu_shop.Kept"
