"""An address with a slip in it is refused before anything is mined for it."""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha3_256
import string

from hypothesis import given, strategies as st
import pytest

from custom_components.braiins_fleet.rig import (
    COINS,
    Proof,
    Unacceptable,
    check_wallet,
)
from custom_components.braiins_fleet.rig.checksums import (
    has_case_of_its_own,
    is_case_right,
    keccak_256,
)

from . import addresses
from .addresses import CONFLUX, base58check, cash, cryptonote, ergo

# From the documents that define them, or as their wallets show them.
KNOWN = {
    "BTC": (
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ),
    "BCH": (
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
    ),
    "ETC": ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",),
    "KAS": ("kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e",),
    "XMR": (
        (
            "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb9"
            "8uNbr2VBBEt7f2wfn3RVGQBEP3A"
        ),
        (
            "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiK"
            "c9dhwMVgN5S9cQUiyoogDavup3H"
        ),
    ),
    "CFX": ("cfx:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg",),
    "NEXA": ("nexa:nqtsq5g5hw4x0rymhslww06kk0n5a6f5cyru32h0529466md",),
    "ZEC": (
        "t1h8SqgtM3QM5e2M8EzhhT1yL2PXXtA6oqe",
        "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya",
    ),
}


@pytest.mark.parametrize(
    ("coin", "address"),
    [(coin, address) for coin, several in KNOWN.items() for address in several],
)
def test_addresses_with_a_checksum_are_vouched_for(coin: str, address: str) -> None:
    assert check_wallet(coin, address) is Proof.CHECKSUM


type Write = Callable[[bytes], str]

WRITTEN: dict[str, Write] = {
    "RVN": lambda key: base58check(b"\x3c", key[:20]),
    "CLORE": lambda key: base58check(b"\x17", key[:20]),
    "FIRO": lambda key: base58check(b"\x52", key[:20]),
    "DGB": lambda key: base58check(b"\x1e", key[:20]),
    "DOGE": lambda key: base58check(b"\x1e", key[:20]),
    "RTM": lambda key: base58check(b"\x3c", key[:20]),
    "ZEC": lambda key: base58check(b"\x1c\xb8", key[:20]),
    "LTC": lambda key: base58check(b"\x30", key[:20]),
    "FLUX": lambda key: base58check(b"\x1c\xb8", key[:20]),
    "XNA": lambda key: base58check(b"\x35", key[:20]),
    "ERG": lambda key: ergo(b"\x01\x02" + key),
    "KAS": lambda key: cash("kaspa", b"\0" + key),
    "PYI": lambda key: cash("pyrin", b"\0" + key),
    "NEXA": lambda key: cash("nexa", b"\x98\x17\0\x51\x14" + key[:20]),
    "CFX": lambda key: cash("cfx", b"\0\x10" + key[1:20], CONFLUX),
    "XMR": lambda key: cryptonote(b"\x12" + key * 2),
}


@given(st.sampled_from(sorted(WRITTEN)), st.binary(min_size=32, max_size=32), st.data())
def test_one_wrong_letter_is_always_found(
    coin: str, key: bytes, data: st.DataObject
) -> None:
    address = WRITTEN[coin](key)
    assert check_wallet(coin, address) is Proof.CHECKSUM
    place = data.draw(st.integers(0, len(address) - 1))
    letters = string.ascii_letters + string.digits
    wrong = data.draw(
        st.sampled_from(letters).filter(lambda c: c.lower() != address[place].lower())
    )
    with pytest.raises(Unacceptable) as refused:
        check_wallet(coin, address[:place] + wrong + address[place + 1 :])
    assert (refused.value.field, refused.value.reason) == ("wallet", "address")


@given(st.text(max_size=300), st.sampled_from([*COINS, "NEW"]))
def test_whatever_is_typed_is_taken_or_refused_and_never_more(
    text: str, coin: str
) -> None:
    with suppress(Unacceptable):
        assert check_wallet(coin, text) in Proof


@pytest.mark.parametrize("coin", sorted(COINS))
@pytest.mark.parametrize(
    "text", ["", "x", "1", "0x", "kaspa:", ":", "l" * 34, "\u0661" * 34]
)
def test_what_is_no_address_is_refused(coin: str, text: str) -> None:
    with pytest.raises(Unacceptable):
        check_wallet(coin, text)


def test_the_address_of_another_coin_is_refused() -> None:
    raven = WRITTEN["RVN"](bytes(32))
    for coin in ("BTC", "KAS", "ETC", "FLUX", "XMR", "ERG", "NEXA", "CLORE"):
        with pytest.raises(Unacceptable):
            check_wallet(coin, raven)


