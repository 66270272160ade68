"""How the addresses of coins guard against a slip: encodings with checksums."""

from hashlib import blake2b, sha256
import re
from typing import Final

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CHECKSUM: Final = 4

# CryptoNote writes blocks of 8 bytes as 11 letters, and the rest in fewer.
_BLOCK: Final = 11
_BLOCK_BYTES: Final = {2: 1, 3: 2, 5: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8}

_BECH32: Final = 1
_BECH32M: Final = 0x2BC830A3
# 43 bytes, five bits a letter, and six letters of checksum.
_SAPLING: Final = 75
_BECH32_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CASH_STEPS: Final = (
    0x98F2BC8E61,
    0x79B76D99E2,
    0xF33E5FB3C4,
    0xAE2EABE2A8,
    0x1E4F43E470,
)

_WORD: Final = (1 << 64) - 1
_KECCAK_RATE: Final = 136


def base58(text: str) -> bytes:
    """Return the bytes that are written so; a `ValueError` if none are."""
    number = _base58_number(text)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def _base58_number(text: str) -> int:
    number = 0
    for letter in text:
        number = number * len(_BASE58) + _BASE58.index(letter)
    return number


def is_base58check(text: str, length: int) -> bool:
    """Tell whether so many bytes, and the checksum of Bitcoin's, are written here."""
    try:
        whole = base58(text)
    except ValueError:
        return False
    payload, checksum = whole[:-_CHECKSUM], whole[-_CHECKSUM:]
    twice = sha256(sha256(payload).digest()).digest()
    return len(payload) == length and twice.startswith(checksum)


def is_blake_base58(text: str) -> bool:
    """Tell whether base58 ends in a checksum as Ergo has it."""
    try:
        whole = base58(text)
    except ValueError:
        return False
    payload, checksum = whole[:-_CHECKSUM], whole[-_CHECKSUM:]
    digest = blake2b(payload, digest_size=32).digest()
    return len(payload) > _CHECKSUM and digest.startswith(checksum)


def is_cryptonote(text: str) -> bool:
    """Tell whether this is base58 in blocks, as Monero has it, without a slip."""
    whole = bytearray()
    try:
        for start in range(0, len(text), _BLOCK):
            block = text[start : start + _BLOCK]
            whole += _base58_number(block).to_bytes(_BLOCK_BYTES[len(block)])
    except KeyError, OverflowError, ValueError:
        return False
    payload, checksum = bytes(whole[:-_CHECKSUM]), bytes(whole[-_CHECKSUM:])
    return bool(payload) and keccak_256(payload).startswith(checksum)


def is_segwit(text: str, prefix: str) -> bool:
    """Tell whether this is an address of SegWit's, for the coin with this prefix."""
    values, remainder = _bech32(text, prefix)
    if not 8 <= len(values) <= 90:
        return False
    version, program = values[0], (len(values) - 7) * 5 // 8
    wanted = _BECH32 if version == 0 else _BECH32M
    fits = program in (20, 32) if version == 0 else 2 <= program <= 40
    return version <= 16 and fits and remainder == wanted


def is_sapling(text: str) -> bool:
    """Tell whether this is an address of Zcash's Sapling, or of those who took it."""
    values, remainder = _bech32(text, "zs")
    return len(values) == _SAPLING and remainder == _BECH32


def _bech32(text: str, prefix: str) -> tuple[list[int], int]:
    """Return what is written behind a prefix, and what its checksum comes to."""
    lower = text.lower()
    head, one, data = lower.rpartition("1")
    values = [BASE32.find(letter) for letter in data]
    if text not in (lower, text.upper()) or (head, one) != (prefix, "1"):
        return [], 0
    if min(values, default=-1) < 0:
        return [], 0
    letters = [ord(letter) for letter in prefix]
    spread = [*(x >> 5 for x in letters), 0, *(x & 31 for x in letters)]
    return values, _remainder([*spread, *values], _BECH32_STEPS, 25)


def is_cash(text: str, prefix: str, alphabet: str = BASE32) -> bool:
    """Tell whether an address as Bitcoin Cash brought them up is without a slip."""
    lower = text.lower()
    head, _, data = lower.rpartition(":")
    values = [alphabet.find(letter) for letter in data]
    if text not in (lower, text.upper()) or head != prefix or len(values) < 20:
        return False
    if min(values) < 0:
        return False
    spread = [*(ord(letter) & 31 for letter in prefix), 0, *values]
    return _remainder(spread, _CASH_STEPS, 35) == 1


def _remainder(values: list[int], steps: tuple[int, ...], bits: int) -> int:
    """Divide by the polynomial that a code is built on."""
    check = 1
    for value in values:
        top = check >> bits
        check = (check & ((1 << bits) - 1)) << 5 ^ value
        for place, step in enumerate(steps):
            if top >> place & 1:
                check ^= step
    return check


def is_hex_address(text: str) -> bool:
    """Tell whether this is an address of Ethereum's, of whatever letters."""
    return bool(re.fullmatch("0x[0-9a-fA-F]{40}", text))


def has_case_of_its_own(text: str) -> bool:
    """Tell whether the case of its letters says anything: then it is a checksum."""
    digits = text[2:]
    return digits not in (digits.lower(), digits.upper())


def is_case_right(text: str) -> bool:
    """Tell whether letters are large and small as the address wants them."""
    digits = text[2:]
    digest = keccak_256(digits.lower().encode()).hex()
    return digits == "".join(
        letter.upper() if int(by, 16) >= 8 else letter
        for letter, by in zip(digits.lower(), digest, strict=False)
    )


def keccak_256(data: bytes) -> bytes:
    """Return the hash that coins took for SHA-3 before that was finished.

    It differs in a single bit, for which the standard library has no switch.
    """
    padded = bytearray(data + b"\1")
    padded += bytes(-len(padded) % _KECCAK_RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _KECCAK_RATE):
        for place in range(_KECCAK_RATE // 8):
            at = start + place * 8
            word = int.from_bytes(padded[at : at + 8], "little")
            lanes[place % 5][place // 5] ^= word
        lanes = _permute(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def _permute(lanes: list[list[int]]) -> list[list[int]]:
    constants = 1
    for _ in range(24):
        columns = [a ^ b ^ c ^ d ^ e for a, b, c, d, e in lanes]
        mixed = [columns[x - 1] ^ _turn(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        x, y, lane = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            turned = _turn(lane, (step + 1) * (step + 2) // 2 % 64)
            lane, lanes[x][y] = lanes[x][y], turned
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for bit in range(7):
            constants = (constants << 1 ^ (constants >> 7) * 0x171) & 0xFF
            if constants & 2:
                lanes[0][0] ^= 1 << (1 << bit) - 1
    return lanes


def _turn(word: int, places: int) -> int:
    return (word << places | word >> 64 - places) & _WORD
