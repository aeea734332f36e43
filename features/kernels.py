"""Evaluates trees of declared SQL over Arrow columns, by Arrow's own kernels: SQL's nulls, and no silent overflow.

Texts come coded by dictionary: a function of one text is computed once a distinct value. A value is an array, or a
scalar that stands for every row. ``pa.ArrowInvalid`` says that a number does not fit 64 bits or a root has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import DataIntegrityError, UsageError
from features.syntax import Call, Case, Constant, Name, Node
from features.vocabulary import MICROSECONDS_A_DAY

Value = pa.Array | pa.Scalar
Kernel = Callable[..., Value]

_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What SQL's trim takes away: Unicode's space separators."""


class Evaluation:
    """Values of expressions over the same rows, each distinct expression computed once.

    ``columns`` are arrays of one length, texts among them coded by dictionary; ``words`` are the functions that a
    date gives a meaning to, by name.
    """

    def __init__(self, columns: Mapping[str, pa.Array], rows: int, words: Mapping[str, Kernel]) -> None:
        self.rows = rows
        self._known: dict[Node, Value] = {Name(name): column for name, column in columns.items()}
        self._kernels = {**_KERNELS, **words}

    def define(self, name: str, node: Node) -> pa.Array:
        """Return the value of every row, which later expressions may use by a name."""
        self._known[Name(name)] = found = self.array(node)
        return found

    def array(self, node: Node) -> pa.Array:
        """Return the value of every row."""
        value = self.value(node)
        return value if isinstance(value, pa.Array) else pa.repeat(value, self.rows)

    def mask(self, node: Node) -> pa.Array:
        """Return whether a condition holds, row by row; what is null does not."""
        return pc.fill_null(self.array(node), False)

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._compute(node)
        return found

    def _compute(self, node: Node) -> Value:
        match node:
            case Constant(value):
                return pa.scalar(value)
            case Call("error"):
                raise DataIntegrityError("a lake table holds a value that its checks should have refused")
            case Call(function, arguments) if function in self._kernels:
                return _apply(self._kernels[function], [self.value(argument) for argument in arguments])
            case Case(branches, otherwise):
                return self._choose(branches, otherwise)
        raise UsageError(f"no meaning is known of {node}")

    def _choose(self, branches: tuple[tuple[Node, Node], ...], otherwise: Node | None) -> Value:
        """Return a CASE's value; what no row asks for is not computed, so that ``error`` stops only bad rows."""
        masks = [self.mask(condition) for condition, _ in branches]
        asked = otherwise is not None and not pc.all(reduce(pc.or_, masks)).as_py()
        chosen = self.value(otherwise) if otherwise is not None and asked else None
        for mask, (_, node) in zip(reversed(masks), reversed(branches), strict=True):
            value = self.value(node)
            chosen = pc.if_else(mask, value, pa.scalar(None, value.type) if chosen is None else chosen)
        assert chosen is not None
        return chosen


def _apply(kernel: Kernel, arguments: list[Value]) -> Value:
    """Apply a kernel; over one coded text and constants, once a distinct value."""
    coded = [place for place, value in enumerate(arguments) if isinstance(value, pa.DictionaryArray)]
    arrays = [value for value in arguments if isinstance(value, pa.Array)]
    if len(coded) != 1 or len(arrays) != 1 or kernel in _NULLS_COUNT:
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