def test_what_pools_want_behind_an_address_is_no_part_of_it() -> None:
    raven = WRITTEN["RVN"](bytes(32))
    for behind in (".rig", "/rig", "#reference", "+50000", ".rig#ref", "=16"):
        assert check_wallet("RVN", raven + behind) is Proof.CHECKSUM


def test_a_pool_that_pays_in_another_coin_wants_an_address_of_that() -> None:
    doge, raven = (WRITTEN[coin](bytes(32)) for coin in ("DOGE", "RVN"))
    assert check_wallet("RVN", f"DOGE:{doge}.rig#ref") is Proof.CHECKSUM
    assert check_wallet("NEW", f"DOGE:{doge}") is Proof.CHECKSUM
    for coin in ("RVN", "NEW"):
        with pytest.raises(Unacceptable):
            check_wallet(coin, f"DOGE:{raven}")


def test_a_coin_that_a_pool_pays_in_may_be_any_but_its_address_no_word() -> None:
    mixed = KNOWN["ETC"][0]
    assert check_wallet("RVN", f"SHIB:{mixed}.rig") is Proof.CHECKSUM
    assert check_wallet("RVN", f"XLM:{'G' * 56}.rig") is Proof.FORM
    assert check_wallet("NEW", "EOS:somebody") is Proof.FORM
    for wrong in (
        "SHIB:me-and-you",
        f"SHIB:{mixed.replace('aA', 'Aa')}",
        f"SHIB:{mixed[:-1]}",
        "SHIB:",
    ):
        with pytest.raises(Unacceptable) as refused:
            check_wallet("RVN", wrong)
        assert refused.value.reason == "address"


@pytest.mark.parametrize("coin", ["BCH", "CFX", "KAS", "NEXA"])
def test_what_stands_in_front_of_an_address_is_no_coin_to_be_paid_in(coin: str) -> None:
    address = KNOWN[coin][0]
    large = address.upper()
    for right in (address, large, f"{coin}:{address}", f"{coin}:{address}.rig"):
        assert check_wallet(coin, right) is Proof.CHECKSUM
    assert check_wallet("RVN", f"{coin}:{large}") is Proof.CHECKSUM
    for wrong in (f"{large[:-1]}0", f"{address[:-1]}0"):
        for asked in (coin, "RVN"):
            with pytest.raises(Unacceptable):
                check_wallet(asked, wrong)


def test_names_that_stand_for_an_address_are_taken_by_their_form() -> None:
    nicehash = f"NH{'b' * 34}"
    assert check_wallet("BTC", f"{nicehash}.rig") is Proof.FORM
    assert check_wallet("VRSC", "somebody@.rig") is Proof.FORM
    sapling = KNOWN["ZEC"][1]
    assert check_wallet("VRSC", sapling) is Proof.CHECKSUM
    for coin, wrong in (
        ("BTC", "NHb"),
        ("BTC", "account.rig"),
        ("VRSC", "somebody"),
        ("VRSC", f"{sapling[:-1]}c"),
        ("ZEC", sapling[:-1]),
        ("ZEC", "zs1b"),
    ):
        with pytest.raises(Unacceptable):
            check_wallet(coin, wrong)


def test_an_ethereum_address_in_one_case_has_no_checksum_to_check() -> None:
    mixed = KNOWN["ETC"][0]
    assert check_wallet("ETC", mixed.lower()) is Proof.FORM
    assert check_wallet("ETC", f"0x{mixed[2:].upper()}") is Proof.FORM
    with pytest.raises(Unacceptable):
        check_wallet("ETC", mixed.replace("aA", "Aa"))
    for worker in (":rig", ".rig", "/rig"):
        assert check_wallet("ETC", f"{mixed}{worker}") is Proof.CHECKSUM
    assert has_case_of_its_own(mixed)
    assert is_case_right(mixed)


def test_a_missing_letter_is_found_where_there_is_no_checksum() -> None:
    address = addresses.base58(b"\0" + bytes(range(32)))
    assert check_wallet("ALPH", address) is Proof.FORM
    with pytest.raises(Unacceptable):
        check_wallet("ALPH", address[:-1])


def test_coins_that_nobody_here_knows_are_taken_by_their_form() -> None:
    assert check_wallet("NEW", "me@example.com") is Proof.FORM
    for wrong in ("-u", "a b", "", "x" * 300, "$HOME"):
        with pytest.raises(Unacceptable) as refused:
            check_wallet("NEW", wrong)
        assert refused.value.reason == "malformed"


def test_keccak_is_what_it_was_before_it_became_a_standard() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak_256(b"").hex() == empty
    assert keccak_256(b"") != sha3_256(b"").digest()
    # Around the size of a block, where padding takes one of its own.
    assert len({keccak_256(bytes(size)) for size in range(130, 140)}) == 10
