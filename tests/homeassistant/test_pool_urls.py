"""What can be the address of a pool, and what of it is shown."""

import pytest

from custom_components.braiins_fleet.pool_urls import (
    EXAMPLE,
    are_same,
    has_sound_key,
    is_pool_url,
)

# Keys of 32 bytes with their checksum, with a version in front and without.
KEY = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72"
BARE_KEY = "u95GEReVMjK6k5YqiSFNqqTnKU4ypU2Wm8awa6tmbmDmk1bWt"


@pytest.mark.parametrize(
    "url",
    [
        EXAMPLE,
        "stratum+tcp://pool.example",
        "stratum+tcp://POOL.example:3333/",
        "stratum+ssl://pool.example:443",
        "stratum+tcp://192.168.1.5:3333",
        "stratum+tcp://[fe80::5]:3333",
        "stratum+tcp://pool_1.home.arpa:65535/path",
        f"stratum2+tcp://pool.example:3336/{KEY}",
    ],
)
def test_this_is_the_address_of_a_pool(url: str) -> None:
    assert is_pool_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pool.example:3333",
        "http://pool.example",
        "STRATUM+TCP://pool.example",
        "stratum+tcp://",
        "stratum+tcp://:3333",
        "stratum+tcp://pool.example:0",
        "stratum+tcp://pool.example:65536",
        "stratum+tcp://pool.example:port",
        "stratum+tcp://pool example",
        "stratum+tcp://-pool.example",
        "stratum+tcp://me:x@pool.example:3333",
        "stratum+tcp://pool.example/me@x",
        "stratum+tcp://[fe80::5::6]:3333",
        "stratum+tcp://pool.example:3333\n",
        "stratum+tcp://pool.example:3333 ",
    ],
)
def test_this_is_not(url: str) -> None:
    assert not is_pool_url(url)


@pytest.mark.parametrize("key", [KEY, BARE_KEY, f"{KEY}/"])
def test_a_key_without_a_slip_is_sound(key: str) -> None:
    assert has_sound_key(f"stratum2+tcp://pool.example:3336/{key}")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        KEY[:-1],
        f"{KEY[:-1]}3",
        KEY.replace("9", "8"),
        KEY.replace("9", "0"),
        f"{KEY}/{KEY}",
        BARE_KEY.swapcase(),
        "1111",
    ],
)
def test_a_key_with_a_slip_is_not(key: str) -> None:
    assert not has_sound_key(f"stratum2+tcp://pool.example:3336/{key}")


def test_other_pools_need_no_key() -> None:
    assert has_sound_key(EXAMPLE)
    assert has_sound_key(f"{EXAMPLE}/path")
    assert not has_sound_key("stratum2+tcp://pool.example")


def test_pools_are_the_same_whatever_their_letters_but_not_their_keys() -> None:
    assert are_same("stratum+tcp://Pool.example:1", "STRATUM+TCP://me@pool.EXAMPLE:1 ")
    assert not are_same("stratum+tcp://pool.example:1", "stratum+tcp://pool.example:2")
    assert not are_same(f"{EXAMPLE}/key", f"{EXAMPLE}/KEY")
