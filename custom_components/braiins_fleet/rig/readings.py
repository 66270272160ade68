"""What a rig tells of its cards, its processor and its miner, in units of the house."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from .algorithm_names import looks_for_solutions
from .errors import BadFrame
from .software import Vendor
from .text import clean, without_login

# More cards than any mainboard takes are no cards.
MOST_CARDS: Final = 64

_NAME: Final = 64
# Nothing longer could be shown.
_POOL: Final = 255
_ADDRESS: Final = re.compile(
    r"(?P<domain>[0-9a-f]{4,8}:)?(?P<rest>[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])",
    re.IGNORECASE,
)
_MODEL_BY_NUMBER: Final = re.compile(r"Card SKU: *(?P<number>\S+)")
# A mebibyte count this high would be 4 TiB of memory: it is bytes.
_BYTES_FROM: Final = 1 << 22
_MIB: Final = 1 << 20
_LONGEST_UPTIME: Final = 10 * 365 * 86_400
_MOST_SHARES: Final = 1e12
_HIGHEST_HASHRATE: Final = 1e18
_MILLION: Final = 1e6

type Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """A card as it is now; what it does not tell is `None`.

    `ordinal` counts the cards of the same vendor, as the vendor's own tool does.
    """

    name: str
    vendor: Vendor
    ordinal: int
    bus_id: str | None = None
    temperature: float | None = None
    memory_temperature: float | None = None
    fan: float | None = None
    power: float | None = None
    core_clock: float | None = None
    memory_clock: float | None = None
    utilization: float | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """The processor as it is now."""

    model: str
    vendor: str
    cores: int | None = None
    threads: int | None = None
    temperature: float | None = None
    usage: float | None = None
    frequency: float | None = None
    power: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What was measured. `None` is no information now, not that there is nothing."""

    gpus: tuple[GpuReading, ...] | None = None
    cpu: Cpu | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerGpu:
    """A card as the mining software sees it, by the number that it gave it."""

    index: int
    hashrate: float
    temperature: float | None = None
    power: float | None = None
    fan: float | None = None
    fan_rpm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerReport:
    """What is known of the mining software; `hashrate` in H/s, `uptime` in s.

    One that runs and `told` nothing may be starting, silent, or dead: the agent cannot
    tell these apart. Its figures are `None`.
    """

    name: str
    running: bool
    told: bool = False
    algorithm: str | None = None
    pool: str | None = None
    version: str | None = None
    hashrate: float | None = None
    accepted: int | None = None
    rejected: int | None = None
    uptime: int | None = None
    gpus: tuple[MinerGpu, ...] = ()


def read_stats(fields: Fields) -> Stats:
    """Read the data of a `stats` frame."""
    cpu = _mapping(fields, "cpu")
    return Stats(
        gpus=_read_gpus(fields),
        cpu=None
        if cpu is None
        else Cpu(
            model=_text(cpu, "model", _NAME),
            vendor=_text(cpu, "vendor", _NAME),
            cores=_whole(cpu, "cores", 1, 4096),
            threads=_whole(cpu, "threads", 1, 4096),
            temperature=_number(cpu, "temperature", -50, 150),
            usage=_number(cpu, "usage", 0, 100),
            frequency=_number(cpu, "frequency", 1, 20_000),
            power=_number(cpu, "powerDraw", 0, 5000),
        ),
    )


def _read_gpus(fields: Fields) -> tuple[GpuReading, ...] | None:
    cards = _list(fields, "gpus", MOST_CARDS)
    if cards is None:
        return None
    counted = dict.fromkeys(Vendor, 0)
    found = []
    for card in cards:
        vendor = _vendor(_text(card, "vendor", _NAME))
        found.append(_read_gpu(card, vendor, counted[vendor]))
        counted[vendor] += 1
    return tuple(found)


def _read_gpu(card: Fields, vendor: Vendor, ordinal: int) -> GpuReading:
    return GpuReading(
        name=_card_name(_text(card, "name", _NAME), vendor),
        vendor=vendor,
        ordinal=ordinal,
        bus_id=_bus_id(_text(card, "busId", _NAME)),
        temperature=_number(card, "temperature", -50, 150),
        memory_temperature=_number(card, "memTemp", -50, 150),
        fan=_number(card, "fanSpeed", 0, 100),
        power=_number(card, "powerDraw", 0, 5000),
        core_clock=_number(card, "coreClock", 0, 10_000),
        memory_clock=_number(card, "memoryClock", 0, 50_000),
        utilization=_number(card, "utilization", 0, 100),
        memory=_memory(card),
    )


def _vendor(name: str) -> Vendor:
    try:
        return Vendor(name.lower())
    except ValueError:
        return Vendor.OTHER


