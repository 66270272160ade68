"""What is taken out of diagnostics, and what is left in."""

from datetime import UTC, datetime

import pytest

from custom_components.braiins_fleet.asic import PoolSettings, Refused
from custom_components.braiins_fleet.redaction import redacted

OUT = "**REDACTED**"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ipv4:192.168.1.20:50051: refused", f"ipv4:{OUT}:50051: refused"),
        ("ipv6:%5Bfe80::1:2%5D:50051: refused", f"ipv6:[{OUT}]:50051: refused"),
        ("from fe80::1 to 2001:db8::7", f"from {OUT} to {OUT}"),
        ("02:ab:cd:ef:01:23 is here", f"{OUT} is here"),
        ("02-AB-CD-EF-01-23 is here", f"{OUT} is here"),
        ("stratum+tcp://me:x@pool.example:3333", "stratum+tcp://pool.example:3333"),
        ("http://pool.example/?user=me", f"http://pool.example/{OUT}"),
        ("at 14:13:20 with 26.05", "at 14:13:20 with 26.05"),
        ("2026-05-18-0-73a522bc-26.05-plus", "2026-05-18-0-73a522bc-26.05-plus"),
    ],
)
def test_texts_lose_what_looks_like_an_address_and_nothing_else(
    text: str, shown: str
) -> None:
    assert redacted({"error": text}) == {"error": shown}


def test_a_name_is_taken_out_wherever_it_turns_up() -> None:
    told = redacted(
        {
            "details": {"hostname": "Attic-Heater", "mac": "02:ab:cd:ef:01:23"},
            "user": "bc1qwallet.attic",
            "title": "Antminer S19 ef0123",
            "errors": [Refused("attic-heater: no payout to BC1QWALLET")],
        }
    )
    assert told == {
        "details": {"hostname": OUT, "mac": OUT},
        "user": OUT,
        "title": f"Antminer S19 {OUT}",
        "errors": [f"Refused: {OUT}: no payout to {OUT}"],
    }


def test_what_is_short_or_empty_takes_nothing_along() -> None:
    told = redacted({"user": "x", "password": "", "host": None, "text": "extra x"})
    assert told == {"user": OUT, "password": "", "host": None, "text": "extra x"}


def test_what_json_does_not_know_is_told_in_words() -> None:
    told = redacted({"at": datetime(2026, 9, 21, tzinfo=UTC), "seen": {7}})
    assert told == {"at": "2026-09-21 00:00:00+00:00", "seen": [7]}


def test_a_message_as_it_came_is_left_out() -> None:
    pool = PoolSettings(url="stratum+tcp://a", user="", stored=b"wallet.attic")
    assert redacted({"pool": pool}) == {
        "pool": {
            "uid": None,
            "url": "stratum+tcp://a",
            "user": "",
            "password": None,
            "enabled": None,
        }
    }


def test_a_wallet_is_taken_out_wherever_it_turns_up() -> None:
    told = redacted({"wallet": "RAKhjjFyBsfCCP.rig", "line": "-u RAKhjjFyBsfCCP.a"})
    assert told == {"wallet": OUT, "line": f"-u {OUT}.a"}


def test_the_worker_of_a_flight_sheet_is_taken_out() -> None:
    assert redacted({"worker": "jane", "coin": "RVN"}) == {"worker": OUT, "coin": "RVN"}
