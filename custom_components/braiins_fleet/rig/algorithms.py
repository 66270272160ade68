"""What each mining software calls the algorithm of a coin.

Taken from their own documents, or from programs that start them. Only coins that can
be mined so: coins that pools merely pay in have no algorithm here.
"""

from collections.abc import Mapping
from typing import Final

_ETHEREUMS: Final = "ETHW OCTA"
_RAVENS: Final = "CLORE RVN XNA"
_MONEROS: Final = "SAL XMR ZEPH"

_COINS: Final[Mapping[str, Mapping[str, str]]] = {
    "t-rex": {
        "autolykos2": "ERG",
        "blake3": "ALPH",
        "etchash": "ETC",
        "ethash": _ETHEREUMS,
        "firopow": "FIRO",
        "kawpow": _RAVENS,
        "octopus": "CFX",
        "progpowz": "ZANO",
    },
    "lolminer": {
        "ALEPH": "ALPH",
        "AUTOLYKOS2": "ERG",
        "EQUI144_5": "BTG",
        "ETCHASH": "ETC",
        "ETHASH": _ETHEREUMS,
        "FISHHASH": "IRON",
        "FLUX": "FLUX",
        "KARLSENV2": "KLS",
        "KASPA": "KAS",
        "NEXA": "NEXA",
        "OCTOPUS": "CFX",
        "PYRINV2": "PYI",
        "RADIANT": "RXD",
    },
    "gminer": {
        "autolykos2": "ERG",
        "equihash125_4": "FLUX",
        "equihash144_5": "BTG",
        "etchash": "ETC",
        "ethash": _ETHEREUMS,
        "firo": "FIRO",
        "kawpow": _RAVENS,
        "kheavyhash": "KAS",
        "octopus": "CFX",
        "radiant": "RXD",
    },
    "teamredminer": {
        "alph": "ALPH",
        "autolykos2": "ERG",
        "etchash": "ETC",
        "ethash": _ETHEREUMS,
        "firopow": "FIRO",
        "kas": "KAS",
        "kawpow": _RAVENS,
        "verthash": "VTC",
    },
    "nbminer": {
        "ergo": "ERG",
        "etchash": "ETC",
        "ethash": _ETHEREUMS,
        "kawpow": _RAVENS,
        "octopus": "CFX",
    },
    "srbminer": {
        "autolykos2": "ERG",
        "etchash": "ETC",
        "ethash": _ETHEREUMS,
        "evrprogpow": "EVR",
        "firopow": "FIRO",
        "fishhash": "IRON",
        "kawpow": _RAVENS,
        "progpow_zano": "ZANO",
        "randomx": _MONEROS,
        "verthash": "VTC",
        "verushash": "VRSC",
        "xelishashv3": "XEL",
    },
    "xmrig": {"rx/0": _MONEROS},
}

_NAMES: Final = {
    (software, coin): name
    for software, names in _COINS.items()
    for name, coins in names.items()
    for coin in coins.split()
}


def usual_algorithm(software: str, coin: str) -> str:
    """Return what a software calls the algorithm of a coin; empty if not known."""
    return _NAMES.get((software, coin), "")
