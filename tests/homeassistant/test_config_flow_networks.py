"""Where the search for miners looks: suggested, typed, asked about and given up."""

import asyncio
from collections.abc import Iterator, Sequence
import socket
from typing import Any

from homeassistant.components import network
from homeassistant.components.network.models import Adapter
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest

from custom_components.braiins_fleet import search
from custom_components.braiins_fleet.asic import Sighting, sweep
from simulator import SimulatedMiner

from .dialogs import choose, open_menu, send, suggested
from .running import have_clients


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port where connections are neither accepted nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        # With nobody to accept them, a few fill the queue: all others wait for ever.
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.settimeout(0)
            client.connect_ex(address)
        yield address[1]
        for client in waiting:
            client.close()


def adapter(address: str, prefix: int, *, enabled: bool = True) -> Adapter:
    return Adapter(
        name=address,
        index=0,
        enabled=enabled,
        auto=True,
        default=True,
        ipv4=[{"address": address, "network_prefix": prefix}],
        ipv6=[],
    )


def have_adapters(monkeypatch: pytest.MonkeyPatch, *adapters: Adapter) -> None:
    async def get(_: HomeAssistant) -> list[Adapter]:
        return list(adapters)

    monkeypatch.setattr(network, "async_get_adapters", get)


async def open_form(hass: HomeAssistant) -> ConfigFlowResult:
    return await choose(hass, await open_menu(hass), "find")


def typed(*networks: str, port: int = 50051) -> dict[str, Any]:
    return {"networks": list(networks), "advanced": {"port": port}}


async def test_the_networks_of_the_home_are_suggested(hass: HomeAssistant) -> None:
    # As Home Assistant's test plugin has it.
    assert suggested(await open_form(hass)) == {"networks": ["10.10.10.0/24"]}


