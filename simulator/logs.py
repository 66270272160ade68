"""What a machine would have written down."""

from collections.abc import Iterator
from datetime import UTC, datetime
import io
import json
from random import Random
from typing import TYPE_CHECKING
import zipfile

if TYPE_CHECKING:
    from .machine import Machine

_LINES = 600
_EVERY_S = 17.0

_SAYINGS = {
    "bosminer": (
        "INFO  bosminer::stats: hashrate {hashrate:.2f} TH/s, power {watts} W",
        "INFO  bosminer::thermal: hottest chip {chip:.1f} C, fans at {fan} %",
        "DEBUG bosminer::pool: share accepted, difficulty {difficulty}",
        "INFO  bosminer::tuner: target {target}, state {tuner}",
        "DEBUG bosminer::job: new work from the active pool",
    ),
    "boser": (
        "INFO  boser::grpc: GetMinerStats answered in {ms} ms",
        "INFO  boser::grpc: GetHashboards answered in {ms} ms",
        "DEBUG boser::auth: token renewed",
    ),
    "monitor": (
        "INFO  monitor: bosminer alive, {ms} MiB resident",
        "INFO  monitor: load average 0.{ms}",
    ),
    "syslog": (
        "daemon.info dnsmasq[712]: query answered from cache",
        "daemon.notice ntpd[688]: offset 0.00{ms} s",
        "user.notice bosminer[1033]: hashrate {hashrate:.2f} TH/s",
        "authpriv.info dropbear[501]: no session open",
    ),
    "dmesg": (
        "eth0: link is up, 100 Mbps, full duplex",
        "i2c i2c-0: bus idle, {ms} transfers",
        "random: crng init done",
    ),
}

KINDS = ("errors", *_SAYINGS)


def lines(machine: Machine, kind: str) -> Iterator[str]:
    """Write the log of one kind, oldest line first."""
    if kind == "errors":
        for entry in machine.journal.entries:
            code = entry.kind.value.code
            yield f"{_stamp(machine, entry.moment)} ERROR {code} {entry.message}\n"
        return
    random = Random(f"{machine.seed} {kind}")
    first = machine.moment - _LINES * _EVERY_S
    active = machine.tuner.configured
    for number in range(_LINES):
        moment = first + number * _EVERY_S
        text = random.choice(_SAYINGS[kind]).format(
            hashrate=machine.hashrate * random.uniform(0.98, 1.02),
            watts=round(machine.consumption),
            chip=machine.hottest_c + random.uniform(-1, 1),
            fan=round(machine.cooling.fan_ratio * 100),
            difficulty=round(machine.work.difficulty),
            target=f"{active:g}",
            tuner=machine.tuner_state.value,
            ms=random.randrange(2, 60),
        )
        if kind == "dmesg":
            yield f"[{moment - machine.booted:13.6f}] {text}\n"
        else:
            yield f"{_stamp(machine, moment)} {text}\n"


def archive(machine: Machine) -> bytes:
    """Pack all logs and what describes the machine into a zip file."""
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as packed:
        for kind in KINDS:
            packed.writestr(f"log/{kind}.log", "".join(lines(machine, kind)))
        about = {
            "uid": machine.identity.uid,
            "model": machine.model.name,
            "hostname": machine.network.hostname,
            "firmware": machine.firmware.build,
            "power_target": machine.saved.tuner.power,
        }
        packed.writestr("machine.json", json.dumps(about, indent=2))
    return store.getvalue()


def _stamp(machine: Machine, moment: float) -> str:
    when = datetime.fromtimestamp(machine.calendar(moment), UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
