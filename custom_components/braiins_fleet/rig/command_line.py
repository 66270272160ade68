"""How the agent starts each software, and what of that is ours to add.

The agent knows one pool, and neither passwords nor TLS. The rest goes along as
arguments, of which each software has its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Final

from .errors import Unacceptable
from .software import Software, Value

_MOST_ARGUMENTS: Final = 32
_MANY: Final = 4

_ADDRESS: Final = re.compile(
    r"""
    (?:(?:(?P<protocol>stratum[12]?|ethstratum|ethproxy|nicehash)
    (?:\+(?P<link>tcp|ssl|tls))?|(?P<bare>tcp|ssl|tls))://)?
    (?P<host>(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])
    :(?P<port>[1-9][0-9]{0,4}))
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """Where a pool is, and how it is spoken to."""

    protocol: str
    is_secure: bool
    host: str


def read_address(pool: str, field: str = "pool") -> Address:
    """Return what the address of a pool says: a host and a port, perhaps a scheme."""
    found = _ADDRESS.fullmatch(pool)
    if found is None or ".." in pool:
        raise Unacceptable(field, "malformed")
    if int(found["port"]) > _HIGHEST_PORT:
        raise Unacceptable(field, "port")
    link = (found["link"] or found["bare"] or "tcp").lower()
    protocol = (found["protocol"] or "stratum").lower()
    return Address(protocol, link != "tcp", found["host"])


@dataclass(frozen=True, slots=True)
class Option:
    """Something that the software is asked for beyond the usual."""

    name: str
    values: tuple[str, ...] = ()


