"""The door by which the agents of GPU rigs come in: a WebSocket for each of them."""

from collections import OrderedDict
from typing import Final

from aiohttp.web import HTTPNotFound, Request, StreamResponse
from homeassistant.components.http.ban import process_wrong_login
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.singleton import singleton

from .const import DOMAIN
from .farm import FARM
from .garage import Garage
from .identity import is_fleet
from .rig import digest_of, web_socket

_MOST_STRANGERS: Final = 1000


class AgentView(HomeAssistantView):
    """Where the agent dials: it knows no other path than this one."""

    url = "/api/agent/ws"
    name = "api:agent:ws"
    # The token of a rig is none of Home Assistant's.
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._strangers: OrderedDict[tuple[str | None, str], None] = OrderedDict()

    async def get(self, request: Request) -> StreamResponse:
        """Serve an agent for as long as it is connected."""
        garage = self._garage()
        if garage is None or not garage.has_rigs:
            # It cannot be taken down again, but it need not be seen either.
            raise HTTPNotFound
        socket = web_socket()
        await socket.prepare(request)

        async def on_wrong_token(token: str) -> None:
            await self._note(request, token)

        await garage.rigs.serve(
            socket, _token_of(request), on_wrong_token=on_wrong_token
        )
        return socket

    def _garage(self) -> Garage | None:
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            if is_fleet(entry):
                garage: Garage = entry.runtime_data.garage
                return garage
        return None

    async def _note(self, request: Request, token: str) -> None:
        """Count a wrong token as a failed login, but each of an address only once.

        An agent tries again for ever. If each time counted, a single rig with a typo
        would soon have its address banned, and with it all rigs that are behind the
        same one. Somebody who guesses has to try many tokens, and each of them counts.
        One that we gave out ourselves is no guess: its rig was removed, has a new one,
        or is just being added.

        A right token never clears what was counted, as a right login does: who has
        one could go on guessing passwords for ever.
        """
        digest = digest_of(token)
        if self._hass.data[FARM].rigs.was_issued(digest):
            return
        stranger = request.remote, digest
        known = stranger in self._strangers
        self._strangers[stranger] = None
        self._strangers.move_to_end(stranger)
        if len(self._strangers) > _MOST_STRANGERS:
            self._strangers.popitem(last=False)
        if not known:
            await process_wrong_login(_without_token(request))


@singleton(f"{DOMAIN}_gateway")
@callback
def open_gateway(hass: HomeAssistant) -> AgentView:
    """Have agents served from now on; more than once does no more."""
    view = AgentView(hass)
    hass.http.register_view(view)
    return view


def _token_of(request: Request) -> str | None:
    """Return the token that came with a request, if one did."""
    if token := request.query.get("token"):
        return token
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _without_token(request: Request) -> Request:
    """Return a request as Home Assistant may log it: it writes the whole address."""
    # Behind a proxy, the address of who asks is not that of the connection.
    return request.clone(
        rel_url=request.rel_url.with_query(None), remote=request.remote or ""
    )
