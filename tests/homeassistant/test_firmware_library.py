"""The library of firmware images: what people put there, and what is made of it."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
import os
from pathlib import Path
import shutil
import tarfile
import tracemalloc
from typing import Any
from zipfile import ZipFile

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (  # type: ignore[import-untyped]  # has no types
    MockUser,
    async_fire_time_changed,
)
import voluptuous as vol

from custom_components.braiins_fleet import firmware_files
from custom_components.braiins_fleet.const import DOMAIN
from custom_components.braiins_fleet.farm import FARM
from custom_components.braiins_fleet.firmware_library import FirmwareLibrary
from simulator import SimulatedMiner

from .conftest import SetUp
from .images import NAME, add_firmware, hash_of, image_of, library, list_firmware, put
from .people import user_with

IMAGE = image_of("26.05")
PLAIN = NAME.format(version="26.05")

type Serve = Callable[[bytes], str]


@pytest.fixture(autouse=True)
async def integration(hass: HomeAssistant) -> None:
    """Have the integration loaded, without any miner."""
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that Home Assistant has nothing to do with."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Offer something on the network; returns its address without the end."""
    offered: dict[str, bytes] = {}

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=offered["it"])

    app = web.Application(client_max_size=0)
    app.router.add_get("/am2-s17/{name}", answer)
    async with TestServer(app, host="127.0.0.1") as server:

        def offer(content: bytes) -> str:
            offered["it"] = content
            return str(server.make_url("/am2-s17/"))

        yield offer


def within(hass: HomeAssistant, name: str, content: bytes) -> Path:
    """Put a file somewhere below the configuration folder."""
    path = Path(hass.config.path("downloads", name))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def link(hass: HomeAssistant, path: Path) -> None:
    """Have a link to a file in the configuration folder."""
    Path(hass.config.path(path.name)).symlink_to(path)


async def refusal(
    doing: Any, kind: type[HomeAssistantError] = ServiceValidationError
) -> tuple[str | None, dict[str, str] | None]:
    """Return what is said of something that does not work."""
    with pytest.raises(kind) as caught:
        await doing
    assert caught.value.translation_domain == DOMAIN
    # Home Assistant has the text, and with it all that is to be put in.
    assert "{" not in str(caught.value)
    return caught.value.translation_key, caught.value.translation_placeholders


async def test_an_empty_library_says_where_it_is(hass: HomeAssistant) -> None:
    assert await list_firmware(hass) == {}


async def test_what_a_person_copies_there_is_found(hass: HomeAssistant) -> None:
    path = put(hass, "26.05", "zynq-bm3-am2")
    (library(hass) / "notes.txt").write_text("keep the old one")
    (library(hass) / "folder.tar").mkdir()
    assert await list_firmware(hass) == {
        path.name: {
            "name": path.name,
            "version": "26.05",
            "platform": "zynq-bm3-am2",
            "size": len(IMAGE),
            "sha256": hash_of(IMAGE),
            "complete": True,
            "newest_for": [],
        }
    }


async def test_what_is_copied_there_is_noticed_within_a_minute(
    hass: HomeAssistant,
) -> None:
    put(hass, "26.05", "zynq-bm3-am2")
    assert hass.data[FARM].library.images == ()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=1))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [image.version for image in hass.data[FARM].library.images] == ["26.05"]


