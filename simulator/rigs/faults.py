"""What can go wrong with a rig, on demand."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .agent import Agent
    from .fleet import SimulatedRig

DESCRIPTIONS: Mapping[str, str] = {
    "hang": "the vendor's tool hangs: nothing but heartbeats",
    "tool-fails": "the vendor's tool fails: NVIDIA cards are not told of",
    "gpu-lost": "a card falls off the bus [its place, 0]",
    "crash": "the miner crashes, once, and looks as if it ran",
    "silent": "the miner's interface does not answer",
    "dies-at-once": "whatever miner is started is gone at once",
    "two-miners": "somebody starts another miner by hand, once",
    "lookalike": "some process has the name of a miner in its command line",
    "hot": "the room gets hot [degrees, 50]",
    "slow": "every command takes longer [seconds, 20]",
    "no-sudo": "reboot and shutdown do nothing",
    "offline": "there is no way to download anything",
    "restart-agent": "the agent is restarted, and knows its miner no more, once",
    "reboot": "the rig reboots, once",
    "freeze": "the link freezes",
    "half-open": "the rig comes back while its old connection still stands, once",
    "duplicate": "another rig uses the same token",
    "garbage": "the agent sends nonsense, once",
}

GARBAGE = (
    "",
    "{",
    "[]",
    '"stats"',
    '{"type":"nonsense"}',
    '{"type":"stats"}',
    '{"type":"stats","data":{"gpus":{}}}',
    '{"type":"stats","data":{"gpus":[{"name":7}]}}',
    '{"type":"stats","data":{"cpu":{"usage":NaN}}}',
    '{"type":"miner_status","data":{"running":"yes"}}',
    '{"type":"stats","data":' + "[" * 20_000 + "]" * 20_000 + "}",
    '{"type":"stats","data":{"gpus":[' + ",".join(["{}"] * 1000) + "]}}",
    '{"type":"command_result","commandId":7}',
)


class Faults:
    """Switches faults on and off; those that happen once need no clearing.

    What takes its time to begin is waited for by the rig's `settled`.
    """

    descriptions = DESCRIPTIONS

    def __init__(self, rig: SimulatedRig) -> None:
        """Begin with a healthy rig."""
        self._rig = rig
        self._undo: dict[str, Callable[[], None]] = {}
        self._twin: Agent | None = None

    @property
    def active(self) -> tuple[str, ...]:
        """The names of the faults that are on."""
        return tuple(self._undo)

    def set(self, name: str, argument: str | None = None) -> None:
        """Switch a fault on by its name on the command line."""
        if name not in DESCRIPTIONS:
            raise ValueError(
                f"a rig has no fault {name!r}, only {', '.join(DESCRIPTIONS)}"
            )
        begin = getattr(self, name.replace("-", "_"))
        if argument is None:
            begin()
        elif name in ("gpu-lost", "hot", "slow"):
            begin(int(argument))
        else:
            raise ValueError(f"{name} takes no argument")

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        for fault in (name,) if name else tuple(self._undo):
            undo = self._undo.pop(fault, None)
            if undo is not None:
                undo()

    async def end(self) -> None:
        """End what a fault has brought to life."""
        twin, self._twin = self._twin, None
        if twin is not None:
            await twin.stop()

    def _flip(self, fault: str, flag: str, *, to: bool) -> None:
        machine = self._rig.machine
        machine.catch_up()
        setattr(machine, flag, to)
        self._undo[fault] = lambda: setattr(machine, flag, not to)

    def hang(self) -> None:
        """Let the vendor's tool hang."""
        agent = self._rig.agent
        agent.hang()
        self._undo["hang"] = agent.release

    def tool_fails(self) -> None:
        """Let the tool of NVIDIA's fail."""
        self._flip("tool-fails", "tools_fail", to=True)

    def gpu_lost(self, place: int = 0) -> None:
        """Let a card fall off the bus; only a boot tells the tools what is left."""
        machine = self._rig.machine
        machine.catch_up()
        if not 0 <= place < len(machine.cards):
            raise ValueError(f"there is no card {place}")
        card = machine.cards[place]
        card.lost = True

        def undo() -> None:
            card.lost = False
            if card not in machine.cards:
                machine.cards.insert(place, card)

        self._undo["gpu-lost"] = undo

    def crash(self) -> None:
        """Let the miner crash."""
        self._rig.machine.crash()

    def silent(self) -> None:
        """Let no interface of a miner answer."""
        processes = tuple(self._rig.machine.processes)
        for process in processes:
            process.silent = True

        def undo() -> None:
            for process in processes:
                process.silent = False

        self._undo["silent"] = undo

    def dies_at_once(self) -> None:
        """Let miners die as they are started."""
        self._flip("dies-at-once", "dies_at_once", to=True)

    def two_miners(self) -> None:
        """Start another miner by hand."""
        self._rig.machine.launch(
            {"name": "xmrig", "algorithm": "rx/0", "pool": "xmr.example.com:3333"},
            own=False,
        )

    def lookalike(self) -> None:
        """Let `tail -f xmrig.log` or the like run."""
        names = self._rig.machine.lookalikes
        names.append("xmrig")
        self._undo["lookalike"] = names.clear

    def hot(self, degrees: int = 50) -> None:
        """Let the room get hot."""
        machine = self._rig.machine
        machine.catch_up()
        usual = {card: card.room_c for card in machine.cards}
        for card in machine.cards:
            card.room_c = float(degrees)

        def undo() -> None:
            machine.catch_up()
            for card, room in usual.items():
                card.room_c = room

        self._undo["hot"] = undo

    def slow(self, seconds: int = 20) -> None:
        """Let every command take longer."""
        habits = self._rig.agent.habits
        habits.slower_s = float(seconds)
        self._undo["slow"] = lambda: setattr(habits, "slower_s", 0.0)

    def no_sudo(self) -> None:
        """Let reboot and shutdown do nothing."""
        self._flip("no-sudo", "has_sudo", to=False)

    def offline(self) -> None:
        """Let downloads fail."""
        self._flip("offline", "online", to=False)

    def restart_agent(self) -> None:
        """Restart the agent; its miner goes on without it."""
        agent = self._rig.agent

        async def restart() -> None:
            await agent.stop()
            agent.start()

        self._rig.later(restart())

    def reboot(self) -> None:
        """Reboot."""
        self._rig.later(self._rig.reboot())

    def freeze(self) -> None:
        """Freeze the link; after that, only dialling anew helps."""
        agent = self._rig.agent
        agent.freeze()

        async def thaw() -> None:
            await agent.stop()
            agent.start()

        self._undo["freeze"] = lambda: self._rig.later(thaw())

    def half_open(self) -> None:
        """Come back as after a power cut, of which the other end heard nothing."""
        agent = self._rig.agent

        async def come_back() -> None:
            await agent.lose_power()
            agent.start()

        self._rig.later(come_back())

    def duplicate(self) -> None:
        """Let another rig dial with the same token."""
        if self._twin is None:
            self._twin = self._rig.twin()
            self._twin.start()
            self._undo["duplicate"] = lambda: self._rig.later(self.end())

    def garbage(self) -> None:
        """Send nonsense, one piece each time that the miner would be told of."""
        self._rig.agent.garbage.extend(GARBAGE)
