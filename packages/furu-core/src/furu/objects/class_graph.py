"""``ClassGraph``: which classes need which, as the code says it, whether anything of them was ever computed or not."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import sys
import textwrap
import typing
from collections import abc
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from furu.errors import FuruError
from furu.identity.annotations import resolved
from furu.identity.records import kind_of, record_of
from furu.objects.furu import Furu

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EdgeKind = Literal["field", "method", "call", "subclass"]

_MANY = (list, tuple, set, frozenset, dict, abc.Sequence, abc.Mapping, abc.Set, abc.Iterable, abc.Collection)


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A Furu class: its dotted name, whether it can be computed itself, and the first line of its docstring."""

    name: str
    computes: bool
    versioned: bool
    doc: str


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One class needs another.

    ``kind`` says how: as a ``field``, as what a ``@furu_dep`` ``method`` returns, by a ``call`` in ``_create``; ``subclass``
    says that the source is one of the target.  ``path`` is where, ``many`` that there may be several.
    """

    source: str
    target: str
    kind: EdgeKind
    path: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class ClassGraph:
    """The classes of some code and what they need, sorted by name."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def of_module(name: str, unreadable: Callable[[str, Exception], None]) -> ClassGraph:
    """Return the graph of every Furu class that a module or package defines, and of the classes those need.

    Imports the module, and of a package all modules in it; ``unreadable`` is told of those that fail, and why.

    Raises ``FuruError`` when the module itself cannot be imported.
    """
    try:
        top = import_module(name)
    except Exception as error:
        raise FuruError(
            f"{name} cannot be imported: {type(error).__name__}: {error}",
            hints=["run this where the code is, or add its directory to PYTHONPATH"],
        ) from error
    modules = [top, *_below(top, unreadable)]
    found = {cls: None for module in modules for cls in _defined(module)}
    edges: set[Edge] = set()
    pending = list(found)
    while pending:
        cls = pending.pop()
        for target, edge in _needs(cls):
            edges.add(edge)
            if target not in found:
                found[target] = None
                pending.append(target)
    return ClassGraph(tuple(sorted(map(_node, found))), tuple(sorted(edges)))


def _below(top: ModuleType, unreadable: Callable[[str, Exception], None]) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(getattr(top, "__path__", ()), f"{top.__name__}.", onerror=lambda _: None):
        if info.name.rpartition(".")[2] == "__main__":
            continue
        try:
            yield import_module(info.name)
        except Exception as error:  # noqa: BLE001 - it is the user's code, and one module of many
            unreadable(info.name, error)


def _defined(module: ModuleType) -> Iterator[type[Furu[Any]]]:
    """Yield the Furu classes that a module defines, those inside other classes included."""
    pending = list(vars(module).values())
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if not isinstance(value, type) or value.__module__ != module.__name__ or id(value) in seen:
            continue
        seen.add(id(value))
        pending += vars(value).values()
        if issubclass(value, Furu):
            yield value


def _name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _node(cls: type[Furu[Any]]) -> Node:
    doc = (cls.__dict__.get("__doc__") or "").strip().partition("\n")[0]
    return Node(_name(cls), cls._create is not Furu._create, cls._furu_options.version_controlled, doc)


def _needs(cls: type[Furu[Any]]) -> Iterator[tuple[type[Furu[Any]], Edge]]:
    source = _name(cls)
    for base in cls.__bases__:
        if issubclass(base, Furu) and base is not Furu:
            yield base, Edge(source, _name(base), "subclass")
    for path, target, many in _in_fields(cls, "", {cls}):
        yield target, Edge(source, _name(target), "field", path, many)
    for path, target, many in _in_methods(cls):
        yield target, Edge(source, _name(target), "method", path, many)
    for target in _called(cls):
        if target is not cls:
            yield target, Edge(source, _name(target), "call", "_create()")


def _in_fields(cls: type[Any], prefix: str, entered: set[type[Any]]) -> Iterator[tuple[str, type[Furu[Any]], bool]]:
    """Yield (path, class, whether several) of every Furu class that the annotations of a record name."""
    record = record_of(cls)
    if record is None:
        return
    for name in [field.name for field in record.fields if not field.name.startswith("_")]:
        annotation, module = _annotation(cls, name)
        for target, many in _mentioned(annotation, module, many=False):
            path = f"{prefix}{name}"
            if issubclass(target, Furu):
                yield path, target, many
            elif kind_of(target) is not None and target not in entered:
                inner = _in_fields(target, f"{path}.", {*entered, target})
                yield from ((deeper, found, many or several) for deeper, found, several in inner)


def _annotation(cls: type[Any], name: str) -> tuple[object, str]:
    for base in cls.__mro__:
        annotations = inspect.get_annotations(base)
        if name in annotations:
            return annotations[name], base.__module__
    return None, ""


def _mentioned(annotation: object, module: str, *, many: bool) -> Iterator[tuple[type[Any], bool]]:
    """Yield the classes in an annotation, and whether each is in a container."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    for _ in range(2):  # a string in an annotation that is a string itself
        annotation = resolved(annotation, module)
    origin = typing.get_origin(annotation)
    inner = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
    if origin is not None:
        if isinstance(origin, type) and issubclass(origin, Furu):
            yield origin, many
            return
        several = many or origin in _MANY
        for argument in typing.get_args(annotation)[: 1 if origin is typing.Annotated else None]:
            yield from _mentioned(argument, module, many=several)
    elif isinstance(annotation, typing.TypeVar):
        yield from _mentioned(annotation.__bound__, module, many=many)
    elif inner is not None:
        yield from _mentioned(inner, module, many=many)
    elif isinstance(annotation, type) and annotation is not Furu:
        yield annotation, many


def _in_methods(cls: type[Furu[Any]]) -> Iterator[tuple[str, type[Furu[Any]], bool]]:
    record = record_of(cls)
    for name in record.methods if record else ():
        method = inspect.unwrap(
            getattr(cls, name).fget if isinstance(getattr(cls, name), property) else getattr(cls, name)
        )
        annotation = getattr(method, "__annotations__", {}).get("return")
        for target, many in _mentioned(annotation, method.__module__, many=False):
            if issubclass(target, Furu):
                yield f"{name}()", target, many


def _called(cls: type[Furu[Any]]) -> Iterator[type[Furu[Any]]]:
    """Yield the Furu classes that the code of the class's own ``_create`` makes objects of."""
    create = cls.__dict__.get("_create")
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(create))) if create else ast.Module([], [])
    except (OSError, TypeError, SyntaxError):
        return
    names = vars(sys.modules[cls.__module__])
    found: dict[type[Furu[Any]], None] = {}
    for node in ast.walk(tree):
        called = _looked_up(node.func, names) if isinstance(node, ast.Call) else None
        if isinstance(called, type) and issubclass(called, Furu):
            found[called] = None
    yield from found


def _looked_up(node: ast.expr, names: dict[str, Any]) -> object:
    """Return what a dotted name in the code of a module stands for, or None."""
    match node:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=value, attr=name):
            owner = _looked_up(value, names)
            return getattr(owner, name, None) if isinstance(owner, (ModuleType, type)) else None
        case _:
            return None
