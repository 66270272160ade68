"""A person at a browser: what is done with eyes, mouse and keyboard."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
import re
from textwrap import dedent
from typing import Any

from playwright.async_api import Locator, Page, expect

from scripts.house import start

# On a page that changes in its own time, on a machine that has more to do.
_SOON_MS = 20_000.0
expect.set_options(timeout=_SOON_MS)
_WHOLE = 3000


class Person:
    """Somebody who sits at Home Assistant's pages."""

    def __init__(self, page: Page, url: str, album: Path) -> None:
        """Sit down; photographs go to the album."""
        self.page = page
        self._url = url
        self._album = album
        self._photographs = 0

    @property
    def dialog(self) -> Dialog:
        """Look at the dialog that is open, or about to open."""
        return Dialog(self.page.locator("dialog-data-entry-flow"))

    @property
    def form(self) -> Dialog:
        """Look at the form that one of a dialog's fields opens."""
        return Dialog(self.page.locator("dialog-form"))

    async def photograph(self, name: str, *, whole: bool = False) -> None:
        """Keep what is shown once it is all there, or the whole of a long page."""
        await expect(self.page.locator("#ha-launch-screen")).to_have_count(0)
        await self.page.wait_for_load_state("networkidle")
        size = self.page.viewport_size
        if whole and size:
            await self.page.set_viewport_size({**size, "height": _WHOLE})
        await self.snap(name)
        if whole and size:
            await self.page.set_viewport_size(size)

    async def snap(self, name: str) -> Path:
        """Keep what is on the screen right now."""
        self._photographs += 1
        path = self._album / f"{self._photographs:02}-{name}.png"
        await self.page.screenshot(path=path, animations="disabled")
        return path

    async def read_aloud(self) -> str:
        """Return all that is on the screen, as a blind person hears it."""
        return await self.page.locator("body").aria_snapshot()

    async def open(self, path: str) -> None:
        """Go to one of Home Assistant's pages."""
        await self.page.goto(f"{self._url}{path}")

    async def onboard(self) -> None:
        """Go through all that an empty Home Assistant asks."""
        await self.page.goto(self._url)
        await self.page.get_by_role("button", name="Create my smart home").click()
        for field, text in (
            ("Name", start.USER.capitalize()),
            ("Username", start.USER),
            ("Password", start.PASSWORD),
            ("Confirm password", start.PASSWORD),
        ):
            # "Username" is no name, and "Confirm password" no password.
            box = self.page.get_by_role("textbox", name=re.compile(f"^{field}"))
            await box.fill(text)
        await self.page.get_by_role("button", name="Create account").click()
        # How many pages follow depends on what is found out without asking.
        onward = self.page.get_by_role("button", name=re.compile("Next|Finish"))
        inside = self.page.locator("ha-sidebar")
        while True:
            await expect(onward.or_(inside).first).to_be_visible()
            if await inside.is_visible():
                return
            shown = await self.read_aloud()
            await onward.click()
            async with asyncio.timeout(_SOON_MS / 1000):
                while await self.read_aloud() == shown:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.05)

    async def add_integration(self, name: str) -> Dialog:
        """Open the dialog that adds an integration."""
        await self.open("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").click()
        brands = self.page.locator("dialog-add-integration")
        await brands.get_by_role("textbox").fill(name)
        await brands.get_by_text(name, exact=True).click()
        return self.dialog

    async def open_device(self, device_id: str) -> None:
        """Open the page of a device."""
        await self.open(f"/config/devices/device/{device_id}")
        await self.page.locator("ha-device-info-card").wait_for()

    async def open_integration(self, integration: str) -> None:
        """Open the page of an integration."""
        await self.open(f"/config/integrations/integration/{integration}")
        await self.page.locator("ha-config-entry-row").first.wait_for()

    def entry(self, name: str) -> Locator:
        """Return the part about an entry on the page of its integration."""
        title = self.page.get_by_text(name, exact=True)
        return self.page.locator("ha-config-entry-row").filter(has=title)

    async def add(self, what: str) -> Dialog:
        """Press a button, on the page of an integration, that adds something."""
        await self.page.get_by_role("button", name=what, exact=True).first.click()
        return self.dialog

    def part(self, name: str) -> Locator:
        """Return the part about something that was added to an entry."""
        title = self.page.get_by_text(name, exact=True)
        return self.page.locator("ha-config-sub-entry-row").filter(has=title)

    async def copy(self, text: Locator) -> str:
        """Copy a paragraph, and return what can be pasted now."""
        await text.click(click_count=3)
        await self.page.keyboard.press("ControlOrMeta+C")
        copied: str = await self.page.evaluate("navigator.clipboard.readText()")
        return copied.strip()

    async def press(self, button: str, *, of: str) -> Dialog:
        """Press a button of an entry, which opens a dialog."""
        await self.entry(of).get_by_role("button", name=button).first.click()
        return self.dialog

    async def choose(self, item: str, *, of: str) -> Dialog:
        """Choose from the menu of an entry what may open a dialog."""
        await self.press("Menu", of=of)
        await self.entry(of).get_by_role("menuitem", name=item).click()
        return self.dialog

    async def download_diagnostics(self, entry: str) -> str:
        """Download what one attaches to a report, and read it."""
        async with self.page.expect_download() as download:
            await self.choose("Download diagnostics", of=entry)
        path = await (await download.value).path()
        return path.read_text()

    def row(self, name: str, *, on: Locator | None = None) -> Locator:
        """Return the line of an entity on the page of its device, or on a card."""
        label = self.page.get_by_text(name, exact=True)
        rows = (on or self.page).locator("hui-generic-entity-row")
        return rows.filter(has=label)

    async def number(self, name: str, *, on: Locator | None = None) -> float:
        """Read the number that an entity shows."""
        text = await self.row(name, on=on).inner_text()
        found = re.search(r"-?[\d,]+(?:\.\d+)?", text.removeprefix(name))
        assert found, f"{name} shows no number: {text!r}"
        return float(found[0].replace(",", ""))

    @property
    def controls(self) -> Locator:
        """Return the part of a device's page that has what it is controlled by."""
        return self._entities("Controls")

    @property
    def diagnostics(self) -> Locator:
        """Return the part of a device's page that has what one looks at in trouble."""
        return self._entities("Diagnostic")

    def _entities(self, title: str) -> Locator:
        heading = self.page.get_by_role("heading", name=title)
        return self.page.locator("ha-device-entities-card").filter(has=heading)

    @property
    def message(self) -> Locator:
        """Return what pops up at the bottom for a moment."""
        return self.page.locator("notification-manager")

    def activity(self, sentence: str) -> Locator:
        """Return the line of the logbook, on the page of a device, that says so."""
        return self.page.locator("ha-logbook-entry").filter(has_text=sentence)

    def box(self, name: str) -> Locator:
        """Return the box of a number on the page of its device."""
        return self.row(name).get_by_role("spinbutton")

    async def type_in(self, box: str, text: str) -> None:
        """Type a number into a box."""
        await self.box(box).fill(text)
        await self.box(box).press("Enter")

    async def pick(self, name: str, option: str) -> None:
        """Pick one of what an entity can be set to."""
        row = self.row(name)
        await row.locator("ha-select").click()
        await row.get_by_role("menuitem", name=option, exact=True).click()

    async def perform(self, action: str) -> Locator:
        """Perform an action, written in YAML, and return what it answers."""
        await self.open("/config/tools/action")
        await self.page.get_by_role("button", name="YAML mode").click()
        editor = self.page.get_by_role("textbox")
        await editor.fill(dedent(action).strip())
        await self.page.get_by_role("button", name="Perform action").click()
        heading = self.page.get_by_role("heading", name="Response")
        return self.page.locator("ha-card").filter(has=heading)

    async def open_assist(self) -> None:
        """Open the dialog to speak with Home Assistant."""
        await self.page.get_by_role("button", name="Assist (A)").click()
        await self.assist.get_by_role("textbox").wait_for()

    @property
    def assist(self) -> Locator:
        """The dialog to speak with Home Assistant."""
        return self.page.locator("ha-voice-command-dialog")

    async def say(self, sentence: str) -> str:
        """Type what others say; returns the answer."""
        answers = self.assist.locator(".message.hass")
        answer = answers.nth(await answers.count())
        box = self.assist.get_by_role("textbox")
        await box.fill(sentence)
        await box.press("Enter")
        # There are three dots while it is thought about.
        text = answer.get_by_role("paragraph").filter(has_text=re.compile(r"\w"))
        return await text.inner_text()

    def card(self, title: str) -> Locator:
        """Return the part of the overview that is about one device."""
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.locator("hui-section").filter(has=heading)


