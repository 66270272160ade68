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


# NBMiner locks a clock that has @ in front.
_NUMBER: Final = r"(?:[@+-]?[0-9]{1,6}(?:\.[0-9]{1,4})?|\*|_)"


class Value(StrEnum):
    """What may follow an option, as a pattern.

    Of a list, single entries may be empty: the card is left as it is.
    """

    NOTHING = r""
    NUMBERS = rf"(?=.)(?:{_NUMBER})?(?:,(?:{_NUMBER})?){{0,31}}"
    ONE_BY_ONE = _NUMBER
    """Numbers that are words of their own: `--devices 0 2 4`."""
    WORDS = r"[A-Za-z0-9:][A-Za-z0-9_.:+,-]{0,127}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A program that mines.

    `vendors` are the cards it can use. Of one that `tells` nothing, the agent does not
    understand the interface: it is seen running at best.
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
    takes_worker: bool = False
    tells: bool = True
    options: Mapping[str, Value] = field(default_factory=dict)


def _options(
    *, flags: str = "", numbers: str = "", one_by_one: str = "", words: str = ""
) -> dict[str, Value]:
    return {
        **dict.fromkeys(flags.split(), Value.NOTHING),
        **dict.fromkeys(numbers.split(), Value.NUMBERS),
        **dict.fromkeys(one_by_one.split(), Value.ONE_BY_ONE),
        **dict.fromkeys(words.split(), Value.WORDS),
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
        takes_worker=True,
        options=_options(
            flags="""
                --hide-date --keep-gpu-busy --lhr-low-power --no-color
                --no-hashrate-report --no-new-block-info --no-nvml --no-sni
                --no-strict-ssl --no-watchdog -q --quiet --send-stales
                --validate-shares
            """,
            numbers="""
                --back-to-main-pool-sec --cpu-priority --dag-build-mode --dataset-mode
                -d --devices --gpu-init-mode --gpu-report-interval -N --hashrate-avr
                -i --intensity --kernel --lhr-autotune-interval
                --lhr-autotune-step-size --lhr-tune --lock-cclock --low-load --mt --pl
                --reconnect-on-fail-shares -r --retries -R --retry-pause
                --sharerate-avr --temperature-limit --temperature-start -T --timeout
            """,
            words="--coin --lhr-autotune-mode",
        ),
    ),
    Software(
        name="lolminer",
        title="lolMiner",
        repository="Lolliedieb/lolMiner-releases",
        asset="lolMiner_{}_Lin64.tar.gz",
        vendors=_BOTH,
        options=_options(
            flags="--basecolor --compactaccept --no-cl --nocolor --timeprint",
            numbers="""
                --cclk --coff --dagdelay --digits --disable-dag-verify
                --dns-over-https --ergo-prebuild --fan --keepfree --longstats
                --max-latency --mclk --moff --pl --screen --shortstats --singlethread
                --tstart --tstop
            """,
            words="--devices --ethstratum --lhrtune --mode --pers --tmode",
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
                --cache_dag --color --cuda --dag_gen_limit --electricity_cost
                --lhr_autotune_step --log_date --log_newjob --nvml --opencl --pec
                --report_interval --secure_dns --share_check --watchdog
                --watchdog_restart_delay
            """,
            one_by_one="""
                --cclock --dag_limit --dag_mode -d --devices --fan -i --intensity -k
                --kernel --lhr --lhr_autotune --lhr_mode --lhr_tune --lock_cclock
                --lock_mclock --mclock --mt --pl --safe_dag -t --templimit -tm
                --templimit_mem --tfan --tfan_max --tfan_min
            """,
            words="--pers --proto",
        ),
    ),
    Software(
        name="teamredminer",
        title="TeamRedMiner",
        repository="todxx/teamredminer",
        asset="teamredminer-{}-linux.tar.gz",
        vendors=frozenset({Vendor.AMD}),
        tells=False,
        options=_options(
            flags="""
                --allow_all_devices --bus_reorder --disable_colors --eth_aggr_mode
                --eth_dag_alloc_patch --eth_dag_cache_verify --eth_direct_abort
                --eth_ramp_up --eth_stagger --high_score --long_timestamps
                --no_gpu_monitor --no_ntime_roll --no_stale_submit --pool_broken_rpc
                --pool_force_ensub --pool_no_ensub --prog_ramp_up --prog_stagger
                --prog_strict --short_stats --watchdog_disabled
            """,
            numbers="""
                --autolykos_mem_adjust --autolykos_slowdown -d --devices
                --eth_4g_max_alloc --eth_alloc_epoch --eth_big_mode_adjust
                --eth_dag_slowdown --eth_micro_delay --init_style --log_interval
                --mem_temp_limit --mem_temp_resume --platform --pool_connect_TO
                --pool_max_rejects --pool_rpc_TO --pool_share_limit_ms
                --prog_dag_slowdown --temp_limit --temp_resume --verthash_max_uploads
            """,
            words="""
                --eth_config --eth_dag_buf --eth_hash_report --eth_stratum_mode
                --fan_control --prog_config
            """,
        ),
    ),
    Software(
        name="nbminer",
        title="NBMiner",
        repository="NebuTech/NBMiner",
        asset="NBMiner_{}_Linux.tgz",
        vendors=_BOTH,
        tells=False,
        options=_options(
            flags="""
                --cuckatoo-power-optimize --enable-dag-cache --enable-igpu
                --long-format --no-interrupt --no-nvml --no-watchdog --strict-ssl
            """,
            numbers="""
                --cclock --cuckoo-intensity -d --devices --fan --fee -i --intensity
                -lhr --mclock --memory-tweak -mt --mt --pl --platform --power-limit
                --share-check --temperature-limit --temperature-start --tl --ts
            """,
            words="--coin",
        ),
    ),
    Software(
        name="srbminer",
        title="SRBMiner",
        repository="doktor83/SRBMiner-Multi",
        asset="SRBMiner-Multi-{}-Linux.tar.gz",
        is_installable=True,
        vendors=_BOTH,
        tells=False,
        options=_options(
            flags="""
                --autolykos2-preload --autotune-no-load --disable-auto-affinity
                --disable-cpu --disable-extranonce-subscribe --disable-gpu
                --disable-gpu-amd --disable-gpu-intel --disable-gpu-nvidia
                --disable-huge-pages --disable-msr-tweaks --disable-numa-binding
                --disable-worker-watchdog --enable-restart-on-rejected
                --enable-workers-ramp-up --extended-log --gpu-disable-interleaving
                --gpu-disable-oc --gpu-progpow-safe --gpu-reset-oc
                --gpu-table-slow-build --randomx-use-1gb-pages
            """,
            numbers="""
                --cpu-threads --cpu-threads-intensity --cpu-threads-percent
                --cpu-threads-priority --cpu-threads-reduce --diff-factor
                --dns-over-https --esm --give-up-limit --gpu-cclock0 --gpu-coffset0
                --gpu-errors-alert --gpu-fan0 --gpu-id --gpu-intensity --gpu-mclock0
                --gpu-moffset0 --gpu-off-temperature --gpu-plimit0 --job-timeout
                --main-pool-reconnect --max-no-share-sent --max-no-submit-responses
                --max-rejected-shares --miner-priority --msr-use-preset
                --msr-use-tweaks --oc-delay --retry-time -t
            """,
            words="--cpu-affinity --keepalive --nicehash --send-stales",
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
        options=_options(
            flags="""
                --cpu-no-yield --cuda --dns-ipv6 --huge-pages-jit -k --keepalive
                --nicehash --no-color --no-cpu --no-dmi --no-huge-pages --no-nvml
                --opencl --opencl-no-cache --pause-on-battery --randomx-1gb-pages
                --randomx-cache-qos --randomx-no-numa --randomx-no-rdmsr --verbose
            """,
            numbers="""
                --cpu-max-threads-hint --cpu-memory-pool --cpu-priority
                --cuda-bfactor-hint --cuda-bsleep-hint --cuda-devices --dns-ttl
                --donate-level --donate-over-proxy --health-print-time
                --hugepage-size --opencl-devices --opencl-platform --print-time
                --randomx-init --randomx-wrmsr -r --retries -R --retry-pause -t
                --threads
            """,
            words="""
                --asm --coin --cpu-affinity --cpu-argon2-impl --randomx-mode --rig-id
            """,
        ),
    ),
)

SOFTWARE: Final[Mapping[str, Software]] = {each.name: each for each in _ALL}
INSTALLABLE: Final = tuple(SOFTWARE)
STARTABLE: Final = tuple(each.name for each in _ALL if each.startable)