async def test_only_what_can_be_a_home_is_suggested(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_adapters(
        monkeypatch,
        adapter("192.168.1.7", 24),
        adapter("192.168.1.8", 24),
        adapter("10.20.30.40", 8),
        adapter("192.168.9.1", 24, enabled=False),
        adapter("127.0.0.1", 8),
        adapter("169.254.3.4", 16),
        adapter("100.101.102.103", 32),
        adapter("8.8.8.8", 24),
    )
    form = await open_form(hass)
    assert suggested(form) == {"networks": ["192.168.1.0/24", "10.20.28.0/22"]}


async def test_without_knowing_the_adapters_one_can_still_type(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: HomeAssistant) -> list[Adapter]:
        raise OSError("no adapters")

    # What the integration is built on has asked for them before.
    assert await async_setup_component(hass, "http", {})
    monkeypatch.setattr(network, "async_get_adapters", fail)
    form = await open_form(hass)
    assert suggested(form) == {"networks": []}
    result = await send(hass, form, typed("127.0.6.1"))
    assert result["type"] is FlowResultType.SHOW_PROGRESS


async def test_miners_that_dhcp_has_seen_elsewhere_are_suggested(
    hass: HomeAssistant,
) -> None:
    have_clients(
        hass,
        ("020000000001", "10.10.10.20", "miner-000001"),
        ("020000000002", "172.16.0.2", "miner-000002"),
        ("020000000003", "172.16.0.3", "antminer"),
        ("020000000004", "172.16.0.4", "telephone"),
        ("903486000005", "172.16.0.5", "garage"),
        ("020000000006", "fd00::6", "miner-000006"),
    )
    assert suggested(await open_form(hass)) == {
        "networks": ["10.10.10.0/24", "172.16.0.2", "172.16.0.3", "172.16.0.5"]
    }


async def test_what_dhcp_has_seen_is_looked_at_first_and_called_by_its_name(
    hass: HomeAssistant, miner: SimulatedMiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []

    async def watched(
        hosts: Sequence[str], *options: Any, **more: Any
    ) -> list[Sighting]:
        looked_at.extend(hosts)
        return await sweep(hosts, *options, **more)

    monkeypatch.setattr(search, "sweep", watched)
    have_clients(
        hass,
        ("020000000001", "127.0.0.1", "garage"),
        ("020000000002", "127.0.0.6", "telephone"),
    )
    form = await open_form(hass)
    await send(hass, form, typed("127.0.0.0/29", port=miner.port))
    form = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert looked_at == [f"127.0.0.{number}" for number in (1, 6, 2, 3, 4, 5)]
    assert form["data_schema"]
    [found] = form["data_schema"].schema["miners"].config["options"]
    assert found["label"] == "garage (127.0.0.1), API 1.11.0"


@pytest.mark.parametrize(
    ("networks", "error", "named"),
    [
        ((), "no_network", ""),
        ((" ",), "no_network", ""),
        (("garage",), "not_a_network", "garage"),
        (("192.168.1.0/33",), "not_a_network", "192.168.1.0/33"),
        (("192.168.1.1", "fd00::/64"), "not_a_network", "fd00::/64"),
        (("8.8.8.0/24",), "public_network", "8.8.8.0/24"),
        (("10.0.0.0/15",), "too_many_addresses", ""),
        (("10.0.0.0/16", "192.168.1.1"), "too_many_addresses", ""),
    ],
)
async def test_what_cannot_be_searched_is_named_and_can_be_corrected(
    hass: HomeAssistant, networks: tuple[str, ...], error: str, named: str
) -> None:
    form = await send(hass, await open_form(hass), typed(*networks))
    assert form["errors"] == {"networks": error}
    assert (form["description_placeholders"] or {})["typed"] == named
    assert suggested(form) == {"networks": list(networks)}

    result = await send(hass, form, typed("127.0.6.1"))
    assert result["type"] is FlowResultType.SHOW_PROGRESS


async def test_the_port_that_was_typed_stays(hass: HomeAssistant) -> None:
    form = await send(hass, await open_form(hass), typed("garage", port=50052))
    assert form["data_schema"]
    assert suggested(
        {**form, "data_schema": form["data_schema"].schema["advanced"].schema}
    ) == {"port": 50052}


@pytest.mark.parametrize(
    ("networks", "count"),
    [("127.0.4.0/22", "1022"), ("127.0.4.0/24 127.0.4.0/25 127.0.4.9", "254")],
)
async def test_the_addresses_of_a_home_are_searched_without_asking_again(
    hass: HomeAssistant, networks: str, count: str, unused_tcp_port: int
) -> None:
    result = await send(
        hass, await open_form(hass), typed(networks, port=unused_tcp_port)
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["description_placeholders"] == {"count": count}
    hass.config_entries.flow.async_abort(result["flow_id"])


async def test_a_large_network_is_asked_about_and_can_be_searched(
    hass: HomeAssistant, unused_tcp_port: int
) -> None:
    menu = await send(
        hass, await open_form(hass), typed("127.0.0.0/21", port=unused_tcp_port)
    )
    assert menu["step_id"] == "wide"
    assert menu["description_placeholders"] == {"count": "2046", "minutes": "1"}
    result = await choose(hass, menu, "search")
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.flow.async_abort(result["flow_id"])


async def test_a_large_network_is_asked_about_and_can_be_made_smaller(
    hass: HomeAssistant,
) -> None:
    menu = await send(hass, await open_form(hass), typed("127.0.0.0/21"))
    form = await choose(hass, menu, "find")
    assert suggested(form) == {"networks": ["127.0.0.0/21"]}


async def test_closing_the_dialog_ends_the_search(
    hass: HomeAssistant, silent_port: int
) -> None:
    form = await open_form(hass)
    before = asyncio.all_tasks()
    progress = await hass.config_entries.flow.async_configure(
        form["flow_id"], typed("127.0.0.1", port=silent_port)
    )
    # Whoever looks at an open dialog again sees that it is still busy.
    again = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS

    hass.config_entries.flow.async_abort(progress["flow_id"])
    # Sooner than a single address would be given up.
    async with asyncio.timeout(1):
        await asyncio.wait(asyncio.all_tasks() - before)
    assert hass.config_entries.flow.async_progress() == []
