"""One miner on Braiins OS, over its Public API."""

from collections.abc import Iterable, Mapping
from typing import Any, Self, override

from . import snapshot
from .advanced import AdvancedSettings
from .boards import Hashboard, Hashboards
from .configuration import Configuration, Limits
from .connection import COMMAND_TIMEOUT, READ_TIMEOUT, Connection, parse
from .cooling import Cooling, CoolingState
from .dps import Dps, set_dps
from .errors import AsicError, Denied, Garbled, Unsupported
from .firmware import AutoUpgrade, Firmware
from .hardware import Details
from .license import License, apply_contract_key
from .logs import Logs, MinerError
from .mining import Mining
from .network import Network, NetworkInfo
from .pools import PoolGroup, Pools
from .probe import DEFAULT_PORT, ApiVersion
from .profiles import EfficiencyPoint, TunedProfile
from .snapshot import LIVE, SOURCES, Reading, Snapshot, Source
from .stats import MinerStats
from .tuning import PerformanceMode, TunerState, Tuning
from .units import SaveAction
from .wire import GET_API_VERSION, rpc

_SET_PASSWORD = rpc("AuthenticationService", "SetPassword")


class Miner:
    """One miner: its readings, and all that can be done to it.

    It connects and logs in with the first call, keeps the one connection, and comes
    back by itself after the miner was away. A call that does not succeed raises an
    `AsicError`, or a `ValueError` where the wire cannot carry what it was given.
    """

    def __init__(
        self,
        host: str,
        port: int = DEFAULT_PORT,
        *,
        username: str,
        password: str,
        read_timeout: float = READ_TIMEOUT,
        command_timeout: float = COMMAND_TIMEOUT,
    ) -> None:
        self._connection = connection = Connection(
            host,
            port,
            username=username,
            password=password,
            read_timeout=read_timeout,
            command_timeout=command_timeout,
        )
        self._last: dict[Source[Any], tuple[bytes, Any]] = {}
        self.mining = Mining(connection)
        self.tuning = Tuning(connection)
        self.boards = Hashboards(connection)
        self.cooling = Cooling(connection)
        self.pools = Pools(connection)
        self.network = Network(connection)
        self.firmware = Firmware(connection)
        self.logs = Logs(connection)
        self.advanced = AdvancedSettings(connection)

    async def snapshot(self, readings: Iterable[Reading] = LIVE) -> Snapshot:
        """Read several things at once.

        One that fails does not take the others along: it is `missing`. It raises
        when there is nothing to show for it, unless the firmware is merely too old.
        """
        wanted = tuple(readings)
        answers = await self._connection.exchange(
            [(SOURCES[reading].rpc, b"") for reading in wanted],
            timeout=self._connection.read_timeout,
        )
        found: dict[str, Any] = {}
        missing: dict[Reading, AsicError] = {}
        raw: dict[Reading, bytes] = {}
        for reading, answer in zip(wanted, answers, strict=True):
            if isinstance(answer, AsicError):
                missing[reading] = answer
                continue
            try:
                found[reading.value] = self._understand(SOURCES[reading], answer)
            except Garbled as err:
                missing[reading] = err
            else:
                raw[reading] = answer
        if not found:
            _raise_worst(missing)
        return Snapshot(**found, missing=missing, raw=raw)

    def _understand[T](self, source: Source[T], answer: bytes) -> T:
        if not source.steady:
            return source.read(parse(source.rpc, answer))
        known = self._last.get(source)
        if known is not None and known[0] == answer:
            # It has not changed: then the object has not either.
            last: T = known[1]
            return last
        value = source.read(parse(source.rpc, answer))
        self._last[source] = (answer, value)
        if isinstance(value, Details) and value.firmware is not None:
            self._connection.runs(value.firmware)
        return value

    async def _read[T](self, source: Source[T]) -> T:
        [answer] = await self._connection.exchange(
            [(source.rpc, b"")], timeout=self._connection.read_timeout
        )
        if isinstance(answer, AsicError):
            raise answer
        return self._understand(source, answer)

    def supports(self, reading: Reading) -> bool:
        """Tell whether the firmware is not known to lack a reading.

        What it lacks is learnt by asking, and asked again when its version changes.
        """
        return self._connection.supports(SOURCES[reading].rpc)

    async def api_version(self) -> ApiVersion:
        """Return the version of the API that the miner speaks."""
        m = await self._connection.ask(GET_API_VERSION)
        return ApiVersion(m.major, m.minor, m.patch, m.pre)

    async def details(self) -> Details:
        """Return who the miner is."""
        return await self._read(snapshot.DETAILS)

    async def stats(self) -> MinerStats:
        """Return hashrates, power and shares."""
        return await self._read(snapshot.STATS)

    async def hashboards(self) -> tuple[Hashboard, ...]:
        """Return the hash boards; some miners list none."""
        return await self._read(snapshot.HASHBOARDS)

    async def errors(self) -> tuple[MinerError, ...]:
        """Return what is wrong now (API 1.2)."""
        return await self._read(snapshot.ERRORS)

    async def cooling_state(self) -> CoolingState:
        """Return the fans and the hottest temperature."""
        return await self._read(snapshot.COOLING)

    async def tuner_state(self) -> TunerState:
        """Return what the tuner does."""
        return await self._read(snapshot.TUNER)

    async def tuned_profiles(self) -> tuple[TunedProfile, ...]:
        """Return the targets that were tuned for, and are quick to reach."""
        return await self._read(snapshot.PROFILES)

    async def efficiency_profile(self) -> tuple[EfficiencyPoint, ...]:
        """Return the curve of hashrate over power (API 1.11)."""
        return await self._read(snapshot.EFFICIENCY)

    async def performance_mode(self) -> PerformanceMode | None:
        """Return what the miner aims at."""
        return await self._read(snapshot.PERFORMANCE_MODE)

    async def pool_groups(self) -> tuple[PoolGroup, ...]:
        """Return the pools, and how they do."""
        return await self._read(snapshot.POOLS)

    async def configuration(self) -> Configuration:
        """Return everything that is configured."""
        return await self._read(snapshot.CONFIGURATION)

    async def limits(self) -> Limits:
        """Return what can be configured."""
        return await self._read(snapshot.LIMITS)

    async def license(self) -> License:
        """Return the state of the licence."""
        return await self._read(snapshot.LICENSE)

    async def network_info(self) -> NetworkInfo:
        """Return the network as it is now (API 1.1)."""
        return await self._read(snapshot.NETWORK)

    async def auto_upgrade(self) -> AutoUpgrade:
        """Return how the miner upgrades by itself (API 1.8)."""
        return await self._read(snapshot.AUTO_UPGRADE)

    async def locate(self) -> bool:
        """Tell whether the light blinks that shows which miner this is."""
        return await self._read(snapshot.LOCATE)

    async def set_dps(self, change: Dps, *, save: SaveAction = SaveAction.APPLY) -> Dps:
        """Change dynamic performance scaling; returns what it is now."""
        return await set_dps(self._connection, change, save)

    async def apply_contract_key(self, key: str) -> bool:
        """Give the miner a contract key (API 1.6); returns whether it took it."""
        return await apply_contract_key(self._connection, key)

    async def set_password(self, password: str | None) -> None:
        """Change the password, or take it away, and log in with the new one."""
        await self._connection.change_password(_SET_PASSWORD, password)

    def move(self, host: str) -> None:
        """Go on with the miner at another address, where it is known to be."""
        self._connection.move(host)

    async def connected(self) -> None:
        """Wait until there is a connection, for which nothing needs to be asked."""
        await self._connection.connected()

    async def close(self) -> None:
        """Close the connection for good."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @override
    def __repr__(self) -> str:
        return f"<Miner {self._connection.host}:{self._connection.port}>"


def _raise_worst(missing: Mapping[Reading, AsicError]) -> None:
    """Raise what a person can do the most about."""
    serious = [
        error
        for reading, error in missing.items()
        if not (isinstance(error, Unsupported) and SOURCES[reading].rpc.since)
    ]
    if serious:
        raise next((e for e in serious if isinstance(e, Denied)), serious[0])
