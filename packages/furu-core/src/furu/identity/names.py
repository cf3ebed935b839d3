"""Names: what a class or function is called in a key, and what a name stands for.

A name is the dotted ``module.qualname``.  It outlives the process, so ``__main__`` is replaced by the module's real
name, and what has no lasting name is refused unless ``FURU_ALLOW_MAIN=1`` says that the results are throw-away.
"""

from __future__ import annotations

import os.path
import sys

from furu import config
from furu.errors import FuruError, FuruIdentityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any, Literal

#: The attribute under which a Furu or chz object remembers its key.
CACHE = "_furu_hash"

_MAIN = ("__main__", "__mp_main__")  # the second is the main module in a child of multiprocessing's spawn

#: Names that last.  What is named here is never looked at again.
_stable: dict[object, str] = {}
#: Names that FURU_ALLOW_MAIN lets through, so that ``resolve`` finds in this process what cannot be imported.
_scratch: dict[str, Any] = {}


def is_furu(value: object) -> bool:
    """Return whether ``value`` is a Furu object (not a Furu class)."""
    return hasattr(type(value), "_furu_options")


def class_name(cls: type[Any]) -> str:
    """Return the dotted name of a class.

    Raises ``FuruIdentityError`` for a class of a function, for one of a script outside any package, and for a Furu class
    that its module does not have under its name, unless ``FURU_ALLOW_MAIN`` is set.
    """
    return _stable.get(cls) or _name(cls, cls.__module__, cls.__qualname__)


def function_name(function: Callable[..., Any]) -> str:
    """Return the dotted name of a function.

    Raises ``FuruIdentityError`` for what has no lasting name: lambdas, local functions and bound methods.
    """
    name = _stable.get(function)
    if name is None:
        module = getattr(function, "__module__", None)
        qualname: str = function.__qualname__
        owner = getattr(function, "__self__", None)
        if module is None or (owner is not None and type(owner) is not type(sys)):
            raise FuruIdentityError(f"{qualname} is bound to an object and has no name of its own")
        if "<lambda>" in qualname:
            raise FuruIdentityError(
                f"a lambda of module {module} has no name", hints=["define it with def at the top of a module"]
            )
        name = _name(function, module, qualname)
    return name


def is_scratch_class(cls: type[Any]) -> bool:
    """Return whether a class has no lasting name and passes only because ``FURU_ALLOW_MAIN`` is set.

    Raises ``FuruIdentityError`` like ``class_name``.
    """
    name = class_name(cls)
    return cls not in _stable and _scratch.get(name) is cls


def lasts(thing: object) -> bool:
    """Return whether the name of a thing was found to last, so that it may be remembered."""
    return thing in _stable


def mentions_scratch(described: object) -> bool:
    """Return whether a config, as ``to_dict`` describes it, names anything that has no lasting name."""
    match described:
        case str():
            return described in _scratch
        case dict():
            return any(mentions_scratch(value) for value in described.values())
        case list():
            return any(mentions_scratch(value) for value in described)
        case _:
            return False


def resolve(name: str) -> Any:
    """Return the class or function a dotted name stands for, importing its module.

    Raises ``FuruError`` naming the part that is missing.
    """
    if name in _scratch:
        return _scratch[name]
    for module, qualname in _splits(name):
        found = _import(module, name)
        if found is not None:
            return _member(found, qualname, name)
    raise FuruError(
        f"{name} cannot be found: there is no module {name.partition('.')[0]!r}",
        hints=["install the package, or add its directory to PYTHONPATH", "read it with strict=False to look at it"],
    )


def imported(name: str) -> bool:
    """Return whether a dotted name can be looked up without importing anything: its module is here."""
    return name in _scratch or any(module in sys.modules and rest for module, rest in _splits(name))


def _name(thing: object, module: str, qualname: str) -> str:
    real: str | None = module
    reason = ""
    if module in _MAIN:
        real = _main_name(module, thing, qualname)
        reason = "belongs to a script that is not part of an importable package"
    if "<locals>" in qualname:
        real = None
        reason = "is defined inside a function"
    if real == module:
        found = _found(thing, module, qualname)
        if found == "later":
            return f"{module}.{qualname}"
        if found == "other":
            real = None
            reason = "is not what its module has under that name"
    if real is not None:
        name = _stable[thing] = f"{_public_module(real, thing, qualname)}.{qualname}"
        return name
    name = f"{module}.{qualname.replace('<locals>.', '')}"
    if not config.current().allow_main:
        raise FuruIdentityError(
            f"{module}.{qualname} {reason}, so no other process could find its results by its name",
            hints=[
                "move it to the top level of a module in a package, and run scripts with  python -m package.module",
                "a class made by a call needs a __qualname__ of its own, and a variable of that name in its module",
                "FURU_ALLOW_MAIN=1 accepts it as it is; its artifacts then go to a temporary root",
            ],
        )
    _scratch[name] = thing
    return name


