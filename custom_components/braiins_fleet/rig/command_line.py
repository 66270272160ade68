"""How the agent starts each software, and what of that is ours to add.

The agent knows one pool and no password. Further ones go along as arguments, where
the software takes several: each has its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The words of a command line, with `{}` around what is filled in.

    `backup` are those that each further pool takes, and `backups` how many there may
    be.
    """

    line: str
    credential: str
    backup: str = ""
    backups: int = 0


_MANY: Final = 4

FORMS: Final[Mapping[str, Form]] = {
    "t-rex": Form(
        line="""
            t-rex -a {algorithm} -o {pool} -u {wallet} -w {worker}
            --api-bind-http 127.0.0.1:4067
        """,
        credential="-p {password}",
        backup="-o {pool} -u {wallet} -w {worker} -p {password}",
        backups=_MANY,
    ),
    "lolminer": Form(
        line="""
            lolMiner --algo {algorithm} --pool {pool} --user {wallet}
            --worker {worker} --apiport 4068
        """,
        credential="--pass {password}",
        backup="--pool {pool} --user {wallet} --worker {worker} --pass {password}",
        backups=_MANY,
    ),
    "gminer": Form(
        line="""
            miner --algo {algorithm} --server {pool} --user {wallet}
            --worker {worker} --api 4069
        """,
        credential="--pass {password}",
        backup="--server {pool} --user {wallet} --worker {worker} --pass {password}",
        backups=_MANY,
    ),
    "teamredminer": Form(
        line="""
            teamredminer -a {algorithm} -o {pool} -u {wallet} -w {worker}
            --api_listen=127.0.0.1:4070
        """,
        credential="-p {password}",
        backup="-o {pool} -u {wallet} -p {password}",
        backups=_MANY,
    ),
    "xmrig": Form(
        line="""
            xmrig -o {pool} -u {wallet} -a {algorithm} --http-host 127.0.0.1
            --http-port 4071
        """,
        credential="-p {password}",
        backup="-o {pool} -u {wallet} -a {algorithm} -p {password}",
        backups=_MANY,
    ),
    "nbminer": Form(
        line="""
            nbminer -a {algorithm} -o {pool} -u {wallet} --api 127.0.0.1:4072
        """,
        credential="-p {password}",
        backup="-o{number} {pool} -u{number} {wallet}",
        backups=2,
    ),
    "srbminer": Form(
        line="""
            SRBMiner-MULTI --algorithm {algorithm} --pool {pool} --wallet {wallet}
            --api-enable --api-port 4073
        """,
        credential="--password {password}",
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
