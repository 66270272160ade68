"""The kinds of miner that can be played, one row each."""

from collections.abc import Mapping
from dataclasses import dataclass

from .refusals import InvalidValue

BRAND_ANTMINER = 1
BRAND_UNKNOWN = 0

PLATFORM_BBB = 3
PLATFORM_AML = 4
PLATFORM_CVITEK = 6
PLATFORM_ZYNQ = 7
PLATFORM_BMM = 8

SOC_CVITEK = 1
SOC_BBB = 2
SOC_AML = 3
SOC_ZYNQ = 4
SOC_BRAIINS = 5

BOS_MODE_NAND = 4
BOS_MODE_EMMC = 5

LOCALLY_ADMINISTERED = "02"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value may be, and what it is when nobody chose."""

    default: float
    min: float
    max: float

    def check(self, name: str, value: float, unit: str = "") -> float:
        """Return the value if it is within; say what is allowed if it is not."""
        if not self.min <= value <= self.max:
            span = f"{self.min:g} and {self.max:g} {unit}".rstrip()
            raise InvalidValue(f"{name} must be between {span}, not {value:g}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A power supply."""

    name: str
    version: int
    firmware: int
    min_voltage: float
    max_voltage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A kind of miner; power in W, hashrate in TH/s, frequency in MHz."""

    key: str
    name: str
    model_number: int
    """Its number in the wire's deprecated enum, 0 where the model is newer than it."""
    brand: int = BRAND_ANTMINER
    platform: int
    soc: int
    bos_mode: int = BOS_MODE_NAND
    kernel: str
    mac_prefix: str
    hostname: str | None = None
    """What it calls itself; None makes `miner-xxyyzz` from the MAC."""
    api_minor: int
    """The API version it plays unless told otherwise."""

    board_ids: tuple[str, ...]
    lists_boards: bool = True
    chips_per_board: int
    chip_type: str
    board_name: str
    board_model: str
    sticker: float
    power: Bounds
    hashrate: Bounds
    frequency: Bounds
    voltage: Bounds
    idle_w: float
    """What it draws before the first hash."""
    paused_w: float
    bend: float
    """How much hashrate lags behind power: below 1, more watts buy fewer hashes."""

    hydro: bool = False
    fans: int = 4
    fan_rpm: float = 6000.0
    fan_w: float = 12.0
    """What one fan draws at full speed."""
    numbers_fans: bool = True
    target_c: Bounds
    hot_c: Bounds
    dangerous_c: Bounds
    has_psu: Supply | None
    restores_stock: bool = True


_AIR_TARGET = Bounds(60, 30, 80)
_AIR_HOT = Bounds(80, 40, 95)
_AIR_DANGEROUS = Bounds(90, 50, 100)

_APW12 = Supply(
    name="APW121215f", version=118, firmware=70, min_voltage=11.96, max_voltage=15.2
)
_APW17 = Supply(
    name="APW171215a", version=23, firmware=12, min_voltage=11.9, max_voltage=15.1
)

S19 = Model(
    key="s19",
    name="Antminer S19",
    model_number=11,
    platform=PLATFORM_ZYNQ,
    soc=SOC_ZYNQ,
    kernel="5.15.34",
    mac_prefix="94:E3:6D",
    api_minor=0,
    board_ids=("1", "2", "3"),
    chips_per_board=76,
    chip_type="BM1398BB",
    board_name="BHB42601",
    board_model="S19_BHB42XXX",
    sticker=95.0,
    power=Bounds(3250, 945, 5418),
    hashrate=Bounds(95.0, 13.31, 162.5),
    frequency=Bounds(675, 50, 1175),
    voltage=Bounds(13.7, 11.96, 15.2),
    idle_w=75,
    paused_w=12,
    bend=0.80,
    numbers_fans=False,
    target_c=_AIR_TARGET,
    hot_c=_AIR_HOT,
    dangerous_c=_AIR_DANGEROUS,
    has_psu=_APW12,
)

S19J_PRO = Model(
    key="s19j_pro",
    name="Antminer S19j Pro",
    model_number=15,
    platform=PLATFORM_BBB,
    soc=SOC_BBB,
    kernel="5.15.34",
    mac_prefix=LOCALLY_ADMINISTERED,
    hostname="Antminer",
    api_minor=8,
    board_ids=("1", "2", "3"),
    chips_per_board=126,
    chip_type="BM1362AC",
    board_name="BHB42801",
    board_model="S19J_PRO_BHB42XXX",
    sticker=104.0,
    power=Bounds(3068, 944, 5152),
    hashrate=Bounds(104.0, 16.44, 190.8),
    frequency=Bounds(545, 50, 1000),
    voltage=Bounds(13.6, 11.96, 15.2),
    idle_w=70,
    paused_w=10,
    bend=0.80,
    target_c=_AIR_TARGET,
    hot_c=_AIR_HOT,
    dangerous_c=_AIR_DANGEROUS,
    has_psu=_APW12,
)

