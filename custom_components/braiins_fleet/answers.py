"""What actions tell of miners."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .asic import (
    CoolingKind,
    MinerStatus,
    TunedProfile,
    TunerMode,
    Unsupported,
    probe,
)
from .coordinator import MinerCoordinator
from .rounding import rounded
from .select import tuning
from .state import MinerState

ATTR_STATUS: Final = "status"
ATTR_SORT_BY: Final = "sort_by"
ATTR_DESCENDING: Final = "descending"
UNREACHABLE: Final = "unreachable"

_STATUSES = [
    *(status.value for status in MinerStatus if status is not MinerStatus.UNKNOWN),
    UNREACHABLE,
]
_ORDERS = ("name", "status", "hashrate", "power", "efficiency", "hottest_chip")

type Answer = dict[str, JsonValueType]
type Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AskAction:
    """An action that tells something of each miner, which it may have to ask for.

    One for an `admin` refuses everybody else.
    """

    name: str
    ask: Callable[[MinerCoordinator, Fields], Awaitable[Answer]]
    fields: Mapping[vol.Marker, Any] = field(default_factory=dict)
    arrange: Callable[[list[Answer], Fields], list[Answer]] = lambda found, _: found
    admin: bool = False


async def _summary(coordinator: MinerCoordinator, _: Fields) -> Answer:
    there = coordinator.last_update_success
    # What was known of one that is away says nothing about now.
    state = coordinator.data if there else MinerState(api=coordinator.data.api)
    stats, tuner = state.snapshot.stats, state.snapshot.tuner
    errors = state.snapshot.errors
    work = stats.work if stats else None
    details = state.snapshot.details
    configuration = state.snapshot.configuration
    settings = configuration.tuner if configuration else None
    cooling = configuration.cooling if configuration else None
    return {
        ATTR_STATUS: state.status.value if there else UNREACHABLE,
        "model": details.model if details else None,
        "firmware": details.release if details else None,
        "host": coordinator.config_entry.data[CONF_HOST],
        "hashrate": rounded(
            work.hashrates.minute_1 if work and work.hashrates else None, 2
        ),
        "nominal_hashrate": rounded(work.nominal_hashrate if work else None, 2),
        "power": stats.power if stats else None,
        "efficiency": rounded(stats.efficiency if stats else None, 2),
        "energy": state.energy,
        "tuning": tuning(state),
        "power_target": settings.power_target if settings else None,
        "hashrate_target": settings.hashrate_target if settings else None,
        "tuner": tuner.phase.value if tuner else None,
        "cooling_mode": (
            cooling.kind.value
            if cooling and cooling.kind is not CoolingKind.UNKNOWN
            else None
        ),
        "min_fan_speed": cooling.min_fan_speed if cooling else None,
        "max_fan_speed": cooling.max_fan_speed if cooling else None,
        "hottest_chip": rounded(state.hottest_chip, 1),
        "errors": None if errors is None else len(errors),
        "found_blocks": work.found_blocks if work else None,
        "active_pool": (
            state.pools[state.active_pool].url if state.active_pool else None
        ),
    }


def _arrange(found: list[Answer], fields: Fields) -> list[Answer]:
    wanted = fields.get(ATTR_STATUS)
    if wanted:
        # One that could not be asked is never left out, as it may be any.
        found = [
            each for each in found if "error" in each or each.get(ATTR_STATUS) in wanted
        ]
    by = fields[ATTR_SORT_BY]
    # What is unknown comes last, whichever way round.
    known = [each for each in found if each.get(by) is not None]
    known.sort(key=lambda each: _order(each[by]), reverse=fields[ATTR_DESCENDING])
    return known + [each for each in found if each.get(by) is None]


def _order(value: JsonValueType) -> tuple[float, str]:
    if isinstance(value, int | float):
        return float(value), ""
    return 0.0, str(value).casefold()


async def _errors(coordinator: MinerCoordinator, _: Fields) -> Answer:
    return {
        "errors": [
            {
                "message": error.message,
                "time": _time(error.time),
                "codes": [code.code for code in error.codes],
                "hints": [code.hint for code in error.codes if code.hint],
                "components": [
                    f"{part.name} {part.index}" for part in error.components
                ],
            }
            for error in await coordinator.miner.errors()
        ]
    }


async def _pools(coordinator: MinerCoordinator, _: Fields) -> Answer:
    return {
        "groups": [
            {
                "name": group.name,
                "quota": group.quota,
                "fixed_share": group.fixed_share,
                "pools": [
                    {
                        "url": pool.url,
                        "user": pool.user,
                        "enabled": pool.enabled,
                        "alive": pool.alive,
                        "active": pool.active,
                        "accepted_shares": (
                            pool.stats.accepted_shares if pool.stats else None
                        ),
                        "rejected_shares": (
                            pool.stats.rejected_shares if pool.stats else None
                        ),
                    }
                    for pool in group.pools
                ],
            }
            for group in await coordinator.miner.pool_groups()
        ]
    }


def _profile(profile: TunedProfile) -> Answer:
    by_power = profile.mode is TunerMode.POWER_TARGET
    return {
        "power_target": profile.target if by_power else None,
        "hashrate_target": None if by_power else profile.target,
        "created": _time(profile.created),
        "hashrate": rounded(profile.measured_hashrate, 2),
        "power": profile.estimated_power,
    }


async def _profiles(coordinator: MinerCoordinator, _: Fields) -> Answer:
    profiles = await coordinator.miner.tuned_profiles()
    return {"profiles": [_profile(profile) for profile in profiles]}


async def _efficiency(coordinator: MinerCoordinator, _: Fields) -> Answer:
    """Return the curve that the miner knows, or one of what it was tuned for."""
    try:
        points = [
            (point.power_target, point.power, point.hashrate)
            for point in await coordinator.miner.efficiency_profile()
        ]
    except Unsupported:
        points = [
            (
                round(profile.target)
                if profile.target and profile.mode is TunerMode.POWER_TARGET
                else None,
                profile.estimated_power,
                profile.measured_hashrate,
            )
            for profile in await coordinator.miner.tuned_profiles()
        ]
    return {
        "points": [
            {
                "power_target": target,
                "power": power,
                "hashrate": rounded(hashrate, 2),
                "efficiency": round(power / hashrate, 2)
                if power and hashrate
                else None,
            }
            for target, power, hashrate in sorted(
                points, key=lambda point: point[1] or point[0] or 0
            )
        ]
    }


async def _limits(coordinator: MinerCoordinator, _: Fields) -> Answer:
    return {"limits": _plain(asdict(await coordinator.miner.limits()))}


async def _ping(coordinator: MinerCoordinator, _: Fields) -> Answer:
    data = coordinator.config_entry.data
    start = perf_counter()
    api = await probe(data[CONF_HOST], data[CONF_PORT])
    return {"milliseconds": round(1e3 * (perf_counter() - start), 1), "api": str(api)}


def _plain(value: Any) -> JsonValueType:
    """Turn what dataclasses hold into what a browser understands."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


ASKS: tuple[AskAction, ...] = (
    AskAction(
        name="get_summary",
        ask=_summary,
        fields={
            vol.Optional(ATTR_STATUS): vol.All(cv.ensure_list, [vol.In(_STATUSES)]),
            vol.Optional(ATTR_SORT_BY, default="name"): vol.In(_ORDERS),
            vol.Optional(ATTR_DESCENDING, default=False): cv.boolean,
        },
        arrange=_arrange,
    ),
    AskAction(name="get_errors", ask=_errors),
    AskAction(name="get_pools", ask=_pools),
    AskAction(name="get_profiles", ask=_profiles),
    AskAction(name="get_efficiency", ask=_efficiency),
    AskAction(name="get_limits", ask=_limits),
    AskAction(name="ping", ask=_ping),
)
