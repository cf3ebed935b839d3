"""Source: what the code behind a class looks like, so that a change of it can be told.

The digest of a function is that of its tokens: comments, docstrings, blank lines and formatting do not count.  Looked at
are the methods and constants of the class, of the classes it is derived from, and the functions and classes these use, as
far as they are in the same top-level package.  Other Furu classes are left out: their results are artifacts of their own.
"""

from __future__ import annotations

from hashlib import blake2s
from types import CodeType, FunctionType, ModuleType
from typing import get_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

_BEGINNINGS = ("def", "async", "lambda")
_CONSTANTS = (bool, int, float, str, bytes, type(None))
_HARMLESS = "_furu_harmless"

_known: dict[type, dict[str, str]] = {}


def harmless(was: str, now: str) -> Callable[[Function], Function]:
    """Say that a function whose source went from digest ``was`` to ``now`` does the same as before.

    ``why()`` tells the digests.  As long as the function's digest is ``now`` it counts as ``was``; the next change is
    reported again.

    >>> @furu.harmless("3f2a91c07b", "77ab01d2e4")  # doctest: +SKIP
    ... def normalise(rows): ...
    """

    def marked(function: Function) -> Function:
        marks: dict[str, str] = function.__dict__.setdefault(_HARMLESS, {})
        marks[now] = was
        return function

    return marked


def digests(cls: type) -> dict[str, str]:
    """Return dotted name -> digest of everything that the results of a class are made with; looked at once per process.

    What has no source (a class typed into a shell without history) is left out.
    """
    found = _known.get(cls)
    if found is None:
        found = _known[cls] = dict(sorted(_Look(cls).found.items()))
    return found


def combined(cls: type) -> str:
    """Return one digest of all the source behind a class."""
    return _short("".join(f"{name}={digest};" for name, digest in digests(cls).items()))


