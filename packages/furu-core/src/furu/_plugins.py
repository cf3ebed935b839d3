"""Names that optional packages provide, found when they are first asked for.

furu-core never imports a plugin by itself.  The names in furu's own documentation are bound to the package that brings
them (``provided``), which costs no search.  Everything else is found through entry points (``names``, ``load``), with one
search per group and process.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from typing import Any

_found: dict[str, dict[str, list[EntryPoint]]] = {}


def provided(name: str, *, distribution: str, face: str) -> Any:
    """Return what the optional package ``distribution`` calls ``name``, on behalf of the module ``face``.

    Raises ``ImportError`` saying what to install when the package is absent, or too old to have the name.  A package that
    is there but fails to import raises its own error unchanged.
    """
    from importlib import import_module

    module = distribution.replace("-", "_")
    try:
        package = import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        message = (
            f"{face}.{name} comes with the optional package {distribution}, which is not installed. "
            f"Install it with: pip install {distribution}"
        )
        raise ImportError(message, name=f"{face}.{name}") from None
    try:
        return getattr(package, name)
    except AttributeError:
        message = (
            f"{face}.{name} comes with the optional package {distribution}, but the installed version "
            f"{_version(distribution)} does not have it. "
            f"Look for a newer one with: pip install --upgrade {distribution}"
        )
        raise ImportError(message, name=f"{face}.{name}", path=package.__file__) from None


def names(group: str) -> list[str]:
    """Return the names that installed packages register in an entry-point group, sorted."""
    return sorted(_entry_points(group))


def available(group: str) -> list[str]:
    """Return the names of a group whose packages can be imported: metadata may outlive what it describes."""
    from importlib.util import find_spec

    def there(entry: EntryPoint) -> bool:
        try:
            return find_spec(entry.module.partition(".")[0]) is not None
        except ValueError:  # hidden on purpose
            return False

    return sorted(name for name, entries in _entry_points(group).items() if all(map(there, entries)))


def load(group: str, name: str) -> Any:
    """Return the object registered as ``name`` in an entry-point group.

    Raises ``KeyError`` when nobody registers the name, and ``ImportError`` when several packages claim it for different
    objects: which one is meant is not furu's to guess.
    """
    first, *others = _entry_points(group)[name]
    if others:
        claims = ", ".join(sorted(entry_point.value for entry_point in (first, *others)))
        message = (
            f"Several installed packages register {name!r} as {group}: {claims}. "
            "Uninstall all but one, or import the object from its own package."
        )
        raise ImportError(message, name=name)
    return first.load()


def _entry_points(group: str) -> dict[str, list[EntryPoint]]:
    if group not in _found:
        from importlib.metadata import entry_points  # about 30 ms, so only when a search is needed

        claims: dict[str, dict[str, EntryPoint]] = {}
        for entry_point in entry_points(group=group):
            claims.setdefault(entry_point.name, {})[entry_point.value] = entry_point
        _found[group] = {name: list(by_value.values()) for name, by_value in claims.items()}
    return _found[group]


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "(unknown)"
