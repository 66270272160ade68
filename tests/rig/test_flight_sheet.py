"""A flight sheet becomes exactly the command line that it shows."""

import shlex
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.braiins_fleet.rig import (
    RIG,
    STARTABLE,
    FlightSheet,
    Proof,
    Unacceptable,
    command_line,
    parse_arguments,
    worker_name,
)

from .addresses import base58check
from .conftest import StartRig

RAVEN = base58check(b"\x3c", bytes(range(20)))
POOL = "stratum+tcp://rvn.example.com:3333"
BACKUP = "stratum+ssl://backup.example.com:443"


def sheet(**other: Any) -> FlightSheet:
    fields: dict[str, Any] = {
        "name": "Raven",
        "coin": "RVN",
        "algorithm": "kawpow",
        "software": "t-rex",
        "pools": (POOL,),
        "wallet": RAVEN,
    }
    return FlightSheet(**fields | other)


def line(sheet: FlightSheet, rig: str = "Garage 1") -> str:
    return command_line(sheet.start(rig))


def test_the_command_line_is_shown_as_the_agent_builds_it() -> None:
    assert line(sheet()) == (
        f"t-rex -a kawpow -o {POOL} -u {RAVEN} -w Garage-1"
        " --api-bind-http 127.0.0.1:4067"
    )
    extra = parse_arguments("-i 21 --pl=120")
    assert line(sheet(worker="", password="x", extra_arguments=extra)) == (
        f"t-rex -a kawpow -o {POOL} -u {RAVEN}"
        " --api-bind-http 127.0.0.1:4067 -i 21 --pl=120 -p x"
    )


def test_further_pools_go_along_as_each_software_wants_them() -> None:
    two = {"pools": (POOL, BACKUP), "password": "x"}
    ends = {
        "t-rex": f"-p x -o {BACKUP} -u {RAVEN} -w a -p x",
        "lolminer": f"--pass x --pool {BACKUP} --user {RAVEN} --worker a --pass x",
        "gminer": f"--pass x --server {BACKUP} --user {RAVEN} --worker a --pass x",
        "teamredminer": f"-p x -o {BACKUP} -u {RAVEN} -p x",
        "nbminer": f"-p x -o1 {BACKUP} -u1 {RAVEN}.a",
        "xmrig": f"-p x -o {BACKUP} -u {RAVEN}.a -a kawpow -p x",
    }
    for software, end in ends.items():
        assert line(sheet(software=software, **two), "a").endswith(end), software


def test_a_second_pool_is_refused_where_it_would_not_be_used() -> None:
    with pytest.raises(Unacceptable) as refused:
        sheet(software="srbminer", pools=(POOL, BACKUP))
    assert (refused.value.field, refused.value.reason) == ("backups", "too_many")


@pytest.mark.parametrize("software", ["nbminer", "srbminer", "xmrig"])
def test_software_without_workers_gets_them_behind_the_wallet(software: str) -> None:
    assert f" {RAVEN}.Garage-1 " in line(sheet(software=software))
    assert f" {RAVEN} " in line(sheet(software=software, worker=""))
    assert f" {RAVEN}/Garage-1 " in line(
        sheet(software=software, wallet=f"{RAVEN}/{RIG}")
    )
    named = line(sheet(software=software, password=RIG))
    assert f" {RAVEN} " in named
    assert named.endswith(" Garage-1")


def test_each_rig_mines_under_its_own_name() -> None:
    assert " -w north-Garage-1 " in line(sheet(worker=f"north-{RIG}"))
    assert worker_name("Küche, unten (2)") == "Kuche-unten-2"
    assert worker_name("鉱山") == "rig"


@given(st.text(max_size=200))
def test_a_rig_of_any_name_can_be_started(name: str) -> None:
    for software in STARTABLE:
        start = sheet(software=software, worker=f"x.{RIG}").start(name)
        assert shlex.split(command_line(start))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", " ", "malformed"),
        ("name", "a\nb", "malformed"),
        ("coin", "rvn", "malformed"),
        ("software", "bzminer", "unknown"),
        ("software", "/bin/sh", "unknown"),
        ("algorithm", "a b", "malformed"),
        ("wallet", RAVEN[:-1], "address"),
        ("wallet", f"{RAVEN} -x", "malformed"),
        ("worker", "a b", "malformed"),
        ("password", "a b", "malformed"),
        ("password", "-x", "malformed"),
        ("extra_arguments", ("--script-start", "x"), "unknown_option"),
    ],
)
def test_what_is_wrong_is_found_before_there_is_a_rig(
    field: str, value: object, reason: str
) -> None:
    with pytest.raises(Unacceptable) as refused:
        sheet(**{field: value})
    expected = "address" if value == f"{RAVEN} -x" else reason
    assert (refused.value.field, refused.value.reason) == (field, expected)


@pytest.mark.parametrize(
    ("pools", "field", "reason"),
    [
        ((), "pool", "missing"),
        (("nowhere",), "pool", "malformed"),
        (("a:99999",), "pool", "port"),
        ((POOL, "nowhere"), "backups", "malformed"),
        ((POOL,) * 6, "backups", "too_many"),
    ],
)
def test_every_pool_is_looked_at(
    pools: tuple[str, ...], field: str, reason: str
) -> None:
    with pytest.raises(Unacceptable) as refused:
        sheet(pools=pools)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_arguments_are_parted_and_nothing_more_of_a_shell_is_done() -> None:
    assert parse_arguments("  -i 21  '--pl=1,2' ") == ("-i", "21", "--pl=1,2")
    assert parse_arguments("") == ()
    assert parse_arguments("$HOME `x`") == ("$HOME", "`x`")
    with pytest.raises(Unacceptable) as refused:
        parse_arguments("'-i")
    assert refused.value.reason == "quotes"


def test_a_sheet_says_what_speaks_for_its_wallet() -> None:
    assert sheet().proof is Proof.CHECKSUM
    assert sheet(coin="NEW", wallet="somebody").proof is Proof.FORM


async def test_a_rig_does_what_the_sheet_says(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    start = sheet(pools=(POOL, BACKUP), password="c=RVN").start("Garage")
    await pair.while_living(pair.rig.run(start))
    assert pair.agent.dropped == 0
    saved = pair.machine.saved
    assert saved is not None
    assert saved["extraArgs"] == start.arguments
    assert saved["worker"] == "Garage"
