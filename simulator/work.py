"""Work: pools, and the shares found for them."""

import math
from random import Random

from .configuration import GroupSettings, PoolSettings

HASHES_PER_DIFFICULTY = 1 << 32
NETWORK_DIFFICULTY = 1.4e14
_REJECTED = 0.002
_STALE = 0.0015
_MANY = 30.0


def poisson(mean: float, random: Random) -> int:
    """Return how many of something rare happened."""
    if mean <= 0:
        return 0
    if mean > _MANY:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


class Pool:
    """One pool and what was done for it since the mining software started."""

    __slots__ = (
        "accepted",
        "alive",
        "best",
        "difficulty",
        "generated",
        "last_share",
        "rejected",
        "settings",
        "stale",
    )

    def __init__(self, settings: PoolSettings, difficulty: float) -> None:
        """Start counting at nothing."""
        self.settings = settings
        self.difficulty = difficulty
        self.alive = True
        self.accepted = 0
        self.rejected = 0
        self.stale = 0
        self.generated = 0
        self.best = 0.0
        self.last_share: float | None = None

    @property
    def usable(self) -> bool:
        """Whether work can be done for it."""
        return self.alive and self.settings.enabled


class Group:
    """Pools of which the first usable one is mined on."""

    __slots__ = ("pools", "settings")

    def __init__(self, settings: GroupSettings, pools: list[Pool]) -> None:
        """Put pools together."""
        self.settings = settings
        self.pools = pools

    @property
    def active(self) -> Pool | None:
        """The pool that gets the group's work."""
        return next((pool for pool in self.pools if pool.usable), None)


class Work:
    """All pool groups of a machine, and its luck."""

    __slots__ = (
        "_random",
        "best",
        "blocks",
        "dead",
        "difficulty",
        "groups",
        "network_difficulty",
        "reachable",
    )

    def __init__(self, difficulty: float, random: Random) -> None:
        """Begin without pools; shares count `difficulty` each."""
        self._random = random
        self.difficulty = difficulty
        self.network_difficulty = NETWORK_DIFFICULTY
        self.groups: list[Group] = []
        self.best = 0.0
        self.blocks = 0
        self.dead: set[str] = set()
        """URLs of pools that do not answer; `*` stands for all of them."""
        self.reachable = True

    def configure(self, groups: tuple[GroupSettings, ...]) -> None:
        """Take over pools; one that stays keeps its counters."""
        known = {
            pool.settings.uid: pool for group in self.groups for pool in group.pools
        }
        self.groups = []
        for group in groups:
            pools = []
            for settings in group.pools:
                pool = known.get(settings.uid)
                if pool is None or pool.settings.url != settings.url:
                    pool = Pool(settings, self.difficulty)
                pool.settings = settings
                pools.append(pool)
            self.groups.append(Group(group, pools))
        self.look_around()

    def look_around(self) -> None:
        """See which pools answer."""
        everywhere = "*" in self.dead
        usable = False
        for group in self.groups:
            for pool in group.pools:
                pool.alive = not everywhere and pool.settings.url not in self.dead
                usable = usable or pool.usable
        self.reachable = usable

    def restart(self) -> None:
        """Forget everything counted since the mining software started."""
        self.best = 0.0
        self.blocks = 0
        for group in self.groups:
            group.pools = [Pool(p.settings, self.difficulty) for p in group.pools]
        self.look_around()

    def shares_of_work(self) -> list[tuple[Pool, float]]:
        """Return who gets which part of the hashrate now."""
        live = [(g.settings, p) for g in self.groups if (p := g.active) is not None]
        fixed = sum(g.ratio or 0.0 for g, _ in live)
        quotas = sum(self._quota(g) for g, _ in live)
        rest = max(0.0, 1.0 - fixed) if quotas else 0.0
        parts = [
            (pool, g.ratio if g.ratio is not None else rest * self._quota(g) / quotas)
            for g, pool in live
        ]
        total = sum(part for _, part in parts)
        return [(pool, part / total) for pool, part in parts] if total > 0 else []

    def hash(self, terahashes: float, moment: float) -> None:
        """Put work into the pools; now and then it is a share, rarely a block."""
        for pool, part in self.shares_of_work():
            hashes = terahashes * 1e12 * part
            pool.generated += max(1, round(hashes / (1 << 44)))
            found = poisson(
                hashes / (pool.difficulty * HASHES_PER_DIFFICULTY), self._random
            )
            if not found:
                continue
            rejected = min(found, poisson(found * _REJECTED, self._random))
            stale = min(found - rejected, poisson(found * _STALE, self._random))
            pool.rejected += rejected
            pool.stale += stale
            pool.accepted += found - rejected - stale
            pool.last_share = moment
            # The best of n shares, drawn at once from the distribution of the maximum.
            luck = 1 - math.pow(self._random.random(), 1 / found)
            self.find(pool, pool.difficulty / max(luck, 1e-12))

    def find(self, pool: Pool, difficulty: float) -> None:
        """Note a share of this difficulty."""
        pool.best = max(pool.best, difficulty)
        self.best = max(self.best, difficulty)
        if difficulty >= self.network_difficulty:
            self.blocks += 1

    @staticmethod
    def _quota(group: GroupSettings) -> int:
        if group.ratio is not None:
            return 0
        return 1 if group.quota is None else group.quota
