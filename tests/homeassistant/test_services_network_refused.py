"""What would leave a miner out of reach is refused."""

from typing import Any

from homeassistant.auth.models import User
from homeassistant.components import network
from homeassistant.components.network.models import Adapter
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
import voluptuous as vol

from simulator import Machine, SimulatedMiner
from simulator.refusals import InvalidValue

from .actions import PROMPT, act, answer_with
from .conftest import SetUp, StartMiner
from .controlling import be_impatient
from .running import listened_to, poll

ACTION = "set_network"
NEW = "127.0.9.2"
ROUTER = "127.0.0.9"


@pytest.fixture
async def miner(start_miner: StartMiner) -> SimulatedMiner:
    """Start a miner that is gone before it has answered."""
    miner = await start_miner(timing=PROMPT)
    miner.machine.quirks.answers_moves = False
    miner.machine.network.gateway = ROUTER
    return miner


@pytest.fixture
async def entry(miner: SimulatedMiner, set_up: SetUp) -> ConfigEntry[Any]:
    """Set it up."""
    entry: ConfigEntry[Any] = await set_up(miner)
    await listened_to(entry)
    be_impatient(entry)
    return entry


async def test_another_miner_at_the_new_address_is_not_taken_for_it(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    start_miner: StartMiner,
) -> None:
    stranger = await start_miner("s21", seed=3, host=NEW, port=miner.port)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert error.value.translation_key == "address_answers"
    assert not miner.machine.network.static
    assert entry.data[CONF_HOST] == miner.host != stranger.host


async def test_the_address_of_home_assistant_is_refused(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def own(_: HomeAssistant) -> list[Adapter]:
        return [
            Adapter(
                name="eth0",
                index=0,
                enabled=True,
                auto=True,
                default=True,
                ipv4=[{"address": NEW, "network_prefix": 24}],
                ipv6=[],
            )
        ]

    monkeypatch.setattr(network, "async_get_adapters", own)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert str(error.value) == f"{NEW} is the address of Home Assistant"
    assert not miner.machine.network.static


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_the_address_of_another_known_miner_is_refused(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    start_miner: StartMiner,
    set_up: SetUp,
    is_loaded: bool,
) -> None:
    other = await start_miner("s21", seed=3, host=NEW, port=miner.port)
    known = await set_up(other, title="Garage")
    if not is_loaded:
        await hass.config_entries.async_unload(known.entry_id)
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert str(error.value) == f"{NEW} is the address of {known.title}"
    assert miner.calls == calls


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "127.0.9"}, "127.0.9 cannot be used as address"),
        ({"address": "224.0.0.1"}, "224.0.0.1 cannot be used as address"),
        ({"address": "0.0.0.0"}, "0.0.0.0 cannot be used as address"),  # noqa: S104 - is refused
        ({"address": "169.254.1.1"}, "169.254.1.1 cannot be used as address"),
        ({"address": "250.1.1.1"}, "250.1.1.1 cannot be used as address"),
        (
            {"address": "8.8.8.7", "gateway": "8.8.8.8"},
            "8.8.8.7 cannot be used as address",
        ),
        (
            {"address": "192.168.1.7", "gateway": "192.168.1.1"},
            "192.168.1.7 cannot be used as address",
        ),
        ({"address": NEW, "gateway": "garage"}, "garage cannot be used as gateway"),
        ({"address": NEW, "dns": "dns.example"}, "dns.example cannot be used as dns"),
        ({"address": NEW, "netmask": "255.0.255.0"}, "255.0.255.0 is not the netmask"),
        ({"address": NEW, "netmask": "0.0.0.0"}, "0.0.0.0 is not the netmask"),  # noqa: S104 - is refused
        (
            {"address": NEW, "netmask": "255.255.255.255"},
            "255.255.255.255 is not the netmask",
        ),
        (
            {"address": NEW, "netmask": "255.255.255.0"},
            f"The gateway {ROUTER} has to be another address than {NEW}",
        ),
        (
            {"protocol": "static", "gateway": "127.0.0.1"},
            "The gateway 127.0.0.1 has to be another address than 127.0.0.1",
        ),
        (
            {
                "address": "127.0.9.0",
                "netmask": "255.255.255.0",
                "gateway": "127.0.9.1",
            },
            "127.0.9.0 belongs to the network 127.0.9.0/24 itself",
        ),
        (
            {
                "address": "127.0.9.255",
                "netmask": "255.255.255.0",
                "gateway": "127.0.9.1",
            },
            "127.0.9.255 belongs to the network 127.0.9.0/24 itself",
        ),
        (
            {
                "address": NEW,
                "netmask": "255.255.255.0",
                "gateway": "127.0.9.255",
            },
            "127.0.9.255 belongs to the network 127.0.9.0/24 itself",
        ),
        ({"protocol": "dhcp", "address": NEW}, "address means nothing to"),
        # It has its address from the router, and its name servers with it.
        ({"dns": "9.9.9.9"}, "dns means nothing to Antminer S19k Pro with protocol: d"),
        ({"hostname": "-garage"}, "-garage cannot be the host name of"),
        ({"hostname": "garage.lan"}, "garage.lan cannot be the host name of"),
        ({"hostname": ""}, " cannot be the host name of"),
        ({"hostname": "x" * 64}, "x"),
    ],
)
async def test_what_would_leave_it_out_of_reach_is_refused(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    fields: dict[str, Any],
    said: str,
) -> None:
    calls = miner.calls
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, **fields)
    assert str(error.value).startswith(said)
    assert miner.calls == calls


@pytest.mark.parametrize(
    "fields",
    [{}, {"protocol": "manual"}, {"dns": []}, {"dns": ["9.9.9.9"] * 5}, {"mtu": 9000}],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    fields: dict[str, Any],
) -> None:
    calls = miner.calls
    with pytest.raises(vol.Invalid):
        await act(hass, ACTION, entry, None, **fields)
    assert miner.calls == calls


async def test_only_an_administrator_may_do_that_and_to_one_miner(
    *,
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    start_miner: StartMiner,
    set_up: SetUp,
    hass_read_only_user: User,
) -> None:
    second = await set_up(await start_miner("s21", seed=3))
    calls = miner.calls
    with pytest.raises(Unauthorized):
        await act(
            hass, ACTION, entry, Context(user_id=hass_read_only_user.id), address=NEW
        )
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, [entry, second], address=NEW)
    assert error.value.translation_key == "one_at_a_time"
    assert miner.calls == calls


async def test_a_miner_behind_a_forwarded_port_is_not_moved(
    hass: HomeAssistant, miner: SimulatedMiner, entry: ConfigEntry[Any]
) -> None:
    miner.machine.network.address = "127.0.50.50"
    entry.runtime_data._agenda.begin_anew()
    await poll(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert error.value.translation_key == "network_forwarded"
    assert not miner.machine.network.static


async def test_what_the_miner_refuses_is_told_in_its_words(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    entry: ConfigEntry[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: Machine, __: Any) -> None:
        raise InvalidValue("the cable is too short")

    answer_with(monkeypatch, "SetNetworkConfiguration", refuse)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, ACTION, entry, address=NEW)
    assert str(error.value) == "Antminer S19k Pro refused: the cable is too short"
    assert entry.data[CONF_HOST] == miner.host
