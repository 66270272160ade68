"""The actions for the library of firmware images."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientTimeout
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonValueType
import voluptuous as vol
from yarl import URL

from .const import DOMAIN
from .coordinator import MinerConfigEntry
from .device import named
from .farm import FARM
from .firmware_files import FirmwareImage, wrong
from .firmware_names import PLATFORMS, VERSION, ImageFacts, slug_of
from .identity import is_fleet
from .targets import require_permission

ATTR_NAME: Final = "name"
ATTR_PATH: Final = "path"
ATTR_PLATFORM: Final = "platform"
ATTR_SHA256: Final = "sha256"
ATTR_URL: Final = "url"
ATTR_VERSION: Final = "version"

_PIECE = 1024 * 1024
# Of silence; how long all of it takes is up to the line.
_PATIENCE = ClientTimeout(total=None, sock_connect=30, sock_read=60)

_ADD = vol.All(
    vol.Schema(
        {
            vol.Optional(ATTR_PATH): cv.path,
            vol.Optional(ATTR_URL): cv.url,
            vol.Optional(ATTR_SHA256): vol.All(
                cv.string, vol.Match(r"^[0-9a-fA-F]{64}$")
            ),
            vol.Optional(ATTR_VERSION): vol.All(cv.string, vol.Match(rf"^{VERSION}$")),
            vol.Optional(ATTR_PLATFORM): vol.In([*PLATFORMS]),
        }
    ),
    cv.has_at_least_one_key(ATTR_PATH, ATTR_URL),
    cv.has_at_most_one_key(ATTR_PATH, ATTR_URL),
)


@callback
def async_setup_firmware_actions(hass: HomeAssistant) -> None:
    """Make the actions known."""
    async_register_admin_service(
        hass,
        DOMAIN,
        "add_firmware",
        partial(_add, hass),
        _ADD,
        SupportsResponse.OPTIONAL,
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        "remove_firmware",
        partial(_remove, hass),
        vol.Schema({vol.Required(ATTR_NAME): cv.string}),
    )
    hass.services.async_register(
        DOMAIN,
        "list_firmware",
        partial(_list, hass),
        vol.Schema({}),
        SupportsResponse.ONLY,
    )


async def _add(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Put an image into the library."""
    data = call.data
    platform = data.get(ATTR_PLATFORM)
    told = ImageFacts(data.get(ATTR_VERSION), PLATFORMS[platform] if platform else None)
    library, digest = hass.data[FARM].library, data.get(ATTR_SHA256, "")
    if ATTR_PATH in data:
        path = await hass.async_add_executor_job(_allowed, hass, data[ATTR_PATH])
        name = await library.add_file(path, told, digest)
    else:
        if not digest:
            raise wrong("firmware_needs_hash")
        url = URL(data[ATTR_URL])
        pieces = _download(hass, url)
        name = await library.add_stream(Path(url.path), pieces, told, digest)
    [image] = [each for each in library.images if each.name == name]
    return _about(image)


async def _remove(hass: HomeAssistant, call: ServiceCall) -> None:
    """Delete an image."""
    await hass.data[FARM].library.remove(call.data[ATTR_NAME])


async def _list(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Tell which images there are, and for which miners each is the newest."""
    farm = hass.data[FARM]
    await farm.library.look()
    newest_for: dict[str, list[MinerConfigEntry]] = {}
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if is_fleet(entry) or not await _may_read(hass, call, entry):
            continue
        details = entry.runtime_data.data.snapshot.details
        images = farm.library.of(details.platform) if details else []
        if images:
            newest_for.setdefault(images[0].name, []).append(entry)
    return {
        "folder": str(farm.library.path),
        "images": [
            {
                **_about(image),
                "newest_for": [*named(hass, miners, [{}] * len(miners))],
            }
            for image in farm.library.images
            for miners in [newest_for.get(image.name, [])]
        ],
    }


async def _may_read(
    hass: HomeAssistant, call: ServiceCall, entry: MinerConfigEntry
) -> bool:
    try:
        await require_permission(hass, call, [entry], only_reads=True)
    except Unauthorized:
        return False
    return True


def _about(image: FirmwareImage) -> dict[str, JsonValueType]:
    return {
        "name": image.name,
        "version": image.version,
        "platform": slug_of(image.platform) if image.platform else None,
        "size": image.size,
        "sha256": image.sha256,
        "complete": image.whole,
    }


def _allowed(hass: HomeAssistant, text: str) -> Path:
    """Return the file that is meant, if people may have Home Assistant read it."""
    path = Path(hass.config.path(text))
    home = Path(hass.config.config_dir).resolve()
    if not path.resolve().is_relative_to(home) and not hass.config.is_allowed_path(
        str(path)
    ):
        raise wrong("firmware_not_allowed", path=text)
    return path


async def _download(hass: HomeAssistant, url: URL) -> AsyncIterator[bytes]:
    """Yield what is at an address, piece by piece."""
    session = async_get_clientsession(hass)
    try:
        async with session.get(url, timeout=_PATIENCE) as response:
            response.raise_for_status()
            async for piece in response.content.iter_chunked(_PIECE):
                yield piece
    except (ClientError, TimeoutError) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="firmware_not_loaded",
            translation_placeholders={
                "host": url.host or "",
                # Some of them carry the whole address, and with it what is secret.
                "error": str(getattr(err, "message", "")) or type(err).__name__,
            },
        ) from err
