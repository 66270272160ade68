"""What is read of a release, and which of two versions is newer."""

from typing import Any

import pytest

from custom_components.braiins_fleet.rig import (
    SOFTWARE,
    is_newer,
    read_release,
    version_in,
)


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("v6.22.2", "6.22.2"),
        ("lolMiner 1.98a", "1.98a"),
        ("lolMiner 1.98A", "1.98a"),
        ("0.26.8", "0.26.8"),
        ("NBMiner 42.3", "42.3"),
        ("GMiner 3.44", "3.44"),
        ("SRBMiner-MULTI 2-7-5", "2.7.5"),
        ("v42.3", "42.3"),
    ],
)
def test_a_version_is_found_however_it_is_told(told: str, version: str) -> None:
    assert version_in(told) == version


@pytest.mark.parametrize(
    "told", ["", "6.22.2-dev", "6.22.2-rc1", "nightly", "1.2.3.4.5.6", "٣.٤", "1.2\n"]
)
def test_what_cannot_be_compared_is_no_version(told: str) -> None:
    assert version_in(told) is None


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("1.98a", "1.98"),
        ("1.99", "1.98a"),
        ("0.10.21", "0.9.4"),
        ("2.0.1", "2"),
        ("42.3", "9.9"),
    ],
)
def test_versions_are_compared_number_by_number(newer: str, older: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


def test_zeros_at_the_end_make_no_difference() -> None:
    assert not is_newer("1.2.0", "1.2")
    assert not is_newer("1.2", "1.2.0")


@pytest.mark.parametrize(
    ("name", "tag", "file", "fits"),
    [
        ("t-rex", "0.26.8", "t-rex-0.26.8-linux.tar.gz", True),
        ("nbminer", "v42.3", "NBMiner_42.3_Linux.tgz", True),
        ("nbminer", "v42.3", "nbminer_42.3_linux.tgz", True),
        ("xmrig", "v6.22.2", "xmrig-6.22.2-linux-static-x64.tar.gz", True),
        ("xmrig", "v6.22.2", "xmrig-6.22.2-linux-arm64.tar.gz", False),
        # These name their files otherwise than the agent believes.
        ("srbminer", "3.2.8", "SRBMiner-Multi-3-2-8-Linux.tar.gz", False),
        ("lolminer", "1.98", "lolMiner_v1.98_Lin64.tar.gz", False),
    ],
)
def test_a_release_fits_if_the_agent_finds_its_file(
    name: str, tag: str, file: str, fits: bool
) -> None:
    answer = {"tag_name": tag, "assets": [{"name": "readme.txt"}, {"name": file}]}
    release = read_release(SOFTWARE[name], answer)
    assert release is not None
    assert release.fits is fits
    assert release.tag == tag


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"tag_name": 1, "assets": []},
        {"tag_name": "1.0", "assets": None},
        {"tag_name": "1.0/../../../x", "assets": []},
        {"tag_name": "1.0](https://example.com)", "assets": []},
        {"tag_name": "latest", "assets": []},
        {"tag_name": f"a{'-' * 100_000}1.0", "assets": []},
    ],
)
def test_what_is_no_release_is_none(answer: Any) -> None:
    assert read_release(SOFTWARE["t-rex"], answer) is None


def test_files_that_are_none_are_passed_over() -> None:
    answer = {"tag_name": "1.0", "assets": [None, {}, {"name": 5}, "linux64"]}
    release = read_release(SOFTWARE["t-rex"], answer)
    assert release is not None
    assert not release.fits
