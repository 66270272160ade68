"""The action that has miners upgrade by themselves, and when."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .asic import (
    AutoUpgrade,
    Daily,
    Monthly,
    Reading,
    UpgradeSchedule,
    Weekday,
    Weekly,
)
from .changes import ChangeAction, Fields, require_api
from .const import DOMAIN
from .control import Change
from .coordinator import MinerCoordinator
from .state import MinerState

ATTR_DAY: Final = "day"
ATTR_ENABLED: Final = "enabled"
ATTR_SCHEDULE: Final = "schedule"
ATTR_TIME: Final = "time"
ATTR_WEEKDAY: Final = "weekday"

DAILY: Final = "daily"
WEEKLY: Final = "weekly"
MONTHLY: Final = "monthly"
# The fields that go with each.
_FIELDS_OF: Mapping[str | None, tuple[str, ...]] = {
    None: (),
    DAILY: (ATTR_TIME,),
    WEEKLY: (ATTR_WEEKDAY, ATTR_TIME),
    MONTHLY: (ATTR_DAY, ATTR_TIME),
}
_SINCE = 8


def _plan(coordinator: MinerCoordinator, fields: Fields) -> Change:
    """Refuse what does not go together before anything is sent."""
    schedule = _schedule(fields)
    enabled = fields[ATTR_ENABLED]
    require_api(coordinator, _SINCE)

    def done(state: MinerState) -> bool:
        now = state.snapshot.auto_upgrade
        return (
            now is not None
            and now.enabled is enabled
            and (schedule is None or _fits(schedule, now.schedule))
        )

    return Change(
        what="configure_auto_upgrade",
        command=lambda miner: miner.firmware.set_auto_upgrade(
            enabled=enabled, schedule=schedule
        ),
        value=lambda state: _in_words(state.snapshot.auto_upgrade),
        done=done,
        again=True,
        reads=(Reading.AUTO_UPGRADE,),
    )


def _fits(wanted: UpgradeSchedule, now: UpgradeSchedule | None) -> bool:
    """Tell whether this is what was wanted; the rest the miner has chosen itself."""
    return type(now) is type(wanted) and all(
        value in (None, getattr(now, name)) for name, value in asdict(wanted).items()
    )


def _schedule(fields: Fields) -> UpgradeSchedule | None:
    kind, at = fields.get(ATTR_SCHEDULE), fields.get(ATTR_TIME)
    for field in (ATTR_WEEKDAY, ATTR_DAY, ATTR_TIME):
        if field in fields and field not in _FIELDS_OF[kind]:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="schedule_does_not_fit",
                translation_placeholders={
                    "field": field,
                    "schedules": ", ".join(
                        each or "" for each, its in _FIELDS_OF.items() if field in its
                    ),
                },
            )
    if kind == DAILY:
        return Daily(at=at)
    if kind == WEEKLY:
        return Weekly(day=fields.get(ATTR_WEEKDAY), at=at)
    if kind == MONTHLY:
        return Monthly(day=fields.get(ATTR_DAY), at=at)
    return None


def _in_words(upgrade: AutoUpgrade | None) -> dict[str, Any] | None:
    """Return what is set, by the fields of the action."""
    if upgrade is None:
        return None
    words: dict[str, Any] = {ATTR_ENABLED: upgrade.enabled}
    schedule = upgrade.schedule
    match schedule:
        case Daily():
            words[ATTR_SCHEDULE] = DAILY
        case Weekly(day=day):
            words |= {ATTR_SCHEDULE: WEEKLY, ATTR_WEEKDAY: day and day.value}
        case Monthly(day=day):
            words |= {ATTR_SCHEDULE: MONTHLY, ATTR_DAY: day}
    if schedule is not None:
        words[ATTR_TIME] = schedule.at and schedule.at.isoformat()
    return words


AUTO_UPGRADE = ChangeAction(
    name="configure_auto_upgrade",
    plan=_plan,
    fields={
        vol.Required(ATTR_ENABLED): cv.boolean,
        vol.Optional(ATTR_SCHEDULE): vol.In([DAILY, WEEKLY, MONTHLY]),
        vol.Optional(ATTR_WEEKDAY): vol.All(
            vol.In([day.value for day in Weekday if day is not Weekday.UNKNOWN]),
            vol.Coerce(Weekday),
        ),
        vol.Optional(ATTR_DAY): vol.All(vol.Coerce(int), vol.Range(min=1, max=28)),
        vol.Optional(ATTR_TIME): cv.time,
    },
)
