"""What can go wrong with a miner, on demand."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import grpc

from .identity import Identity, factory_hostname, identity
from .journal import Kind
from .relay import Mode

if TYPE_CHECKING:
    from .miner import SimulatedMiner

DESCRIPTIONS: Mapping[str, str] = {
    "hang": "calls are never answered",
    "slow": "calls are answered late [seconds, 3]",
    "refuse": "connections are refused",
    "garbage": "the port answers with noise",
    "half-open": "connections are accepted and go mute",
    "lose-tokens": "all tokens are forgotten, once",
    "reboot": "the miner reboots, once [seconds]",
    "wrong-identity": "another miner answers at this address",
    "overheat": "the room gets hot [degrees, 60]",
    "dead-pool": "pools do not answer [url, all]",
    "broken-fan": "a fan stands still [position, 0]",
    "board-down": "a hashboard does not answer [id, the first]",
    "unset-clock": "the clock says 2015",
    "fail": "methods answer INTERNAL [names separated by commas]",
    "block": "the miner finds a block, once",
}


class Faults:
    """Switches faults on and off; those that happen once need no clearing.

    What concerns listening sockets (refuse, wrong address) takes effect a moment
    later: `await miner.settled()` waits for it.
    """

    descriptions = DESCRIPTIONS

    def __init__(self, miner: SimulatedMiner) -> None:
        """Begin with a healthy miner."""
        self._miner = miner
        self._undo: dict[str, Callable[[], None]] = {}

    @property
    def active(self) -> tuple[str, ...]:
        """The names of the faults that are on."""
        return tuple(self._undo)

    def set(self, name: str, argument: str | None = None) -> None:
        """Switch a fault on by its name on the command line."""
        match name, argument:
            case "slow", str():
                self.slow(float(argument))
            case "reboot", str():
                self.reboot(float(argument))
            case "overheat", str():
                self.overheat(float(argument))
            case "dead-pool", str():
                self.dead_pool(argument)
            case "broken-fan", str():
                self.broken_fan(int(argument))
            case "board-down", str():
                self.board_down(argument)
            case "fail", str():
                self.fail(*argument.split(","))
            case "fail", None:
                raise ValueError("fail needs the names of methods")
            case _ if name in DESCRIPTIONS:
                getattr(self, name.replace("-", "_"))()
            case _:
                raise ValueError(
                    f"there is no fault {name!r}, only {', '.join(DESCRIPTIONS)}"
                )

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        for fault in (name,) if name else tuple(self._undo):
            undo = self._undo.pop(fault, None)
            if undo is not None:
                undo()

    def hang(self) -> None:
        """Never answer a call."""
        trouble, released = self._miner.trouble, asyncio.Event()
        self.clear("hang")
        trouble.hung = released

        def undo() -> None:
            trouble.hung = None
            released.set()

        self._undo["hang"] = undo

    def slow(self, seconds: float = 3.0) -> None:
        """Answer calls late, in real seconds."""
        self._miner.trouble.delay_s = seconds

        def undo() -> None:
            self._miner.trouble.delay_s = 0.0

        self._undo["slow"] = undo

    def fail(
        self, *methods: str, code: grpc.StatusCode = grpc.StatusCode.INTERNAL
    ) -> None:
        """Answer methods, `GetMinerStats` say, with an error."""
        failing = self._miner.trouble.failing
        failing.update(dict.fromkeys(methods, code))
        self._undo["fail"] = failing.clear

    def refuse(self) -> None:
        """Refuse connections."""
        self._miner.refused = True
        self._miner.follow()

        def undo() -> None:
            self._miner.refused = False
            self._miner.follow()

        self._undo["refuse"] = undo

    def garbage(self) -> None:
        """Answer with noise, on connections present and to come."""
        self._switch("garbage", Mode.GARBAGE)

    def half_open(self) -> None:
        """Accept connections and say nothing, also on those there are."""
        self._switch("half-open", Mode.MUTE)

    def _switch(self, name: str, mode: Mode) -> None:
        relay = self._miner.relay
        if relay is None:
            raise RuntimeError(f"{name} needs a miner with a relay")
        relay.switch(mode)

        def undo() -> None:
            relay.switch(Mode.THROUGH)

        self._undo[name] = undo

    def lose_tokens(self) -> None:
        """Forget all tokens."""
        self._miner.machine.accounts.forget_tokens()

    def reboot(self, seconds: float | None = None) -> None:
        """Reboot at once, away for `seconds` of simulated time."""
        machine = self._miner.machine
        machine.act()
        machine.leave(machine.timing.reboot_s if seconds is None else seconds)

    def wrong_identity(self) -> None:
        """Let another miner of the same model answer here."""
        machine = self._miner.machine
        mine, name = machine.identity, machine.network.hostname
        other = identity(machine.model, Random(f"stranger {machine.seed}"))
        self._become(other, factory_hostname(machine.model, other.mac))

        def undo() -> None:
            self._become(mine, name)

        self._undo.setdefault("wrong-identity", undo)

    def _become(self, who: Identity, hostname: str) -> None:
        machine = self._miner.machine
        machine.identity = replace(who)
        machine.network.hostname = hostname

    def overheat(self, room_c: float = 60.0) -> None:
        """Make the room hot."""
        machine = self._miner.machine
        machine.act()
        usual = machine.cooling.room_c

        def set_room(degrees: float) -> None:
            machine.act()
            machine.cooling.room_c = degrees
            machine.cooling.moving = True

        set_room(room_c)
        self._undo.setdefault("overheat", lambda: set_room(usual))

    def dead_pool(self, url: str = "*") -> None:
        """Let pools with this URL be dead; `*` means all of them."""
        machine = self._miner.machine
        machine.act()
        machine.work.dead.add(url)
        self._look()

        def undo() -> None:
            machine.act()
            machine.work.dead.clear()
            self._look()

        self._undo["dead-pool"] = undo

    def _look(self) -> None:
        machine = self._miner.machine
        if machine.mining.running:
            machine.look_for_pools()
        machine.tell_status()

    def broken_fan(self, position: int = 0) -> None:
        """Stop a fan."""
        machine = self._miner.machine
        machine.act()
        if not 0 <= position < len(machine.cooling.fans):
            raise ValueError(f"there is no fan {position}")
        fan = machine.cooling.fans[position]
        fan.broken = True
        machine.cooling.moving = True
        machine.note(Kind.FAN, f"fan {position} does not turn", "fan", position)

        def undo() -> None:
            machine.act()
            for fan in machine.cooling.fans:
                fan.broken = False
            machine.cooling.moving = True

        self._undo["broken-fan"] = undo

    def board_down(self, board: str | None = None) -> None:
        """Let a hashboard fall silent."""
        machine = self._miner.machine
        machine.act()
        broken = machine.board_named(board or machine.model.board_ids[0])
        broken.down = True
        index = machine.boards.index(broken)
        machine.note(
            Kind.BOARD, f"hashboard {broken.id} does not answer", "hashboard", index
        )

        def undo() -> None:
            machine.act()
            for each in machine.boards:
                each.down = False

        self._undo["board-down"] = undo

    def unset_clock(self) -> None:
        """Lose the real-time clock."""
        quirks = self._miner.machine.quirks
        quirks.clock_unset = True

        def undo() -> None:
            quirks.clock_unset = False

        self._undo["unset-clock"] = undo

    def block(self) -> None:
        """Find a block now."""
        machine = self._miner.machine
        machine.act()
        active = next((a for g in machine.work.groups if (a := g.active)), None)
        if active is None:
            raise ValueError("without a living pool there is no block to be found")
        active.accepted += 1
        active.last_share = machine.moment
        machine.work.find(active, machine.work.network_difficulty * 1.25)
