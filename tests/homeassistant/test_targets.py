"""Which miners an action is for, and who may have them do it."""

from collections.abc import Callable
from typing import Any

from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockConfigEntry,
)
import voluptuous as vol

from custom_components.braiins_fleet.const import DOMAIN, EVENT_CHANGED
from custom_components.braiins_fleet.identity import is_fleet
from simulator import SimulatedMiner

from .actions import PROMPT, act, ask, device_of
from .conftest import SetUp, StartMiner
from .people import entities_of, user_with
from .running import listened_to

READS = [
    "get_summary",
    "get_errors",
    "get_pools",
    "get_profiles",
    "get_efficiency",
    "get_limits",
    "get_advanced_settings",
    "get_log",
    "ping",
]
CHANGES: dict[str, dict[str, Any]] = {
    "set_power_target": {"percent": 90},
    "set_hashrate_target": {"percent": 90},
    "pause": {},
    "resume": {},
    "start": {},
    "stop": {},
    "restart": {},
    "reboot": {},
}
S19, S19K, S21 = "Antminer S19", "Antminer S19k Pro", "Antminer S21"

type Entries = dict[str, ConfigEntry[Any]]


@pytest.fixture
async def miners(start_miner: StartMiner) -> dict[str, SimulatedMiner]:
    """Start three miners of three models."""
    started = [
        await start_miner(model, timing=PROMPT) for model in ("s19", "s19k_pro", "s21")
    ]
    return {miner.machine.model.name: miner for miner in started}


@pytest.fixture
async def entries(miners: dict[str, SimulatedMiner], set_up: SetUp) -> Entries:
    """Set them up, and with them the fleet."""
    entries = {name: await set_up(miner) for name, miner in miners.items()}
    for entry in entries.values():
        await listened_to(entry)
    return entries


async def named(hass: HomeAssistant, **target: Any) -> list[str]:
    """Return the miners that a target means."""
    return [answer["name"] for answer in await ask(hass, "get_summary", target)]


def in_area(hass: HomeAssistant, name: str, *entries: ConfigEntry[Any]) -> ar.AreaEntry:
    """Place miners in an area."""
    area = ar.async_get(hass).async_get_or_create(name)
    for entry in entries:
        dr.async_get(hass).async_update_device(
            device_of(hass, entry).id, area_id=area.id
        )
    return area


def fleet_of(hass: HomeAssistant) -> ConfigEntry[Any]:
    [fleet] = filter(is_fleet, hass.config_entries.async_entries(DOMAIN))
    return fleet


async def test_miners_are_chosen_by_their_devices(
    hass: HomeAssistant, entries: Entries
) -> None:
    ids = {name: device_of(hass, entry).id for name, entry in entries.items()}
    assert await named(hass, device_id=ids[S21]) == [S21]
    assert await named(hass, device_id=[ids[S21], ids[S19]]) == [S19, S21]
    assert await named(hass, device_id=[ids[S21], "gone"]) == [S21]


async def test_miners_are_chosen_by_any_of_their_entities(
    hass: HomeAssistant, entries: Entries
) -> None:
    assert len(entries) == 3
    found = await named(
        hass,
        entity_id=[
            "switch.antminer_s19k_pro",
            "sensor.antminer_s19k_pro_power",
            "sensor.antminer_s21_hashrate",
            "light.kitchen",
        ],
    )
    assert found == [S19K, S21]


async def test_miners_are_chosen_by_their_area_floor_and_label(
    hass: HomeAssistant, entries: Entries
) -> None:
    garage = in_area(hass, "Garage", entries[S19], entries[S21])
    assert await named(hass, area_id=garage.id) == [S19, S21]

    floor = fr.async_get(hass).async_create("Below")
    ar.async_get(hass).async_update(garage.id, floor_id=floor.floor_id)
    assert await named(hass, floor_id=floor.floor_id) == [S19, S21]

    label = lr.async_get(hass).async_create("Curtailed")
    device = device_of(hass, entries[S19K])
    dr.async_get(hass).async_update_device(device.id, labels={label.label_id})
    assert await named(hass, label_id=label.label_id) == [S19K]
    assert await named(hass, label_id=label.label_id, area_id=garage.id) == [
        S19,
        S19K,
        S21,
    ]


async def test_the_fleet_means_all_miners(
    hass: HomeAssistant, entries: Entries
) -> None:
    fleet = device_of(hass, fleet_of(hass))
    assert await named(hass, device_id=fleet.id) == [*entries]
    assert await named(hass, entity_id="sensor.mining_fleet_power") == [*entries]
    assert await named(hass, entity_id="all") == [*entries]


async def test_the_fleet_in_some_area_does_not_draw_all_miners_into_it(
    hass: HomeAssistant, entries: Entries
) -> None:
    garage = in_area(hass, "Garage", entries[S19], fleet_of(hass))
    assert await named(hass, area_id=garage.id) == [S19]


