"""Which unit the hashes of an algorithm are counted in."""

import pytest

from custom_components.braiins_fleet.hashrates import HashrateUnit, unit_of


@pytest.mark.parametrize(
    ("unit", "algorithms"),
    [
        ("H/s", "cn/r cn-heavy/0 cryptonight_gpu"),
        ("kH/s", "rx/0 randomx gr ghostrider verthash yescryptr16 xelishashv2"),
        ("MH/s", "kawpow KAWPOW etchash autolykos2 progpow_sero firo KARLSENV2"),
        ("GH/s", "kheavyhash KASPA blake3_alephium karlsenhash sha512_256d_radiant"),
        ("Sol/s", "equihash125_4 EQUI144_5 125_4 beamhash cuckaroo29 zhash ZelHash"),
    ],
)
def test_each_family_has_its_unit(unit: str, algorithms: str) -> None:
    assert {unit_of(name, "lolminer") for name in algorithms.split()} == {unit}


def test_what_is_not_known_counts_as_most_of_its_software_does() -> None:
    assert unit_of("brand-new", "xmrig") is HashrateUnit.KILOHASH
    assert unit_of(None, "xmrig") is HashrateUnit.KILOHASH
    assert unit_of("brand-new", "t-rex") is HashrateUnit.MEGAHASH
