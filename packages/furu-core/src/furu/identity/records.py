"""Records: objects with a class and named fields, and which of their fields count.

Furu and chz objects, dataclasses, attrs classes, pydantic models and named tuples are read alike, through one plan per
class.  attrs and pydantic are recognised by their marks and never imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as dataclass_fields

from chz.util import MISSING as CHZ_MISSING

from furu.errors import MISSING
from furu.identity import changes, names
from furu.identity.annotations import float_coercer, resolved
from furu.identity.options import OPTIONS, FieldOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal

    from furu.identity.annotations import Coercer

    RecordKind = Literal["furu", "chz", "dataclass", "attrs", "pydantic", "namedtuple"]


@dataclass(frozen=True, slots=True, eq=False)
class RecordField:
    """One field: its name, the attribute a constructor's argument is read from, and its part in the key."""

    name: str
    source: str
    argument: str | None  # what the constructor calls it; None when it does not take it
    counts: bool
    required: bool
    coerce: Coercer | None = None
    hash_default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Record:
    """How objects of one class are read.  ``name`` is looked up when asked for: it may be refused."""

    cls: type[Any]
    kind: RecordKind
    fields: tuple[RecordField, ...]
    #: (name, coercer) of the fields in the key: what hashing loops over.
    counted: tuple[tuple[str, Coercer | None], ...]
    pinned: tuple[RecordField, ...]
    excluded: tuple[RecordField, ...]
    #: Names of the ``@furu_dep`` methods, sorted.
    methods: tuple[str, ...]
    revision: int | str | None
    #: The changes that the class lists, as text: they are recorded with its configs.
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The dotted name of the class; raises ``FuruIdentityError`` when it has none."""
        return names.class_name(self.cls)

    @property
    def is_furu(self) -> bool:
        """Whether objects of the class have an artifact."""
        return self.kind == "furu"


def kind_of(cls: type[Any]) -> RecordKind | None:
    """Return which kind of record the instances of ``cls`` are, or None when they are none."""
    if hasattr(cls, "__chz_fields__"):
        return "furu" if hasattr(cls, "_furu_options") else "chz"
    if hasattr(cls, "__dataclass_fields__"):
        return "dataclass"
    if hasattr(cls, "__attrs_attrs__"):
        return "attrs"
    if hasattr(cls, "__pydantic_validator__") and hasattr(cls, "model_fields"):
        return "pydantic"
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return "namedtuple"
    return None


_records: dict[type[Any], Record | None] = {}


def record_of(cls: type[Any]) -> Record | None:
    """Return how to read the instances of ``cls``, or None when they are not records.  Computed once per class."""
    if cls not in _records:
        kind = kind_of(cls)
        _records[cls] = None if kind is None else _read(cls, kind)
    return _records[cls]


def _read(cls: type[Any], kind: RecordKind) -> Record:
    fields = tuple(_READERS[kind](cls))
    options = getattr(cls, "_furu_options", None)
    return Record(
        cls=cls,
        kind=kind,
        fields=fields,
        counted=tuple((field.name, field.coerce) for field in fields if field.counts),
        pinned=tuple(field for field in fields if field.counts and field.hash_default is not MISSING),
        excluded=tuple(field for field in fields if not field.counts),
        methods=_methods(cls) if kind in ("furu", "chz") else (),
        revision=None if options is None else options.revision,
        changes=changes.texts(cls),
    )


def _methods(cls: type[Any]) -> tuple[str, ...]:
    """Return the ``@furu_dep`` methods; one that a subclass overrides stays a dependency, decorated again or not."""
    return tuple(
        sorted({name for base in cls.__mro__ for name, it in vars(base).items() if getattr(it, "_furu_dep", False)})
    )


def _chz_fields(cls: Any) -> Iterator[RecordField]:
    for field in cls.__chz_fields__.values():
        options = (field.metadata or {}).get(OPTIONS)
        if not isinstance(options, FieldOptions):
            options = FieldOptions()
        name = field.logical_name
        try:
            annotation = field.final_type
        except Exception:  # noqa: BLE001 - a name that exists for type checkers only, or a module that is gone
            annotation = resolved(field._raw_type, field._user_module)  # noqa: SLF001 - chz shows it evaluated only
        yield RecordField(
            name=name,
            source=field.x_name,
            argument=name,
            counts=not name.startswith("_") and not options.skip_hash,
            required=field._default is CHZ_MISSING and field._default_factory is CHZ_MISSING,  # noqa: SLF001
            coerce=float_coercer(annotation),
            hash_default=options.hash_default,
        )


def _dataclass_fields(cls: Any) -> Iterator[RecordField]:
    import dataclasses

    for field in dataclass_fields(cls):
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        yield RecordField(
            name=field.name,
            source=field.name,
            argument=field.name if field.init else None,
            counts=not field.name.startswith("_"),
            required=field.init and no_default,
            coerce=float_coercer(resolved(field.type, _declaring(cls, field.name))),
        )


def _attrs_fields(cls: Any) -> Iterator[RecordField]:
    for field in cls.__attrs_attrs__:
        alias = getattr(field, "alias", None) or field.name.lstrip("_")
        yield RecordField(
            name=field.name,
            source=field.name,
            argument=alias if field.init else None,
            counts=not field.name.startswith("_") or field.init,  # attrs calls the parameter of ``_x`` ``x``
            required=field.init and getattr(field.default, "name", "") == "NOTHING",
            coerce=float_coercer(resolved(field.type, _declaring(cls, field.name))),
        )


def _pydantic_fields(cls: Any) -> Iterator[RecordField]:
    for name, field in cls.model_fields.items():
        by_name = cls.model_config.get("populate_by_name") or cls.model_config.get("validate_by_name")
        alias = None if by_name else field.validation_alias or field.alias
        yield RecordField(
            name=name,
            source=name,
            argument=alias if isinstance(alias, str) else name,
            counts=True,
            required=field.is_required(),
            coerce=float_coercer(field.annotation),
        )


def _namedtuple_fields(cls: Any) -> Iterator[RecordField]:
    for name in cls._fields:
        module = _declaring(cls, name)
        annotation = getattr(cls, "__annotations__", {}).get(name)
        yield RecordField(
            name=name,
            source=name,
            argument=name,
            counts=True,
            required=name not in cls._field_defaults,
            coerce=float_coercer(resolved(getattr(annotation, "__forward_arg__", annotation), module)),
        )


def _declaring(cls: type[Any], name: str) -> str:
    """Return the module of the class that annotates ``name``, where the annotation's names are to be looked up."""
    for base in cls.__mro__:
        if name in base.__dict__.get("__annotations__", {}):  # noqa: RUF063 - own ones, in chz's way
            return base.__module__
    return cls.__module__


_READERS = {
    "furu": _chz_fields,
    "chz": _chz_fields,
    "dataclass": _dataclass_fields,
    "attrs": _attrs_fields,
    "pydantic": _pydantic_fields,
    "namedtuple": _namedtuple_fields,
}
