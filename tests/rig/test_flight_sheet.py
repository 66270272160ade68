"""A flight sheet becomes exactly the command line that it shows."""

import re
import shlex
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.braiins_fleet.rig import (
    COINS,
    RIG,
    STARTABLE,
    FlightSheet,
    Proof,
    Unacceptable,
    command_line,
    parse_arguments,
    usual_algorithm,
    worker_name,
)

from .addresses import base58check, ergo
from .conftest import StartRig

RAVEN = base58check(b"\x3c", bytes(range(20)))
ERGO = ergo(b"\x01\x02" + bytes(range(32)))
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
        " --api-bind-http 127.0.0.1:4067 -i 21 --pl 120 -p x"
    )


def test_further_pools_go_along_as_each_software_wants_them() -> None:
    two = {"pools": (POOL, BACKUP), "password": "x"}
    bare, backup = "rvn.example.com:3333", "backup.example.com:443"
    lines = {
        "t-rex": (
            f"t-rex -a kawpow -o {POOL} -u {RAVEN} -w a --api-bind-http 127.0.0.1:4067"
            f" -p x -o {BACKUP} -u {RAVEN} -w a -p x"
        ),
        "lolminer": (
            f"lolMiner --algo kawpow --pool {bare} --user {RAVEN}.a --apiport 4068"
            f" --pass x --pool ssl://{backup} --user {RAVEN}.a --pass x"
        ),
        "gminer": (
            f"miner --algo kawpow --server {bare} --user {RAVEN}.a --api 4069"
            f" --pass x --ssl 0 --server {backup} --user {RAVEN}.a --pass x --ssl 1"
        ),
        "teamredminer": (
            f"teamredminer -a kawpow -o {POOL} -u {RAVEN}.a"
            " --api_listen=127.0.0.1:4070"
            f" -p x -o {BACKUP} -u {RAVEN}.a -p x"
        ),
        "nbminer": (
            f"nbminer -a kawpow -o {POOL} -u {RAVEN}.a --api 127.0.0.1:4072"
            f" -p x -o1 {BACKUP} -u1 {RAVEN}.a -p1 x"
        ),
        "srbminer": (
            f"SRBMiner-MULTI --algorithm kawpow --pool {bare},{backup}"
            f" --wallet {RAVEN}.a,{RAVEN}.a --api-enable --api-port 4073"
            " --password 'x!x' --tls false,true"
        ),
        "xmrig": (
            f"xmrig -o {POOL} -u {RAVEN}.a -a kawpow"
            " --http-host 127.0.0.1 --http-port 4071"
            f" -p x -o {BACKUP} -u {RAVEN}.a -a kawpow -p x"
        ),
    }
    assert set(lines) == set(STARTABLE)
    for software, expected in lines.items():
        assert line(sheet(software=software, **two), "a") == expected


def test_a_pool_with_tls_is_written_as_each_software_wants_it() -> None:
    at = "pool.example.com:443"
    spoken = {
        "t-rex": f"-o stratum+ssl://{at}",
        "lolminer": f"--pool ssl://{at}",
        "gminer": "--ssl 1",
        "teamredminer": f"-o stratum+ssl://{at}",
        "nbminer": f"-o stratum+ssl://{at}",
        "srbminer": "--tls true",
        "xmrig": f"-o stratum+ssl://{at}",
    }
    for software, words in spoken.items():
        for scheme in ("ssl", "tls", "stratum+ssl", "stratum+tls", "STRATUM+SSL"):
            secure = line(sheet(software=software, pools=(f"{scheme}://{at}",)))
            assert f" {words} " in f"{secure} "
        for plain in (at, f"tcp://{at}", f"stratum+tcp://{at}", f"stratum://{at}"):
            assert not re.search(
                "ssl|tls", line(sheet(software=software, pools=(plain,)))
            )


@pytest.mark.parametrize(
    ("software", "pool"),
    [
        ("t-rex", "stratum2+tcp://a:1"),
        ("nbminer", "ethproxy+ssl://a:1"),
        ("nbminer", "nicehash+tcp://a:1"),
    ],
)
def test_other_ways_to_speak_to_a_pool_are_for_software_that_knows_them(
    software: str, pool: str
) -> None:
    assert f" -o {pool} " in line(sheet(software=software, pools=(pool,)))
    for pools, field in (((pool,), "pool"), ((POOL, pool), "backups")):
        with pytest.raises(Unacceptable) as refused:
            sheet(software="xmrig", pools=pools)
        assert (refused.value.field, refused.value.reason) == (field, "scheme")


def test_more_pools_than_would_be_used_are_refused() -> None:
    for software in STARTABLE:
        most = 3 if software == "nbminer" else 5
        assert len(sheet(software=software, pools=(POOL,) * most).pools) == most
        with pytest.raises(Unacceptable) as refused:
            sheet(software=software, pools=(POOL,) * (most + 1))
        assert (refused.value.field, refused.value.reason) == ("backups", "too_many")


