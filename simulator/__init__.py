"""A fleet of Braiins OS miners without hardware."""

from .clock import Clock, FakeClock, RealClock
from .machine import Machine
from .miner import PORT, SimulatedMiner
from .models import MODELS, Model
from .options import Quirks, Timing

__all__ = [
    "MODELS",
    "PORT",
    "Clock",
    "FakeClock",
    "Machine",
    "Model",
    "Quirks",
    "RealClock",
    "SimulatedMiner",
    "Timing",
]