def read_options(software: Software, arguments: Sequence[str]) -> list[Option]:
    """Refuse all arguments but options that are known, with values as they want them.

    A value goes behind its option, or into it: `--pl 120` or `--pl=120`.
    """
    if len(arguments) > _MOST_ARGUMENTS:
        raise Unacceptable("extra_arguments", "too_many")
    options: list[Option] = []
    rest = list(reversed(arguments))
    while rest:
        name, has_value, value = rest.pop().partition("=")
        wanted = software.options.get(name)
        if wanted is None:
            raise Unacceptable("extra_arguments", "unknown_option")
        values = [value] if has_value else []
        if wanted is not Value.NOTHING and not has_value:
            values.append(rest.pop() if rest else "")
            several = wanted is Value.ONE_BY_ONE
            while several and rest and re.fullmatch(wanted, rest[-1]):
                values.append(rest.pop())
        elif wanted is Value.NOTHING and has_value:
            raise Unacceptable("extra_arguments", "value")
        if not all(re.fullmatch(wanted, each) for each in values):
            raise Unacceptable("extra_arguments", "value")
        options.append(Option(name, tuple(values)))
    return options


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The words of a command line, with `{}` around what is filled in.

    `first` is what goes along for the pool that the agent knows, `backup` what each
    further one takes, and `backups` how many of these there may be. `of_a_pool` are
    options that are meant for a single pool.
    """

    line: str
    first: str
    backup: str = ""
    backups: int = _MANY
    of_a_pool: frozenset[str] = frozenset()
    protocols: frozenset[str] = frozenset({"stratum"})
    plain: str = "{protocol}+tcp://"
    secure: str = "{protocol}+ssl://"
    tls: tuple[str, str] | None = None
    """What an option for it is set to, where the address does not say it."""
    is_joined: bool = False
    """Whether options are given once, with what is meant for each pool in a row."""
    is_glued: bool = False
    """Whether long options have their values behind `=`."""

    def read(self, pools: Iterable[str]) -> list[Address]:
        """Return where these pools are, if the software can use them all."""
        addresses: list[Address] = []
        field = "pool"
        for pool in pools:
            address = read_address(pool, field)
            if address.protocol not in self.protocols:
                raise Unacceptable(field, "scheme")
            addresses.append(address)
            field = "backups"
        if len(addresses) > 1 + self.backups:
            raise Unacceptable(field, "too_many")
        return addresses

    def address(self, address: Address) -> str:
        """Return how the software writes the address of a pool."""
        scheme = self.secure if address.is_secure else self.plain
        return scheme.format(protocol=address.protocol) + address.host

    def pool(self, addresses: Sequence[Address]) -> str:
        """Return what the agent is told of pools."""
        return ",".join(
            map(self.address, addresses if self.is_joined else addresses[:1])
        )

    def wallet(self, wallet: str, addresses: Sequence[Address]) -> str:
        """Return what the agent is told of the wallet."""
        return ",".join([wallet] * (len(addresses) if self.is_joined else 1))

    def arguments(
        self, addresses: Sequence[Address], options: Iterable[Option], **blanks: str
    ) -> list[str]:
        """Return what goes along beyond that of which the agent knows."""
        times = len(addresses) if self.is_joined else 1
        common: list[str] = []
        own: list[str] = []
        for option in options:
            if option.name in self.of_a_pool:
                own += self._write(option, times)
            else:
                common += self._write(option)
        tls = [self._tls(address, addresses) for address in addresses]
        if self.is_joined:
            # A comma may be part of a password.
            blanks["password"] = "!".join(filter(None, [blanks["password"]] * times))
            joined = ",".join(filter(None, tls))
            return common + fill(self.first, tls=joined, **blanks) + own
        words = common
        for number, address in enumerate(addresses):
            words += fill(
                self.backup if number else self.first,
                number=str(number),
                pool=self.address(address),
                tls=tls[number],
                **blanks,
            )
            # It is meant for the pool that was named last.
            words += own
        return words

    def _tls(self, address: Address, addresses: Sequence[Address]) -> str:
        """Return what is said of TLS: of all pools, or of none."""
        if self.tls is None or not any(each.is_secure for each in addresses):
            return ""
        return self.tls[address.is_secure]

    def _write(self, option: Option, times: int = 1) -> list[str]:
        values = [",".join([value] * times) for value in option.values]
        if self.is_glued and values and option.name.startswith("--"):
            return [f"{option.name}={values[0]}"]
        return [option.name, *values]


FORMS: Final[Mapping[str, Form]] = {
    "t-rex": Form(
        line="""
            t-rex -a {algorithm} -o {pool} -u {wallet} -w {worker}
            --api-bind-http 127.0.0.1:4067
        """,
        first="-p {password}",
        backup="-o {pool} -u {wallet} -w {worker} -p {password}",
        protocols=frozenset({"stratum", "stratum2"}),
    ),
    "lolminer": Form(
        line="""
            lolMiner --algo {algorithm} --pool {pool} --user {wallet}
            --worker {worker} --apiport 4068
        """,
        first="--pass {password}",
        backup="--pool {pool} --user {wallet} --pass {password}",
        plain="",
        secure="ssl://",
    ),
    "gminer": Form(
        line="""
            miner --algo {algorithm} --server {pool} --user {wallet}
            --worker {worker} --api 4069
        """,
        first="--pass {password} --ssl {tls}",
        backup="--server {pool} --user {wallet} --pass {password} --ssl {tls}",
        of_a_pool=frozenset({"--proto"}),
        plain="",
        secure="",
        tls=("0", "1"),
    ),
    "teamredminer": Form(
        line="""
            teamredminer -a {algorithm} -o {pool} -u {wallet} -w {worker}
            --api_listen=127.0.0.1:4070
        """,
        first="-p {password}",
        backup="-o {pool} -u {wallet} -p {password}",
        of_a_pool=frozenset(
            {"--pool_broken_rpc", "--pool_force_ensub", "--pool_no_ensub"}
        ),
        is_glued=True,
    ),
    "xmrig": Form(
        line="""
            xmrig -o {pool} -u {wallet} -a {algorithm} --http-host 127.0.0.1
            --http-port 4071
        """,
        first="-p {password}",
        backup="-o {pool} -u {wallet} -a {algorithm} -p {password}",
        of_a_pool=frozenset({"--coin", "-k", "--keepalive", "--nicehash", "--rig-id"}),
        is_glued=True,
    ),
    "nbminer": Form(
        line="""
            nbminer -a {algorithm} -o {pool} -u {wallet} --api 127.0.0.1:4072
        """,
        first="-p {password}",
        backup="-o{number} {pool} -u{number} {wallet} -p{number} {password}",
        backups=2,
        protocols=frozenset({"stratum", "ethproxy", "nicehash"}),
    ),
    "srbminer": Form(
        line="""
            SRBMiner-MULTI --algorithm {algorithm} --pool {pool} --wallet {wallet}
            --api-enable --api-port 4073
        """,
        first="--password {password} --tls {tls}",
        of_a_pool=frozenset(
            {
                "--diff-factor",
                "--esm",
                "--job-timeout",
                "--keepalive",
                "--nicehash",
                "--send-stales",
            }
        ),
        plain="",
        secure="",
        tls=("false", "true"),
        is_joined=True,
    ),
}

_BLANK: Final = re.compile(r"\{(\w+)\}")


def fill(form: str, **values: str) -> list[str]:
    """Return the words of a form; an option without a value is left out."""
    words: list[str] = []
    for word in form.split():
        filled = _BLANK.sub(lambda blank: values.get(blank[1], ""), word)
        if filled:
            words.append(filled)
        else:
            words.pop()
    return words
