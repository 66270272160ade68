"""Frames as no agent sends them, and how many of them are tried."""

import os
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
import pytest

from custom_components.braiins_fleet.rig import SOFTWARE

from .samples import AMD, CPU, MINER, NVIDIA, card, miner_card

# The whole suite tries a few, always the same; whoever asks for more gets others.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
patient = pytest.mark.timeout(60 + EXAMPLES)


def fuzzed(few: int, share: int) -> settings:
    """Return how long to try: each test takes as long, by its share of examples."""
    return settings(
        derandomize=not EXAMPLES,
        print_blob=True,
        max_examples=EXAMPLES // share or few,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
        ],
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["stats", "miner_status", "t-rex", "00.0", "NVIDIA"]),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.text(max_size=10)
            | st.sampled_from(sorted({*NVIDIA, *MINER, *CPU, "gpus", "cpu", "data"})),
            children,
            max_size=6,
        )
    ),
    max_leaves=30,
)
# Where all is odd, nothing is understood; so mostly there is one oddity, or two.
ODD = (
    st.sampled_from(["x" * 300, "ř" * 300, "[x](http://x)" * 9])
    | st.sampled_from([*SOFTWARE, "AMD", "Equihash", "0000:01:00.0"])
    | st.integers(0, 200)
    | st.floats(0, allow_infinity=False)
    | st.text()
    | JSON
)


def like(sample: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make up what mostly looks like this."""
    fields = st.sampled_from(sorted(sample))
    return st.dictionaries(fields, ODD, max_size=2).map(lambda odd: sample | odd)


STATS = st.fixed_dictionaries(
    {},
    optional={
        "gpus": st.lists(like(NVIDIA) | like(AMD) | like(card(1)), max_size=5),
        "cpu": like(CPU),
    },
)
REPORT = st.builds(
    lambda report, gpus: {"gpuStats": gpus} | report,
    like({key: value for key, value in MINER.items() if key != "gpuStats"}),
    st.lists(like(miner_card(0)) | like(miner_card(1)), max_size=3) | ODD,
)
FRAMES = st.one_of(
    st.builds(lambda data: {"type": "stats", "data": data}, STATS),
    st.builds(lambda data: {"type": "miner_status", "data": data}, REPORT),
    st.fixed_dictionaries(
        {"type": st.just("command_result")},
        optional={"commandId": JSON, "success": JSON, "error": JSON},
    ),
    JSON,
)