S19K_PRO = Model(
    key="s19k_pro",
    name="Antminer S19k Pro",
    model_number=0,
    platform=PLATFORM_AML,
    soc=SOC_AML,
    kernel="4.9.113",
    mac_prefix=LOCALLY_ADMINISTERED,
    api_minor=11,
    board_ids=("1", "2", "3"),
    chips_per_board=77,
    chip_type="BM1366BP",
    board_name="BHB56902",
    board_model="S19K_PRO_BHB56902",
    sticker=120.0,
    power=Bounds(2760, 771, 6435),
    hashrate=Bounds(120.0, 11.36, 268.46),
    frequency=Bounds(585, 50, 1175),
    voltage=Bounds(13.4, 11.9, 15.1),
    idle_w=60,
    paused_w=9,
    bend=0.82,
    target_c=_AIR_TARGET,
    hot_c=_AIR_HOT,
    dangerous_c=_AIR_DANGEROUS,
    has_psu=_APW17,
)

S21 = Model(
    key="s21",
    name="Antminer S21",
    model_number=0,
    platform=PLATFORM_AML,
    soc=SOC_AML,
    kernel="4.9.113",
    mac_prefix="F0:58:04",
    api_minor=10,
    board_ids=("6", "7", "8"),
    chips_per_board=108,
    chip_type="BM1368PA",
    board_name="BHB68603",
    board_model="S21_BHB68XXX",
    sticker=200.0,
    power=Bounds(3500, 1085, 6200),
    hashrate=Bounds(200.0, 21.6, 394.0),
    frequency=Bounds(490, 50, 900),
    voltage=Bounds(13.5, 11.9, 15.1),
    idle_w=70,
    paused_w=11,
    bend=0.82,
    target_c=Bounds(65, 30, 85),
    hot_c=Bounds(84, 40, 98),
    dangerous_c=Bounds(94, 50, 105),
    has_psu=_APW17,
)

S21_HYDRO = Model(
    key="s21_hydro",
    name="Antminer S21 Hyd.",
    model_number=0,
    platform=PLATFORM_CVITEK,
    soc=SOC_CVITEK,
    bos_mode=BOS_MODE_EMMC,
    kernel="5.10.4",
    mac_prefix="90:34:86",
    api_minor=11,
    board_ids=("0", "1", "2"),
    chips_per_board=216,
    chip_type="BM1368PB",
    board_name="BHB68801",
    board_model="S21_HYD_BHB68XXX",
    sticker=335.0,
    power=Bounds(5360, 1750, 9300),
    hashrate=Bounds(335.0, 43.2, 610.0),
    frequency=Bounds(410, 50, 800),
    voltage=Bounds(16.4, 14.0, 18.4),
    idle_w=90,
    paused_w=18,
    bend=0.84,
    hydro=True,
    fans=0,
    target_c=Bounds(50, 30, 70),
    hot_c=Bounds(70, 40, 85),
    dangerous_c=Bounds(80, 50, 95),
    has_psu=Supply(
        name="APW11A1620", version=33, firmware=5, min_voltage=14.0, max_voltage=18.4
    ),
)

BMM_101 = Model(
    key="bmm_101",
    name="Braiins Mini Miner BMM 101",
    model_number=0,
    brand=BRAND_UNKNOWN,
    platform=PLATFORM_BMM,
    soc=SOC_BRAIINS,
    bos_mode=BOS_MODE_EMMC,
    kernel="6.6.48",
    mac_prefix="88:A6:EF",
    api_minor=9,
    board_ids=("0",),
    lists_boards=False,
    chips_per_board=1,
    chip_type="BM1370",
    board_name="BMM101",
    board_model="BMM101",
    sticker=1.0,
    power=Bounds(40, 18, 52),
    hashrate=Bounds(1.0, 0.3, 1.3),
    frequency=Bounds(525, 100, 800),
    voltage=Bounds(1.15, 1.0, 1.3),
    idle_w=2,
    paused_w=2,
    bend=0.80,
    fans=1,
    fan_rpm=4200.0,
    fan_w=1.2,
    target_c=Bounds(60, 30, 75),
    hot_c=Bounds(75, 40, 85),
    dangerous_c=Bounds(85, 50, 95),
    has_psu=None,
    restores_stock=False,
)

MODELS: Mapping[str, Model] = {
    model.key: model for model in (S19, S19J_PRO, S19K_PRO, S21, S21_HYDRO, BMM_101)
}