def _found(thing: object, module: str, qualname: str) -> Literal["here", "later", "other"]:
    """Return whether a module has ``thing`` under its name, will have it, or has something else, or nothing.

    Of classes that are no Furu classes, and of functions, results are not called by name: with those only another one
    that goes by the same name counts.  A module that is not to be found by its name cannot be asked.
    """
    home = sys.modules.get(module)
    if home is None:
        return "here"
    top, *rest = qualname.split(".")
    found = _walk(vars(home).get(top), rest)
    if any(one is thing for one in _unwrapped(found)):
        return "here"
    if _being_imported(home, module):
        return "later"
    same = getattr(found, "__module__", None) == module and getattr(found, "__qualname__", None) == qualname
    return "other" if same or hasattr(thing, "_furu_options") else "here"


def _being_imported(home: ModuleType, module: str) -> bool:
    reloading = getattr(sys.modules.get("importlib"), "_RELOADING", ())
    return getattr(getattr(home, "__spec__", None), "_initializing", False) or module in reloading


def _unwrapped(found: object) -> Iterator[object]:
    """Yield what a name stands for, and what decorators have wrapped in it."""
    for _ in range(100):
        yield found
        found = getattr(found, "__wrapped__", None)
        if found is None:
            return


def _public_module(module: str, thing: object, qualname: str) -> str:
    """Return where the standard library shows a thing, for it moves things between private modules.

    ``pathlib.Path`` says that it lives in ``pathlib._local`` on Python 3.13, and in ``pathlib`` before and after.
    """
    root, _, rest = module.partition(".")
    if rest.startswith("_") and root in sys.stdlib_module_names:
        shown = getattr(sys.modules.get(root), qualname.partition(".")[0], None)
        if shown is not None and _walk(shown, qualname.split(".")[1:]) is thing:
            return root
    return module


def _main_name(module: str, thing: object, qualname: str) -> str | None:
    """Return the importable name of the main module, or None when it has none or ``thing`` is not from it."""
    main = sys.modules.get(module)
    if main is None or _walk(main, qualname.split(".")) is not thing:
        return None  # a profiler or debugger is the main module, or the class was sent here by value
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name not in _MAIN:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return None if file is None else _package_module(os.path.realpath(file))


def _package_module(file: str) -> str | None:
    """Return the dotted name of a file that belongs to an importable package, else None."""
    from importlib.util import find_spec

    directory, base = os.path.split(file)
    parts = [os.path.splitext(base)[0]]
    while os.path.isfile(os.path.join(directory, "__init__.py")):
        directory, package = os.path.split(directory)
        parts.insert(0, package)
    if len(parts) == 1 or not all(part.isidentifier() for part in parts):
        return None
    spec = find_spec(parts[0])
    places = [os.path.realpath(place) for place in (spec and spec.submodule_search_locations) or ()]
    if os.path.join(directory, parts[0]) not in places:
        return None
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _walk(start: object, names: list[str]) -> object:
    for name in names:
        start = getattr(start, name, None)
    return start


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """Yield (module, qualname) for every way to read a dotted name, the longest module first."""
    at = name.rfind(".")
    while at > 0:
        yield name[:at], name[at + 1 :]
        at = name.rfind(".", 0, at)


def _import(module: str, name: str) -> ModuleType | None:
    from importlib import import_module

    if module in sys.modules:
        return sys.modules[module]
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module + ".").startswith(error.name + "."):
            return None  # the name is shorter than we guessed, or wrong; a module that lacks a dependency is an error
        raise FuruError(f"{name} cannot be found: its module needs {error.name!r}, which is not installed") from error
    except Exception as error:
        raise FuruError(f"{name} cannot be found: importing {module} raised {type(error).__name__}: {error}") from error


def _member(module: ModuleType, qualname: str, name: str) -> Any:
    found: Any = module
    for part in qualname.split("."):
        if not hasattr(found, part):
            raise FuruError(
                f"{name} cannot be found: module {module.__name__} has no {qualname}",
                hints=["it was renamed or removed since; read the record with strict=False to look at it"],
            )
        found = getattr(found, part)
    return found
