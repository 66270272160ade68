"""What actions change about a miner; every value is checked before anything is sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from homeassistant.const import UnitOfPower
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import (
    ApiVersion,
    Bounds,
    Configuration,
    Miner,
    MinerStatus,
    Reference,
    TunerMode,
    Unsupported,
)
from .const import DOMAIN, HASHRATE_UNIT
from .control import Change, Command
from .coordinator import MinerCoordinator
from .failures import undone
from .rig import Reboot
from .rig_actions import Work, resume_mining, stop_mining
from .state import MinerState
from .turns import STAGGER

ATTR_CHANGE: Final = "change"
ATTR_CONFIRM: Final = "confirm"
ATTR_HASHRATE: Final = "hashrate"
ATTR_OF: Final = "of"
ATTR_PERCENT: Final = "percent"
ATTR_POWER: Final = "power"

# A license may restrict it, and it mines all the same.
MINES: Final = (MinerStatus.NORMAL, MinerStatus.RESTRICTED)

type Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that does not show where Home Assistant logs how an action was called."""

    text: str = field(repr=False)


SECRET = vol.All(cv.string, vol.Coerce(Secret))


@dataclass(frozen=True, kw_only=True)
class ChangeAction:
    """An action that changes miners; `plan` says what it means for one of them.

    Exactly one field has to be given that is `one_of` these, and at least one of those
    that are `some_of` them. What is `single` can be done to one miner at a time only.
    An action for an `admin` refuses everybody else. One that `loses` something has to
    be confirmed, and that is the key of the error that says what would be lost. What
    it means for GPU rigs is `on_rigs`, where they are meant as well.
    """

    name: str
    plan: Callable[[MinerCoordinator, Fields], Change]
    fields: Mapping[vol.Marker, Any] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    some_of: tuple[str, ...] = ()
    staggered: bool = False
    single: bool = False
    admin: bool = False
    loses: str | None = None
    on_rigs: Work | None = None

    def whole(self, schema: vol.Schema) -> vol.Schema | vol.All:
        """Have a schema of the fields ask for what has to be given."""
        checks: list[Callable[[dict[Any, Any]], dict[Any, Any]]] = []
        if self.one_of:
            checks += (
                cv.has_at_least_one_key(*self.one_of),
                cv.has_at_most_one_key(*self.one_of),
            )
        if self.some_of:
            checks.append(cv.has_at_least_one_key(*self.some_of))
        return vol.All(schema, *checks) if checks else schema


@dataclass(frozen=True, kw_only=True)
class _Target:
    """One of the two targets of the tuner; `given` is the field that has it as is."""

    name: str
    given: str
    unit: str
    mode: TunerMode
    digits: int
    send: Callable[[Miner, float], Awaitable[object]]

    def bounds(self, coordinator: MinerCoordinator) -> tuple[float, float, Bounds]:
        """Return the lowest and the highest that the miner allows, and all of it."""
        limits = coordinator.data.snapshot.limits
        bounds: Bounds | None = (
            getattr(limits.tuner, self.name) if limits and limits.tuner else None
        )
        return _ends(coordinator, bounds)

    def now(self, configuration: Configuration | None) -> float | None:
        """Return what it is set to, whether the miner aims at it now or not."""
        tuner = configuration.tuner if configuration else None
        target: float | None = getattr(tuner, self.name) if tuner else None
        return target

    def active(self, state: MinerState) -> float | None:
        """Return what the miner aims at, if it is this."""
        configuration = state.snapshot.configuration
        tuner = configuration.tuner if configuration else None
        if tuner is None or not tuner.enabled or tuner.mode is not self.mode:
            return None
        return self.now(configuration)

    def plan(self, coordinator: MinerCoordinator, fields: Fields) -> Change:
        """Refuse what is out of range before anything is sent."""
        self.bounds(coordinator)
        wanted = None if _is_relative(fields) else self._fixed(coordinator, fields)

        async def command(miner: Miner) -> None:
            nonlocal wanted
            if wanted is None:
                # It may be another by its turn, or since the last review.
                now = self.now(await miner.configuration())
                wanted = self._relative(coordinator, fields, now)
            await self.send(miner, wanted)

        return Change(
            what=f"set_{self.name}",
            command=command,
            value=self.active,
            done=lambda state: (
                wanted is not None
                and (active := self.active(state)) is not None
                and round(active, self.digits) == round(wanted, self.digits)
            ),
            again=True,
        )

    def _fixed(self, coordinator: MinerCoordinator, fields: Fields) -> float:
        minimum, maximum, bounds = self.bounds(coordinator)
        if ATTR_PERCENT not in fields:
            return self.checked(coordinator, fields[self.given])
        reference = {
            Reference.NOMINAL: bounds.default,
            Reference.MINIMUM: minimum,
            Reference.MAXIMUM: maximum,
        }[fields[ATTR_OF]]
        if reference is None:
            raise invalid("limits_unknown", coordinator)
        return self.checked(coordinator, reference * fields[ATTR_PERCENT] / 100)

    def _relative(
        self, coordinator: MinerCoordinator, fields: Fields, now: float | None
    ) -> float:
        if now is None:
            raise invalid("target_unknown", coordinator)
        if ATTR_PERCENT in fields:
            return self.checked(coordinator, now * fields[ATTR_PERCENT] / 100)
        minimum, maximum, _ = self.bounds(coordinator)
        # More or less of something ends where the miner's range does.
        wanted = min(max(now + fields[ATTR_CHANGE], minimum), maximum)
        return self.checked(coordinator, wanted)

    def checked(self, coordinator: MinerCoordinator, value: float) -> float:
        """Return what goes over the wire, if the miner allows it."""
        _, _, bounds = self.bounds(coordinator)
        return within(coordinator, value, bounds, unit=self.unit, digits=self.digits)


