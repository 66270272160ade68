"""Every method of the API, on miners of every age, over real sockets."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import time
import hashlib
import io
import zipfile

from google.protobuf.descriptor_pb2 import FileDescriptorSet
import pytest

from custom_components.braiins_fleet.asic import (
    ApiVersion,
    BoardSettings,
    Bounds,
    CoolingKind,
    CoolingMode,
    Daily,
    Dhcp,
    Dps,
    FanPauseMode,
    FanPauseRuntime,
    HashrateTarget,
    Image,
    LicenseState,
    LogKind,
    ManualTuning,
    Miner,
    MinerStatus,
    Monthly,
    NetworkProtocol,
    NetworkSettings,
    PausedFans,
    PerformanceMode,
    PoolGroupSettings,
    PoolSettings,
    PowerTarget,
    Ramping,
    Reading,
    Reference,
    Refused,
    StaticAddress,
    TunerMode,
    TunerPhase,
    Unreachable,
    Unsupported,
    Weekday,
    Weekly,
    probe,
)
from custom_components.braiins_fleet.asic.wire import DESCRIPTOR_SET
from simulator import FakeClock, SimulatedMiner

NEWEST = 11
AGES = (0, 5, 8, NEWEST)


@dataclass(frozen=True, slots=True)
class Case:
    """A method, since which minor version it is there, and a use of it."""

    method: str
    since: int
    use: Callable[[Miner, SimulatedMiner], Awaitable[None]]


CASES: list[Case] = []


def method(
    name: str, since: int = 0
) -> Callable[
    [Callable[[Miner, SimulatedMiner], Awaitable[None]]],
    Callable[[Miner, SimulatedMiner], Awaitable[None]],
]:
    """Declare a use of a method, which asserts what became of it."""

    def declare(
        use: Callable[[Miner, SimulatedMiner], Awaitable[None]],
    ) -> Callable[[Miner, SimulatedMiner], Awaitable[None]]:
        CASES.append(Case(name, since, use))
        return use

    return declare


def settle(simulated: SimulatedMiner, seconds: float = 120) -> None:
    """Let the miner have done what it was told."""
    clock = simulated.clock
    assert isinstance(clock, FakeClock)
    clock.advance(seconds)


@asynccontextmanager
async def fresh(simulated: SimulatedMiner) -> AsyncIterator[Miner]:
    """Connect anew, which needs no waiting after the miner was away."""
    await simulated.settled()
    async with client(simulated) as miner:
        yield miner


def client(simulated: SimulatedMiner) -> Miner:
    """Make a client for a simulated miner."""
    return Miner(simulated.host, simulated.port, username="root", password="root")


@method("ApiVersionService/GetApiVersion")
async def version(miner: Miner, simulated: SimulatedMiner) -> None:
    said = await miner.api_version()
    assert said == await probe(simulated.host, simulated.port)
    assert said.major == 1


@method("AuthenticationService/Login")
async def login(miner: Miner, simulated: SimulatedMiner) -> None:
    assert (await miner.details()).uid
    simulated.faults.lose_tokens()
    assert (await miner.details()).uid


@method("AuthenticationService/SetPassword")
async def password(miner: Miner, simulated: SimulatedMiner) -> None:
    for word in ("better", None):
        await miner.set_password(word)
        simulated.faults.lose_tokens()
        assert (await miner.details()).uid


@method("ActionsService/PauseMining")
async def pause(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.mining.pause()
    settle(simulated)
    assert not await miner.mining.pause()
    assert (await miner.details()).status is MinerStatus.PAUSED


@method("ActionsService/ResumeMining")
async def resume(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.mining.pause()
    settle(simulated)
    assert await miner.mining.resume()
    settle(simulated)
    assert not await miner.mining.resume()
    assert (await miner.details()).status is MinerStatus.NORMAL


@method("ActionsService/Stop")
async def stop(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.mining.stop()
    settle(simulated)
    assert not await miner.mining.stop()
    assert (await miner.details()).status is MinerStatus.NOT_STARTED
    # What cannot be read without the mining software leaves the rest readable.
    snapshot = await miner.snapshot([Reading.DETAILS, Reading.HASHBOARDS])
    assert not snapshot.hashboards


@method("ActionsService/Start")
async def start(miner: Miner, simulated: SimulatedMiner) -> None:
    assert not await miner.mining.start()
    await miner.mining.stop()
    settle(simulated)
    assert await miner.mining.start()
    settle(simulated)
    assert (await miner.details()).status is MinerStatus.NORMAL


@method("ActionsService/Restart")
async def restart(miner: Miner, simulated: SimulatedMiner) -> None:
    settle(simulated, 3600)
    assert await miner.mining.restart()
    settle(simulated)
    assert (await miner.details()).mining_uptime < 200


@method("ActionsService/Reboot")
async def reboot(miner: Miner, simulated: SimulatedMiner) -> None:
    settle(simulated, 3600)
    await miner.mining.reboot()
    settle(simulated, 600)
    async with fresh(simulated) as again:
        assert (await again.details()).uptime < 700


@method("ActionsService/FactoryReset", 9)
async def factory_reset(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.tuning.set_power_target(2000)
    settle(simulated)
    await miner.firmware.factory_reset()
    settle(simulated, 900)
    simulated.machine.accounts.login("root", "root")
    async with fresh(simulated) as again:
        assert await again.performance_mode() == PowerTarget(2760)


@method("ActionsService/SetLocateDeviceStatus")
async def set_locate(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.mining.set_locate(on=True)
    assert not await miner.mining.set_locate(on=False)


@method("ActionsService/GetLocateDeviceStatus")
async def locate(miner: Miner, _: SimulatedMiner) -> None:
    assert not await miner.locate()
    await miner.mining.set_locate(on=True)
    assert await miner.locate()


@method("NetworkService/GetNetworkConfiguration")
async def network_settings(miner: Miner, _: SimulatedMiner) -> None:
    settings = await miner.network.settings()
    assert settings.address == Dhcp()
    assert settings.hostname


@method("NetworkService/SetNetworkConfiguration")
async def change_network(miner: Miner, simulated: SimulatedMiner) -> None:
    static = StaticAddress(
        address="127.0.77.2",
        netmask="255.255.255.0",
        gateway="127.0.77.1",
        dns_servers=("127.0.77.1",),
    )
    said = await miner.network.change(NetworkSettings(hostname="attic", address=static))
    assert said == NetworkSettings(hostname="attic", address=static)
    settle(simulated)
    async with fresh(simulated) as moved:
        assert simulated.host == "127.0.77.2"
        assert await moved.network.settings() == said
        # What is not said stays: a new name is no new address, nor the reverse.
        renamed = await moved.network.change(NetworkSettings(hostname="cellar"))
        assert renamed == NetworkSettings(hostname="cellar", address=static)
        back = await moved.network.change(NetworkSettings(address=Dhcp()))
        assert back == NetworkSettings(hostname="cellar", address=Dhcp())


@method("NetworkService/GetNetworkInfo", 1)
async def network_info(miner: Miner, simulated: SimulatedMiner) -> None:
    info = await miner.network_info()
    assert info.protocol is NetworkProtocol.DHCP
    assert info.mac == (await miner.details()).mac
    assert simulated.host in {subnet.address for subnet in info.subnets}


@method("AdvancedSettingsService/GetSettingsSchema", 11)
async def settings_schema(miner: Miner, _: SimulatedMiner) -> None:
    schema = await miner.advanced.schema()
    assert schema["type"] == "object"
    assert schema["properties"]


@method("AdvancedSettingsService/GetSettings", 11)
async def get_settings(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.advanced.get() == {}
    defaults = await miner.advanced.get(include_defaults=True)
    assert "min_fan_pwm" in defaults


@method("AdvancedSettingsService/SetSettings", 11)
async def set_settings(miner: Miner, _: SimulatedMiner) -> None:
    await miner.advanced.set({"min_fan_pwm": 20})
    settings = await miner.advanced.get()
    assert settings == {"min_fan_pwm": 20}
    assert isinstance(settings["min_fan_pwm"], int)
    with pytest.raises(Refused):
        await miner.advanced.set({"min_fan_pwm": 30, "no_such_thing": 1})
    assert await miner.advanced.get() == {"min_fan_pwm": 20}
    await miner.advanced.set({"min_fan_pwm": None})
    assert await miner.advanced.get() == {}


@method("AdvancedSettingsService/ResetAllSettings", 11)
async def reset_settings(miner: Miner, _: SimulatedMiner) -> None:
    await miner.advanced.set({"min_fan_pwm": 20})
    await miner.advanced.reset()
    assert await miner.advanced.get() == {}


@method("PerformanceService/GetTunerState")
async def tuner_state(miner: Miner, _: SimulatedMiner) -> None:
    state = await miner.tuner_state()
    assert state.phase in (TunerPhase.STABLE, TunerPhase.CONTINUOUS)
    assert state.mode is TunerMode.POWER_TARGET
    assert state.live_target == 2760


@method("PerformanceService/ListTargetProfiles")
async def profiles(miner: Miner, _: SimulatedMiner) -> None:
    assert 2760 in {profile.target for profile in await miner.tuned_profiles()}


@method("PerformanceService/GetMinerEfficiencyProfile", 11)
async def efficiency(miner: Miner, _: SimulatedMiner) -> None:
    points = await miner.efficiency_profile()
    assert 6 <= len(points) <= 20
    assert all(point.power and point.hashrate for point in points)


@method("PerformanceService/SetPowerTarget")
async def set_power(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.tuning.set_power_target(2000) == 2000
    settle(simulated)
    assert await miner.performance_mode() == PowerTarget(2000)
    with pytest.raises(Refused, match="771"):
        await miner.tuning.set_power_target(100)
    assert await miner.performance_mode() == PowerTarget(2000)


@method("PerformanceService/SetDefaultPowerTarget")
async def set_default_power(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.tuning.set_power_target(2000)
    settle(simulated)
    assert await miner.tuning.set_default_power_target() == 2760


@method("PerformanceService/IncrementPowerTarget")
async def increment_power(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.tuning.increment_power_target(100) == 2860


@method("PerformanceService/DecrementPowerTarget")
async def decrement_power(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.tuning.decrement_power_target(100) == 2660


@method("PerformanceService/SetRelativePowerTarget", 8)
async def set_relative_power(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.tuning.set_relative_power_target(50, Reference.NOMINAL) == 1380


@method("PerformanceService/SetHashrateTarget")
async def set_hashrate(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.tuning.set_hashrate_target(80.5) == 80.5
    settle(simulated)
    assert await miner.performance_mode() == HashrateTarget(80.5)


@method("PerformanceService/SetDefaultHashrateTarget")
async def set_default_hashrate(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.tuning.set_default_hashrate_target() == 120


@method("PerformanceService/IncrementHashrateTarget")
async def increment_hashrate(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.tuning.set_hashrate_target(80)
    settle(simulated)
    assert await miner.tuning.increment_hashrate_target(5) == 85


@method("PerformanceService/DecrementHashrateTarget")
async def decrement_hashrate(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.tuning.set_hashrate_target(80)
    settle(simulated)
    assert await miner.tuning.decrement_hashrate_target(5) == 75


@method("PerformanceService/SetRelativeHashrateTarget", 8)
async def set_relative_hashrate(miner: Miner, _: SimulatedMiner) -> None:
    target = await miner.tuning.set_relative_hashrate_target(50, Reference.NOMINAL)
    assert target == 60


@method("PerformanceService/SetDPS")
async def set_dps(miner: Miner, simulated: SimulatedMiner) -> None:
    said = await miner.set_dps(
        Dps(
            enabled=True,
            power_step=150,
            min_power_target=1200,
            shutdown_enabled=True,
            shutdown_hours=2,
        )
    )
    assert (said.power_step, said.min_power_target) == (150, 1200)
    settle(simulated)
    dps = (await miner.configuration()).dps
    assert dps is not None
    assert dps.enabled
    assert (dps.power_step, dps.min_power_target, dps.shutdown_hours) == (150, 1200, 2)
    # What is not mentioned stays.
    await miner.set_dps(Dps(enabled=False))
    settle(simulated)
    after = (await miner.configuration()).dps
    assert after == replace(dps, enabled=False)


@method("PerformanceService/SetPerformanceMode")
async def set_mode(miner: Miner, simulated: SimulatedMiner) -> None:
    manual = ManualTuning(
        frequency=500, voltage=13.0, boards=(BoardSettings(id="2", frequency=480),)
    )
    modes: list[PerformanceMode] = [PowerTarget(1500), HashrateTarget(70), manual]
    for mode in modes:
        said = await miner.tuning.set_mode(mode)
        settle(simulated)
        assert said == await miner.performance_mode()
        if mode is not manual:
            assert said == mode
    assert isinstance(said, ManualTuning)
    assert (said.frequency, said.voltage) == (500, 13)
    assert {b.id: b.frequency for b in said.boards}["2"] == 480


@method("PerformanceService/GetActivePerformanceMode")
async def performance_mode(miner: Miner, _: SimulatedMiner) -> None:
    assert await miner.performance_mode() == PowerTarget(2760)


@method("PerformanceService/RemoveTunedProfiles")
async def forget_profiles(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.tuning.forget_profiles()
    settle(simulated, 30)
    assert await miner.tuned_profiles() == ()


@method("PerformanceService/SetQuickRamping", 7)
async def set_ramping(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.tuning.set_ramping(Ramping(up=60, down=30)) == Ramping(
        up=60, down=30
    )
    settle(simulated)
    boards = (await miner.configuration()).boards
    assert boards is not None
    assert (boards.ramp_up, boards.ramp_down) == (60, 30)


@method("PerformanceService/SetDefaultQuickRamping", 7)
async def set_default_ramping(miner: Miner, simulated: SimulatedMiner) -> None:
    usual = (await miner.configuration()).boards
    await miner.tuning.set_ramping(Ramping(up=60, down=30))
    settle(simulated)
    said = await miner.tuning.set_default_ramping()
    assert usual is not None
    assert (said.up, said.down) == (usual.ramp_up, usual.ramp_down)


@method("LicenseService/GetLicenseState")
async def license_state(miner: Miner, _: SimulatedMiner) -> None:
    found = await miner.license()
    assert found.state is LicenseState.VALID
    assert found.dev_fee is not None


@method("LicenseService/ApplyContractKey", 6)
async def apply_contract(miner: Miner, _: SimulatedMiner) -> None:
    assert not await miner.apply_contract_key("?")
    assert await miner.apply_contract_key("GARAGE-2026-0001")
    assert (await miner.license()).contract == "Contract GARA"


@method("UpgradeService/UpdateAutoUpgradeConfig", 8)
async def update_auto_upgrade(miner: Miner, _: SimulatedMiner) -> None:
    at = time(3, 30)
    for schedule in (
        Daily(at=at),
        Weekly(day=Weekday.SUNDAY, at=at),
        Monthly(day=28, at=at),
    ):
        due = await miner.firmware.set_auto_upgrade(enabled=True, schedule=schedule)
        assert due is not None
        assert due.time().replace(tzinfo=None) == at
        state = await miner.auto_upgrade()
        assert state.enabled
        assert state.schedule == schedule
        assert state.next_run == due
    assert await miner.firmware.set_auto_upgrade(enabled=False) is None
    assert (await miner.auto_upgrade()).schedule == schedule


@method("UpgradeService/GetAutoUpgradeStatus", 8)
async def auto_upgrade(miner: Miner, _: SimulatedMiner) -> None:
    state = await miner.auto_upgrade()
    assert not state.enabled
    assert state.last_run is None


@method("UpgradeService/SystemUpgrade", 10)
async def upgrade(miner: Miner, simulated: SimulatedMiner) -> None:
    content = b"version=26.06\n" + bytes(700_000)

    async def pieces() -> AsyncGenerator[bytes]:
        yield content[:300_000]
        yield content[300_000:]

    digest = hashlib.sha256(content).hexdigest()
    image = Image(size=len(content), sha256=digest, read=pieces)
    with pytest.raises(Refused):
        await miner.firmware.upgrade(replace(image, sha256="0" * 64))
    sent: list[int] = []
    assert await miner.firmware.upgrade(image, progress=sent.append)
    assert sent == sorted(sent)
    assert sent[-1] == len(content)
    settle(simulated, 1200)
    async with fresh(simulated) as again:
        assert (await again.details()).release == "26.06"


@method("UpgradeService/RestoreStock", 10)
async def restore_stock(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.firmware.restore_stock()
    settle(simulated, 1200)
    await simulated.settled()
    with pytest.raises(Unreachable):
        await probe(simulated.host, simulated.port, web_port=1)


@method("CoolingService/GetCoolingState")
async def cooling_state(miner: Miner, simulated: SimulatedMiner) -> None:
    state = await miner.cooling_state()
    assert len(state.fans) == simulated.machine.model.fans
    assert all(fan.rpm > 0 for fan in state.fans)
    assert state.hottest is not None
    assert state.hottest.temperature is not None


@method("CoolingService/SetImmersionMode")
async def set_immersion(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.cooling.set_immersion(on=True)
    settle(simulated)
    assert not await miner.cooling.set_immersion(on=False)


@method("CoolingService/SetCoolingMode", 4)
async def set_cooling(miner: Miner, simulated: SimulatedMiner) -> None:
    paused = None
    if simulated.machine.firmware.minor >= 9:
        paused = PausedFans(
            mode=FanPauseMode.MANUAL, speed=30, runtime=FanPauseRuntime.INDEFINITE
        )
    for mode in (
        CoolingMode(
            kind=CoolingKind.AUTO,
            target_temperature=55,
            min_fan_speed=20,
            max_fan_speed=80,
            required_fans=2,
            paused=paused,
        ),
        CoolingMode(kind=CoolingKind.MANUAL, fan_speed=45),
        CoolingMode(kind=CoolingKind.IMMERSION, hot_temperature=75),
        CoolingMode(kind=CoolingKind.AUTO),
    ):
        said = await miner.cooling.set_mode(mode)
        assert said is not None
        for name in ("kind", "target_temperature", "fan_speed", "min_fan_speed"):
            if (wanted := getattr(mode, name)) is not None:
                assert getattr(said, name) == wanted
        if mode.paused is not None:
            assert said.paused == mode.paused
        settle(simulated)
        configured = (await miner.configuration()).cooling
        assert configured is not None
        assert configured.kind is mode.kind


@method("PoolService/GetPoolGroups")
async def pool_groups(miner: Miner, simulated: SimulatedMiner) -> None:
    settle(simulated, 600)
    [group] = await miner.pool_groups()
    assert [pool.active for pool in group.pools] == [True, False]
    assert group.pools[0].stats is not None
    assert group.pools[0].stats.accepted_shares > 0


@method("PoolService/CreatePoolGroup")
async def create_group(miner: Miner, simulated: SimulatedMiner) -> None:
    made = await miner.pools.create(
        PoolGroupSettings(
            name="second",
            fixed_share=0.25,
            pools=(PoolSettings(url="stratum+tcp://pool.example:3333", user="me.a"),),
        )
    )
    settle(simulated)
    assert made.uid
    assert made.pools[0].uid
    assert [group.name for group in await miner.pool_groups()] == ["Default", "second"]


@method("PoolService/UpdatePoolGroup")
async def update_group(miner: Miner, simulated: SimulatedMiner) -> None:
    [group] = (await miner.configuration()).pool_groups
    assert group.pools[0].password is None
    before = simulated.machine.saved.groups[0].pools[0].password
    await miner.pools.update(replace(group, name="renamed"))
    settle(simulated)
    [after] = (await miner.configuration()).pool_groups
    assert after.name == "renamed"
    assert [pool.url for pool in after.pools] == [pool.url for pool in group.pools]
    # A password that we never saw is not lost by a change of something else.
    assert simulated.machine.saved.groups[0].pools[0].password == before


@method("PoolService/RemovePoolGroup")
async def remove_group(miner: Miner, simulated: SimulatedMiner) -> None:
    made = await miner.pools.create(
        PoolGroupSettings(
            name="second",
            quota=1,
            pools=(PoolSettings(url="stratum+tcp://pool.example:3333", user="me.a"),),
        )
    )
    settle(simulated)
    assert made.uid is not None
    await miner.pools.remove(made.uid)
    settle(simulated)
    assert [group.name for group in await miner.pool_groups()] == ["Default"]


@method("PoolService/SetPoolGroups", 2)
async def replace_groups(miner: Miner, simulated: SimulatedMiner) -> None:
    groups = [
        PoolGroupSettings(
            name=name,
            quota=2,
            pools=(
                PoolSettings(
                    url=f"stratum+tcp://{name}.example:3333",
                    user="me.a",
                    password="x",
                    enabled=True,
                ),
            ),
        )
        for name in ("one", "two")
    ]
    said = await miner.pools.replace_all(groups)
    assert [group.name for group in said] == ["one", "two"]
    settle(simulated)
    assert [group.name for group in await miner.pool_groups()] == ["one", "two"]


@method("MinerService/GetMinerStatus")
async def watch_status(miner: Miner, simulated: SimulatedMiner) -> None:
    async with aclosing(miner.mining.watch_status()) as stream:
        assert await anext(stream) is MinerStatus.NORMAL
        await miner.mining.pause()
        settle(simulated)
        assert await anext(stream) is MinerStatus.PAUSED


@method("MinerService/GetMinerDetails")
async def details(miner: Miner, simulated: SimulatedMiner) -> None:
    found = await miner.details()
    assert found.model == simulated.machine.model.name
    assert found.mac == simulated.machine.identity.mac.lower()
    assert found.release == simulated.machine.firmware.release
    new = simulated.machine.firmware.minor >= 5
    assert (found.serial_number is not None) is new
    assert (found.power_supply is not None) is new


@method("MinerService/GetMinerStats")
async def stats(miner: Miner, _: SimulatedMiner) -> None:
    found = await miner.stats()
    assert found.power is not None
    assert 2600 < found.power < 2900
    assert found.work is not None
    assert found.work.hashrates is not None
    assert found.work.hashrates.minute_1 is not None
    assert 110 < found.work.hashrates.minute_1 < 130
    assert found.efficiency is not None
    assert 20 < found.efficiency < 26


@method("MinerService/GetErrors", 2)
async def errors(miner: Miner, simulated: SimulatedMiner) -> None:
    assert await miner.errors() == ()
    simulated.faults.board_down("2")
    [error] = await miner.errors()
    assert error.components[0].name
    assert error.time is not None


@method("MinerService/GetHashboards")
async def hashboards(miner: Miner, simulated: SimulatedMiner) -> None:
    boards = await miner.hashboards()
    assert [board.id for board in boards] == list(simulated.machine.model.board_ids)
    assert all(board.enabled and board.chips and board.voltage for board in boards)
    assert all(board.work is not None for board in boards)


@method("MinerService/DisableHashboards")
async def disable_boards(miner: Miner, simulated: SimulatedMiner) -> None:
    assert (await miner.boards.disable("2"))["2"] is False
    settle(simulated)
    assert [board.enabled for board in await miner.hashboards()] == [True, False, True]


@method("MinerService/EnableHashboards")
async def enable_boards(miner: Miner, simulated: SimulatedMiner) -> None:
    await miner.boards.disable("2", "3")
    settle(simulated)
    assert (await miner.boards.enable("3"))["3"] is True
    settle(simulated)
    assert [board.enabled for board in await miner.hashboards()] == [True, False, True]


@method("MinerService/GetSupportArchive")
async def support_archive(miner: Miner, _: SimulatedMiner) -> None:
    archive = b"".join([piece async for piece in miner.logs.support_archive()])
    assert zipfile.ZipFile(io.BytesIO(archive)).testzip() is None


@method("MinerService/GetLog", 10)
async def log(miner: Miner, simulated: SimulatedMiner) -> None:
    simulated.faults.board_down("2")
    for kind in list(LogKind)[1:]:
        text = b"".join([piece async for piece in miner.logs.read(kind)])
        assert text.decode()


@method("ConfigurationService/GetMinerConfiguration")
async def configuration(miner: Miner, simulated: SimulatedMiner) -> None:
    found = await miner.configuration()
    assert found.tuner is not None
    assert found.tuner.power_target == 2760
    assert found.cooling is not None
    assert found.cooling.kind is CoolingKind.AUTO
    assert found.dps is not None
    assert found.boards is not None
    assert len(found.pool_groups) == 1
    simulated.machine.quirks.lists_groups = False
    assert (await miner.configuration()).pool_groups == ()


@method("ConfigurationService/GetConstraints")
async def limits(miner: Miner, _: SimulatedMiner) -> None:
    found = await miner.limits()
    assert found.tuner is not None
    assert found.tuner.power_target == Bounds(default=2760, minimum=771, maximum=6435)
    assert found.tuner.hashrate_target == Bounds(
        default=120, minimum=11.36, maximum=268.46
    )
    assert found.boards is not None
    assert found.boards.ids == ("1", "2", "3")


def test_the_table_names_every_method_of_the_api_once() -> None:
    files = FileDescriptorSet.FromString(DESCRIPTOR_SET.read_bytes()).file
    api = [f"{s.name}/{m.name}" for f in files for s in f.service for m in s.method]
    assert sorted(case.method for case in CASES) == sorted(api)


@pytest.mark.parametrize("minor", AGES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method.split("/")[1])
async def test_the_method_works_or_is_known_to_be_missing(
    case: Case, minor: int
) -> None:
    async with (
        SimulatedMiner(
            "s19k_pro", api=f"1.{minor}", clock=FakeClock(), relay=False
        ) as simulated,
        client(simulated) as miner,
    ):
        if minor >= case.since:
            await case.use(miner, simulated)
        else:
            with pytest.raises(Unsupported):
                await case.use(miner, simulated)


@pytest.mark.parametrize("minor", range(NEWEST + 1))
async def test_everything_readable_is_read_at_once_at_any_age(minor: int) -> None:
    async with (
        SimulatedMiner(
            "s19k_pro", api=f"1.{minor}", clock=FakeClock(), relay=False
        ) as simulated,
        client(simulated) as miner,
    ):
        assert await miner.api_version() >= ApiVersion(1, minor)
        snapshot = await miner.snapshot(Reading)
    newer = {
        Reading.NETWORK: 1,
        Reading.ERRORS: 2,
        Reading.AUTO_UPGRADE: 8,
        Reading.EFFICIENCY: 11,
    }
    assert set(snapshot.missing) == {r for r, since in newer.items() if since > minor}
