"""The mining software that the agent knows, and what of each may be asked for.

The agent hands extra arguments over as they are, to a program that may run as root.
Forbidding what is dangerous could not work: most of these programs can run scripts,
read files or open their interface to the network, and take shortened names of options.
So only what is listed here is allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Vendor(StrEnum):
    """Who made a card."""

    NVIDIA = "nvidia"
    AMD = "amd"
    OTHER = "other"


_NUMBER: Final = r"(?:[+-]?[0-9]{1,6}(?:\.[0-9]{1,4})?|\*|_)"


class Value(StrEnum):
    """What may follow an option, as a pattern."""

    NOTHING = r""
    NUMBERS = rf"{_NUMBER}(?:,{_NUMBER}){{0,31}}"
    WORD = r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A program that mines.

    `vendors` are the cards it can use. One that tells nothing is seen running at best.
    What the agent installs is from the newest release of a `repository` at GitHub;
    `asset` is what it looks for there, by its version. Only what `is_installable` it
    can then start as well: of all others it takes the folder for the program, even
    where that is elsewhere, and starts none any more.
    """

    name: str
    title: str
    repository: str
    asset: str
    is_installable: bool = False
    vendors: frozenset[Vendor] = frozenset()
    startable: bool = True
    takes_worker: bool = True
    tells: bool = True
    options: Mapping[str, Value] = field(default_factory=dict)


def _options(
    *, flags: str = "", numbers: str = "", words: str = ""
) -> dict[str, Value]:
    return {
        **dict.fromkeys(flags.split(), Value.NOTHING),
        **dict.fromkeys(numbers.split(), Value.NUMBERS),
        **dict.fromkeys(words.split(), Value.WORD),
    }


_BOTH: Final = frozenset({Vendor.NVIDIA, Vendor.AMD})

# The order is that of preference where several are found running.
_ALL = (
    Software(
        name="t-rex",
        title="T-Rex",
        repository="trexminer/T-Rex",
        asset="t-rex-{}-linux.tar.gz",
        vendors=frozenset({Vendor.NVIDIA}),
        options=_options(
            flags="--no-watchdog --no-color --validate-shares --no-nvml",
            numbers="""
                -d --devices -i --intensity --pl --cclock --mclock --lock-cclock --mt
                --kernel --temperature-limit --temperature-start --retries
                --retry-pause --timeout --lhr-tune --dag-build-mode
            """,
            words="-p --pass --coin --fan",
        ),
    ),
    Software(
        name="lolminer",
        title="lolMiner",
        repository="Lolliedieb/lolMiner-releases",
        asset="lolMiner_{}_Lin64.tar.gz",
        vendors=_BOTH,
        options=_options(
            flags="--nocolor --shortaccept",
            numbers="""
                --devices --cclk --mclk --coff --moff --fan --pl --keepfree --tstart
                --tstop --tmode
            """,
            words="--pass --tls --mode",
        ),
    ),
    Software(
        name="gminer",
        title="GMiner",
        repository="develsoftware/GMinerRelease",
        asset="gminer_{}_linux64.tar.xz",
        vendors=_BOTH,
        options=_options(
            numbers="""
                -d --devices --intensity --pl --cclock --mclock --lock_cclock --fan
                --tfan --ssl --pec -t --templimit --color --opencl --cuda --nvml
            """,
            words="-p --pass --proto",
        ),
    ),
    Software(
        name="teamredminer",
        title="TeamRedMiner",
        repository="todxx/teamredminer",
        asset="teamredminer-{}-linux.tar.gz",
        vendors=frozenset({Vendor.AMD}),
        options=_options(
            flags="--no_gpu_monitor --bus_reorder --enable_compute",
            numbers="""
                -d --devices --temp_limit --temp_resume --mem_temp_limit
                --mem_temp_resume
            """,
            words="-p --pass --eth_config --prog_config --fan_control",
        ),
    ),
    Software(
        name="nbminer",
        title="NBMiner",
        repository="NebuTech/NBMiner",
        asset="NBMiner_{}_Linux.tgz",
        vendors=_BOTH,
        takes_worker=False,
        options=_options(
            flags="--no-watchdog --enable-dag-cache",
            numbers="""
                -d --devices -i --intensity --fan --cclock --mclock --pl
                --power-limit --mt --memory-tweak --temperature-limit
                --temperature-start
            """,
            words="-p --password",
        ),
    ),
    Software(
        name="srbminer",
        title="SRBMiner",
        repository="doktor83/SRBMiner-Multi",
        asset="SRBMiner-Multi-{}-Linux.tar.gz",
        is_installable=True,
        vendors=_BOTH,
        takes_worker=False,
        options=_options(
            flags="--disable-cpu --disable-gpu --disable-huge-pages",
            numbers="""
                --gpu-id --gpu-intensity --gpu-cclock --gpu-mclock --gpu-coffset
                --gpu-moffset --gpu-plimit --gpu-fan --cpu-threads --retry-time
            """,
            words="--password --tls --nicehash --keepalive",
        ),
    ),
    Software(
        name="bzminer",
        title="BzMiner",
        repository="bzminer/bzminer",
        asset="bzminer_{}_linux.tar.gz",
        vendors=_BOTH,
        startable=False,
        tells=False,
    ),
    Software(
        name="xmrig",
        title="XMRig",
        repository="xmrig/xmrig",
        asset="xmrig-{}-linux-x64.tar.gz",
        takes_worker=False,
        options=_options(
            flags="""
                --tls --nicehash -k --keepalive --no-huge-pages --huge-pages-jit
                --randomx-1gb-pages --randomx-no-numa --no-color
            """,
            numbers="""
                -t --threads --cpu-priority --cpu-max-threads-hint --donate-level
                -r --retries -R --retry-pause --print-time
            """,
            words="-p --pass --coin --rig-id --randomx-mode --asm --cpu-affinity",
        ),
    ),
)

SOFTWARE: Final[Mapping[str, Software]] = {each.name: each for each in _ALL}
INSTALLABLE: Final = tuple(SOFTWARE)
STARTABLE: Final = tuple(each.name for each in _ALL if each.startable)
