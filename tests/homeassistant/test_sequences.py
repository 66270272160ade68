"""Whatever is done to a miner, and whatever fails meanwhile: nothing of it is lost."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import permutations
import random
from typing import Any

import grpc
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from hypothesis import HealthCheck, Phase, given, note, settings
import pytest

from custom_components.braiins_fleet.const import DOMAIN
from simulator import FakeClock, Machine, SimulatedMiner, server
from simulator.configuration import Configuration, GroupSettings, Save, TunerMode
from simulator.mining import Software
from simulator.refusals import Busy, Late, Reconfiguring, Refusal
from simulator.services import ANSWERS, LOGIN, STATUS

from .actions import ask
from .conftest import MakeEntry
from .controlling import act, in_time
from .outcomes import EFFECTS, INTERRUPTIONS, halves
from .running import READINGS, PassingTime, poll, polls_end
from .sequences import (
    STEPS,
    Call,
    Calls,
    Heal,
    Mishap,
    Step,
    Trouble,
    Wait,
    beginnings,
)

_LONG = settings.get_current_profile_name() == "long"
_METHODS = tuple(path.rpartition("/")[2] for path in (*ANSWERS, LOGIN, STATUS))
_COMMANDS = tuple(
    path
    for path in ANSWERS
    if not path.rpartition("/")[2].startswith(("Get", "List", "Login"))
)


class HungUp(Refusal):
    """The connection ends."""


@dataclass(slots=True)
class Fate:
    """What befalls which of the calls that are to change something."""

    mishap: Mishap | None = None
    left: int = 0

    def strike(self) -> Mishap | None:
        """Return what befalls this one."""
        self.left -= 1
        return self.mishap if self.left == -1 else None


@pytest.fixture
def fate(monkeypatch: pytest.MonkeyPatch) -> Fate:
    """Let something befall a call."""
    fate = Fate()
    monkeypatch.setitem(server._CODES, HungUp, grpc.StatusCode.UNAVAILABLE)
    assert isinstance(ANSWERS, dict)
    for path in _COMMANDS:
        monkeypatch.setitem(ANSWERS, path, _befallen(fate, ANSWERS[path]))
    return fate


def _befallen(fate: Fate, usual: Any) -> Any:
    def answer(machine: Machine, request: Any) -> Any:
        mishap = fate.strike()
        match mishap:
            case Mishap.NEVER_ARRIVES:
                raise Late
            case Mishap.FAILS:
                raise Reconfiguring("simulated failure")
            case Mishap.NOT_NOW:
                raise Busy("simulated refusal")
        told = usual(machine, request)
        match mishap:
            case Mishap.ANSWER_IS_LOST:
                raise Late
            case Mishap.FAILS_THOUGH_DONE:
                raise Reconfiguring("simulated failure")
            case Mishap.HANGS_UP:
                raise HungUp
            case Mishap.REBOOTS:
                machine.reboot(0)
                raise HungUp
            case Mishap.LOGS_OUT:
                machine.accounts.forget_tokens()
        return told

    return answer


class Play:
    """One miner, what is done to it, and what has to come of that."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        miner: SimulatedMiner,
        pass_time: PassingTime,
        fate: Fate,
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.miner = miner
        self.machine = miner.machine
        self.pass_time = pass_time
        self.fate = fate
        # So far nothing has gone wrong, and mining was not interrupted.
        self.calm = True
        # Some groups may be saved that are not in use yet.
        self.half_done = False

    async def go(self, step: Step) -> None:
        match step:
            case Trouble():
                await self._heal()
                self._begin(step)
                await self.miner.settled()
            case Heal():
                await self._heal()
            case Wait(seconds):
                await self._wait(seconds)
            case Calls():
                await self._call(step)

    def _begin(self, trouble: Trouble) -> None:
        self.calm = False
        faults = self.miner.faults
        match trouble:
            case Trouble.SAYS_NOTHING:
                faults.fail(*_METHODS, code=grpc.StatusCode.DEADLINE_EXCEEDED)
            case Trouble.CANNOT_TELL:
                faults.fail(*READINGS)
            case Trouble.REFUSES_ALL:
                faults.refuse()

    async def _heal(self) -> None:
        self.miner.faults.clear()
        await self.miner.settled()

    async def _wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.pass_time.jump(1)
            await asyncio.sleep(0)
        await self.miner.settled()
        await polls_end(self.hass)

    async def _call(self, step: Calls) -> None:
        calls = [call for call in step.calls if self._is_there(call)]
        if not calls:
            return
        before = self.machine.saved
        if step.mishap or any(call.action in INTERRUPTIONS for call in calls):
            self.calm = False
        self.fate.mishap, self.fate.left = step.mishap, step.nth
        done: list[bool] = []

        async def all_at_once() -> None:
            done.extend(await asyncio.gather(*map(self._is_done, calls)))

        await in_time(all_at_once(), self.pass_time)
        self.fate.mishap = None
        await self.miner.settled()
        note(f"{calls} ({step.mishap}): {done}")
        if self.calm and len(calls) == 1:
            wanted = self._effect(calls[0], before)
            assert done == [wanted is not None], "it is done unless it is wrong"
        self._check(before, list(zip(calls, done, strict=True)))
        if not all(done) and any(call.action == "set_pools" for call in calls):
            self.half_done = True

    def _is_there(self, call: Call) -> bool:
        if call.key is None:
            return True
        entity_id = self._entity_id(call)
        state = self.hass.states.get(entity_id) if entity_id else None
        return state is not None and state.state != STATE_UNAVAILABLE

    def _entity_id(self, call: Call) -> str | None:
        platform = call.action.partition(".")[0]
        unique_id = f"{self.entry.unique_id}_{call.key}"
        return er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)

    async def _is_done(self, call: Call) -> bool:
        if call.key is None:
            [answer] = await ask(self.hass, call.action, self.entry, **call.fields)
            assert answer["ok"] is (answer["error"] is None)
            return bool(answer["ok"])
        entity_id = self._entity_id(call)
        assert entity_id is not None
        try:
            await act(self.hass, call.action, entity_id, **call.fields)
        except HomeAssistantError:
            return False
        return True

    def _effect(self, call: Call, now: Configuration) -> Configuration | None:
        return EFFECTS[call.action, call.key](self.machine, now, call.fields)

    def _check(self, before: Configuration, calls: list[tuple[Call, bool]]) -> None:
        """See that the miner is set to what calls may have come to, in any order."""
        possible = [
            end
            for order in permutations(calls)
            for end in self._ends(before, list(order))
        ]
        uids = _uids(before)
        now = _plain(self.machine.saved, uids)
        assert now in [_plain(each, uids) for each in possible]

    def _ends(
        self, now: Configuration, calls: list[tuple[Call, bool]]
    ) -> Iterator[Configuration]:
        """Return all that may come of calls that took their turn in this order."""
        if not calls:
            yield now
            return
        (call, done), *others = calls
        wanted = self._effect(call, now)
        if wanted is not None:
            yield from self._ends(wanted, others)
        if not done:
            yield from self._ends(now, others)
            if wanted is not None and call.action == "set_pools":
                for part in halves(now, wanted):
                    yield from self._ends(part, others)

    async def end(self) -> None:
        """Heal the miner, and see that Home Assistant shows what it is set to."""
        await self._heal()
        await self._start()
        coordinator = self.entry.runtime_data
        # Everything is due by now.
        self.pass_time.jump(600)
        await poll(self.hass, self.entry)
        async with asyncio.timeout(600):
            while (
                not coordinator.last_update_success
                or coordinator.condition["missed_polls"]
            ):
                self.pass_time.jump(1)
                await asyncio.sleep(0.01)
                await poll(self.hass, self.entry)
        saved = self.machine.saved
        if not self.half_done:
            assert self.machine.running == saved
        power = self.hass.states.get("number.antminer_s19k_pro_power_target")
        tuner = saved.tuner
        aims = tuner.enabled and tuner.mode is TunerMode.POWER
        shown = f"{tuner.power:g}" if aims else STATE_UNAVAILABLE
        assert power is not None
        assert power.state == shown
        [told] = await ask(self.hass, "get_pools", self.entry)
        assert [
            (group["name"], [pool["url"] for pool in group["pools"]])
            for group in told["groups"]
        ] == [
            (group.name, [pool.url for pool in group.pools])
            for group in self.machine.running.groups
        ]

    async def _start(self) -> None:
        """Have the mining software run, whatever was done to it."""
        machine = self.machine
        while not machine.mining.running:
            if machine.present and machine.mining.software is Software.STOPPED:
                machine.mining.start()
            await self._wait(10)


