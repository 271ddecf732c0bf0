"""`@frozen` and `@record`: dataclass(frozen=True) and dataclass with methods that all classes share, `__init__` written when first called.

The standard library compiles up to six methods for each class at import: 200 classes of ours took a fifth of every start. What is
made here answers `fields`, `replace`, `asdict` and `isinstance` as any dataclass does (decision 0048).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Return the class as a frozen dataclass.

    Raises:
        TypeError: it asks for what only `dataclass(frozen=True)` does: a field of `InitVar`, a method of its own.
    """
    return _made(cls, FROZEN, "dataclass(frozen=True)")


@dataclass_transform(field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Return the class as a dataclass whose instances may change, and which are no keys.

    Raises:
        TypeError: it asks for what only `dataclass` does: a field of `InitVar`, an `__init__` of its own.
    """
    return _made(cls, CHANGING, "dataclass")


def _made(cls: type[T], shared: dict[str, Any], instead: str) -> type[T]:
    for name in ("__init__", "__setattr__", "__delattr__"):
        if name in cls.__dict__:
            message = f"{cls.__qualname__} defines {name}: use {instead}"
            raise TypeError(message)
    made = dataclass(init=False, repr=False, eq=False, match_args=False)(cls)
    if any(one._field_type.name == "_FIELD_INITVAR" for one in made.__dataclass_fields__.values()):  # type: ignore[attr-defined]
        message = f"{cls.__qualname__} has an InitVar: use {instead}"
        raise TypeError(message)
    for name, method in shared.items():
        if name not in cls.__dict__ or name == "__hash__":
            setattr(made, name, method)
    made.__init__ = _first_init(made)  # type: ignore[method-assign]
    return made


def _first_init(cls: type[Any]) -> Callable[..., None]:
    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807  it stands in for the method of this name
        cls.__init__ = written = _init_of(cls)
        written(self, *given, **named)

    return __init__


def _init_of(cls: type[Any]) -> Callable[..., None]:
    """Write the method: one function that fills the instance's dictionary."""
    names: dict[str, Any] = {"MISSING": MISSING}
    taken, filled = ["self"], []
    for one in fields(cls):
        if one.init:
            taken.append(one.name + _default(one, names))
        made = f"_make_{one.name}()" if one.default_factory is not MISSING else f"_is_{one.name}"
        if one.default_factory is not MISSING and one.init:
            filled.append(f"__held[{one.name!r}] = {made} if {one.name} is MISSING else {one.name}")
        elif one.init:
            filled.append(f"__held[{one.name!r}] = {one.name}")
        elif one.default_factory is not MISSING or one.default is not MISSING:
            _default(one, names)
            filled.append(f"__held[{one.name!r}] = {made}")
    if hasattr(cls, "__post_init__"):
        filled.append("self.__post_init__()")
    lines = [f"def __init__({', '.join(taken)}):", " __held = self.__dict__", *(f" {line}" for line in filled)]
    exec("\n".join(lines), names)  # noqa: S102  the names are those of the class
    written: Callable[..., None] = names["__init__"]
    written.__qualname__ = f"{cls.__qualname__}.__init__"
    return written


def _default(one: Field[Any], names: dict[str, Any]) -> str:
    if one.default_factory is not MISSING:
        names[f"_make_{one.name}"] = one.default_factory
        return "=MISSING"
    if one.default is not MISSING:
        names[f"_is_{one.name}"] = one.default
        return f"=_is_{one.name}"
    return ""


@cache
def _compared(cls: type[Any]) -> Callable[[Any], Any]:
    names = [one.name for one in fields(cls) if one.compare]
    return attrgetter(*names) if names else lambda _one: ()


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    compared = _compared(self.__class__)
    return compared(self) == compared(other)


def _hash(self: Any) -> int:
    return hash((self.__class__, _compared(self.__class__)(self)))


def _repr(self: Any) -> str:
    shown = ", ".join([f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr])
    return f"{self.__class__.__qualname__}({shown})"


def _set(_self: Any, name: str, _value: object) -> NoReturn:
    message = f"cannot assign to field {name!r}"
    raise FrozenInstanceError(message)


def _delete(_self: Any, name: str) -> NoReturn:
    message = f"cannot delete field {name!r}"
    raise FrozenInstanceError(message)


FROZEN: dict[str, Any] = {"__eq__": _eq, "__hash__": _hash, "__repr__": _repr, "__setattr__": _set, "__delattr__": _delete}
CHANGING: dict[str, Any] = {"__eq__": _eq, "__hash__": None, "__repr__": _repr}