def changed(before: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
    """Return what differs between two looks at the source of a class, one line each."""
    lines = []
    for name in sorted({*before, *now}):
        was, is_now = before.get(name), now.get(name)
        if was is None:
            lines.append(f"{name} is new")
        elif is_now is None:
            lines.append(f"{name} is gone, or no longer used")
        elif was != is_now:
            lines.append(f"{name} changed ({was} -> {is_now})")
    return tuple(lines)


class _Look:
    """A walk from a class to all that it uses."""

    def __init__(self, cls: type) -> None:
        self.package = cls.__module__.partition(".")[0]
        self.found: dict[str, str] = {}
        self.seen: set[int] = set()
        self.pending: list[type | FunctionType] = [cls]
        while self.pending:
            thing = self.pending.pop()
            if id(thing) in self.seen:
                continue
            self.seen.add(id(thing))
            if isinstance(thing, type):
                self._class(thing)
            else:
                self._function(thing)

    def _class(self, cls: type) -> None:
        for base in cls.__mro__:
            if self._ours(base) and f"{base.__module__}.{base.__qualname__}" not in self.found:
                self._members(base)
        for field in getattr(cls, "__chz_fields__", {}).values():
            self.pending += [one for one in _annotated(field) if self._counts(one)]

    def _members(self, cls: type) -> None:
        """Note the constants of a class, and its methods to be looked at."""
        constants = []
        fields = vars(cls).get("__annotations__", {})
        for name, member in sorted(vars(cls).items()):
            if isinstance(member, _CONSTANTS) and name not in fields and name[:2] != "__" and name[:6] != "_furu_":
                constants.append(f"{name}={member!r}")
            self.pending += [one for one in _functions(member) if one.__module__ == cls.__module__]
        self.found[f"{cls.__module__}.{cls.__qualname__}"] = _short(";".join(constants))

    def _function(self, function: FunctionType) -> None:
        name = f"{function.__module__}.{function.__qualname__}"
        text = _source(function.__code__)
        if name in self.found or text is None:
            return
        digest = _short(" ".join(_tokens(text)))
        self.found[name] = function.__dict__.get(_HARMLESS, {}).get(digest, digest)
        self.pending += [one for one in _used(function) if self._counts(one)]

    def _counts(self, thing: type | FunctionType) -> bool:
        return self._ours(thing) and not hasattr(thing, "_furu_options")

    def _ours(self, thing: type | FunctionType) -> bool:
        return str(thing.__module__).partition(".")[0] == self.package and self.package != "furu"


def _functions(member: Any) -> list[FunctionType]:
    """Return the functions behind a member of a class: decorated, static, of a class, or of a property."""
    if type(member) in (staticmethod, classmethod):
        member = member.__func__
    parts = [member.fget, member.fset] if type(member) is property else [member]
    return [one for one in map(_unwrapped, parts) if type(one) is FunctionType]


def _unwrapped(thing: Any) -> Any:
    """Return what decorators have wrapped.  Only functions and caches are asked: anything else may answer anything."""
    while type(thing) is FunctionType or type(thing).__name__ == "_lru_cache_wrapper":
        inner = vars(thing).get("__wrapped__")
        if inner is None:
            break
        thing = inner
    return thing


def _annotated(field: Any) -> Iterator[type]:
    """Yield the classes that a field's annotation names: the values of a field may do a part of the work."""
    try:
        pending = [field.final_type]
    except Exception:  # noqa: BLE001 - a name that exists for type checkers only, or a module that is gone
        return
    while pending:
        one = pending.pop()
        pending.extend(get_args(one))
        if isinstance(one, type):
            yield one


def _used(function: FunctionType) -> Iterator[type | FunctionType]:
    """Yield the functions and classes that the names in a function stand for, also as ``module.name``."""
    names = list(_names(function.__code__))
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    closed = {name: cell.cell_contents for name, cell in cells if _filled(cell)}
    things = [closed.get(name, function.__globals__.get(name)) for name in names]
    modules = [thing for thing in things if type(thing) is ModuleType]
    things += [vars(module).get(name) for module in modules for name in names]
    for thing in map(_unwrapped, things):
        if type(thing) is FunctionType or issubclass(type(thing), type):
            yield thing


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _source(code: CodeType) -> str | None:
    """Return the lines of a function, from its ``def`` (decorators say nothing about what it does) to its last."""
    import linecache

    lines = linecache.getlines(code.co_filename)
    first, last = code.co_firstlineno - 1, _last_line(code)
    if not 0 <= first < last <= len(lines):
        return None
    return "".join(lines[first:last])


def _last_line(code: CodeType) -> int:
    last = code.co_firstlineno
    for _, end, _, _ in code.co_positions():
        last = max(last, end or 0)
    return max([last, *(_last_line(one) for one in code.co_consts if isinstance(one, CodeType))])


def _tokens(text: str) -> list[str]:
    """Return the tokens that count, from ``def`` or ``lambda`` on: neither comments nor docstrings nor layout.

    An f-string is one token, as it is written: Python 3.12 began to take them apart.
    """
    import io
    import tokenize  # takes a while to import, and a process that computes nothing never gets here

    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER)
    lines = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    opening, closing = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
    found: list[tuple[int, str]] = []
    opened: list[tuple[int, int]] = []  # where the f-strings begin that have not ended yet
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == opening:
                opened.append(token.start)
            elif token.type == closing:
                begun = opened.pop()
                if not opened:
                    found.append((tokenize.STRING, _between(text, begun, token.end)))
            elif not opened and token.type not in skipped:
                found.append((token.type, token.string))
    except (tokenize.TokenError, IndentationError, SyntaxError):  # a part of a longer expression
        pass
    found = found[next((at for at, (_, string) in enumerate(found) if string in _BEGINNINGS), 0) :]
    kinds = [tokenize.NEWLINE, *(kind for kind, _ in found), tokenize.NEWLINE]
    return [
        string
        for at, (kind, string) in enumerate(found, start=1)
        if kind not in lines and not (kind == tokenize.STRING and kinds[at - 1] in lines and kinds[at + 1] in lines)
    ]


def _between(text: str, start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the part of a text from one (row, column) to another, rows counted from 1."""
    rows = text.splitlines(keepends=True)[start[0] - 1 : end[0]]
    rows[-1] = rows[-1][: end[1]]
    rows[0] = rows[0][start[1] :]
    return "".join(rows)


def _short(text: str) -> str:
    return blake2s(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
