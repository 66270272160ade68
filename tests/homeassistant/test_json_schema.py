"""The rules of a JSON schema, as far as miners use them."""

from math import inf, nan
from typing import Any

import pytest

from custom_components.braiins_fleet.json_schema import NotUnderstood, find_breach

ANYTHING: dict[str, Any] = {}


def breaks(rules: object, value: object, **document: Any) -> str | None:
    """Return where a value breaks which rule."""
    found = find_breach({"properties": {"it": rules}, **document}, {"it": value})
    return f"{found.place}: {found.rule}" if found else None


@pytest.mark.parametrize(
    ("rules", "kept", "broken"),
    [
        ({"type": "boolean"}, [True, False], [0, 1, "true", []]),
        ({"type": "integer"}, [0, -3, 2.0], [0.5, True, "1", nan, inf]),
        ({"type": "number"}, [0, 0.5], [True, "1", nan, inf]),
        ({"type": "string"}, ["", "a"], [1, True, ["a"]]),
        ({"type": "array"}, [[], [1]], ["a", {}]),
        ({"type": "object"}, [{}], [[], "a"]),
        ({"type": ["integer", "null"]}, [1], ["a"]),
        ({"enum": ["a", 1, None]}, ["a", 1, 1.0], ["b", True, "1"]),
        ({"const": True}, [True], [1, "true", False]),
        ({"minimum": 0, "maximum": 5}, [0, 5, "no number"], [-1, 5.1]),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 5}, [0.1, 4.9], [0, 5]),
        ({"multipleOf": 0.1}, [0.3, 1, "no number"], [0.25]),
        ({"minLength": 1, "maxLength": 2}, ["a", "ab", [1, 2, 3]], ["", "abc"]),
        ({"minItems": 1, "maxItems": 2}, [[1], [1, 2], "abc"], [[], [1, 2, 3]]),
        ({"items": {"type": "integer"}}, [[], [1, 2]], [["a"], [1, "a"]]),
        ({"required": ["a"]}, [{"a": 1}, "no object"], [{}, {"b": 1}]),
        ({"anyOf": [{"type": "null"}, {"minimum": 3}]}, [3], [2]),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, ["a", "b"], ["c"]),
        ({"oneOf": [{"minimum": 1}, {"minimum": 5}]}, [3], [0, 7]),
        ({"allOf": [{"minimum": 1}, {"maximum": 5}]}, [3], [0, 7]),
        (True, ["a", 1, None, {}], []),
        ({"title": "a", "format": "uint32", "default": "b"}, [1, "a"], []),
    ],
)
def test_a_rule_is_kept_or_broken(
    rules: object, kept: list[object], broken: list[object]
) -> None:
    for value in kept:
        assert breaks(rules, value) is None, value
    for value in broken:
        assert breaks(rules, value) is not None, value


def test_a_breach_says_where_it_is() -> None:
    rules = {
        "type": "object",
        "properties": {"list": {"items": {"properties": {"n": {"maximum": 5}}}}},
        "additionalProperties": False,
    }
    assert breaks(rules, {"list": [{"n": 1}, {"n": 6}]}) == "it.list[1].n: maximum: 5"
    assert breaks(rules, {"other": 1}) == "it.other: additionalProperties: false"
    others = {"additionalProperties": {"type": "string"}}
    assert breaks(others, {"a": "b"}) is None
    assert breaks(others, {"a": 1}) == "it.a: type: string"


def test_a_rule_may_stand_elsewhere() -> None:
    shared = {"$defs": {"speed": {"type": "integer", "maximum": 100}}}
    rules = {"$ref": "#/$defs/speed", "description": "of the fans"}
    assert breaks(rules, 100, **shared) is None
    assert breaks(rules, 101, **shared) == "it: maximum: 100"
    optional = {"anyOf": [{"$ref": "#/$defs/speed"}, {"type": "null"}]}
    assert breaks(optional, 100, **shared) is None
    assert breaks(optional, 101, **shared) is not None


def test_what_is_taken_away_has_to_be_known_only() -> None:
    schema = {"properties": {"it": {"type": "integer"}}, "required": ["it", "other"]}
    assert find_breach(schema, {"it": None}) is None
    unknown = find_breach(schema, {"its": None})
    assert unknown is not None
    assert unknown.place == "its"


def test_what_is_not_foreseen_is_a_slip_unless_it_is_said_otherwise() -> None:
    assert find_breach({"properties": {}}, {"it": 1}) is not None
    assert find_breach({"additionalProperties": True}, {"it": 1}) is None
    others = {"additionalProperties": {"type": "string"}}
    assert find_breach(others, {"it": "a"}) is None
    assert find_breach(others, {"it": 1}) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"it": {"pattern": "a*"}}},
        {"properties": {"it": {"not": {"type": "null"}}}},
        {"properties": {"it": {"type": "decimal"}}},
        {"properties": {"it": {"minimum": "low"}}},
        {"properties": {"it": {"multipleOf": "a"}}},
        {"properties": {"it": {"multipleOf": 0}}},
        {"properties": {"it": {"anyOf": 3}}},
        {"properties": {"it": {"anyOf": [{"pattern": "a"}]}}},
        {"properties": {"it": "a"}},
        {"properties": 3},
        {"properties": {"it": {"$ref": "#/$defs/gone"}}},
        {"properties": {"it": {"$ref": "https://example.com/schema"}}},
        {"properties": {"it": {"$ref": 3}}},
        {"properties": {"it": {"$ref": "#/$defs/a", "maximum": 3}}, "$defs": {"a": {}}},
        {"properties": {"it": {"$ref": "#/properties/it"}}},
        {"properties": {"it": {"allOf": [{"$ref": "#/properties/it"}]}}},
        {"properties": {"it": {}}, "dependentRequired": {"it": ["other"]}},
    ],
)
def test_a_rule_that_is_not_understood_refuses_everything(
    schema: dict[str, Any],
) -> None:
    with pytest.raises(NotUnderstood):
        find_breach(schema, {"it": 1})


def test_a_number_that_no_computer_can_handle_is_refused() -> None:
    with pytest.raises(NotUnderstood):
        breaks({"type": "number"}, 10**400)
