"""Asking for releases of software: seldom, of whom it concerns, and quietly."""

import logging
import time

from homeassistant.const import STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from simulator.rigs import GitHub

from .rigging import Yard
from .running import until
from .test_rig_update import LOLMINER, T_REX, look, releases_come, versions

REPOSITORY = "Lolliedieb/lolMiner-releases"
HOUR = 3600.0


async def ask_again(yard: Yard, seconds: float) -> None:
    """Let so much time pass that releases are asked for again, if they are due."""
    releases = yard.entry.runtime_data.releases
    planned = releases._unsub_refresh
    yard.pass_time.jump(seconds)
    await until(lambda: releases._unsub_refresh not in (None, planned))
    await yard.hass.async_block_till_done()


def waits(yard: Yard) -> float:
    """Return after how many seconds somebody is asked the next time."""
    interval = yard.entry.runtime_data.releases.update_interval
    assert interval is not None
    seconds: float = interval.total_seconds()
    return seconds


async def two_rigs_of_one_kind(yard: Yard) -> None:
    await yard.start("rx6800xt")
    await yard.start("rx6800xt", name="Attic")
    await releases_come(yard)


async def test_many_rigs_ask_once_and_seldom(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    await two_rigs_of_one_kind(yard)
    assert github.asked == [REPOSITORY]
    assert look(hass, "update.attic_lolminer").state == STATE_ON
    assert waits(yard) == pytest.approx(12 * HOUR, abs=1)
    await ask_again(yard, 12 * HOUR)
    assert github.asked == [REPOSITORY] * 2
    # Nothing was new, and GitHub had to say no more than that.
    assert github.unchanged == 1
    assert versions(hass, LOLMINER)[1] == "1.98a"


@pytest.mark.usefixtures("github")
async def test_nobody_asks_for_what_is_disabled(
    hass: HomeAssistant, yard: Yard
) -> None:
    await two_rigs_of_one_kind(yard)
    registry = er.async_get(hass)
    for entity_id in (LOLMINER, "update.attic_lolminer"):
        registry.async_update_entity(
            entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await hass.async_block_till_done()
    releases = yard.entry.runtime_data.releases
    assert releases._unsub_refresh is None
    assert [*releases.async_contexts()] == []


async def test_software_that_comes_later_is_asked_for_soon(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    await yard.start("rx6800xt")
    await releases_come(yard)
    await yard.start("rtx3080", name="Attic")
    assert waits(yard) == pytest.approx(180, abs=1)
    await releases_come(yard)
    assert github.asked == [REPOSITORY, "trexminer/T-Rex"]
    assert versions(hass, "update.attic_t_rex")[1] == "0.26.8"


async def test_without_the_internet_nothing_is_known_and_nothing_said(
    hass: HomeAssistant, yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    await yard.start("rtx3080")
    await releases_come(yard)
    assert look(hass, T_REX).state == STATE_UNKNOWN
    assert versions(hass, T_REX) == ("0.26.8", None)
    assert waits(yard) == pytest.approx(HOUR, abs=1)
    loud = [
        record
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno > logging.INFO
    ]
    assert loud == []


async def test_what_was_known_stays_when_nobody_answers_any_more(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    await two_rigs_of_one_kind(yard)
    github.refuses = 500, {}
    await ask_again(yard, 12 * HOUR)
    assert versions(hass, LOLMINER)[1] == "1.98a"
    assert waits(yard) == pytest.approx(HOUR, abs=1)
    github.refuses = None
    github.answers[REPOSITORY]["tag_name"] = "1.99"
    await ask_again(yard, HOUR)
    assert versions(hass, LOLMINER)[1] == "1.99"


@pytest.mark.parametrize(
    ("status", "headers", "hours"),
    [
        (429, {"Retry-After": str(2 * 3600)}, 2),
        (429, {"Retry-After": "1"}, 1),
        (429, {"Retry-After": "9" * 20}, 24),
        (403, {"X-RateLimit-Reset": "soon"}, 1),
    ],
)
async def test_who_asks_too_often_waits_as_long_as_he_is_told(
    github: GitHub,
    yard: Yard,
    status: int,
    headers: dict[str, str],
    hours: float,
) -> None:
    github.refuses = status, headers
    await two_rigs_of_one_kind(yard)
    assert github.asked == [REPOSITORY]
    assert waits(yard) == pytest.approx(hours * HOUR, abs=120)


async def test_who_is_told_when_the_limit_ends_waits_for_that(
    github: GitHub, yard: Yard
) -> None:
    ends = round(time.time() + 3 * HOUR)
    github.refuses = 403, {"X-RateLimit-Reset": str(ends)}
    await two_rigs_of_one_kind(yard)
    assert github.asked == [REPOSITORY]
    assert waits(yard) == pytest.approx(3 * HOUR, abs=120)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{",
        "[]",
        '{"tag_name": "../../x", "assets": []}',
        '{"tag_name": "1.99", "assets": {}}',
        "[" * 100_000,
        f'{{"tag_name": "1.99", "assets": [], "body": "{"x" * 2**20}"}}',
    ],
)
async def test_an_answer_that_makes_no_sense_is_none(
    hass: HomeAssistant, github: GitHub, yard: Yard, answer: str
) -> None:
    github.answers[REPOSITORY] = answer
    await two_rigs_of_one_kind(yard)
    assert github.asked == [REPOSITORY]
    assert look(hass, LOLMINER).state == STATE_UNKNOWN
    assert look(hass, LOLMINER).attributes["release_url"] is None
    assert waits(yard) == pytest.approx(12 * HOUR, abs=1)


async def test_software_that_is_not_published_any_more_has_no_release(
    hass: HomeAssistant, github: GitHub, yard: Yard
) -> None:
    await two_rigs_of_one_kind(yard)
    del github.answers[REPOSITORY]
    await ask_again(yard, 12 * HOUR)
    assert look(hass, LOLMINER).state == STATE_UNKNOWN
