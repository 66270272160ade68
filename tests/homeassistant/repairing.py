"""Issues as a person reads them, and their dialogs as a browser opens them."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from custom_components.braiins_fleet.const import DOMAIN

from .dialogs import TEXTS

type Browser = TestClient[Any, Any]
type Dialog = dict[str, Any]

_URL = "/api/repairs/issues/fix"


def issue(hass: HomeAssistant, about: str, entry: ConfigEntry) -> ir.IssueEntry | None:
    """Return an issue of a miner, if there is one now."""
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"{about}_{entry.entry_id}")
    return found if found and found.active else None


def told(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return what a person is told about a miner, by what it is about."""
    texts = {about: _text(issue(hass, about, entry)) for about in TEXTS["issues"]}
    return {about: text for about, text in texts.items() if text}


def _text(found: ir.IssueEntry | None) -> str:
    if found is None:
        return ""
    texts = TEXTS["issues"][found.translation_key]
    # Home Assistant shows one or the other.
    assert found.is_fixable == ("fix_flow" in texts) != ("description" in texts)
    shown = f"{texts['title']}\n\n{texts.get('description', '')}".strip()
    return shown.format(**found.translation_placeholders or {})


async def open_fix(
    hass: HomeAssistant, browser: Browser, about: str, entry: ConfigEntry
) -> Dialog:
    """Click on an issue."""
    known_as = f"{about}_{entry.entry_id}"
    return await _post(hass, browser, _URL, {"handler": DOMAIN, "issue_id": known_as})


async def choose(
    hass: HomeAssistant, browser: Browser, dialog: Dialog, option: str
) -> Dialog:
    """Click on an option of a menu."""
    assert dialog["type"] == "menu"
    assert option in dialog["menu_options"]
    return await confirm(hass, browser, dialog, {"next_step_id": option})


async def confirm(
    hass: HomeAssistant,
    browser: Browser,
    dialog: Dialog,
    answers: dict[str, str] | None = None,
) -> Dialog:
    """Click on the button of a form."""
    url = f"{_URL}/{dialog['flow_id']}"
    return await _post(hass, browser, url, answers or {})


async def after(hass: HomeAssistant, browser: Browser, dialog: Dialog) -> Dialog:
    """Wait for what a dialog is busy with, and return what it shows then."""
    assert dialog["type"] == "progress"
    await hass.async_block_till_done()
    answer = await browser.get(f"{_URL}/{dialog['flow_id']}")
    return await _read(hass, answer)


async def close(browser: Browser, dialog: Dialog) -> None:
    """Close a dialog."""
    answer = await browser.delete(f"{_URL}/{dialog['flow_id']}")
    assert answer.status == HTTPStatus.OK


async def start_repairs(hass: HomeAssistant) -> None:
    """Have the dialogs that fix issues."""
    assert await async_setup_component(hass, "repairs", {})


async def _post(
    hass: HomeAssistant, browser: Browser, url: str, data: dict[str, str]
) -> Dialog:
    return await _read(hass, await browser.post(url, json=data))


async def _read(hass: HomeAssistant, answer: Any) -> Dialog:
    await hass.async_block_till_done()
    assert answer.status == HTTPStatus.OK
    content: Dialog = await answer.json()
    return content
