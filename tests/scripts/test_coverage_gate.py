"""The whole suite fails where too little of a module is covered."""

import json
from pathlib import Path

import pytest

from scripts.coverage_gate import shortcomings

COMPONENT = "custom_components/braiins_fleet"


@pytest.mark.parametrize(
    ("module", "covered", "enough"),
    [
        ("sensor.py", 95.1, True),
        ("sensor.py", 95.0, False),
        ("asic/miner.py", 12.0, False),
        ("config_flow.py", 100.0, True),
        ("config_flow.py", 99.9, False),
    ],
)
def test_each_module_has_to_be_covered_by_itself(
    tmp_path: Path, module: str, covered: float, enough: bool
) -> None:
    report = {
        "files": {
            f"{COMPONENT}/const.py": {
                "summary": {"percent_covered": 100.0},
                "missing_lines": [],
            },
            f"{COMPONENT}/{module}": {
                "summary": {"percent_covered": covered},
                "missing_lines": [7, 12],
            },
        }
    }
    file = tmp_path / "coverage.json"
    file.write_text(json.dumps(report))
    found = shortcomings(file)
    assert len(found) == (not enough)
    for sentence in found:
        assert module in sentence
        assert "7, 12" in sentence