@pytest.mark.parametrize(
    ("software", "typed", "end"),
    [
        (
            "xmrig",
            "--nicehash --threads 4 --rig-id g -k",
            (
                "--threads=4 --nicehash --rig-id=g -k -o {backup} -u {wallet} -a kawpow"
                " --nicehash --rig-id=g -k"
            ),
        ),
        (
            "gminer",
            "--proto stratum --watchdog 1",
            (
                "--watchdog 1 --ssl 0 --proto stratum --server backup.example.com:443"
                " --user {wallet} --ssl 1 --proto stratum"
            ),
        ),
        (
            "srbminer",
            "--keepalive true --gpu-id 0,1",
            "--gpu-id 0,1 --tls false,true --keepalive true,true",
        ),
        (
            "teamredminer",
            "--pool_no_ensub --eth_config A,B750,,A288",
            (
                "--eth_config=A,B750,,A288 --pool_no_ensub"
                " -o {backup} -u {wallet} --pool_no_ensub"
            ),
        ),
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_options_that_are_meant_for_one_pool_are_said_for_each(
    software: str, typed: str, end: str
) -> None:
    extra = parse_arguments(typed)
    both = sheet(software=software, pools=(POOL, BACKUP), extra_arguments=extra)
    assert line(both, "a").endswith(
        f" {end.format(backup=BACKUP, wallet=RAVEN + '.a')}"
    )


@pytest.mark.parametrize("software", sorted({*STARTABLE} - {"t-rex"}))
def test_software_without_workers_gets_them_behind_the_wallet(software: str) -> None:
    assert f" {RAVEN}.Garage-1 " in line(sheet(software=software))
    assert f" {RAVEN} " in line(sheet(software=software, worker=""))
    assert f" {RAVEN}/Garage-1 " in line(
        sheet(software=software, wallet=f"{RAVEN}/{RIG}")
    )
    for behind in ("#ref", "/me@example.com"):
        words = shlex.split(line(sheet(software=software, wallet=RAVEN + behind)))
        assert f"{RAVEN}.Garage-1{behind}" in words
    named = line(sheet(software=software, password=RIG))
    assert f" {RAVEN} " in named
    assert named.endswith(" Garage-1")


def test_each_rig_mines_under_its_own_name() -> None:
    assert " -w north-Garage-1 " in line(sheet(worker=f"north-{RIG}"))
    assert worker_name("Küche, unten (2)") == "Kuche-unten-2"


def test_rigs_whose_names_no_pool_can_write_are_still_told_apart() -> None:
    names = [worker_name(name) for name in ("鉱山", "Гараж", "Подвал", "Подвал 2")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(rig|2)-[0-9a-f]{6}", name) for name in names)
    assert len(worker_name("鉱" + "a" * 100)) == 64


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
    ("field", "fits"),
    [("wallet", "x" * 136 + RIG), ("password", "x" * 64 + RIG)],
)
def test_what_fits_fits_whatever_the_name_of_a_rig(field: str, fits: str) -> None:
    made = sheet(coin="NEW", worker="", **{field: fits})
    for rig in ("a", "a" * 255, "ж" * 255):
        made.start(rig)
    with pytest.raises(Unacceptable) as refused:
        sheet(coin="NEW", worker="", **{field: f"x{fits}"})
    assert refused.value.field == field


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
    assert saved["extraArgs"] == start.payload()["extraArgs"]
    assert saved["worker"] == "Garage"


async def test_pools_in_a_row_are_all_its_own(start_rig: StartRig) -> None:
    pair = await start_rig(mining=False)
    pools = (POOL, BACKUP)
    start = sheet(software="srbminer", pools=pools, password="x").start("Garage")
    await pair.while_living(pair.rig.run(start))
    saved = pair.machine.saved
    assert saved is not None
    assert saved["pool"] == "rvn.example.com:3333,backup.example.com:443"
    await pair.live(20)
    (miner,) = pair.rig.state.miners or ()
    assert miner.pool == "rvn.example.com:3333"


@pytest.mark.parametrize(
    ("software", "coin", "wallet", "algorithm"),
    [
        ("t-rex", "RVN", RAVEN, "kawpow"),
        ("lolminer", "ERG", ERGO, "AUTOLYKOS2"),
        ("nbminer", "ERG", ERGO, "ergo"),
        ("gminer", "ERG", ERGO, "autolykos2"),
    ],
)
def test_the_algorithm_of_a_coin_is_known_by_the_name_that_the_software_has_for_it(
    software: str, coin: str, wallet: str, algorithm: str
) -> None:
    made = sheet(software=software, coin=coin, wallet=wallet, algorithm="")
    assert made.algorithm == made.usual_algorithm == algorithm
    assert f" {algorithm} " in line(made)
    other = sheet(software=software, coin=coin, wallet=wallet, algorithm="other")
    assert (other.algorithm, other.usual_algorithm) == ("other", algorithm)


@pytest.mark.parametrize(
    ("software", "coin", "wallet"),
    [("xmrig", "RVN", RAVEN), ("t-rex", "NEW", "somebody")],
)
def test_an_algorithm_that_is_not_known_has_to_be_named(
    software: str, coin: str, wallet: str
) -> None:
    with pytest.raises(Unacceptable) as refused:
        sheet(software=software, coin=coin, wallet=wallet, algorithm="")
    assert (refused.value.field, refused.value.reason) == ("algorithm", "missing")


def test_whatever_is_known_of_algorithms_can_be_started() -> None:
    for software in STARTABLE:
        names = {usual_algorithm(software, coin) for coin in COINS} - {""}
        assert names
        for name in names:
            assert f" {name} " in line(sheet(software=software, algorithm=name))
