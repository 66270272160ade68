"""What goes over the wire, field by field."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from google.protobuf import json_format
import pytest

from custom_components.braiins_fleet.asic import (
    BoardSettings,
    CoolingKind,
    CoolingMode,
    Daily,
    Dhcp,
    Dps,
    DpsMode,
    FanPauseMode,
    FanPauseRuntime,
    HashrateTarget,
    Image,
    ManualTuning,
    Miner,
    Monthly,
    NetworkSettings,
    PausedFans,
    PoolGroupSettings,
    PoolSettings,
    PowerTarget,
    Ramping,
    Reference,
    SaveAction,
    Weekly,
)
from custom_components.braiins_fleet.asic.wire import rpc

from .scripted import ScriptedMiner, client

APPLY = "SAVE_ACTION_SAVE_AND_APPLY"

type Use = Callable[[Miner], Awaitable[object]]

POWER = "PerformanceService/SetPowerTarget"
MODE = "PerformanceService/SetPerformanceMode"
DPS = "PerformanceService/SetDPS"
COOLING = "CoolingService/SetCoolingMode"
GROUP = "PoolService/CreatePoolGroup"
AUTO = "UpgradeService/UpdateAutoUpgradeConfig"

CASES: list[tuple[str, Use, dict[str, Any]]] = [
    (
        POWER,
        lambda m: m.tuning.set_power_target(1999.6),
        {"save_action": APPLY, "power_target": {"watt": "2000"}},
    ),
    (
        POWER,
        lambda m: m.tuning.set_power_target(2000, save=SaveAction.SAVE),
        {"save_action": "SAVE_ACTION_SAVE", "power_target": {"watt": "2000"}},
    ),
    (
        "PerformanceService/SetRelativePowerTarget",
        lambda m: m.tuning.set_relative_power_target(80, Reference.MAXIMUM),
        {
            "save_action": APPLY,
            "percentage": 80,
            "reference": "RELATIVE_TARGET_REFERENCE_MAX",
        },
    ),
    (
        "PerformanceService/SetHashrateTarget",
        lambda m: m.tuning.set_hashrate_target(95.5),
        {"save_action": APPLY, "hashrate_target": {"terahash_per_second": 95.5}},
    ),
    (
        MODE,
        lambda m: m.tuning.set_mode(PowerTarget(1500)),
        {
            "save_action": APPLY,
            "mode": {
                "tuner_mode": {"power_target": {"power_target": {"watt": "1500"}}}
            },
        },
    ),
    (
        MODE,
        lambda m: m.tuning.set_mode(HashrateTarget(None)),
        {"save_action": APPLY, "mode": {"tuner_mode": {"hashrate_target": {}}}},
    ),
    (
        MODE,
        lambda m: m.tuning.set_mode(
            ManualTuning(
                frequency=500,
                voltage=13.2,
                boards=(BoardSettings(id="2", frequency=450, voltage=13),),
            )
        ),
        {
            "save_action": APPLY,
            "mode": {
                "manual_mode": {
                    "global_frequency": {"hertz": 5e8},
                    "global_voltage": {"volt": 13.2},
                    "hashboards": [
                        {
                            "id": "2",
                            "frequency": {"hertz": 4.5e8},
                            "voltage": {"volt": 13},
                        }
                    ],
                }
            },
        },
    ),
    (
        "PerformanceService/SetQuickRamping",
        lambda m: m.tuning.set_ramping(Ramping(up=60, down=30)),
        {"save_action": APPLY, "up_s": 60, "down_s": 30},
    ),
    (
        DPS,
        lambda m: m.set_dps(
            Dps(
                enabled=False,
                mode=DpsMode.BOOST,
                power_step=150,
                min_power_target=1200,
                shutdown_enabled=True,
                shutdown_hours=3,
                start_percent=80,
            )
        ),
        {
            "save_action": APPLY,
            "enable": False,
            "mode": "DPS_MODE_BOOST",
            "target": {
                "power_target": {
                    "power_step": {"watt": "150"},
                    "min_power_target": {"watt": "1200"},
                }
            },
            "enable_shutdown": True,
            "shutdown_duration": {"hours": 3},
            "on_start_target_percent": 80,
        },
    ),
    (
        DPS,
        lambda m: m.set_dps(
            Dps(mode=DpsMode.UNKNOWN, hashrate_step=5, min_hashrate_target=50)
        ),
        {
            "save_action": APPLY,
            "target": {
                "hashrate_target": {
                    "hashrate_step": {"terahash_per_second": 5},
                    "min_hashrate_target": {"terahash_per_second": 50},
                }
            },
        },
    ),
    (
        COOLING,
        lambda m: m.cooling.set_mode(
            CoolingMode(
                kind=CoolingKind.AUTO,
                target_temperature=55,
                hot_temperature=75,
                dangerous_temperature=85,
                min_fan_speed=20,
                max_fan_speed=90,
                required_fans=2,
                paused=PausedFans(mode=FanPauseMode.AUTO),
            )
        ),
        {
            "save_action": APPLY,
            "auto": {
                "target_temperature": {"degree_c": 55},
                "hot_temperature": {"degree_c": 75},
                "dangerous_temperature": {"degree_c": 85},
                "min_fan_speed": 20,
                "max_fan_speed": 90,
                "minimum_required_fans": 2,
                "pause_mode": {"auto": {}},
            },
        },
    ),
    (
        COOLING,
        lambda m: m.cooling.set_mode(
            CoolingMode(
                kind=CoolingKind.MANUAL,
                fan_speed=45,
                paused=PausedFans(
                    mode=FanPauseMode.MANUAL, speed=30, runtime=FanPauseRuntime.LIMITED
                ),
            )
        ),
        {
            "save_action": APPLY,
            "manual": {
                "fan_speed_ratio": 0.45,
                "pause_mode": {
                    "manual": {
                        "pause_cooldown_fan_speed_ratio": 0.3,
                        "fan_pause_runtime": "FAN_PAUSE_RUNTIME_LIMITED",
                    }
                },
            },
        },
    ),
    (
        COOLING,
        lambda m: m.cooling.set_mode(
            CoolingMode(kind=CoolingKind.HYDRO, hot_temperature=70)
        ),
        {"save_action": APPLY, "hydro": {"hot_temperature": {"degree_c": 70}}},
    ),
    (
        GROUP,
        lambda m: m.pools.create(
            PoolGroupSettings(
                name="a",
                fixed_share=0.25,
                pools=(
                    PoolSettings(
                        url="stratum+tcp://a", user="me", password="x", enabled=False
                    ),
                    PoolSettings(uid="p", url="stratum+tcp://b", user="me"),
                ),
            )
        ),
        {
            "save_action": APPLY,
            "group": {
                "name": "a",
                "fixed_share_ratio": {"value": 0.25},
                "pools": [
                    {
                        "url": "stratum+tcp://a",
                        "user": "me",
                        "password": "x",
                        "enabled": False,
                    },
                    {"uid": "p", "url": "stratum+tcp://b", "user": "me"},
                ],
            },
        },
    ),
    (
        "PoolService/UpdatePoolGroup",
        lambda m: m.pools.update(PoolGroupSettings(uid="g", name="a", quota=3)),
        {
            "save_action": APPLY,
            "group": {"uid": "g", "name": "a", "quota": {"value": 3}},
        },
    ),
    (
        "MinerService/DisableHashboards",
        lambda m: m.boards.disable("1", "left"),
        {"save_action": APPLY, "hashboard_ids": ["1", "left"]},
    ),
    (
        "NetworkService/SetNetworkConfiguration",
        lambda m: m.network.change(NetworkSettings(address=Dhcp())),
        {"dhcp": {}},
    ),
    (
        AUTO,
        lambda m: m.firmware.set_auto_upgrade(enabled=False),
        {},
    ),
    (
        AUTO,
        lambda m: m.firmware.set_auto_upgrade(enabled=True, schedule=Daily()),
        {"enabled": True, "schedule": {"daily": {}}},
    ),
    (
        AUTO,
        lambda m: m.firmware.set_auto_upgrade(enabled=True, schedule=Weekly()),
        {"enabled": True, "schedule": {"weekly": {}}},
    ),
    (
        AUTO,
        lambda m: m.firmware.set_auto_upgrade(enabled=True, schedule=Monthly(day=3)),
        {"enabled": True, "schedule": {"monthly": {"day_of_month": 3}}},
    ),
]


@pytest.mark.parametrize(
    ("name", "use", "request_"),
    CASES,
    ids=[f"{name.split('/')[1]}-{number}" for number, (name, _, _) in enumerate(CASES)],
)
async def test_the_miner_is_asked_for_what_was_meant(
    scripted: ScriptedMiner, name: str, use: Use, request_: dict[str, Any]
) -> None:
    service, method = name.split("/")
    called = rpc(service, method)
    scripted.says(called)
    async with client(scripted) as miner:
        await use(miner)
    sent = json_format.MessageToDict(
        called.request.FromString(scripted.requests[-1]),
        preserving_proto_field_name=True,
    )
    assert sent == request_


@pytest.mark.parametrize(
    "method",
    [
        "set_default_power_target",
        "set_default_hashrate_target",
        "set_default_ramping",
    ],
)
async def test_defaults_are_applied_without_a_restart_of_mining(
    scripted: ScriptedMiner, method: str
) -> None:
    for name in ("PowerTarget", "HashrateTarget", "QuickRamping"):
        scripted.says(rpc("PerformanceService", f"SetDefault{name}"))
    async with client(scripted) as miner:
        await getattr(miner.tuning, method)()
    request = rpc("PerformanceService", "SetDefaultPowerTarget").request
    assert request.FromString(scripted.requests[-1]).save_action == 2


async def test_contradictions_are_not_sent(scripted: ScriptedMiner) -> None:
    async with client(scripted) as miner:
        with pytest.raises(ValueError, match="not by both"):
            await miner.set_dps(Dps(power_step=100, hashrate_step=5))
        with pytest.raises(ValueError, match="not both"):
            await miner.pools.update(
                PoolGroupSettings(uid="g", name="a", quota=1, fixed_share=0.5)
            )
        with pytest.raises(ValueError, match="disabled"):
            await miner.cooling.set_mode(CoolingMode(kind=CoolingKind.DISABLED))
    assert not scripted.calls


async def test_the_flags_of_an_upgrade_are_not_mixed_up(
    scripted: ScriptedMiner,
) -> None:
    upgrade = rpc("UpgradeService", "SystemUpgrade")
    seen: list[Any] = []

    async def take(requests: Any) -> bytes:
        seen.append(upgrade.request.FromString(await anext(requests)).metadata)
        async for _ in requests:
            pass
        return b""

    async def nothing() -> AsyncGenerator[bytes]:
        yield b""

    scripted.upload(upgrade, take)
    image = Image(size=0, sha256="ab", read=nothing)
    async with client(scripted) as miner:
        assert not await miner.firmware.upgrade(image, discard_settings=True)
        assert not await miner.firmware.upgrade(image, disable_cleanup=True)
    assert [(m.discard_settings, m.disable_cleanup) for m in seen] == [
        (True, False),
        (False, True),
    ]
