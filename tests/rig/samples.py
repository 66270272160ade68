"""Frames as the agent sends them."""

from typing import Any

NVIDIA: dict[str, Any] = {
    "index": 0,
    "name": "NVIDIA GeForce RTX 3080",
    "vendor": "NVIDIA",
    "temperature": 61,
    "memTemp": None,
    "fanSpeed": 55,
    "powerDraw": 231,
    "coreClock": 1530,
    "memoryClock": 9501,
    "utilization": 100,
    "vram": 10240,
    "busId": "00000000:01:00.0",
}
AMD: dict[str, Any] = {
    "index": 1,
    "name": "Card SKU: \t\tD41206",
    "vendor": "AMD",
    "temperature": 58,
    "memTemp": None,
    "fanSpeed": None,
    "powerDraw": 120,
    "coreClock": None,
    "memoryClock": None,
    "utilization": 99,
    "vram": 17163091968,
    "busId": "00.0",
}
CPU: dict[str, Any] = {
    "model": "Intel(R) Celeron(R) G4930 CPU @ 3.20GHz",
    "vendor": "GenuineIntel",
    "cores": 2,
    "threads": 2,
    "temperature": 44,
    "usage": 3.61445783132530,
    "frequency": 3200,
    "powerDraw": None,
}
MINER: dict[str, Any] = {
    "algorithm": "kawpow",
    "gpuStats": [
        {
            "index": 0,
            "hashrate": 45200000,
            "temperature": 61,
            "fanSpeed": 55,
            "power": 230,
        }
    ],
    "hashrate": 45200000.5,
    "name": "t-rex",
    "pool": "stratum+tcp://rvn.example.com:3333",
    "running": True,
    "shares": {"accepted": 80, "rejected": 1},
    "uptime": 3600,
    "version": "0.26.8",
}
SILENT: dict[str, Any] = MINER | {
    "algorithm": "",
    "hashrate": 0,
    "pool": "",
    "shares": {"accepted": 0, "rejected": 0},
    "uptime": 0,
    "version": "",
}
del SILENT["gpuStats"]
STOPPED: dict[str, Any] = {"name": "", "pid": 0, "running": False}


def card(number: int, **figures: Any) -> dict[str, Any]:
    """Return a card in one of the slots."""
    bus = {"index": number, "busId": f"00000000:{number + 1:02X}:00.0"}
    return NVIDIA | bus | figures


def miner_card(number: int, **figures: Any) -> dict[str, Any]:
    """Return a card as the mining software tells of it."""
    gpu: dict[str, Any] = MINER["gpuStats"][0]
    return gpu | {"index": number} | figures
