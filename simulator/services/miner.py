"""What a machine tells about itself: details, figures, boards, errors."""

from datetime import UTC, datetime
from typing import Any

from simulator.boards import Board
from simulator.configuration import CoolingMode
from simulator.machine import Machine
from simulator.schema import enum, message
from simulator.work import Pool

from .saving import save_of

_Details = message("GetMinerDetailsResponse")
_Stats = message("GetMinerStatsResponse")
_Boards = message("GetHashboardsResponse")
_Errors = message("GetErrorsResponse")
_Enabled = message("EnableHashboardsResponse")
_Disabled = message("DisableHashboardsResponse")
_Status = message("GetMinerStatusResponse")

_CHIP = enum("SensorLocation")["CHIP"]
_WIDE = (1 << 32) - 1
_FIRST_WITH_BMM = 3


def status(machine: Machine) -> Any:
    """Answer what the machine is doing."""
    return _Status(status=machine.status.value)


def details(machine: Machine, _: Any) -> Any:
    """Answer who the machine is."""
    model, firmware = machine.model, machine.firmware
    answer = _Details(
        uid=machine.identity.uid,
        miner_identity={
            "brand": model.brand,
            "model": model.model_number,
            "name": model.name,
            "miner_model": model.name,
        },
        platform=model.platform,
        bos_mode=model.bos_mode,
        bos_version={
            "current": firmware.build,
            "major": firmware.release,
            "bos_plus": True,
        },
        hostname=machine.network.hostname,
        mac_address=machine.identity.mac,
        sticker_hashrate={"gigahash_per_second": model.sticker * 1000},
        status=machine.status.value,
        kernel_version=model.kernel,
        control_board_soc_family=model.soc,
        serial_number=machine.identity.serial,
    )
    if not model.lists_boards and firmware.minor < _FIRST_WITH_BMM:
        answer.platform = 0
    answer.system_uptime_s = answer.system_uptime = int(machine.moment - machine.booted)
    if machine.mining.running:
        answer.bosminer_uptime_s = int(machine.moment - machine.mining.since)
    if (psu := model.has_psu) is not None:
        answer.psu_info.version.value = psu.version
        answer.psu_info.fw_version.value = psu.firmware
        answer.psu_info.serial_number = machine.identity.psu_serial
        answer.psu_info.model_name = psu.name
        answer.psu_info.min_voltage.volt = psu.min_voltage
        answer.psu_info.max_voltage.volt = psu.max_voltage
    return answer


def _fill_rates(rates: Any, averages: list[float], since_restart: float) -> None:
    rates.last_5s.gigahash_per_second = averages[0] * 1000
    rates.last_15s.gigahash_per_second = averages[1] * 1000
    rates.last_30s.gigahash_per_second = averages[2] * 1000
    rates.last_1m.gigahash_per_second = averages[3] * 1000
    rates.last_5m.gigahash_per_second = averages[4] * 1000
    rates.last_15m.gigahash_per_second = averages[5] * 1000
    rates.last_30m.gigahash_per_second = averages[6] * 1000
    rates.last_1h.gigahash_per_second = averages[7] * 1000
    rates.last_24h.gigahash_per_second = averages[8] * 1000
    rates.since_restart.gigahash_per_second = since_restart * 1000


def fill_pool_stats(
    machine: Machine, stats: Any, pools: list[Pool], active: Pool | None
) -> None:
    """Sum up what was done for some pools."""
    best = 0.0
    last: float | None = None
    accepted = rejected = stale = generated = 0
    for pool in pools:
        accepted += pool.accepted
        rejected += pool.rejected
        stale += pool.stale
        generated += pool.generated
        best = max(best, pool.best)
        if pool.last_share is not None:
            last = pool.last_share if last is None else max(last, pool.last_share)
    stats.accepted_shares = accepted
    stats.rejected_shares = rejected
    stats.stale_shares = stale
    stats.generated_work = generated
    stats.best_share = int(best) & _WIDE
    stats.best_share_str = str(int(best))
    if active is not None:
        stats.last_difficulty = int(active.difficulty)
    if last is not None:
        when = machine.calendar(last)
        stats.last_share_time.seconds = int(when)
        stats.last_share_time.nanos = int(when % 1 * 1e9)


