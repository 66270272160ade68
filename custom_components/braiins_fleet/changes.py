"""What actions change about a miner; every value is checked before anything is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from homeassistant.const import UnitOfPower
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import Bounds, MinerStatus, Reference, TunerMode
from .const import DOMAIN, HASHRATE_UNIT
from .control import Change, Command
from .coordinator import MinerCoordinator
from .state import MinerState

ATTR_CHANGE: Final = "change"
ATTR_HASHRATE: Final = "hashrate"
ATTR_OF: Final = "of"
ATTR_PERCENT: Final = "percent"
ATTR_POWER: Final = "power"
ATTR_STAGGER: Final = "stagger"

# Enough for a hall of miners to come up one after the other.
_LONGEST_STAGGER = 600

type Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ChangeAction:
    """An action that changes miners; `plan` says what it means for one of them."""

    name: str
    plan: Callable[[MinerCoordinator, Fields], Change]
    fields: Mapping[vol.Marker, Any] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    staggered: bool = False


@dataclass(frozen=True, kw_only=True)
class _Target:
    """One of the two targets of the tuner."""

    name: str
    unit: str
    mode: TunerMode
    digits: int

    def bounds(self, coordinator: MinerCoordinator) -> Bounds | None:
        """Return what the miner allows for it."""
        limits = coordinator.data.snapshot.limits
        bounds: Bounds | None = (
            getattr(limits.tuner, self.name) if limits and limits.tuner else None
        )
        return bounds

    def now(self, state: MinerState) -> float | None:
        """Return what it is set to, whether the miner aims at it now or not."""
        configuration = state.snapshot.configuration
        tuner = configuration.tuner if configuration else None
        target: float | None = getattr(tuner, self.name) if tuner else None
        return target

    def active(self, state: MinerState) -> float | None:
        """Return what the miner aims at, if it is this."""
        configuration = state.snapshot.configuration
        tuner = configuration.tuner if configuration else None
        if tuner is None or not tuner.enabled or tuner.mode is not self.mode:
            return None
        return self.now(state)


_POWER = _Target(
    name="power_target",
    unit=UnitOfPower.WATT,
    mode=TunerMode.POWER_TARGET,
    digits=0,
)
_HASHRATE = _Target(
    name="hashrate_target",
    unit=HASHRATE_UNIT,
    mode=TunerMode.HASHRATE_TARGET,
    digits=2,
)


def _wanted(
    coordinator: MinerCoordinator, fields: Fields, target: _Target, absolute: str
) -> float:
    """Work out the target that is meant, within what the miner allows."""
    bounds = target.bounds(coordinator)
    minimum = bounds.minimum if bounds else None
    maximum = bounds.maximum if bounds else None
    if minimum is None or maximum is None or bounds is None:
        raise _invalid("limits_unknown", coordinator)
    if ATTR_CHANGE in fields:
        now = target.now(coordinator.data)
        if now is None:
            raise _invalid("target_unknown", coordinator)
        # More or less of something ends where the miner's range does.
        value = min(max(now + fields[ATTR_CHANGE], minimum), maximum)
    elif ATTR_PERCENT in fields:
        reference = {
            Reference.NOMINAL: bounds.default,
            Reference.MINIMUM: minimum,
            Reference.MAXIMUM: maximum,
            Reference.CURRENT: target.now(coordinator.data),
        }[fields[ATTR_OF]]
        if reference is None:
            raise _invalid("target_unknown", coordinator)
        value = reference * fields[ATTR_PERCENT] / 100
    else:
        value = float(fields[absolute])
    value = round(float(value), target.digits)
    if not minimum <= value <= maximum:
        raise _invalid(
            "out_of_range",
            coordinator,
            value=f"{value:g} {target.unit}",
            minimum=f"{minimum:g} {target.unit}",
            maximum=f"{maximum:g} {target.unit}",
        )
    return value


def _set_power_target(coordinator: MinerCoordinator, fields: Fields) -> Change:
    watts = _wanted(coordinator, fields, _POWER, ATTR_POWER)
    return Change(
        what="set_power_target",
        command=lambda miner: miner.tuning.set_power_target(watts),
        value=_POWER.active,
        done=lambda state: _POWER.active(state) == watts,
    )


def _set_hashrate_target(coordinator: MinerCoordinator, fields: Fields) -> Change:
    rate = _wanted(coordinator, fields, _HASHRATE, ATTR_HASHRATE)
    return Change(
        what="set_hashrate_target",
        command=lambda miner: miner.tuning.set_hashrate_target(rate),
        value=_HASHRATE.active,
        done=lambda state: _HASHRATE.active(state) == rate,
    )


def _plain(
    what: str, command: Command, *ends_as: MinerStatus
) -> Callable[[MinerCoordinator, Fields], Change]:
    change = Change(
        what=what,
        command=command,
        value=lambda state: state.status.value,
        done=lambda state: state.status in ends_as,
    )
    return lambda _, __: change


def _invalid(
    key: str, coordinator: MinerCoordinator, **said: str
) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"miner": coordinator.config_entry.title, **said},
    )


_percent = {
    vol.Optional(ATTR_PERCENT): vol.All(vol.Coerce(float), vol.Range(min=0, max=1000)),
    vol.Optional(ATTR_OF, default=Reference.NOMINAL.value): vol.All(
        vol.In(
            [
                Reference.NOMINAL,
                Reference.MINIMUM,
                Reference.MAXIMUM,
                Reference.CURRENT,
            ]
        ),
        vol.Coerce(Reference),
    ),
    vol.Optional(ATTR_CHANGE): vol.Coerce(float),
}
STAGGER = {
    vol.Optional(ATTR_STAGGER, default=0): vol.All(
        vol.Coerce(float), vol.Range(min=0, max=_LONGEST_STAGGER)
    )
}
_staggered = partial(ChangeAction, fields=STAGGER, staggered=True)

CHANGES: tuple[ChangeAction, ...] = (
    ChangeAction(
        name="set_power_target",
        plan=_set_power_target,
        fields={
            vol.Optional(ATTR_POWER): cv.positive_float,
            **_percent,
        },
        one_of=(ATTR_POWER, ATTR_PERCENT, ATTR_CHANGE),
    ),
    ChangeAction(
        name="set_hashrate_target",
        plan=_set_hashrate_target,
        fields={
            vol.Optional(ATTR_HASHRATE): cv.positive_float,
            **_percent,
        },
        one_of=(ATTR_HASHRATE, ATTR_PERCENT, ATTR_CHANGE),
    ),
    _staggered(
        name="pause",
        plan=_plain("pause", lambda miner: miner.mining.pause(), MinerStatus.PAUSED),
    ),
    _staggered(
        name="resume",
        plan=_plain("resume", lambda miner: miner.mining.resume(), MinerStatus.NORMAL),
    ),
    _staggered(
        name="start",
        plan=_plain("start", lambda miner: miner.mining.start(), MinerStatus.NORMAL),
    ),
    _staggered(
        name="stop",
        plan=_plain("stop", lambda miner: miner.mining.stop(), MinerStatus.NOT_STARTED),
    ),
    _staggered(
        name="restart", plan=_plain("restart", lambda miner: miner.mining.restart())
    ),
    _staggered(
        name="reboot", plan=_plain("reboot", lambda miner: miner.mining.reboot())
    ),
)
