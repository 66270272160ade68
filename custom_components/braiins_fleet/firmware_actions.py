"""The actions for the firmware of miners, and for the library of images."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

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
from .failures import in_one
from .farm import FARM, Farm
from .firmware_files import FirmwareImage, wrong
from .firmware_install import image_for
from .firmware_names import PLATFORMS, VERSION, ImageFacts, is_newer, slug_of
from .identity import is_fleet
from .job_actions import about
from .jobs import Job
from .rollout import ROLLOUTS, Pace
from .targets import coordinator_of, miners_of, require_permission

ATTR_NAME: Final = "name"
ATTR_PATH: Final = "path"
ATTR_PLATFORM: Final = "platform"
ATTR_ROLL_BACK: Final = "roll_back"
ATTR_SHA256: Final = "sha256"
ATTR_STOP_AFTER: Final = "stop_after"
ATTR_URL: Final = "url"
ATTR_VERSION: Final = "version"
ATTR_WAIT: Final = "wait"
ATTR_WAVE_SIZE: Final = "wave_size"

_PIECE = 1024 * 1024
# Of silence; how long all of it takes is up to the line.
_PATIENCE = ClientTimeout(total=None, sock_connect=30, sock_read=60)

_VERSION = vol.All(cv.string, vol.Match(rf"{VERSION}\Z"))
_ADD = vol.All(
    vol.Schema(
        {
            vol.Optional(ATTR_PATH): cv.path,
            vol.Optional(ATTR_URL): cv.url,
            vol.Optional(ATTR_SHA256): vol.All(
                cv.string, vol.Match(r"^[0-9a-fA-F]{64}$")
            ),
            vol.Optional(ATTR_VERSION): _VERSION,
            vol.Optional(ATTR_PLATFORM): vol.In([*PLATFORMS]),
        }
    ),
    cv.has_at_least_one_key(ATTR_PATH, ATTR_URL),
    cv.has_at_most_one_key(ATTR_PATH, ATTR_URL),
)
_INSTALL = cv.make_entity_service_schema(
    {
        vol.Optional(ATTR_VERSION): _VERSION,
        vol.Optional(ATTR_ROLL_BACK, default=False): cv.boolean,
        vol.Optional(ATTR_WAVE_SIZE, default=5): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=50)
        ),
        vol.Optional(ATTR_STOP_AFTER, default=1): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=1000)
        ),
        vol.Optional(ATTR_WAIT, default=False): cv.boolean,
    }
)


@callback
def async_setup_firmware_actions(hass: HomeAssistant) -> None:
    """Make the actions known."""
    async_register_admin_service(
        hass,
        DOMAIN,
        "install_firmware",
        partial(_install, hass),
        _INSTALL,
        SupportsResponse.OPTIONAL,
    )
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


async def _install(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Give miners another firmware, those for which that is possible."""
    if call.data[ATTR_ROLL_BACK] and ATTR_VERSION in call.data:
        raise wrong("firmware_back_to_what")
    farm = hass.data[FARM]
    await farm.library.look()
    wanted: dict[str, FirmwareImage] = {}
    left_out: list[MinerConfigEntry] = []
    reasons: list[dict[str, JsonValueType]] = []
    errors: list[HomeAssistantError] = []
    miners = await miners_of(hass, call)
    for miner in miners:
        try:
            image = _image_for(farm, miner, call.data)
        except HomeAssistantError as err:
            errors.append(err)
            left_out.append(miner)
            reasons.append({"error": str(err)})
            continue
        if image is None:
            left_out.append(miner)
            reasons.append({"error": None})
        else:
            wanted[miner.entry_id] = image
    told: dict[str, JsonValueType] = {"id": None}
    if wanted:
        job = _roll_out(hass, wanted, call)
        if call.data[ATTR_WAIT]:
            await job.wait()
            if job.error is not None and not call.return_response:
                raise job.error
        told = about(hass, job)
    if errors and not call.return_response:
        raise in_one(errors, len(miners))
    return {**told, "left_out": [*named(hass, left_out, reasons)]}


def _image_for(
    farm: Farm, miner: MinerConfigEntry, fields: Mapping[str, Any]
) -> FirmwareImage | None:
    """Return what a miner is to be given; nothing where it has that already."""
    details = coordinator_of(miner).data.snapshot.details
    release = details.release if details else None
    version: str | None = fields.get(ATTR_VERSION)
    if fields[ATTR_ROLL_BACK]:
        version = farm.versions.previous(miner.entry_id, release)
        if version is None:
            raise wrong("firmware_no_previous", miner=miner.title)
    elif version is None:
        images = farm.library.of(details.platform) if details else []
        newest = images[0].version if images else None
        if newest is not None and not is_newer(newest, release):
            return None
        version = newest
    return None if version == release else image_for(farm, miner, version)


def _roll_out(
    hass: HomeAssistant, wanted: Mapping[str, FirmwareImage], call: ServiceCall
) -> Job:
    """Begin with one miner for each of the images, as each may be a bad one."""
    trying: dict[str, str] = {}
    for entry_id, image in wanted.items():
        trying.setdefault(image.name, entry_id)
    return hass.data[ROLLOUTS].start(
        {entry_id: image.version or "" for entry_id, image in wanted.items()},
        [*trying.values()],
        Pace(
            wave_size=call.data[ATTR_WAVE_SIZE], stop_after=call.data[ATTR_STOP_AFTER]
        ),
        call.context,
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
        await require_permission(hass, call.context, [entry], only_reads=True)
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