def stats(machine: Machine, _: Any) -> Any:
    """Answer hashrates, shares and power."""
    machine.require_software()
    answer = _Stats()
    pools = [pool for group in machine.work.groups for pool in group.pools]
    active = next((a for g in machine.work.groups if (a := g.active)), None)
    fill_pool_stats(machine, answer.pool_stats, pools, active)
    boards = machine.boards
    solver = answer.miner_stats
    averages = [
        sum(values) for values in zip(*(b.averages for b in boards), strict=True)
    ]
    uptime = max(1.0, machine.moment - machine.mining.since)
    hashes = sum(board.hashes for board in boards)
    _fill_rates(solver.real_hashrate, averages, hashes / uptime)
    solver.nominal_hashrate.gigahash_per_second = (
        sum(_nominal(machine, board) for board in boards) * 1000
    )
    solver.error_hashrate.megahash_per_second = sum(b.errors for b in boards) * 1e6
    solver.found_blocks = machine.work.blocks
    solver.best_share = int(machine.work.best) & _WIDE
    solver.best_share_str = str(int(machine.work.best))
    watts = machine.consumption
    answer.power_stats.approximated_consumption.watt = round(watts)
    if averages[3] > 0:
        answer.power_stats.efficiency.joule_per_terahash = watts / averages[3]
    return answer


def _nominal(machine: Machine, board: Board) -> float:
    return machine.curve.nominal * board.factor if board.works else 0.0


def hashboards(machine: Machine, _: Any) -> Any:
    """Answer what each hashboard does; none while the software is stopped."""
    answer = _Boards()
    if not machine.model.lists_boards or not machine.mining.running:
        return answer
    machine.require_software()
    model = machine.model
    settings = machine.running.cooling
    around = machine.around_c
    outlet = machine.cooling.outlet_c(around, settings)
    uptime = max(1.0, machine.moment - machine.mining.since)
    for index, board in enumerate(machine.boards):
        entry = answer.hashboards.add(
            id=board.id,
            enabled=board.enabled,
            model=model.board_model,
            serial_number=board.serial,
            board_name=model.board_name,
            chip_type=model.chip_type,
        )
        if not board.works:
            entry.chips_count.value = 0 if board.down else model.chips_per_board
            continue
        entry.chips_count.value = model.chips_per_board
        entry.current_voltage.volt = board.voltage
        entry.current_frequency.hertz = board.frequency * 1e6
        sensor = entry.highest_chip_temp
        sensor.id = index
        sensor.location = _CHIP
        sensor.temperature.degree_c = board.sensor_c
        entry.board_temp.degree_c = around + (board.sensor_c - around) * 0.75
        if settings.mode is CoolingMode.HYDRO:
            entry.lowest_water_inlet_temp.degree_c = around
            entry.highest_water_outlet_temp.degree_c = outlet
        elif settings.mode is not CoolingMode.IMMERSION:
            entry.lowest_inlet_temp.degree_c = around + 1.0
            entry.highest_outlet_temp.degree_c = outlet + board.jitter_c
        solver = entry.stats
        _fill_rates(solver.real_hashrate, board.averages, board.hashes / uptime)
        solver.nominal_hashrate.gigahash_per_second = _nominal(machine, board) * 1000
        solver.error_hashrate.megahash_per_second = board.errors * 1e6
    return answer


def errors(machine: Machine, _: Any) -> Any:
    """Answer the errors remembered, oldest first."""
    answer = _Errors()
    for entry in machine.journal.entries:
        when = datetime.fromtimestamp(machine.calendar(entry.moment), UTC)
        fault = entry.kind.value
        error = answer.errors.add(
            timestamp=when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            message=entry.message,
            error_codes=[
                {"code": fault.code, "reason": fault.reason, "hint": fault.hint}
            ],
        )
        if entry.component is not None:
            error.components.add(name=entry.component, index=entry.index)
    return answer


def _switch_boards(machine: Machine, request: Any, *, enabled: bool) -> frozenset[str]:
    save = save_of(request)
    named = frozenset(machine.board_named(name).id for name in request.hashboard_ids)
    disabled = machine.saved.disabled_boards
    disabled = disabled - named if enabled else disabled | named
    machine.change(save, disabled_boards=disabled)
    return disabled


def enable_boards(machine: Machine, request: Any) -> Any:
    """Switch hashboards on."""
    disabled = _switch_boards(machine, request, enabled=True)
    return _Enabled(hashboards=_states(machine, disabled))


def disable_boards(machine: Machine, request: Any) -> Any:
    """Switch hashboards off."""
    disabled = _switch_boards(machine, request, enabled=False)
    return _Disabled(hashboards=_states(machine, disabled))


def _states(machine: Machine, disabled: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {"id": board.id, "is_enabled": board.id not in disabled}
        for board in machine.boards
    ]