async def test_a_file_is_read_again_only_when_it_has_changed(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(hass, "26.05", "am2-s17")
    read: list[Path] = []
    is_whole = firmware_files._is_whole

    def note(path: Path) -> bool:
        read.append(path)
        return is_whole(path)

    monkeypatch.setattr(firmware_files, "_is_whole", note)
    for _ in range(3):
        await list_firmware(hass)
    assert read == [path]
    path.write_bytes(image_of("26.04"))
    os.utime(path, (1, 1))
    found = await list_firmware(hass)
    assert found[path.name]["sha256"] == hash_of(image_of("26.04"))
    assert read == [path, path]


@pytest.mark.parametrize(
    ("name", "version", "platform"),
    [
        ("am1-s9_" + NAME.format(version="21.09.3"), "21.09.3", "am1-s9"),
        ("Zynq_BM3_AM2 26.05.tar", None, None),
        ("ZYNQ_BM3_AM2-26.05.tar", "26.05", "zynq-bm3-am2"),
        ("stm32mp15-ii1-am2_26.01.tar", "26.01", "stm32mp157c-ii1-am2"),
        ("braiins-os_am1-s9_2020-04-30-1-cbf99510-plus.tar.gz", None, "am1-s9"),
        ("am1-s90_126.05.tar", None, None),
    ],
)
async def test_a_name_tells_version_and_platform(
    hass: HomeAssistant, name: str, version: str | None, platform: str | None
) -> None:
    library(hass).mkdir(parents=True)
    (library(hass) / name).write_bytes(IMAGE)
    found = await list_firmware(hass)
    if " " in name:
        assert found == {}
    else:
        assert (found[name]["version"], found[name]["platform"]) == (version, platform)


@pytest.mark.parametrize("cut", [100, 700, 1200, len(IMAGE) - 10_240 + 1024])
async def test_a_file_that_is_still_copied_is_not_taken_for_an_image(
    hass: HomeAssistant, cut: int
) -> None:
    path = put(hass, "26.05", "am2-s17", size=2000)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    assert not (await list_firmware(hass))[path.name]["complete"]
    path.write_bytes(whole)
    assert (await list_firmware(hass))[path.name]["complete"]


@pytest.mark.parametrize("ending", ["tar.gz", "tgz", "zip"])
async def test_packed_images_are_taken_when_they_are_complete(
    hass: HomeAssistant, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "content").write_bytes(os.urandom(5000))
    packed = tmp_path / "packed"
    if ending == "zip":
        with ZipFile(packed, "w") as archive:
            archive.write(tmp_path / "content")
    else:
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(tmp_path / "content")
    whole = packed.read_bytes()
    path = library(hass) / f"am3-aml_26.05.{ending}"
    path.parent.mkdir(parents=True)
    path.write_bytes(whole[:-50])
    assert not (await list_firmware(hass))[path.name]["complete"]
    path.write_bytes(whole)
    assert (await list_firmware(hass))[path.name]["complete"]


async def test_a_file_is_added_from_below_the_configuration_folder(
    hass: HomeAssistant,
) -> None:
    path = within(hass, PLAIN, IMAGE)
    told = await add_firmware(
        hass, path=f"downloads/{PLAIN}", platform="am2-s17", sha256=hash_of(IMAGE)
    )
    name = f"am2-s17_{PLAIN}"
    assert told == {
        "name": name,
        "version": "26.05",
        "platform": "am2-s17",
        "size": len(IMAGE),
        "sha256": hash_of(IMAGE),
        "complete": True,
    }
    assert (library(hass) / name).read_bytes() == IMAGE
    assert path.exists()
    assert [*await list_firmware(hass)] == [name]
    # Once more changes nothing.
    assert await add_firmware(hass, path=str(path), platform="am2-s17") == told
    assert [each.name for each in library(hass).iterdir()] == [name]


async def test_what_was_told_of_an_image_is_in_its_name(hass: HomeAssistant) -> None:
    within(hass, "my.tar", IMAGE)
    told = await add_firmware(
        hass, path="downloads/my.tar", version="26.05.1", platform="am3-aml"
    )
    assert told["name"] == "am3-aml_26.05.1_my.tar"
    found = (await list_firmware(hass))[told["name"]]
    assert (found["version"], found["platform"]) == ("26.05.1", "am3-aml")


async def test_what_was_told_goes_before_what_a_name_says(hass: HomeAssistant) -> None:
    within(hass, f"am2-s17_{PLAIN}", IMAGE)
    told = await add_firmware(
        hass,
        path=f"downloads/am2-s17_{PLAIN}",
        version="26.04",
        platform="am3-bbb",
    )
    assert told["name"] == f"am3-bbb_26.04_am2-s17_{PLAIN}"
    assert (told["version"], told["platform"]) == ("26.04", "am3-bbb")


async def test_an_image_that_lies_there_already_is_told_what_it_is(
    hass: HomeAssistant,
) -> None:
    path = library(hass) / PLAIN
    path.parent.mkdir(parents=True)
    path.write_bytes(IMAGE)
    assert (await list_firmware(hass))[PLAIN]["platform"] is None
    told = await add_firmware(hass, path=str(path), platform="am3-aml")
    assert [*await list_firmware(hass)] == [told["name"]] == [f"am3-aml_{PLAIN}"]
    again = library(hass) / told["name"]
    assert await add_firmware(hass, path=str(again), sha256=hash_of(IMAGE)) == told
    assert await refusal(add_firmware(hass, path=str(again), sha256="0" * 64)) == (
        "firmware_other_hash",
        {"expected": "0" * 64, "found": hash_of(IMAGE)},
    )


async def test_an_image_comes_from_the_network(
    hass: HomeAssistant, serve: Serve
) -> None:
    told = await add_firmware(
        hass, url=serve(IMAGE) + PLAIN, sha256=hash_of(IMAGE).upper()
    )
    assert told["name"] == f"am2-s17_{PLAIN}"
    assert (library(hass) / told["name"]).read_bytes() == IMAGE


async def test_nothing_is_left_of_a_download_that_is_something_else(
    hass: HomeAssistant,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = "0" * 64
    key, _ = await refusal(add_firmware(hass, url=serve(IMAGE) + PLAIN, sha256=other))
    assert key == "firmware_other_hash"
    page = b"<html>Not here any more</html>"
    key, _ = await refusal(
        add_firmware(hass, url=serve(page) + PLAIN, sha256=hash_of(page))
    )
    assert key == "firmware_not_whole"
    monkeypatch.setattr(firmware_files, "LARGEST", 1024)
    key, _ = await refusal(
        add_firmware(hass, url=serve(IMAGE) + PLAIN, sha256=hash_of(IMAGE))
    )
    assert key == "firmware_too_large"
    assert [*library(hass).iterdir()] == []


async def test_a_download_that_fails_says_so_and_keeps_the_address_to_itself(
    hass: HomeAssistant, serve: Serve
) -> None:
    url = serve(IMAGE).replace("am2-s17", "secret-token") + PLAIN
    key, said = await refusal(
        add_firmware(hass, url=url, sha256=hash_of(IMAGE)), HomeAssistantError
    )
    assert key == "firmware_not_loaded"
    assert said == {"host": "127.0.0.1", "error": "Not Found"}
    key, said = await refusal(
        add_firmware(hass, url=f"http://127.0.0.1:1/{PLAIN}", sha256=hash_of(IMAGE)),
        HomeAssistantError,
    )
    assert said is not None
    assert PLAIN not in str(said)


async def test_what_a_restart_broke_off_is_cleared_away(hass: HomeAssistant) -> None:
    part = library(hass) / ".abc.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(IMAGE)
    # What cannot be, is no reason not to start.
    (part.parent / ".abc.d.part").mkdir()
    await FirmwareLibrary(hass).start()
    assert not part.exists()


async def test_home_assistant_reads_no_file_that_people_may_not_have_it_read(
    hass: HomeAssistant, elsewhere: Path
) -> None:
    path = elsewhere / f"am2-s17_{PLAIN}"
    path.write_bytes(IMAGE)
    assert await refusal(add_firmware(hass, path=str(path))) == (
        "firmware_not_allowed",
        {"path": str(path)},
    )
    # Nor where a link leads to it.
    link(hass, path)
    key, _ = await refusal(add_firmware(hass, path=path.name))
    assert key == "firmware_not_allowed"
    hass.config.allowlist_external_dirs = {str(elsewhere)}
    assert (await add_firmware(hass, path=str(path)))["version"] == "26.05"


async def test_only_what_can_be_an_image_is_added(hass: HomeAssistant) -> None:
    within(hass, "secrets.yaml", b"password: x")
    within(hass, "my.tar", IMAGE)
    within(hass, "broken_26.05_am2-s17.tar", IMAGE[:900])
    for name, why in {
        "secrets.yaml": "firmware_name",
        "my.tar": "firmware_untold",
        "broken_26.05_am2-s17.tar": "firmware_not_whole",
        "missing.tar": "firmware_no_file",
    }.items():
        key, _ = await refusal(add_firmware(hass, path=f"downloads/{name}"))
        assert key == why
    assert not [*library(hass).glob("*")]


async def test_a_name_that_would_become_too_long_is_refused(
    hass: HomeAssistant,
) -> None:
    name = f"{'x' * 190}.tar"
    within(hass, name, IMAGE)
    key, _ = await refusal(
        add_firmware(
            hass, path=f"downloads/{name}", version="26.05", platform="am2-s17"
        )
    )
    assert key == "firmware_name"
    assert not [*library(hass).glob("*")]


async def test_an_archive_of_very_many_files_takes_no_memory(
    hass: HomeAssistant,
) -> None:
    header = tarfile.TarInfo("x").tobuf()
    path = put(hass, "26.05", "am2-s17")
    path.write_bytes(header * 10_000 + bytes(1024))
    tracemalloc.start()
    found = await list_firmware(hass)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[path.name]["complete"]
    # A megabyte of the file is read at a time.
    assert most < 3_000_000


async def test_another_image_of_the_same_name_is_not_replaced(
    hass: HomeAssistant,
) -> None:
    there = put(hass, "26.05", "am2-s17")
    within(hass, there.name, image_of("26.05", size=10_000))
    assert await refusal(add_firmware(hass, path=f"downloads/{there.name}")) == (
        "firmware_name_taken",
        {"name": there.name},
    )
    assert there.read_bytes() == IMAGE


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"path": "../outside.tar"},
        {"path": "x.tar", "url": "https://example.com/x.tar"},
        {"url": "file:///etc/passwd"},
        {"url": "ftp://example.com/x.tar"},
        {"path": "x.tar", "sha256": "12"},
        {"path": "x.tar", "version": "latest"},
        {"path": "x.tar", "version": "26.05\n"},
        {"path": "x.tar", "platform": "unknown"},
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant, fields: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await add_firmware(hass, **fields)


async def test_an_address_needs_its_hash(hass: HomeAssistant) -> None:
    key, _ = await refusal(add_firmware(hass, url="https://example.com/x.tar"))
    assert key == "firmware_needs_hash"


async def remove(
    hass: HomeAssistant, name: str, context: Context | None = None
) -> None:
    await hass.services.async_call(
        DOMAIN, "remove_firmware", {"name": name}, blocking=True, context=context
    )


async def test_an_image_is_removed_and_nothing_else(hass: HomeAssistant) -> None:
    path = put(hass, "26.05", "am2-s17")
    await list_firmware(hass)
    outside = within(hass, "other.tar", IMAGE)
    for name in (f"../../downloads/{outside.name}", "other.tar", ""):
        key, _ = await refusal(remove(hass, name))
        assert key == "firmware_not_there"
    await remove(hass, path.name)
    assert outside.exists()
    assert not path.exists()
    assert await list_firmware(hass) == {}


async def test_a_disk_that_fails_is_told_of(hass: HomeAssistant) -> None:
    within(hass, "am2-s17_26.05.tar", IMAGE)
    shutil.rmtree(library(hass).parent, ignore_errors=True)
    library(hass).parent.write_text("not a folder")
    key, said = await refusal(
        add_firmware(hass, path="downloads/am2-s17_26.05.tar"), HomeAssistantError
    )
    assert key == "firmware_disk"
    assert said is not None
    assert said["folder"] == str(library(hass))
    assert await list_firmware(hass) == {}


async def test_the_library_tells_for_which_miners_an_image_is_the_newest(
    hass: HomeAssistant,
    miner: SimulatedMiner,
    set_up: SetUp,
    hass_admin_user: MockUser,
) -> None:
    entry = await set_up(miner)
    old, new, other = (
        put(hass, "25.11", "am3-aml"),
        put(hass, "26.05", "am3-aml"),
        put(hass, "26.08", "zynq-bm3-am2"),
    )
    found = await list_firmware(hass, Context(user_id=hass_admin_user.id))
    assert [each["name"] for each in found[new.name]["newest_for"]] == [entry.title]
    assert found[old.name]["newest_for"] == found[other.name]["newest_for"] == []
    # Who may not see the miner is not told of it.
    stranger = user_with(hass)
    found = await list_firmware(hass, Context(user_id=stranger.id))
    assert found[new.name]["newest_for"] == []


async def test_only_administrators_change_the_library(
    hass: HomeAssistant, hass_read_only_user: MockUser
) -> None:
    path = put(hass, "26.05", "am2-s17")
    context = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await add_firmware(hass, context, path=str(path))
    with pytest.raises(Unauthorized):
        await remove(hass, path.name, context)
    assert path.exists()
