"""One rig: cards, processor, miners, and the tools that the agent asks."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from simulator.clock import Clock

from .cards import CARDS, Card, CardModel, Vendor
from .programs import ALIASES, PROGRAMS, Process, Program, tell

_HOME = "/root"
_CPU_MODEL = "Intel(R) Celeron(R) G4930 CPU @ 3.20GHz"
_CPU_HASHRATE = 640.0
_WARM_S = 3600.0


class Failed(Exception):
    """A command failed, for the reason that the agent gives."""


class RigMachine:
    """A rig from its slots to its processes, lived lazily."""

    def __init__(
        self,
        cards: Sequence[str] = ("rtx3080", "rtx3080", "rtx4070"),
        *,
        clock: Clock,
        seed: int = 0,
        rocm: bool = False,
    ) -> None:
        """Build a rig; with `rocm`, AMD cards are read through rocm-smi."""
        self.clock = clock
        self.random = Random(f"rig {seed}")
        models = sorted((CARDS[name] for name in cards), key=_nvidia_first)
        self.cards = [
            Card(model, slot, self.random) for slot, model in enumerate(models, 1)
        ]
        self.rocm = rocm
        self.moment = clock.now()
        self.processes: list[Process] = []
        self.lookalikes: list[str] = []
        """Names of miners in the command lines of processes that are none."""
        self.binaries = set(PROGRAMS)
        """What is to be had as a plain file."""
        self.folders: dict[str, str] = {}
        """What the agent installed, and the version of it that would be started."""
        self.deleted: list[str] = []
        self.saved: dict[str, Any] | None = None
        self.tools_fail = False
        self.has_tools = True
        self.has_pgrep = True
        self.has_sudo = True
        self.has_onboard = False
        """Whether a graphics chip on the mainboard is the system's first card."""
        self.online = True
        self.dies_at_once = False
        """Whether a miner is gone as soon as it was started."""
        self._pids = iter(range(1000, 1_000_000))

    def catch_up(self) -> None:
        """Live through the time since the last look."""
        now = self.clock.now()
        seconds, self.moment = now - self.moment, now
        busy = {card.slot for card in self._mined()}
        for card in self.cards:
            card.busy = card.slot in busy
            card.advance(seconds)

    def _mined(self) -> Iterator[Card]:
        for process in self.processes:
            if process.alive:
                for card in self.present:
                    if card.model.vendor in process.program.vendors:
                        yield card

    @property
    def present(self) -> list[Card]:
        """The cards on the bus."""
        return [card for card in self.cards if not card.lost]

    @property
    def watts(self) -> float:
        """What all cards take."""
        return sum(card.watts for card in self.present)

    @property
    def hashrate(self) -> float:
        """What all cards hash, in H/s."""
        return sum(card.hashrate for card in self.present)

    def stats(self, *, gpu: bool = True, cpu: bool = True) -> dict[str, Any]:
        """Return what the agent measures."""
        self.catch_up()
        data: dict[str, Any] = {}
        if cpu:
            data["cpu"] = self._cpu()
        cards = self._told() if gpu else []
        if cards:
            data["gpus"] = [
                {"index": index} | self._card(card) for index, card in enumerate(cards)
            ]
        return data

    def _told(self) -> list[Card]:
        """Return the cards that the tools tell of; one that is lost silences one."""
        if not self.has_tools:
            return []
        nvidia = [card for card in self.cards if card.model.vendor is Vendor.NVIDIA]
        if self.tools_fail or any(card.lost for card in nvidia):
            nvidia = []
        return nvidia + [c for c in self.present if c.model.vendor is Vendor.AMD]

    def _card(self, card: Card) -> dict[str, Any]:
        model = card.model
        nvidia = model.vendor is Vendor.NVIDIA
        figures: dict[str, Any] = {
            "name": model.name,
            "vendor": model.vendor.value,
            "temperature": int(card.heat_c),
            "memTemp": int(card.heat_c + 14) if model.tells_memory_heat else None,
            "fanSpeed": int(card.fan) if model.has_fan else None,
            "powerDraw": int(card.watts),
            "coreClock": card.core_mhz,
            "memoryClock": card.memory_mhz,
            "utilization": 100 if card.busy else 0,
            "vram": model.memory_mib,
            "busId": f"0000{card.bus_id}" if nvidia else card.bus_id,
        }
        if self.rocm and not nvidia:
            # The tool's layout is not what the agent expects.
            figures |= {
                "name": f"Card SKU: \t\t{model.sku}",
                "memTemp": None,
                "fanSpeed": None,
                "coreClock": None,
                "memoryClock": None,
                "vram": model.memory_mib << 20,
                "busId": "00.0",
            }
        return figures

    def _cpu(self) -> dict[str, Any]:
        busy = any(p.alive and not p.program.vendors for p in self.processes)
        usage = 100.0 if busy else self.random.choice([0.0, self.random.uniform(0, 9)])
        return {
            "model": _CPU_MODEL,
            "vendor": "GenuineIntel",
            "cores": 2,
            "threads": 2,
            "temperature": 71 if busy else 44,
            "usage": int(usage) if usage.is_integer() else usage,
            "frequency": 3200,
            "powerDraw": None,
        }

    def miner_status(self) -> dict[str, Any]:
        """Return what the agent finds out about the miner."""
        self.catch_up()
        if self.has_pgrep:
            # A map of Go's is gone through in another order each time.
            names = list({process.program.name for process in self.processes})
            if names:
                name = self.random.choice(sorted(names))
                return tell(
                    self._answering(name), self.present, self.moment, self.random
                )
            if self.lookalikes:
                name = self.lookalikes[0]
                return tell(self._nobody(name), (), self.moment, self.random)
        own = self.own
        if own is None or not own.alive:
            return {"name": "", "pid": 0, "running": False}
        return {"name": own.given_name, "pid": own.pid, "running": True}

    def _answering(self, name: str) -> Process:
        """Return the process that has the port of the interface: the first alive."""
        found = [p for p in self.processes if p.program.name == name]
        return next((p for p in found if p.alive), found[0])

    def _nobody(self, name: str) -> Process:
        return Process(
            program=PROGRAMS[name],
            given_name=name,
            algorithm="",
            pool="",
            pid=0,
            started=0.0,
            own=False,
            alive=False,
        )

    @property
    def own(self) -> Process | None:
        """The child of the agent that runs now."""
        return next((p for p in self.processes if p.own), None)

    def find(self, name: str) -> Program:
        """Find what a name stands for, or say why it cannot be started."""
        low = name.lower()
        program = PROGRAMS.get(ALIASES.get(low, low))
        if program is None or not (
            program.name in self.binaries or program.name in self.folders
        ):
            raise Failed(f"failed to build miner command: miner {name} not found")
        if not program.startable:
            raise Failed(f"failed to build miner command: unsupported miner: {name}")
        if program.name in self.folders and not program.starts_from_folder:
            # The folder has the name of what is looked for.
            path = f"{_HOME}/miners/{program.name}"
            raise Failed(f"failed to start miner: fork/exec {path}: permission denied")
        return program

    def launch(self, config: dict[str, Any], *, own: bool = True) -> Process:
        """Start a process; it may die at once."""
        self.catch_up()
        name = config.get("name") or ""
        program = self.find(name)
        process = Process(
            program=program,
            given_name=name,
            algorithm=config.get("algorithm") or "",
            pool=config.get("pool") or "",
            pid=next(self._pids),
            started=self.moment,
            own=own,
            alive=not self.dies_at_once,
            version=self.folders.get(program.name, program.version),
            cpu_hashrate=0.0 if program.vendors else _CPU_HASHRATE,
        )
        self.processes.append(process)
        if own:
            self.saved = config
        return process

    def warm_up(self) -> None:
        """Have done for a while what it does."""
        for process in self.processes:
            process.started -= _WARM_S
        self.catch_up()
        for card in self.present:
            card.advance(_WARM_S)

    def bury(self, process: Process) -> None:
        """Take a process away for good."""
        self.catch_up()
        if process in self.processes:
            self.processes.remove(process)

    def kill_by_name(self) -> None:
        """Kill what goes by the name of a miner; some do not."""
        self.catch_up()
        self.processes = [p for p in self.processes if not p.program.killed_by_name]

    def crash(self) -> None:
        """Let all miners crash; those whose parent never looks stay as zombies."""
        self.catch_up()
        for process in self.processes:
            process.kill()
        self.processes = [p for p in self.processes if p.own]

    def orphan(self) -> None:
        """Have miners outlive the agent that started them."""
        self.processes = [p for p in self.processes if p.alive]
        for process in self.processes:
            process.own = False

    def boot(self) -> None:
        """Begin anew: nothing runs, clocks are free, lost cards stay away."""
        self.catch_up()
        self.processes.clear()
        self.cards = self.present
        for card in self.cards:
            card.power_limit = float(card.model.watts)
            card.core_lock = card.memory_lock = card.fan_fixed = None

    def overclock(self, wanted: dict[str, int | None]) -> None:
        """Do what the agent does with clocks and limits, vendor by vendor."""
        self.catch_up()
        index = wanted["gpuIndex"] or 0
        vendors = {card.model.vendor for card in self.cards}
        if not vendors or not self.has_tools:
            raise Failed("no supported GPU tools found (nvidia-smi or rocm-smi)")
        errors = []
        if Vendor.NVIDIA in vendors and (error := self._set_nvidia(index, wanted)):
            errors.append(f"nvidia: {error}")
        if Vendor.AMD in vendors and (error := self._set_amd(index, wanted)):
            errors.append(f"amd: {error}")
        if errors:
            raise Failed(f"some OC settings failed: {'; '.join(errors)}")
        self.catch_up()

    def _set_nvidia(self, index: int, wanted: dict[str, int | None]) -> str:
        nvidia = [c for c in self.cards if c.model.vendor is Vendor.NVIDIA]
        if index >= len(nvidia) or self.tools_fail or any(c.lost for c in nvidia):
            given = [
                key for key in ("powerLimit", "coreLock", "memLock") if wanted[key]
            ]
            said = "exit status 6: No devices were found\n"
            return "; ".join(f"{_SPOKEN[key]}: {said}" for key in given)
        cards = nvidia if index < 0 else [nvidia[index]]
        errors = []
        if (watts := wanted["powerLimit"]) is not None:
            for card in cards:
                model = card.model
                if not model.min_watts <= watts <= model.max_watts:
                    # Those before it keep the new limit.
                    errors.append(
                        "power limit: exit status 2: Provided power limit"
                        f" {watts:.2f} W is not a valid power limit which should be"
                        f" between {model.min_watts:.2f} W and {model.max_watts:.2f} W"
                        f" for GPU 0000{card.bus_id}\nTerminating early due to previous"
                        " errors.\n"
                    )
                    break
                card.power_limit = float(watts)
        for card in cards:
            if wanted["coreLock"] is not None:
                card.core_lock = wanted["coreLock"] or None
            if wanted["memLock"] is not None:
                card.memory_lock = wanted["memLock"] or None
        return "; ".join(errors)

    def _set_amd(self, index: int, wanted: dict[str, int | None]) -> str:
        # The numbers of the system are neither those that are reported nor NVIDIA's.
        amd = [c for c in self.present if c.model.vendor is Vendor.AMD]
        for number, card in enumerate(amd, 1 if self.has_onboard else 0):
            if index not in (-1, number):
                continue
            if (watts := wanted["powerLimit"]) is not None:
                if not card.model.min_watts <= watts <= card.model.max_watts:
                    path = f"/sys/class/drm/card{number}/device/hwmon/hwmon1/power1_cap"
                    return f"gpu{number} power: write {path}: invalid argument"
                card.power_limit = float(watts)
            if wanted["coreLock"] is not None:
                card.core_lock = wanted["coreLock"]
            if wanted["memLock"] is not None:
                card.memory_lock = wanted["memLock"]
            if (percent := wanted["fanSpeed"]) is not None:
                card.fan_fixed = percent or None
        return ""

    def install(self, name: str) -> None:
        """Fetch mining software into a folder."""
        if name not in PROGRAMS:
            raise Failed(f"failed to install {name}: unknown miner: {name}")
        if not self.online:
            raise Failed(
                f"failed to install {name}: failed to get latest release: dial tcp:"
                " lookup api.github.com: no such host"
            )
        program = PROGRAMS[name]
        if not (program.keeps_older and name in self.folders):
            self.folders[name] = program.newest or program.version

    def uninstall(self, name: str) -> None:
        """Delete a folder, be it one of mining software or not."""
        if "/" in name or name in (".", ".."):
            self.deleted.append(f"{_HOME}/miners/{name}")
            return
        if name not in self.folders:
            raise Failed(f"failed to uninstall {name}: miner {name} is not installed")
        self.folders.pop(name)


_SPOKEN = {"powerLimit": "power limit", "coreLock": "core lock", "memLock": "mem lock"}


def _nvidia_first(model: CardModel) -> bool:
    return model.vendor is not Vendor.NVIDIA