def _card_name(name: str, vendor: Vendor) -> str:
    if found := _MODEL_BY_NUMBER.fullmatch(name):
        return f"{vendor.upper()} {found['number']}"
    return name


def _bus_id(text: str) -> str | None:
    """Return the address of a card on the bus, in one spelling.

    Some tools of AMD's leave out all but the last digits, which is no address.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return None
    domain = int((found["domain"] or "0:")[:-1], 16)
    return f"{domain:04x}:{found['rest'].lower()}"


def _memory(card: Fields) -> int | None:
    """Return the memory of a card in MiB."""
    amount = _number(card, "vram", 1, 1 << 50)
    if amount is None:
        return None
    return int(amount) // _MIB if amount >= _BYTES_FROM else int(amount)


def read_miner(fields: Fields) -> MinerReport:
    """Read the data of a `miner_status` frame."""
    name = _text(fields, "name", _NAME).lower()
    running = fields.get("running")
    if not isinstance(running, bool):
        raise BadFrame("running is neither true nor false")
    if not running:
        return MinerReport(name=name, running=False)
    algorithm = _text(fields, "algorithm", _NAME)
    excess = _excess(name, algorithm)
    gpus = tuple(
        _read_miner_gpu(gpu, excess, has_rpm=name == "srbminer")
        for gpu in _list(fields, "gpuStats", MOST_CARDS) or ()
    )
    version = _text(fields, "version", _NAME)
    hashrate = _hashrate(fields, excess)
    # The total that the agent looks for is not always one that the software has.
    hashrate = hashrate or sum(gpu.hashrate for gpu in gpus)
    if not (version or hashrate or gpus):
        return MinerReport(name=name, running=True)
    shares = _mapping(fields, "shares") or {}
    return MinerReport(
        name=name,
        running=True,
        told=True,
        algorithm=algorithm or None,
        pool=_pool(fields),
        version=version or None,
        hashrate=hashrate,
        accepted=_whole(shares, "accepted", 0, _MOST_SHARES),
        rejected=_whole(shares, "rejected", 0, _MOST_SHARES),
        uptime=_whole(fields, "uptime", 1, _LONGEST_UPTIME),
        gpus=gpus,
    )


def _excess(name: str, algorithm: str) -> float:
    """Return how many times too high the agent's hashrates are.

    It takes whatever lolMiner counts for millions, which solutions are not.
    """
    is_wrong = name == "lolminer" and looks_for_solutions(algorithm)
    return _MILLION if is_wrong else 1.0


def _hashrate(fields: Fields, excess: float) -> float | None:
    hashrate = _number(fields, "hashrate", 0, _HIGHEST_HASHRATE)
    return None if hashrate is None else hashrate / excess


def _pool(fields: Fields) -> str | None:
    # A login is taken out before anything is cut off, which may be where it ends.
    return clean(without_login(_words(fields, "pool")), _POOL) or None


def _read_miner_gpu(gpu: Fields, excess: float, *, has_rpm: bool) -> MinerGpu:
    index = _whole(gpu, "index", 0, 1000)
    if index is None:
        raise BadFrame("index is missing")
    # What the software does not know is zero here, but that it hashes nothing.
    return MinerGpu(
        index=index,
        hashrate=_hashrate(gpu, excess) or 0.0,
        temperature=_number(gpu, "temperature", 1, 150),
        power=_number(gpu, "power", 1, 5000),
        fan=None if has_rpm else _number(gpu, "fanSpeed", 1, 100),
        fan_rpm=_number(gpu, "fanSpeed", 1, 30_000) if has_rpm else None,
    )


def _number(fields: Fields, key: str, low: float, high: float) -> float | None:
    """Return a number, or `None` where there is none that makes sense."""
    match fields.get(key):
        case bool():
            raise BadFrame(f"{key} is no number")
        case int() | float() as value:
            return float(value) if low <= value <= high else None
        case None:
            return None
        case _:
            raise BadFrame(f"{key} is no number")


def _whole(fields: Fields, key: str, low: float, high: float) -> int | None:
    value = _number(fields, key, low, high)
    return None if value is None else int(value)


def _text(fields: Fields, key: str, limit: int) -> str:
    return clean(_words(fields, key), limit)


def _words(fields: Fields, key: str) -> str:
    match fields.get(key):
        case None:
            return ""
        case str(text):
            return text
        case _:
            raise BadFrame(f"{key} is no text")


def _mapping(fields: Fields, key: str) -> Fields | None:
    value = fields.get(key)
    if value is not None and not isinstance(value, dict):
        raise BadFrame(f"{key} is no object")
    return value


def _list(fields: Fields, key: str, limit: int) -> list[Fields] | None:
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise BadFrame(f"{key} is no list of objects")
    if len(value) > limit:
        raise BadFrame(f"{key} has more than {limit} entries")
    return value
