"""Logs, archive, errors, license and advanced settings."""

import io
from typing import Any
import zipfile

from google.protobuf import json_format
import grpc
import pytest

from simulator import FakeClock
from simulator.license import LicenseState

from .conftest import Caller

INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def joined(caller: Caller, name: str, **fields: Any) -> tuple[int, bytes]:
    chunks = [part.chunk_data async for part in caller.stream(name, **fields)]
    return len(chunks), b"".join(chunks)


@pytest.mark.parametrize("kind", [2, 3, 4, 5, 6])
async def test_logs_come_in_chunks_of_text(s19k_pro: Caller, kind: int) -> None:
    count, data = await joined(s19k_pro, "MinerService/GetLog", log_type=kind)
    assert count > 1
    lines = data.decode().splitlines()
    assert len(lines) == 600
    assert len(set(lines)) > 100


async def test_the_error_log_holds_what_went_wrong(s19k_pro: Caller) -> None:
    assert await joined(s19k_pro, "MinerService/GetLog", log_type=1) == (0, b"")
    s19k_pro.miner.faults.broken_fan(2)
    _, data = await joined(s19k_pro, "MinerService/GetLog", log_type=1)
    assert b"fan 2 does not turn" in data


async def test_a_log_of_no_kind_is_refused(s19k_pro: Caller) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await joined(s19k_pro, "MinerService/GetLog")
    assert caught.value.code() is INVALID


@pytest.mark.parametrize("layout", [0, 1, 2])
async def test_the_archive_is_a_zip_of_all_logs(s19k_pro: Caller, layout: int) -> None:
    _, data = await joined(s19k_pro, "MinerService/GetSupportArchive", format=layout)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert "log/bosminer.log" in archive.namelist()
        assert b"miner-" in archive.read("machine.json")


async def test_an_encrypted_archive_cannot_be_read(s19k_pro: Caller) -> None:
    _, data = await joined(s19k_pro, "MinerService/GetSupportArchive", format=3)
    assert len(data) > 1000
    assert not zipfile.is_zipfile(io.BytesIO(data))


async def test_errors_have_codes_hints_and_components(s19k_pro: Caller) -> None:
    s19k_pro.miner.faults.board_down("2")
    (error,) = (await s19k_pro.call("MinerService/GetErrors")).errors
    assert error.timestamp == "2026-09-21T14:13:20Z"
    assert error.error_codes[0].code
    assert error.error_codes[0].hint
    assert (error.components[0].name, error.components[0].index) == ("hashboard", 1)


async def test_a_license_goes_from_none_to_limited_to_valid(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    async def state() -> Any:
        await s19k_pro.login()
        return await s19k_pro.call("LicenseService/GetLicenseState")

    s19k_pro.machine.license.become(LicenseState.NONE)
    assert (await state()).none.time_to_restricted == 30 * 86400
    clock.advance(31 * 86400)
    assert (await state()).WhichOneof("state") == "limited"
    apply = "LicenseService/ApplyContractKey"
    assert not (await s19k_pro.call(apply, contract_key="nope")).successful
    assert (await s19k_pro.call(apply, contract_key="GARA-GE00-1234")).successful
    valid = (await state()).valid
    assert (valid.type, valid.dev_fee.bsp) == (2, 150)


async def test_an_expired_license_restricts_mining(
    s19k_pro: Caller, clock: FakeClock
) -> None:
    s19k_pro.machine.license.become(LicenseState.EXPIRED)
    clock.advance(60)
    details = await s19k_pro.call("MinerService/GetMinerDetails")
    assert details.status == 5


SETTINGS = "AdvancedSettingsService"


async def values(caller: Caller, **fields: Any) -> dict[str, Any]:
    answer = await caller.call(f"{SETTINGS}/GetSettings", **fields)
    return json_format.MessageToDict(answer.settings)


async def test_the_schema_describes_every_setting(s19k_pro: Caller) -> None:
    answer = await s19k_pro.call(f"{SETTINGS}/GetSettingsSchema")
    schema = json_format.MessageToDict(answer.schema)
    assert schema["properties"]["rambo_mode"]["type"] == "boolean"
    assert set(schema["properties"]) == set(
        await values(s19k_pro, include_default=True)
    )


async def test_settings_are_set_and_cleared_by_null(s19k_pro: Caller) -> None:
    change = f"{SETTINGS}/SetSettings"
    await s19k_pro.call(change, settings={"rambo_mode": True, "min_fan_pwm": 25})
    assert await values(s19k_pro) == {"rambo_mode": True, "min_fan_pwm": 25}
    await s19k_pro.call(change, settings={"rambo_mode": None})
    assert await values(s19k_pro) == {"min_fan_pwm": 25}
    await s19k_pro.call(f"{SETTINGS}/ResetAllSettings")
    assert await values(s19k_pro) == {}


@pytest.mark.parametrize(
    "wrong",
    [{"turbo": True}, {"rambo_mode": 1}, {"min_fan_pwm": 101}, {"min_fan_pwm": 1.5}],
)
async def test_one_wrong_setting_keeps_all_from_being_set(
    s19k_pro: Caller, wrong: dict[str, Any]
) -> None:
    refusal = await s19k_pro.refusal(
        f"{SETTINGS}/SetSettings",
        settings={"allow_disabling_hashboards_on_nopic_miners": True} | wrong,
    )
    assert refusal.code() is INVALID
    assert await values(s19k_pro) == {}
