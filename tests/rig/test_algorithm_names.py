"""Mining software has names of its own for algorithms."""

import pytest

from custom_components.braiins_fleet.rig.algorithm_names import (
    algorithm_name,
    is_same_algorithm,
)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("AUTOLYKOS2", "Autolykos V2"),
        ("EQUI144_5", "Equihash 144/5"),
        ("FLUX", "ZelHash"),
        ("BEAM-III", "BeamHash III"),
        ("C31", "Cuckatoo 31"),
        ("KASPA", "kHeavyHash"),
        ("rx/0", "randomx"),
        ("kawpow", "KawPow"),
        ("frkhash", "frkhash2"),
    ],
)
def test_two_names_of_one_algorithm_are_told_to_be_the_same(
    asked: str, told: str
) -> None:
    assert is_same_algorithm(told, asked) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [("ethash", "etchash"), ("ethash", "ethashb3"), ("kawpow", "rx/0")],
)
def test_known_names_of_two_algorithms_are_told_apart(one: str, other: str) -> None:
    assert is_same_algorithm(one, other) is False


def test_what_is_not_known_is_not_claimed_to_be_another() -> None:
    assert is_same_algorithm("brand-new", "kawpow") is None
    assert is_same_algorithm("", "kawpow") is None


def test_a_name_that_is_not_known_is_one_whatever_is_between_its_letters() -> None:
    assert algorithm_name("Brand_New") == algorithm_name("brand-new") == "brandnew"
