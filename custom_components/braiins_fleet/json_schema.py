"""Check values against a JSON schema, as far as miners use it.

A rule that is not understood refuses the value: it may be just the one that keeps a
miner from harm.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

# A schema that refers to itself has no end.
_DEEPEST: Final = 20
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a value breaks: where, which value, and the rule as it is written."""

    place: str
    value: Any
    rule: str


class NotUnderstood(Exception):
    """A rule has no meaning here; `place` is what it is about."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}")
        self.place = place
        self.rule = rule


def find_breach(schema: Mapping[str, Any], changes: Mapping[str, Any]) -> Breach | None:
    """Return the first rule for an object that changes to it would break.

    What is not among the changes stays as it is, and `None` takes a value away.
    """
    try:
        rules = _resolved(schema, schema, "")
        for rule in rules.keys() - _OF_THE_WHOLE:
            raise NotUnderstood("", rule)
        # Whatever is not foreseen would be a slip, unless it is said otherwise.
        foreseen = {"additionalProperties": False, **rules}
        for name, value in changes.items():
            own = _of_property(foreseen, name)
            if value is None and own is not False:
                continue
            for found in _breaches(schema, own, value, name):
                return found
    except (
        ArithmeticError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as err:
        # What the miner sent is no schema at all.
        raise NotUnderstood("", f"{type(err).__name__}: {err}") from err
    return None


def _breaches(
    document: Mapping[str, Any], schema: Any, value: Any, place: str, depth: int = 0
) -> Iterator[Breach]:
    if isinstance(schema, bool):
        if not schema:
            yield Breach(place, value, "additionalProperties: false")
        return
    if depth > _DEEPEST:
        raise NotUnderstood(place, "$ref")

    def fits(alternative: Any) -> bool:
        found = _breaches(document, alternative, value, place, depth + 1)
        return next(found, None) is None

    rules = _resolved(document, schema, place)
    for name, rule in rules.items():
        if name in _ALTERNATIVES:
            is_kept = _ALTERNATIVES[name](map(fits, rule))
        else:
            is_kept = _rule_for(name, place)(rule, value)
        if not is_kept:
            yield Breach(place, value, f"{name}: {rule}")
    for part, own, inner in _parts(rules, value, place):
        yield from _breaches(document, own, part, inner, depth + 1)


def _rule_for(name: str, place: str) -> Callable[[Any, Any], bool]:
    if name in _OF_PARTS | _SAY_NOTHING:
        return lambda _, __: True
    if name not in _RULES:
        raise NotUnderstood(place, name)
    return _RULES[name]


def _resolved(document: Mapping[str, Any], schema: Any, place: str) -> dict[str, Any]:
    """Return the rules of a schema, with those that it refers to."""
    rules = dict(schema)
    for _ in range(_DEEPEST):
        if "$ref" not in rules:
            return rules
        reference = rules.pop("$ref")
        found: Any = document
        hash_, *path = reference.split("/")
        if hash_ != "#" or rules.keys() - _SAY_NOTHING:
            break
        for part in path:
            found = found[part]
        rules = dict(found)
    raise NotUnderstood(place, "$ref")


def _parts(
    rules: Mapping[str, Any], value: Any, place: str
) -> Iterator[tuple[Any, Any, str]]:
    """Yield what a value consists of, with the schema and the place of each."""
    match value:
        case dict():
            for name, part in value.items():
                yield part, _of_property(rules, name), f"{place}.{name}"
        case list():
            for number, part in enumerate(value):
                yield part, rules.get("items", True), f"{place}[{number}]"


def _of_property(rules: Mapping[str, Any], name: str) -> Any:
    return rules.get("properties", {}).get(
        name, rules.get("additionalProperties", True)
    )


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and isfinite(value)
    )


def _is_same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _of_numbers(rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda limit, value: not _is_number(value) or rule(limit, value)


def _of_sizes(
    kind: type[str | list[Any]], rule: Callable[[Any, int], bool]
) -> Callable[[Any, Any], bool]:
    return lambda limit, value: not isinstance(value, kind) or rule(limit, len(value))


def _is_multiple(step: Any, value: Any) -> bool:
    times: float = value / step
    return abs(times - round(times)) < _ROUNDING


_ALTERNATIVES: Final[Mapping[str, Callable[[Iterable[bool]], bool]]] = {
    "anyOf": any,
    "oneOf": lambda fitting: [*fitting].count(True) == 1,
    "allOf": all,
}
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
# Each tells whether a value keeps a rule; a rule for another type than its is kept.
_RULES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "type": lambda kinds, value: any(
        _TYPES[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)
    ),
    "enum": lambda choices, value: any(_is_same(value, each) for each in choices),
    "const": _is_same,
    "minimum": _of_numbers(lambda limit, value: value >= limit),
    "maximum": _of_numbers(lambda limit, value: value <= limit),
    "exclusiveMinimum": _of_numbers(lambda limit, value: value > limit),
    "exclusiveMaximum": _of_numbers(lambda limit, value: value < limit),
    "multipleOf": _of_numbers(_is_multiple),
    "minLength": _of_sizes(str, lambda limit, size: size >= limit),
    "maxLength": _of_sizes(str, lambda limit, size: size <= limit),
    "minItems": _of_sizes(list, lambda limit, size: size >= limit),
    "maxItems": _of_sizes(list, lambda limit, size: size <= limit),
    "required": lambda names, value: (
        not isinstance(value, dict) or all(name in value for name in names)
    ),
}
_OF_PARTS: Final = frozenset({"properties", "additionalProperties", "items"})
_SAY_NOTHING: Final = frozenset(
    """
    $schema $id $comment $defs definitions title description default examples
    deprecated readOnly writeOnly format
    """.split()
)
# Of an object of which only some values change; those that are required are there.
_OF_THE_WHOLE: Final = _SAY_NOTHING | {
    "type",
    "properties",
    "additionalProperties",
    "required",
}