class Dialog:
    """A dialog of Home Assistant's that asks one thing after the other."""

    def __init__(self, window: Locator) -> None:
        """Look at the dialog that is open."""
        self.window = window

    async def choose(self, name: str) -> None:
        """Take one of the things that are offered."""
        await self.window.get_by_text(name, exact=True).click()

    async def says(self, text: str | re.Pattern[str]) -> None:
        """See that a text is there, or comes soon."""
        await expect(self.window.get_by_text(text).first).to_be_visible()

    async def fill(self, field: str, text: str) -> None:
        """Type something into a field."""
        box = self.window.get_by_role("textbox", name=field)
        await box.or_(self.window.get_by_role("spinbutton", name=field)).fill(text)

    async def pick(self, field: str, option: str) -> None:
        """Pick from a list that opens; one that is long has to be searched."""
        label = re.compile(rf"^\s*{re.escape(field)}\b")
        await self.window.locator("ha-selector-select").filter(has_text=label).click()
        offered = self.window.get_by_text(option, exact=True)
        search = self.window.get_by_placeholder(re.compile("^Search"))
        await expect(offered.or_(search).first).to_be_visible()
        if await search.is_visible():
            await search.fill(option)
        await offered.click()

    async def fill_list(self, field: str, text: str) -> None:
        """Type something into a list, in place of all that stands there."""
        boxes = self.window.get_by_role("textbox", name=field)
        remove = self.window.get_by_role("button", name="Remove")
        while await boxes.count() > 1:
            await remove.last.click()
        if not await boxes.count():
            await self.window.get_by_role("button", name=f"Add {field}").click()
        await boxes.fill(text)

    def tick(self, label: str) -> Locator:
        """Return the box to tick that has this label."""
        return self.window.get_by_role("checkbox", name=label)

    async def untick(self, label: str) -> None:
        """Take a tick away."""
        # What one sees is drawn over the box itself.
        await self.tick(label).uncheck(force=True)

    async def press(self, button: str | re.Pattern[str]) -> None:
        """Press a button."""
        await self.window.get_by_role("button", name=button).click()

    async def submit(self, step: Mapping[str, Any]) -> None:
        """Press the button of a step, whose texts are given."""
        await self.press(step.get("submit", "Submit"))

    async def finish(self) -> None:
        """Press the last button there is, and see that the dialog closes."""
        await self.press(re.compile("finish", re.IGNORECASE))
        await expect(self.window.get_by_role("dialog")).to_be_hidden()

    async def close(self) -> None:
        """Close what has nothing more to ask."""
        # There is a cross for it as well.
        await self.window.get_by_role("button", name="Close").last.click()
        await expect(self.window.get_by_role("dialog")).to_be_hidden()
