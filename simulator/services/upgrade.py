"""Upgrades by hand and by schedule, and the way back to stock."""

from typing import Any

from simulator.machine import Machine
from simulator.refusals import InvalidValue
from simulator.schema import message
from simulator.upgrades import Every, UpgradePlan

_Upgrade = message("SystemUpgradeResponse")
_Stock = message("RestoreStockResponse")
_Updated = message("UpdateAutoUpgradeConfigResponse")
_Auto = message("GetAutoUpgradeStatusResponse")

_LAST_SAFE_DAY = 28
_WEEK = 7


class Reception:
    """Takes in the stream of an upgrade: what to expect first, then the data."""

    def __init__(self) -> None:
        """Wait for the first message."""
        self._metadata: Any = None
        self._image = bytearray()

    def take(self, request: Any) -> None:
        """Take one message of the stream."""
        match request.WhichOneof("payload"):
            case "metadata" if self._metadata is None:
                self._metadata = request.metadata
            case "data" if self._metadata is not None:
                self._image += request.data
                if len(self._image) > self._metadata.size:
                    raise InvalidValue("more data came than was announced")
            case _:
                raise InvalidValue("the stream must be one metadata, then data")

    def install(self, machine: Machine) -> Any:
        """Begin the upgrade once all is there."""
        metadata = self._metadata
        if metadata is None:
            raise InvalidValue("the stream was empty")
        machine.upgrades.install(
            bytes(self._image),
            metadata.size,
            metadata.hash,
            discard=metadata.discard_settings,
        )
        return _Upgrade(successful=True)


def restore_stock(machine: Machine, _: Any) -> Any:
    """Go back to the stock firmware."""
    machine.upgrades.restore_stock()
    return _Stock(successful=True)


def _plan(schedule: Any) -> UpgradePlan:
    name = schedule.WhichOneof("schedule_type")
    if name is None:
        raise InvalidValue("the schedule must be daily, weekly or monthly")
    entry = getattr(schedule, name)
    day = 1
    if name == "weekly" and entry.HasField("day_of_week"):
        day = entry.day_of_week
        if not 1 <= day <= _WEEK:
            raise InvalidValue("day_of_week must be one of the seven")
    if name == "monthly" and entry.HasField("day_of_month"):
        day = entry.day_of_month
        if not 1 <= day <= _LAST_SAFE_DAY:
            raise InvalidValue("day_of_month must be between 1 and 28")
    if not entry.HasField("time"):
        return UpgradePlan(Every(name), day)
    time = entry.time
    if time.hours > 23 or time.minutes > 59 or time.seconds > 59:
        raise InvalidValue("the time of day does not exist")
    return UpgradePlan(Every(name), day, time.hours, time.minutes, time.seconds)


def set_auto(machine: Machine, request: Any) -> Any:
    """Switch automatic upgrades."""
    plan = _plan(request.schedule) if request.HasField("schedule") else None
    machine.upgrades.configure(plan, enabled=request.enabled)
    answer = _Updated(enabled=request.enabled)
    if machine.upgrades.next is not None:
        answer.next_execution.seconds = int(machine.upgrades.next)
    return answer


def auto(machine: Machine, _: Any) -> Any:
    """Answer when upgrades happen by themselves."""
    upgrades = machine.upgrades
    plan = upgrades.plan
    answer = _Auto(enabled=upgrades.auto)
    entry = getattr(answer.schedule, plan.every.value)
    entry.time.hours = plan.hour
    entry.time.minutes = plan.minute
    entry.time.seconds = plan.second
    if plan.every is Every.WEEK:
        entry.day_of_week = plan.day
    elif plan.every is Every.MONTH:
        entry.day_of_month = plan.day
    if upgrades.next is not None:
        answer.next_execution.seconds = int(upgrades.next)
    if upgrades.last is not None:
        answer.last_execution.seconds = int(upgrades.last)
    return answer
