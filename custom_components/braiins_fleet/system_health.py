"""How the fleet is, in a few words, for Home Assistant's page of repairs."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .identity import is_fleet


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:  # noqa: ARG001 - it is asked for
    """Tell Home Assistant whom to ask."""
    register.async_register_info(_health, f"/config/integrations/integration/{DOMAIN}")


async def _health(hass: HomeAssistant) -> dict[str, Any]:
    entries = [
        entry
        for entry in hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        if not is_fleet(entry)
    ]
    rigs = [
        rig
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if is_fleet(entry)
        for rig in entry.runtime_data.garage.coordinators
    ]
    reachable = [
        entry.runtime_data
        for entry in entries
        if entry.state is ConfigEntryState.LOADED
        and entry.runtime_data.last_update_success
    ]
    slowest = max((miner.poll_time or 0.0 for miner in reachable), default=0.0)
    versions = sorted({miner.data.api for miner in reachable})
    return {
        "miners_reachable": f"{len(reachable)} / {len(entries)}",
        "rigs_connected": f"{sum(rig.data.connected for rig in rigs)} / {len(rigs)}",
        "slowest_poll": round(1000 * slowest),
        "api_versions": ", ".join(map(str, versions)),
    }
