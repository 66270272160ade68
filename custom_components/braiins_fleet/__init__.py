"""A home's mining fleet in Home Assistant."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from yarl import URL

from .asic import AsicError, Denied, Details, Miner
from .const import DOMAIN
from .identity import is_miner_of, manufacturer

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

type MinerConfigEntry = ConfigEntry[Miner]


async def async_setup_entry(hass: HomeAssistant, entry: MinerConfigEntry) -> bool:
    """Set up a miner."""
    miner = Miner(
        entry.data[CONF_HOST],
        entry.data[CONF_PORT],
        username=entry.data[CONF_USERNAME],
        password=entry.data[CONF_PASSWORD],
    )
    try:
        details = await _meet(miner, entry)
    except BaseException:
        await miner.close()
        raise
    _register_device(hass, entry, details)
    entry.runtime_data = miner
    return True


async def async_unload_entry(
    hass: HomeAssistant,  # noqa: ARG001 - nothing here needs it
    entry: MinerConfigEntry,
) -> bool:
    """Let go of a miner."""
    await entry.runtime_data.close()
    return True


async def _meet(miner: Miner, entry: MinerConfigEntry) -> Details:
    """Log in, and see that it is the miner this entry was made for."""
    try:
        details = await miner.details()
    except Denied as err:
        raise ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key="wrong_password",
            translation_placeholders={"miner": entry.title},
        ) from err
    except AsicError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="no_answer",
            translation_placeholders={
                "miner": entry.title,
                "host": entry.data[CONF_HOST],
                "error": str(err),
            },
        ) from err
    if not is_miner_of(entry, details):
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="another_miner",
            translation_placeholders={
                "miner": entry.title,
                "host": entry.data[CONF_HOST],
                "other": details.mac or details.uid or "?",
            },
        )
    return details


def _register_device(
    hass: HomeAssistant, entry: MinerConfigEntry, details: Details
) -> None:
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, str(entry.unique_id))},
        connections=(
            {(dr.CONNECTION_NETWORK_MAC, details.mac)} if details.mac else set()
        ),
        name=entry.title,
        manufacturer=manufacturer(details),
        model=details.model,
        serial_number=details.serial_number,
        sw_version=details.release or details.firmware,
        configuration_url=URL.build(scheme="http", host=entry.data[CONF_HOST]),
    )
