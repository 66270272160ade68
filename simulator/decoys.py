"""Machines that are found on a network but speak no API of ours."""

from abc import ABC, abstractmethod
import asyncio
import contextlib
from typing import Self, override

_HEAD_LIMIT = 16 * 1024
_PATIENCE_S = 10.0


class Decoy(ABC):
    """A web server on port 80, and nothing on the miners' port."""

    title = "decoy"

    def __init__(self, host: str, port: int = 80) -> None:
        """Live at `host`; port 0 takes any free one."""
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(
            self._serve, self.host, self.port, limit=_HEAD_LIMIT
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            server.close_clients()
            await server.wait_closed()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @abstractmethod
    def answer(self, method: str, path: str) -> tuple[str, dict[str, str], str]:
        """Return status line, headers and body for a request."""

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            request = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            status, headers, body = (
                self.answer(request[0], request[1])
                if len(request) == 3
                else ("400 Bad Request", {}, "")
            )
            lines = [f"HTTP/1.1 {status}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {len(body)}", "Connection: close", "", body]
            writer.write("\r\n".join(lines).encode())
            await writer.drain()
        except OSError, EOFError, TimeoutError, asyncio.LimitOverrunError:
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class StockAntminer(Decoy):
    """The maker's own firmware: all of its pages want a digest login."""

    title = "Antminer, stock firmware"

    @override
    def answer(self, method: str, path: str) -> tuple[str, dict[str, str], str]:
        """Ask for a login."""
        challenge = (
            'Digest realm="antMiner Configuration", '
            'nonce="7a1f3c5de2904b68", algorithm=MD5, qop="auth"'
        )
        return (
            "401 Unauthorized",
            {"WWW-Authenticate": challenge, "Content-Type": "text/html"},
            "<html><head><title>401 Unauthorized</title></head></html>",
        )


class OldBraiinsOs(Decoy):
    """Braiins OS 22.08: a web page, and no public API of any kind."""

    title = "Antminer S9, Braiins OS 22.08"

    @override
    def answer(self, method: str, path: str) -> tuple[str, dict[str, str], str]:
        """Refuse the API, show a page otherwise."""
        kind = {"Content-Type": "text/html"}
        if path.startswith("/api/"):
            return "405 Method Not Allowed", kind, ""
        return "200 OK", kind, "<html><head><title>Braiins OS</title></head></html>"