async def test_what_another_integration_has_of_a_miner_does_not_mean_the_miner(
    hass: HomeAssistant, entries: Entries
) -> None:
    kitchen = ar.async_get(hass).async_get_or_create("Kitchen")
    meter = MockConfigEntry(domain="meter")
    meter.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create(
        "sensor",
        "meter",
        "of_the_miner",
        config_entry=meter,
        original_name="Of the miner",
        device_id=device_of(hass, entries[S19]).id,
    )
    er.async_get(hass).async_update_entity(entity.entity_id, area_id=kitchen.id)
    with pytest.raises(ServiceValidationError, match="None of the chosen"):
        await named(hass, area_id=kitchen.id)


async def test_a_miner_that_is_disabled_is_none_of_them(
    hass: HomeAssistant, entries: Entries
) -> None:
    fleet = device_of(hass, fleet_of(hass))
    await hass.config_entries.async_set_disabled_by(
        entries[S19].entry_id, ConfigEntryDisabler.USER
    )
    assert await named(hass, device_id=fleet.id) == [S19K, S21]


@pytest.mark.parametrize(
    "target",
    [
        {"entity_id": []},
        {"entity_id": "none"},
        {"entity_id": "light.kitchen"},
        {"entity_id": "sensor.of_another"},
        {"device_id": "gone"},
        {"area_id": "nowhere"},
        {"label_id": "nothing"},
        {"floor_id": "none"},
    ],
)
@pytest.mark.parametrize("action", ["pause", "get_summary"])
async def test_nothing_of_ours_is_an_error(
    *,
    hass: HomeAssistant,
    still_miner: SimulatedMiner,
    set_up: SetUp,
    target: dict[str, Any],
    action: str,
) -> None:
    await set_up(still_miner)
    er.async_get(hass).async_get_or_create("sensor", "another", "of_another")
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, action, target)
    assert error.value.translation_key == "no_miners"


async def test_a_target_cannot_be_left_out(
    hass: HomeAssistant, still_miner: SimulatedMiner, set_up: SetUp
) -> None:
    await set_up(still_miner)
    for action in (*READS, *CHANGES):
        with pytest.raises(vol.Invalid):
            await ask(hass, action, {}, **CHANGES.get(action, {}))


async def test_a_fleet_without_miners_has_none(
    hass: HomeAssistant, add_fleet: Callable[[], Any]
) -> None:
    fleet = await add_fleet()
    with pytest.raises(ServiceValidationError) as error:
        await ask(hass, "pause", fleet)
    assert error.value.translation_key == "no_miners"


@pytest.mark.parametrize("action", CHANGES)
async def test_who_may_not_control_one_of_the_miners_is_refused_for_all(
    *,
    hass: HomeAssistant,
    miners: dict[str, SimulatedMiner],
    entries: Entries,
    hass_read_only_user: User,
    action: str,
) -> None:
    owned = entities_of(hass, entries[S19])
    users = (
        hass_read_only_user,
        user_with(hass, *owned, control=True, read=True),
        # Rights to a part of a miner are not enough for all of it.
        user_with(hass, "sensor.antminer_s19_power", control=True),
        user_with(hass),
    )
    chosen = [entries[S19], entries[S21]]
    calls = {name: miner.calls for name, miner in miners.items()}
    for user in users:
        with pytest.raises(Unauthorized):
            await ask(hass, action, chosen, Context(user_id=user.id), **CHANGES[action])
        with pytest.raises(Unauthorized):
            await ask(
                hass,
                action,
                fleet_of(hass),
                Context(user_id=user.id),
                **CHANGES[action],
            )
    assert {name: miner.calls for name, miner in miners.items()} == calls


async def test_who_may_control_a_miner_may_have_it_act(
    hass: HomeAssistant, entries: Entries, hass_admin_user: User
) -> None:
    owner = user_with(hass, *entities_of(hass, entries[S19]), control=True, read=True)
    for user_id in (owner.id, hass_admin_user.id, None):
        context = Context(user_id=user_id)
        told: list[str | None] = []
        stop = hass.bus.async_listen(
            EVENT_CHANGED,
            lambda event, told=told: told.append(event.context.user_id),  # type: ignore[misc]  # it is a list
        )
        [answer] = await ask(
            hass, "set_power_target", entries[S19], context, percent=90
        )
        assert answer["ok"]
        await hass.async_block_till_done()
        assert told == [user_id]
        stop()


@pytest.mark.parametrize("action", READS)
async def test_what_only_reads_needs_the_right_to_read(
    hass: HomeAssistant, entries: Entries, hass_read_only_user: User, action: str
) -> None:
    answers = await ask(
        hass, action, [*entries.values()], Context(user_id=hass_read_only_user.id)
    )
    assert len(answers) == 3
    reader = user_with(hass, *entities_of(hass, entries[S19]), read=True)
    assert len(await ask(hass, action, entries[S19], Context(user_id=reader.id))) == 1
    with pytest.raises(Unauthorized):
        await ask(hass, action, entries[S21], Context(user_id=reader.id))
    blind = user_with(hass, *entities_of(hass, entries[S19]), control=True)
    with pytest.raises(Unauthorized):
        await ask(hass, action, entries[S19], Context(user_id=blind.id))


async def test_a_user_who_is_gone_may_do_nothing(
    hass: HomeAssistant, entries: Entries
) -> None:
    with pytest.raises(UnknownUser):
        await act(hass, "pause", entries[S19], Context(user_id="gone"))
