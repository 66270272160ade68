"""Talk to a Home Assistant as its own pages do: over HTTP and WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Any, Self

import aiohttp

_PATIENCE = 120.0
_LOOK_AGAIN = 0.1


class HouseError(Exception):
    """Home Assistant did not do what was asked of it."""


class HomeAssistant:
    """One running Home Assistant, and one user of it."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Remember where it is; nothing is sent yet."""
        self.url = url
        self._session = session
        self._token = ""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._numbers = count(1)

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator[Self]:
        """Connect, and hang up at the end."""
        async with aiohttp.ClientSession() as session:
            house = cls(session, url)
            try:
                yield house
            finally:
                if house._socket is not None:
                    await house._socket.close()

    async def wait_until_it_answers(self) -> None:
        """Wait until its web server does."""
        async with _patience():
            while True:
                try:
                    async with self._session.get(f"{self.url}/manifest.json"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(_LOOK_AGAIN)

    async def wait_until_it_runs(self) -> None:
        """Wait until all of it has been set up."""
        async with _patience():
            while True:
                if (await self._request("GET", "/api/config"))["state"] == "RUNNING":
                    return
                await asyncio.sleep(_LOOK_AGAIN)

    async def enter(self, user: str, password: str) -> None:
        """Log in; where nobody lives yet, become the owner."""
        if "user" in await self._onboarding_done():
            await self.log_in(user, password)
            return
        owner = {"name": user.capitalize(), "username": user, "password": password}
        answer = await self._post(
            "/api/onboarding/users",
            {"client_id": self._client_id, "language": "en", **owner},
        )
        await self._take_token(answer["auth_code"])

    async def settle_in(self, home: Mapping[str, Any]) -> None:
        """Go through what is left of onboarding."""
        done = await self._onboarding_done()
        if "core_config" not in done:
            await self.command("config/core/update", **home)
            await self._post("/api/onboarding/core_config")
        if "analytics" not in done:
            await self._post("/api/onboarding/analytics")
        if "integration" not in done:
            await self._post(
                "/api/onboarding/integration",
                {"client_id": self._client_id, "redirect_uri": self._client_id},
            )

    async def log_in(self, user: str, password: str) -> None:
        """Log in as somebody who lives there already."""
        flow = await self._post(
            "/auth/login_flow",
            {
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self._client_id,
            },
        )
        answer = await self._post(
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self._client_id, "username": user, "password": password},
        )
        if answer["type"] != "create_entry":
            raise HouseError(f"The house does not know {user} with this password.")
        await self._take_token(answer["result"])

    async def add(
        self, integration: str, option: str, answers: Mapping[str, Any]
    ) -> str:
        """Go through the dialog that adds an integration, with these answers.

        `option` is what to choose from its menu. Returns how it ended: the name of the
        new entry, or why there is none.
        """
        dialogs = "/api/config/config_entries/flow"
        flow = await self._post(dialogs, {"handler": integration})
        for answer in ({"next_step_id": option}, answers):
            if flow["type"] in ("menu", "form"):
                flow = await self._post(f"{dialogs}/{flow['flow_id']}", answer)
        match flow["type"]:
            case "create_entry":
                return str(flow["title"])
            case "abort":
                return str(flow["reason"])
            case _:
                raise HouseError(f"{integration} asks on: {flow.get('errors')}")

    async def add_rig(self, entry_id: str, name: str) -> str:
        """Go through the dialog that adds a GPU rig; returns the token it shows."""
        dialogs = "/api/config/config_entries/subentries/flow"
        form = await self._post(dialogs, {"handler": [entry_id, "rig"]})
        dialog = f"{dialogs}/{form['flow_id']}"
        form = await self._post(dialog, {"name": name, "url": self.url})
        shown = form.get("description_placeholders") or {}
        if "command" not in shown:
            raise HouseError(f"{name} cannot be added: {form.get('errors')}")
        await self._post(dialog)
        return str(shown["command"]).rpartition(" ")[2]

    async def installed(self) -> set[str]:
        """Return the custom integrations that can be added."""
        known = await self.command("integration/descriptions")
        return set(known["custom"]["integration"])

    async def entries(self, integration: str) -> list[dict[str, Any]]:
        """Return the config entries of an integration."""
        entries: list[dict[str, Any]] = await self._request(
            "GET", f"/api/config/config_entries/entry?domain={integration}"
        )
        return entries

    async def remove(self, integration: str) -> bool:
        """Delete the config entries of an integration; tell whether there were any."""
        entries = await self.entries(integration)
        for entry in entries:
            await self._request(
                "DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}"
            )
        return bool(entries)

    async def command(self, what: str, **arguments: Any) -> Any:
        """Give a WebSocket command and return its result."""
        if self._socket is None:
            self._socket = await self._open_socket()
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "type": what, **arguments})
        answer = await self._socket.receive_json(timeout=_PATIENCE)
        if not answer["success"]:
            raise HouseError(f"{what}: {answer['error']['message']}")
        return answer["result"]

    @property
    def _client_id(self) -> str:
        return f"{self.url}/"

    async def _onboarding_done(self) -> set[str]:
        async with self._session.get(f"{self.url}/api/onboarding") as response:
            # The page is gone once all of it is done.
            if response.status == HTTPStatus.NOT_FOUND:
                return {"user", "core_config", "analytics", "integration"}
            steps = await response.json()
        return {step["step"] for step in steps if step["done"]}

    async def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        socket = await self._session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0
        )
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": self._token})
        if (await socket.receive_json())["type"] != "auth_ok":
            raise HouseError("The house does not accept its own token.")
        return socket

    async def _take_token(self, code: str) -> None:
        async with self._session.post(
            f"{self.url}/auth/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self._client_id,
            },
        ) as response:
            response.raise_for_status()
            self._token = (await response.json())["access_token"]

    async def _post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return await self._request("POST", path, body or {})

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            if not response.ok:
                text = (await response.text()).strip()
                raise HouseError(f"{path}: {response.status} {text}")
            return await response.json()


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError as err:
        raise HouseError("Home Assistant takes too long.") from err
