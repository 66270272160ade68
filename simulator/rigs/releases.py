"""What GitHub tells of the newest releases of mining software."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

_PATH: Final = "/repos/{owner}/{name}/releases/latest"


@dataclass(frozen=True, slots=True)
class _Release:
    tag: str
    assets: tuple[str, ...]


# Named as these name their files. What the agent looks for is not always among them;
# SRBMiner is named as the agent has it, so that there is something to install.
_RELEASES: Final = {
    "trexminer/T-Rex": _Release(
        "0.26.8", ("t-rex-0.26.8-linux.tar.gz", "t-rex-0.26.8-win.zip")
    ),
    "Lolliedieb/lolMiner-releases": _Release(
        "1.98a", ("lolMiner_v1.98a_Lin64.tar.gz", "lolMiner_v1.98a_Win64.zip")
    ),
    "develsoftware/GMinerRelease": _Release("3.44", ("gminer_3_44_linux64.tar.xz",)),
    "todxx/teamredminer": _Release("v0.10.21", ("teamredminer-v0.10.21-linux.tgz",)),
    "xmrig/xmrig": _Release("v6.22.2", ("xmrig-6.22.2-linux-static-x64.tar.gz",)),
    "NebuTech/NBMiner": _Release("v42.3", ("NBMiner_42.3_Linux.tgz",)),
    "doktor83/SRBMiner-Multi": _Release(
        "2.7.6", ("SRBMiner-Multi-2.7.6-Linux.tar.gz",)
    ),
    "bzminer/bzminer": _Release("v21.0.3", ("bzminer_v21.0.3_linux.tar.gz",)),
}


class GitHub:
    """A server on loopback; `asked` has the repositories that were asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.unchanged = 0
        """How often it was enough to say that nothing has changed."""
        self.answers: dict[str, Any] = {
            repository: {
                "tag_name": release.tag,
                "assets": [{"name": name} for name in release.assets],
            }
            for repository, release in _RELEASES.items()
        }
        """What it tells of each; text is sent as it is."""
        self.refuses: tuple[int, dict[str, str]] | None = None
        """The status and the headers with which it refuses all."""
        self.url = ""
        app = web.Application()
        app.router.add_get(_PATH, self._answer)
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Self:
        """Begin to answer."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        """Answer no more."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        repository = "{owner}/{name}".format_map(request.match_info)
        self.asked.append(repository)
        if self.refuses is not None:
            status, headers = self.refuses
            return web.Response(status=status, headers=headers)
        if repository not in self.answers:
            return web.Response(status=404)
        answer = self.answers[repository]
        if isinstance(answer, str):
            return web.Response(text=answer, content_type="application/json")
        tag = f'"{answer["tag_name"]}"'
        if request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": tag})
        return web.json_response(answer, headers={"ETag": tag})