def _uids(configuration: Configuration) -> set[str]:
    groups = {group.uid for group in configuration.groups}
    return groups | {pool.uid for group in configuration.groups for pool in group.pools}


def _plain(configuration: Configuration, known: set[str]) -> dict[str, Any]:
    """Return it comparable: a uid that was not known before could be any."""
    plain: dict[str, Any] = _rounded(asdict(configuration))
    for group in plain["groups"]:
        for each in (group, *group["pools"]):
            if each["uid"] not in known:
                each["uid"] = ""
    plain["groups"] = sorted(plain["groups"], key=lambda group: group["name"])
    return plain


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 3)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
    return value


@pytest.mark.timeout(900)
@settings(
    derandomize=not _LONG,
    max_examples=settings().max_examples if _LONG else 20,
    deadline=None,
    # What it explains are lines of Home Assistant, and it takes minutes.
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=list(HealthCheck),
)
@given(groups=beginnings(), steps=STEPS)
async def test_no_sequence_of_commands_loses_a_pool_a_password_or_a_target(
    *,
    hass: HomeAssistant,
    clock: FakeClock,
    pass_time: PassingTime,
    add_entry: MakeEntry,
    fate: Fate,
    groups: tuple[GroupSettings, ...],
    steps: list[Step],
) -> None:
    # Hypothesis has luck begin anew, and Home Assistant makes ids by it.
    random.seed()
    async with SimulatedMiner(clock=clock) as miner:
        miner.machine.change(Save.APPLY, groups=groups)
        clock.advance(miner.machine.timing.reconfigure_s)
        entry = add_entry(miner)
        try:
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done()
            play = Play(hass, entry, miner, pass_time, fate)
            for step in steps:
                await play.go(step)
            await play.end()
        finally:
            await hass.config_entries.async_remove(entry.entry_id)
            await hass.async_block_till_done()
