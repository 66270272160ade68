"""Who a miner is, and what it is made of."""

from dataclasses import dataclass
from typing import Any

from .mining import MinerStatus
from .units import (
    WireEnum,
    read_gigahash,
    read_mac,
    read_text,
    read_value,
    read_volts,
)


class Platform(WireEnum):
    """Control board and generation of the miner: what a firmware image is for."""

    UNKNOWN = "unknown"
    AM1_S9 = "am1_s9"
    AM2_S17 = "am2_s17"
    AM3_BBB = "am3_bbb"
    AM3_AML = "am3_aml"
    STM32MP157C_II1_AM2 = "stm32mp157c_ii1_am2"
    CVITEK_BM1_AM2 = "cvitek_bm1_am2"
    ZYNQ_BM3_AM2 = "zynq_bm3_am2"
    STM32MP157C_II2_BMM1 = "stm32mp157c_ii2_bmm1"


class ControlBoard(WireEnum):
    """Family of the control board's processor."""

    UNKNOWN = "unknown"
    CVITEK = "cvitek"
    BBB = "bbb"
    AML = "aml"
    ZYNQ = "zynq"
    BRAIINS = "braiins"


class BosMode(WireEnum):
    """Where Braiins OS runs from."""

    UNKNOWN = "unknown"
    UPGRADE = "upgrade"
    RECOVERY = "recovery"
    SD = "sd"
    NAND = "nand"
    EMMC = "emmc"


class Brand(WireEnum):
    """Who built the miner."""

    UNKNOWN = "unknown"
    ANTMINER = "antminer"
    WHATSMINER = "whatsminer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSupply:
    """The power supply, where it tells of itself; voltages in V."""

    model: str | None
    serial_number: str | None
    version: int | None
    firmware_version: int | None
    min_voltage: float | None
    max_voltage: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Who a miner is, and for how long it has been up.

    `firmware` is the whole version, `release` the part of it that a person knows.
    `mac` is lower case with colons and is often locally administered; it is `None`
    while the miner has not found it out, as just after it was switched on.
    """

    uid: str | None
    mac: str | None
    serial_number: str | None
    hostname: str | None
    brand: Brand
    model: str | None
    platform: Platform
    control_board: ControlBoard
    bos_mode: BosMode
    firmware: str | None
    release: str | None
    kernel: str | None
    status: MinerStatus
    sticker_hashrate: float | None
    uptime: int
    mining_uptime: int
    power_supply: PowerSupply | None


def read_details(m: Any) -> Details:
    """Read the answer of `GetMinerDetails`."""
    return Details(
        uid=read_text(m, "uid"),
        mac=read_mac(m),
        serial_number=read_text(m, "serial_number"),
        hostname=read_text(m, "hostname"),
        brand=Brand.from_wire(m.miner_identity.brand),
        # The name is what is on the box; the model number ends in 2023.
        model=m.miner_identity.name or m.miner_identity.miner_model or None,
        platform=Platform.from_wire(m.platform),
        control_board=ControlBoard.from_wire(m.control_board_soc_family),
        bos_mode=BosMode.from_wire(m.bos_mode),
        firmware=read_text(m.bos_version, "current"),
        release=_read_release(m.bos_version.current),
        kernel=read_text(m, "kernel_version"),
        status=MinerStatus.from_wire(m.status),
        sticker_hashrate=read_gigahash(m, "sticker_hashrate"),
        uptime=m.system_uptime_s or m.system_uptime,
        mining_uptime=m.bosminer_uptime_s,
        power_supply=_read_power_supply(m),
    )


def _read_release(firmware: str) -> str | None:
    """Find the release in a version like `2026-05-04-0-0ce150e9-26.05-plus`."""
    return next((part for part in firmware.split("-") if "." in part), None)


def _read_power_supply(message: Any) -> PowerSupply | None:
    if not message.HasField("psu_info"):
        return None
    m = message.psu_info
    return PowerSupply(
        model=read_text(m, "model_name"),
        serial_number=read_text(m, "serial_number"),
        version=read_value(m, "version"),
        firmware_version=read_value(m, "fw_version"),
        min_voltage=read_volts(m, "min_voltage"),
        max_voltage=read_volts(m, "max_voltage"),
    )
