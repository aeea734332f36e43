"""Evaluates trees of declared SQL over Arrow columns, by Arrow's own kernels: SQL's nulls, and no silent overflow.

A function of one text that is coded by dictionary is computed once a distinct value. ``pa.ArrowInvalid`` says that a
number does not fit 64 bits, or a root has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError, UsageError
from features.syntax import Call, Case, Constant, Name, Node
from features.vocabulary import MICROSECONDS_A_DAY

Value = Any
"""An Arrow array, or a scalar that stands for every row."""

Kernel = Callable[..., Value]

_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What SQL's trim takes away: Unicode's space separators."""


class Evaluation:
    """Values of expressions over the same rows, each distinct expression computed once.

    ``columns`` are arrays of ``rows`` values, texts among them coded by dictionary or not; ``words`` are the functions
    that a date gives a meaning to, by name.
    """

    def __init__(self, columns: Mapping[str, pa.Array], rows: int, words: Mapping[str, Kernel]) -> None:
        self._rows = rows
        self._columns: dict[str, Value] = dict(columns)
        self._known: dict[int, Value] = {}
        self._words = words

    def define(self, name: str, node: Node) -> pa.Array:
        """Return the value of every row, which later expressions may use by a name."""
        self._columns[name] = found = self.array(node)
        return found

    def array(self, node: Node) -> pa.Array:
        """Return the value of every row."""
        value = self.value(node)
        return value if isinstance(value, pa.Array) else pa.repeat(value, self._rows)

    def mask(self, node: Node) -> pa.Array:
        """Return whether a condition holds, row by row; what is null does not."""
        return pc.fill_null(self.array(node), False)

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        if isinstance(node, Name):
            return self._column(node.name)
        found = self._known.get(id(node))  # equal expressions of one plan are one node
        if found is None:
            found = self._known[id(node)] = self._compute(node)
        return found

    def _column(self, name: str) -> Value:
        if name not in self._columns:
            raise UsageError(f"{name} is no column here")
        return self._columns[name]

    def _compute(self, node: Node) -> Value:
        match node:
            case Constant(value):
                return pa.scalar(value)
            case Call("error"):
                raise DataIntegrityError("a lake table holds a value that its checks should have refused")
            case Call(function, arguments):
                return _apply(self._kernel(function), [self.value(argument) for argument in arguments])
            case Case(branches, otherwise):
                return self._choose(branches, otherwise)
        raise UsageError("an aggregate has no value a row")

    def _kernel(self, function: str) -> Kernel:
        found = _KERNELS.get(function) or self._words.get(function)
        if found is None:
            raise UsageError(f"{function} has no meaning over columns")
        return found

    def _choose(self, branches: tuple[tuple[Node, Node], ...], otherwise: Node | None) -> Value:
        """Return a CASE's value; what no row asks for is not computed, so that ``error`` stops only bad rows."""
        masks = [self.mask(condition) for condition, _ in branches]
        asked = otherwise is not None and not pc.all(reduce(pc.or_, masks), min_count=0).as_py()
        chosen = self.value(otherwise) if otherwise is not None and asked else None
        for mask, (_, node) in zip(reversed(masks), reversed(branches), strict=True):
            value = self.value(node)
            chosen = pc.if_else(mask, value, pa.scalar(None, value.type) if chosen is None else chosen)
        assert chosen is not None
        return chosen


def _apply(kernel: Kernel, arguments: list[Value]) -> Value:
    """Apply a kernel; over one coded text and constants, once a distinct value."""
    coded = [place for place, value in enumerate(arguments) if isinstance(value, pa.DictionaryArray)]
    if len(coded) != 1 or kernel in _NULLS_COUNT or sum(isinstance(value, pa.Array) for value in arguments) > 1:
        return kernel(*arguments)
    [place] = coded
    text = arguments[place]
    found = kernel(*arguments[:place], text.dictionary, *arguments[place + 1 :])
    if pa.types.is_string(found.type):
        return pa.DictionaryArray.from_arrays(text.indices, found)
    return found.take(text.indices)


def _minus(left: Value, *right: Value) -> Value:
    if not right:
        return pc.negate_checked(left)
    if pa.types.is_date(left.type):  # dates are days apart
        return pc.subtract(pc.cast(left, pa.int32()), pc.cast(right[0], pa.int32()))
    return pc.subtract_checked(left, right[0])


def _to_double(value: Value) -> Value:
    return pc.cast(value, pa.float64(), safe=False)  # rounded to the nearest, as SQL does


def ratio(numerator: Value, denominator: Value) -> Value:
    """Return one floating-point division; null unless the denominator is above zero."""
    divisor = pc.if_else(pc.greater(denominator, 0), denominator, pa.scalar(None, denominator.type))
    return pc.divide(_to_double(numerator), _to_double(divisor))


def hundredth(value: Value) -> Value:
    """Return one floating-point division by a hundred."""
    return pc.divide(_to_double(value), 100.0)


def _folded(kernel: Kernel) -> Kernel:
    return lambda *values: reduce(kernel, values)


def _is_in(value: Value, *constants: Value) -> Value:
    return reduce(pc.or_kleene, (pc.equal(value, constant) for constant in constants))


def _is_null(value: Value) -> Value:
    return pc.is_null(value)


_KERNELS: Mapping[str, Kernel] = {
    "+": pc.add_checked,
    "-": _minus,
    "*": pc.multiply_checked,
    "//": pc.divide_checked,
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
    "and": _folded(pc.and_kleene),
    "or": _folded(pc.or_kleene),
    "not": pc.invert,
    "in": _is_in,
    "is null": _is_null,
    "coalesce": pc.coalesce,
    "greatest": pc.max_element_wise,
    "cast as integer": lambda value: pc.cast(value, pa.int64()),
    "cast as double": _to_double,
    "sqrt": pc.sqrt_checked,
    "cast as varchar": lambda value: pc.cast(value, pa.string()),
    "trunc": pc.trunc,
    "to_days": lambda days: pc.cast(pc.multiply_checked(days, MICROSECONDS_A_DAY), pa.duration("us")),
    "lower": pc.utf8_lower,
    "trim": lambda text: pc.utf8_trim(text, characters=_SPACES),
    "year": pc.year,
    "month": pc.month,
    "day": pc.day,
    "razao": ratio,
    "reais": hundredth,
}
_NULLS_COUNT = frozenset({_is_null, pc.coalesce})
"""Kernels that give a value for null: over coded texts they must see every row."""
