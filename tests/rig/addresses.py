"""Addresses of coins, written from bytes as their wallets write them."""

from hashlib import blake2b, sha256

from custom_components.braiins_fleet.rig.checksums import BASE32, keccak_256

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CONFLUX = "abcdefghjkmnprstuvwxyz0123456789"
_BLOCK_LETTERS = (0, 2, 3, 5, 6, 7, 9, 10, 11)


def _digits(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return text


def base58(data: bytes) -> str:
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + _digits(int.from_bytes(data))


def base58check(version: bytes, payload: bytes) -> str:
    data = version + payload
    return base58(data + sha256(sha256(data).digest()).digest()[:4])


def ergo(data: bytes) -> str:
    return base58(data + blake2b(data, digest_size=32).digest()[:4])


def cryptonote(data: bytes) -> str:
    whole = data + keccak_256(data)[:4]
    blocks = [whole[start : start + 8] for start in range(0, len(whole), 8)]
    return "".join(
        _digits(int.from_bytes(block)).rjust(_BLOCK_LETTERS[len(block)], "1")
        for block in blocks
    )


def _fives(data: bytes) -> list[int]:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]


def cash(prefix: str, data: bytes, alphabet: str = BASE32) -> str:
    values = _fives(data)
    check = 1
    for value in [*(ord(letter) & 31 for letter in prefix), 0, *values, *[0] * 8]:
        top, check = check >> 35, ((check & 0x7FFFFFFFF) << 5) ^ value
        steps = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
        for place, step in enumerate(steps):
            check ^= step if top >> place & 1 else 0
    check ^= 1
    values += [check >> 5 * (7 - place) & 31 for place in range(8)]
    return f"{prefix}:" + "".join(alphabet[value] for value in values)
