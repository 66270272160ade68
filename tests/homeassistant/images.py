"""Firmware images as a person has them on the disk, and the library they go into."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
import tarfile
from typing import Any

from homeassistant.core import Context, HomeAssistant

from custom_components.braiins_fleet.const import DOMAIN

NAME = "firmware_2026-05-04-0-0ce150e9-{version}-plus_arm_cortex-a9_neon.tar"


def image_of(version: str, size: int = 0) -> bytes:
    """Return an image that a simulated miner takes for this version."""
    content = f"version={version}\n".encode() + bytes(size)
    whole = BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        part = tarfile.TarInfo("CONTROL")
        part.size = len(content)
        archive.addfile(part, BytesIO(content))
    return whole.getvalue()


def hash_of(image: bytes) -> str:
    """Return what an image is checked by."""
    return sha256(image).hexdigest()


def library(hass: HomeAssistant) -> Path:
    """Return the folder with the images."""
    return Path(hass.config.path(DOMAIN, "firmware"))


def put(hass: HomeAssistant, version: str, platform: str, size: int = 0) -> Path:
    """Copy an image into the library as a person does."""
    path = library(hass) / f"{platform}_{NAME.format(version=version)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image_of(version, size))
    return path


async def list_firmware(
    hass: HomeAssistant, context: Context | None = None
) -> dict[str, dict[str, Any]]:
    """Return the images in the library by their names, as the action tells."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "list_firmware",
        {},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer["folder"] == str(library(hass))
    return {image["name"]: image for image in answer["images"]}


async def add_firmware(
    hass: HomeAssistant, context: Context | None = None, **fields: object
) -> dict[str, Any]:
    """Put an image into the library by the action; returns what that tells of it."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "add_firmware",
        fields,
        blocking=True,
        return_response=True,
        context=context,
    )
    return dict(answer)
