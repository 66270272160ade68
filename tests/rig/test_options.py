"""What else a person can ask mining software for, and what nobody can."""

import pytest

from custom_components.braiins_fleet.rig import (
    SOFTWARE,
    STARTABLE,
    StartMiner,
    Unacceptable,
)
from custom_components.braiins_fleet.rig.command_line import FORMS


def start(software: str, *arguments: str) -> StartMiner:
    return StartMiner(
        software=software,
        algorithm="kawpow",
        pool="stratum+tcp://rvn.example.com:3333",
        wallet="RXaWallet",
        extra_arguments=arguments,
    )


@pytest.mark.parametrize(
    ("software", "typed", "told"),
    [
        ("t-rex", "-i=20 --pl=120", "-i 20 --pl 120"),
        ("teamredminer", "-d 0,1 --fan_control :::80", "-d 0,1 --fan_control=:::80"),
        ("xmrig", "-t 4 --randomx-wrmsr 6", "-t 4 --randomx-wrmsr=6"),
        ("gminer", "--devices 0 2 --cclock 100 -90", "--devices 0 2 --cclock 100 -90"),
        ("gminer", "-t=80 --pec 0", "-t 80 --pec 0"),
    ],
)
def test_options_are_told_as_the_software_reads_them(
    software: str, typed: str, told: str
) -> None:
    told_so = start(software, *typed.split())
    assert told_so.payload()["extraArgs"] == told.split()


def test_only_some_software_has_numbers_that_are_words_of_their_own() -> None:
    for software, arguments in (
        ("t-rex", ("-d", "0", "1")),
        ("gminer", ("--pec", "0", "1")),
        ("gminer", ("--devices", "0,1")),
        ("gminer", ("--devices",)),
    ):
        with pytest.raises(Unacceptable):
            start(software, *arguments)


# Files, scripts, interfaces, accounts, other pools, updates, what ends the miner or
# the rig, and what takes it from the agent.
_NEVER = """
    config c profile json log logfile log-file log_file l o1 o2 log-path data-dir
    generate-config save api api-bind-http api-bind-telnet api-key api-port api-enable
    apihost apiport api_listen cm_api_listen http-host http-port http-access-token
    http-no-restricted script-start script-exit script-crash script-low-hash
    script-epoch-change watchdogscript watchdog_script watchdog-exit-mode
    watchdog_mode reboot-script-gpu-watchdog startup-script a0-oc-script
    shutdown-temperature time-limit autoupdate fork-at driver setup
    pool server url url2 url1 o s port n user user2 userpass u u1 u2 O wallet worker w
    pass password p p1 p2 tls ssl proxy x socks5 tor dualpool dserver maintenance_server
    maintenance_user maintenance_fee self-select daemon background B syslog S dry-run
    stress bench benchmark algo a algorithm dual-algo dualmode zil
    opencl-loader cuda-loader verthash-dat-path verthash_file nimiq_proxy tls-cert
    tls-gen uac restart_gpus min_rig_speed cvddc lock_voltage cv lock-cv
"""


@pytest.mark.parametrize("software", STARTABLE)
def test_no_software_can_be_asked_for_what_does_harm(software: str) -> None:
    accepted = {name.lstrip("-") for name in SOFTWARE[software].options}
    assert not accepted & set(_NEVER.split())
    assert FORMS[software].of_a_pool <= set(SOFTWARE[software].options)