def _ends(
    coordinator: MinerCoordinator, bounds: Bounds | None
) -> tuple[float, float, Bounds]:
    if bounds is None or bounds.minimum is None or bounds.maximum is None:
        raise invalid("limits_unknown", coordinator)
    return bounds.minimum, bounds.maximum, bounds


def within(
    coordinator: MinerCoordinator,
    value: float,
    bounds: Bounds | None,
    *,
    unit: str,
    digits: int,
) -> float:
    """Return what goes over the wire, if the miner allows it."""
    minimum, maximum, _ = _ends(coordinator, bounds)
    rounded = round(float(value), digits)
    if not round(minimum, digits) <= rounded <= round(maximum, digits):
        raise invalid(
            "out_of_range",
            coordinator,
            value=f"{rounded:g} {unit}".rstrip(),
            minimum=f"{minimum:g} {unit}".rstrip(),
            maximum=f"{maximum:g} {unit}".rstrip(),
        )
    return min(max(rounded, minimum), maximum)


def _is_relative(fields: Fields) -> bool:
    return ATTR_CHANGE in fields or (
        ATTR_PERCENT in fields and fields[ATTR_OF] is Reference.CURRENT
    )


POWER: Final = _Target(
    name="power_target",
    given=ATTR_POWER,
    unit=UnitOfPower.WATT,
    mode=TunerMode.POWER_TARGET,
    digits=0,
    send=lambda miner, watts: miner.tuning.set_power_target(watts),
)
HASHRATE: Final = _Target(
    name="hashrate_target",
    given=ATTR_HASHRATE,
    unit=HASHRATE_UNIT,
    mode=TunerMode.HASHRATE_TARGET,
    digits=2,
    send=lambda miner, rate: miner.tuning.set_hashrate_target(rate),
)


def _plain(
    what: str, command: Command, *ends_as: MinerStatus, halts: bool = False
) -> Callable[[MinerCoordinator, Fields], Change]:
    change = Change(
        what=what,
        command=command,
        value=lambda state: state.status.value,
        done=lambda state: state.status in ends_as,
        # It takes its time to show, and what is so already is left as it is.
        again=bool(ends_as),
        aim=ends_as[0].value if ends_as else None,
        halts=halts,
    )
    return lambda _, __: change


def require_api(coordinator: MinerCoordinator, minor: int) -> None:
    """Refuse what the firmware is known to be too old for."""
    if coordinator.data.api < ApiVersion(1, minor):
        raise undone(coordinator.config_entry, Unsupported())


def invalid(
    key: str, coordinator: MinerCoordinator, **said: str
) -> ServiceValidationError:
    """Say why a miner is not even asked to do what is wanted."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"miner": coordinator.config_entry.title, **said},
    )


_percent = {
    vol.Optional(ATTR_PERCENT): vol.All(vol.Coerce(float), vol.Range(min=0, max=1000)),
    vol.Optional(ATTR_OF, default=Reference.NOMINAL.value): vol.All(
        vol.In([each.value for each in Reference if each is not Reference.UNKNOWN]),
        vol.Coerce(Reference),
    ),
    vol.Optional(ATTR_CHANGE): vol.Coerce(float),
}
_staggered = partial(ChangeAction, fields=STAGGER, staggered=True)

CHANGES: tuple[ChangeAction, ...] = (
    ChangeAction(
        name="set_power_target",
        plan=POWER.plan,
        fields={
            vol.Optional(ATTR_POWER): cv.positive_float,
            **_percent,
        },
        one_of=(ATTR_POWER, ATTR_PERCENT, ATTR_CHANGE),
    ),
    ChangeAction(
        name="set_hashrate_target",
        plan=HASHRATE.plan,
        fields={
            vol.Optional(ATTR_HASHRATE): cv.positive_float,
            **_percent,
        },
        one_of=(ATTR_HASHRATE, ATTR_PERCENT, ATTR_CHANGE),
    ),
    _staggered(
        name="pause",
        plan=_plain(
            "pause",
            lambda miner: miner.mining.pause(),
            MinerStatus.PAUSED,
            halts=True,
        ),
        on_rigs=stop_mining,
    ),
    _staggered(
        name="resume",
        plan=_plain("resume", lambda miner: miner.mining.resume(), *MINES),
        on_rigs=resume_mining,
    ),
    _staggered(
        name="start",
        plan=_plain("start", lambda miner: miner.mining.start(), *MINES),
    ),
    _staggered(
        name="stop",
        plan=_plain(
            "stop",
            lambda miner: miner.mining.stop(),
            MinerStatus.NOT_STARTED,
            halts=True,
        ),
    ),
    _staggered(
        name="restart", plan=_plain("restart", lambda miner: miner.mining.restart())
    ),
    _staggered(
        name="reboot",
        plan=_plain("reboot", lambda miner: miner.mining.reboot()),
        on_rigs=lambda rig, _, by: rig.control.command(Reboot(), by=by),
    ),
)
