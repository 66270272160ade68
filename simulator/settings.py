"""Advanced settings: a JSON schema, and values that are set all or none."""

from collections.abc import Mapping

from .refusals import InvalidValue

type Value = bool | float | str | None

SCHEMA: Mapping[str, Mapping[str, Value]] = {
    "allow_disabling_hashboards_on_nopic_miners": {
        "type": "boolean",
        "default": False,
        "title": "Allow disabling hashboards on miners without PIC",
    },
    "min_fan_pwm": {
        "type": "integer",
        "default": 10,
        "minimum": 0,
        "maximum": 100,
        "title": "Lowest fan PWM in per cent",
    },
    "rambo_mode": {
        "type": "boolean",
        "default": False,
        "title": "Ignore recoverable hashboard errors",
    },
    "restart_delay_s": {
        "type": "number",
        "default": 0.0,
        "minimum": 0,
        "maximum": 3600,
        "title": "Delay before mining after a power loss",
    },
}


class Settings:
    """The values an owner chose; all others have their defaults."""

    __slots__ = ("chosen",)

    def __init__(self) -> None:
        """Choose nothing."""
        self.chosen: dict[str, Value] = {}

    def values(self, *, defaults: bool) -> dict[str, Value]:
        """Return what is chosen, with the defaults of the rest if wanted."""
        if not defaults:
            return dict(self.chosen)
        return {name: rule["default"] for name, rule in SCHEMA.items()} | self.chosen

    def change(self, wanted: Mapping[str, object]) -> None:
        """Set values; null clears one. If any is wrong nothing is changed."""
        checked = {name: self._check(name, value) for name, value in wanted.items()}
        for name, value in checked.items():
            if value is None:
                self.chosen.pop(name, None)
            else:
                self.chosen[name] = value

    def reset(self) -> None:
        """Go back to all defaults."""
        self.chosen.clear()

    @staticmethod
    def _check(name: str, value: object) -> Value:
        rule = SCHEMA.get(name)
        if rule is None:
            raise InvalidValue(f"there is no advanced setting {name!r}")
        if value is None:
            return None
        kind = rule["type"]
        if kind == "boolean":
            if not isinstance(value, bool):
                raise InvalidValue(f"{name} must be true or false")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidValue(f"{name} must be a number")
        if kind == "integer" and value != int(value):
            raise InvalidValue(f"{name} must be a whole number")
        low, high = rule["minimum"], rule["maximum"]
        if not (
            isinstance(low, int) and isinstance(high, int) and low <= value <= high
        ):
            raise InvalidValue(f"{name} must be between {low} and {high}")
        return value
