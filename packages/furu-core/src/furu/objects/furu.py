"""``Furu``: the class users subclass to declare a computation."""

from __future__ import annotations

import os
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import chz
from typing_extensions import dataclass_transform

from furu import config
from furu.engine import obtain
from furu.errors import MISSING, FuruError, Missing
from furu.identity import digest, names
from furu.objects.fields import field
from furu.objects.lineage import Lineage
from furu.storage import store
from furu.task import ArtifactRef, TaskOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Self

    from furu.resources import SlurmSpec
    from furu.storage.provenance import Metadata
    from furu.storage.state import State
    from furu.task import RootKind

T_co = TypeVar("T_co", covariant=True)

_UNFINISHED = (CoroutineType, GeneratorType, AsyncGeneratorType)

#: Flags of code that a call does not run (``inspect.CO_...``; importing that module takes long), and what to do.
_DEFERRED = (
    (0x80 | 0x200, "an async function", "make it a plain one that calls asyncio.run()"),
    (0x20, "a generator (it contains yield)", "return a list, or another result that is complete"),
)

_homes: dict[type, tuple[RootKind, str]] = {}


def _home(cls: type[Furu[Any]]) -> tuple[RootKind, str]:
    """Return the root and the namespace of a class's artifacts."""
    home = _homes.get(cls)
    if home is not None:
        return home
    namespace = names.class_name(cls)
    if names.is_scratch_class(cls):  # allowed as long as the setting allows it, so never remembered
        return "scratch", namespace
    root: RootKind = "artifacts" if cls._furu_options.version_controlled else "data"
    if names.lasts(cls):
        _homes[cls] = root, namespace
    return root, namespace


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field, chz.field))
class Furu(Lineage, Generic[T_co]):
    """A computation declared as a frozen config object, computed once and loaded ever after.

    A subclass is a chz class: its annotated attributes are keyword-only, frozen fields.  It implements ``_create``,
    which writes into ``self.furu_dir`` and returns the result, and, where the result is not stored automatically,
    ``_load``, which reads it back.

    Class keywords: ``version_controlled=True`` stores artifacts under ``FURU_VERSION_CONTROLLED_PATH``; ``revision=2``
    gives every artifact of the class a new key; ``on_retry="clean"`` empties the directory before another attempt.
    """

    _furu_options: TaskOptions = TaskOptions()
    _max_wait_time_sec: float | None = 600.0

    def __init_subclass__(
        cls,
        *,
        version_controlled: bool | None = None,
        revision: int | str | None = None,
        on_retry: Literal["keep", "clean"] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if on_retry not in (None, "keep", "clean"):
            raise TypeError(f"class {cls.__name__}(on_retry={on_retry!r}): on_retry is 'keep' or 'clean'")
        # An annotation here is a class option's, never a field's; get_annotations() would pop it from a copy.
        cls.__dict__.get("__annotations__", {}).pop("_max_wait_time_sec", None)  # noqa: RUF063
        inherited = cls._furu_options
        cls._furu_options = TaskOptions(
            version_controlled=inherited.version_controlled if version_controlled is None else version_controlled,
            revision=inherited.revision if revision is None else revision,
            on_retry=on_retry or inherited.on_retry,
        )
        for name in ("__eq__", "__hash__", "__getstate__"):  # chz would bring its own, by field values
            if name not in cls.__dict__:
                setattr(cls, name, getattr(cls, name))
        for name in ("_create", "_validate"):
            _refuse_body(cls, name)
        if "migrations" in cls.__dict__:
            from furu.identity import changes  # a program without changes need not load it

            changes.check(cls)
        chz.chz(cls)

    # What a subclass overrides

    def _create(self) -> T_co:
        """Compute the result, write files into ``self.furu_dir``, return the result."""
        raise NotImplementedError(f"{type(self).__name__} has no _create: say how it is computed")

    def _load(self) -> T_co:
        """Read the result back from ``self.furu_dir``.

        Without an override the value that ``_create`` returned was stored and is read back in its own format.
        """
        from furu.storage import results

        artifact = store.holding(self.furu_ref, self._furu_former)
        return results.load(artifact.meta_dir, artifact.directory)  # type: ignore[no-any-return]

    def _validate(self) -> bool:
        """Say whether a stored result may be used; False (or ``FuruValidationError``) has it computed again."""
        return True

    def _executor(self) -> SlurmSpec | Sequence[SlurmSpec]:
        """Say what the computation needs of a cluster: one spec, or several in order of preference."""
        from furu.resources import SlurmSpec

        return SlurmSpec()

    def _name(self) -> str | None:
        """Return a name for people, shown by ``furu ls`` and others; None for class and hash alone.  It is not in the key."""
        return None

    # What users call

    def get(self) -> T_co:
        """Return the result: loaded when it is there, waited for when others compute it, computed otherwise.

        A call that computed returns what ``_create`` returned; every other call returns what ``_load`` returns.

        Raises ``FuruComputeError`` when ``_create`` fails (also an instance of what it raised, where Python allows
        it), ``FuruLoadError`` when ``_load`` fails, ``FuruWaitTimeout`` when another owner takes longer than
        ``_max_wait_time_sec`` or ``FURU_MAX_WAIT_SECS``, ``FuruLeaseLost`` when the lease was taken over while
        creating, ``FuruCycleError`` when the artifact waits for itself.
        """
        return obtain.obtain(self)  # type: ignore[no-any-return]

    def exists(self) -> bool:
        """Return whether a valid result is there.  Creates nothing; an exception of ``_validate`` surfaces."""
        return obtain.exists(self)

    def load_existing(self) -> T_co:
        """Return the result if it is there; raises ``FuruMissingArtifact`` instead of computing it."""
        value = obtain.existing(self)
        if value is MISSING:
            raise obtain.missing(self)
        return value  # type: ignore[no-any-return]

    def try_load(self) -> T_co | Missing:
        """Return the result if it is there, else ``MISSING``; computes nothing."""
        return obtain.existing(self)  # type: ignore[no-any-return]

    def get_metadata(self) -> Metadata:
        """Return config, git and environment facts recorded when the artifact was computed.

        Raises ``FuruMissingArtifact`` when there are none, ``FuruRecordError`` when the record is torn.
        """
        from furu.storage import managers

        return managers.metadata_of(store.holding(self.furu_ref, self._furu_former))

    def get_state(self) -> State:
        """Return result and last attempt, as a look at the store tells them now.

        Raises ``FuruRecordError`` when ``state.json`` is torn.
        """
        return store.artifact(self.furu_ref).observed_state()

    @property
    def furu_hash(self) -> str:
        """The key of this config: 20 lower-case hex characters."""
        return digest.furu_hash(self)

    @property
    def furu_ref(self) -> ArtifactRef:
        """The name of this artifact in the store."""
        known: ArtifactRef | None = self.__dict__.get("_furu_ref")
        if known is None:
            root, namespace = _home(type(self))
            if config.current().allow_main and names.mentions_scratch(self.to_dict()):
                root = "scratch"  # it depends on something that has no lasting name
            known = self.__dict__["_furu_ref"] = ArtifactRef(root, namespace, digest.furu_hash(self))
        return known

    @property
    def furu_dir(self) -> Path:
        """The directory of this artifact.  Asking for it creates nothing; it is there while ``_create`` runs.

        Where the result is that of an earlier form of this config (an alias), it is the directory of the original, but for
        an attempt of this config, which has its own.
        """
        from pathlib import Path  # here, because importing furu should cost little

        return Path(store.holding(self.furu_ref, self._furu_former).directory)

    @property
    def raw_dir(self) -> Path:
        """The directory all artifacts share for large files (``raw`` below ``FURU_PATH``), made at the first use."""
        shared = config.current().raw_dir
        shared.mkdir(parents=True, exist_ok=True)
        return shared

    def to_dict(self) -> dict[str, Any]:
        """Return the config as JSON-ready data that ``from_dict`` turns back into an equal object."""
        from furu.identity import serializer

        return serializer.to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, strict: bool = True) -> Self:
        """Return the object that ``to_dict`` has described.

        Raises ``FuruError`` naming what is missing when the class or a field is unknown; with ``strict=False`` a
        read-only view of the data is returned instead.
        """
        from furu.identity import serializer

        found = serializer.from_dict(data, strict=strict)
        if strict and not isinstance(found, cls):
            raise TypeError(f"{cls.__name__}.from_dict got the config of a {type(found).__name__}")
        return found  # type: ignore[no-any-return]

    def to_python(self) -> str:
        """Return a Python expression that evaluates to an equal object."""
        from furu.identity import render

        return render.to_python(self)

    # How it compares

    def __eq__(self, other: object) -> bool:
        """Return whether class, key and the fields that do not enter the key are the same."""
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Furu)
        return self.furu_hash == other.furu_hash and digest.excluded_values(self) == digest.excluded_values(other)

    def __hash__(self) -> int:
        return hash(self.furu_hash)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_furu_")}

    # What the engine asks

    @property
    def _furu_validates(self) -> bool:
        return type(self)._validate is not Furu._validate

    def _furu_keep(self, value: object, check: Callable[[], None] | None = None) -> str | None:
        _refuse_unfinished(type(self), value)
        if type(self)._load is not Furu._load:
            return None
        from furu.storage import results

        artifact = store.artifact(self.furu_ref)
        return results.keep(value, artifact.meta_dir, os.fspath(artifact.directory), check)


def _refuse_body(cls: type[Furu[Any]], method: str) -> None:
    """Raise ``TypeError`` when calling a method would only make a coroutine or a generator, and run nothing."""
    code = getattr(getattr(cls, method), "__code__", None)
    for flags, what, instead in _DEFERRED:
        if code is not None and code.co_flags & flags:
            raise TypeError(f"{cls.__qualname__}.{method} is {what}, so calling it would run nothing: {instead}")


def _refuse_unfinished(cls: type[Furu[Any]], value: object) -> None:
    """Raise ``FuruError`` when ``_create`` has returned what is still to be computed."""
    if isinstance(value, _UNFINISHED):
        if not isinstance(value, AsyncGeneratorType):
            value.close()  # or Python would complain that nobody awaited it
        raise FuruError(
            f"{cls.__qualname__}._create returned {type(value).__name__} {value.__qualname__}, so nothing was computed",
            hints=["return the result itself: list(...) of a generator, asyncio.run(...) of a coroutine"],
        )
