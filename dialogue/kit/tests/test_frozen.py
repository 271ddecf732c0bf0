"""A frozen class or a record of ours behaves as the standard library's, whatever its fields."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, InitVar, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import pytest

from dialogue.kit.frozen import frozen, record


@frozen
class Ours:
    """One of ours."""

    first: int
    second: str = "b"
    listed: list[int] = field(default_factory=list)
    aside: int = field(default=0, compare=False, repr=False)
    inner: str = field(default="in", init=False)
    shared: ClassVar[int] = 7

    def doubled(self) -> int:
        """Return twice the first."""
        return 2 * self.first


@dataclass(frozen=True)
class Theirs:
    """The standard library's."""

    first: int
    second: str = "b"
    listed: list[int] = field(default_factory=list)
    aside: int = field(default=0, compare=False, repr=False)
    inner: str = field(default="in", init=False)
    shared: ClassVar[int] = 7


@frozen
class Base:
    """With a check of its own."""

    low: int

    def __post_init__(self) -> None:
        """Refuse less than nothing."""
        if self.low < 0:
            message = "less than nothing"
            raise ValueError(message)


@frozen
class Grown(Base):
    """With one more."""

    high: int = 9


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}), ((1, "c"), {}), ((), {"first": 2, "listed": [1]}), ((1, "b", [2], 5), {}),
    ((), {}), ((1,), {"first": 2}), ((1,), {"inner": "x"}), ((1, 2, 3, 4, 5), {}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "named"), CALLS)
def test_calls_make_and_refuse_the_same(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        theirs = Theirs(*given, **named)
    except TypeError:
        with pytest.raises(TypeError):
            Ours(*given, **named)
        return
    ours = Ours(*given, **named)
    assert asdict(ours) == asdict(theirs)
    assert repr(ours).removeprefix("Ours") == repr(theirs).removeprefix("Theirs")
    assert [one.name for one in fields(ours)] == [one.name for one in fields(theirs)]


def test_equal_and_hash_go_by_the_compared_fields_and_the_class() -> None:
    assert Base(1) == Base(1)
    assert hash(Base(1)) == hash(Base(1))
    assert Base(1) != Base(2)
    assert Base(9) != Grown(9)
    assert Ours(1, aside=1) == Ours(1, aside=2)
    assert Ours(1) != Theirs(1)
    assert {Base(1): "x"}[Base(1)] == "x"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(1))


def test_nothing_is_assigned_or_deleted() -> None:
    one = Ours(1)
    with pytest.raises(FrozenInstanceError):
        one.first = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del one.first
    with pytest.raises(FrozenInstanceError):
        one.new = 2  # type: ignore[attr-defined]
    assert (one.first, one.doubled(), Ours.shared) == (1, 2, 7)


def test_copies_replaced_and_pickled_ones_are_whole() -> None:
    one = Ours(1, listed=[3])
    assert replace(one, first=2) == Ours(2, listed=[3])
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert is_dataclass(Ours)
    assert Ours(1).listed is not Ours(1).listed


def test_children_take_the_parents_fields_and_checks() -> None:
    assert (Grown(1).low, Grown(1, 3).high) == (1, 3)
    with pytest.raises(ValueError, match="less than nothing"):
        Grown(-1)


def test_what_only_the_standard_one_does_is_refused() -> None:
    class Given:
        first: InitVar[int]

    class Own:
        def __init__(self) -> None:
            pass

    for wrong in (Given, Own):
        with pytest.raises(TypeError, match="frozen=True"):
            frozen(wrong)


@frozen
class Named:
    """Fields named like what the written method might use."""

    held: int
    made: int
    cls: int = 3


def test_fields_may_have_any_name() -> None:
    one = Named(1, 2)
    assert (one.held, one.made, one.cls) == (1, 2, 3)


@record
class Changing:
    """One of ours that changes."""

    first: int
    listed: list[int] = field(default_factory=list)


@dataclass
class TheirsChanging:
    """The standard library's."""

    first: int
    listed: list[int] = field(default_factory=list)


@pytest.mark.parametrize("kind", [Changing, TheirsChanging])
def test_record_changes_compares_and_is_no_key(kind: Any) -> None:
    one, other = kind(1), kind(first=1)

    assert one == other
    assert (one != kind(2), one != (1, [])) == (True, True)
    assert one.listed is not other.listed
    one.first = 5
    assert repr(one) == f"{kind.__qualname__}(first=5, listed=[])"
    assert (asdict(one), replace(one, first=6).first) == ({"first": 5, "listed": []}, 6)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(TypeError):
        hash(one)
    with pytest.raises(TypeError):
        kind()
