"""What lower floors may ask of a Furu object: its key, its hooks, its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from furu.resources import SlurmSpec

    RootKind = Literal["data", "artifacts", "scratch"]


@dataclass(frozen=True, slots=True)
class ArtifactRef:
    """The name of one artifact: which root, which class, which config.

    ``root`` is ``data``, ``artifacts`` (version controlled) or ``scratch`` (a temporary root of this process);
    ``namespace`` is the dotted ``module.qualname`` of the class; ``furu_hash`` is 20 lower-case hex characters.
    """

    root: RootKind
    namespace: str
    furu_hash: str

    @property
    def label(self) -> str:
        """Return the short name used in messages: class name and the first nine characters of the hash."""
        return f"{self.namespace.rpartition('.')[2]} {self.furu_hash[:9]}"


@dataclass(frozen=True, slots=True)
class Original:
    """Where a result is that counts for another config as well.

    An artifact of a store is named by its ``ref``, so a store may be moved.  One that was imported is named by its absolute
    ``path``, and ``meta`` is what its writer called the folder of records.
    """

    ref: ArtifactRef
    path: str | None = None
    meta: str = ".furu"


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What a class says about itself with class keywords."""

    version_controlled: bool = False
    revision: int | str | None = None
    on_retry: Literal["keep", "clean"] = "keep"


class Task(Protocol):
    """A unit of work with a key.  ``furu.Furu`` is the implementation users subclass."""

    _furu_options: TaskOptions
    _max_wait_time_sec: float | None

    @property
    def furu_hash(self) -> str:
        """The key of this config: 20 lower-case hex characters."""
        ...

    @property
    def furu_dir(self) -> Path:
        """The directory of this artifact; asking for it creates nothing."""
        ...

    @property
    def furu_ref(self) -> ArtifactRef:
        """The name of this artifact in the store."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return the config as JSON-ready data."""
        ...

    def to_python(self) -> str:
        """Return the config as a Python expression."""
        ...

    def _create(self) -> Any: ...

    def _load(self) -> Any: ...

    def _validate(self) -> bool: ...

    def _executor(self) -> SlurmSpec | Sequence[SlurmSpec]: ...

    def _name(self) -> str | None: ...

    def _furu_keep(self, value: object, check: Callable[[], None] | None = None) -> str | None:
        """Store what ``_create`` returned where the class has no ``_load`` of its own; return the format's name.

        ``check`` is called before anything of another attempt is replaced.  Raises ``FuruError`` when the value is still
        to be computed (a coroutine or a generator) or cannot be stored.
        """
        ...

    @property
    def _furu_validates(self) -> bool:
        """Whether the class has a ``_validate`` of its own."""
        ...

    def _furu_former(self) -> Original | None:
        """Return where a published result of an earlier form of this config is, if its class says how to find it."""
        ...

    def _furu_adopt(self) -> None:
        """Remember, in the store, that the result of this config is where ``_furu_former`` has found it."""
        ...

    def _furu_stale(self) -> None:
        """Say that this config is computed anew although the store has results of an earlier form of its class.

        Raises ``FuruStaleError`` where ``FURU_STALE=error`` asks for it.
        """
        ...
