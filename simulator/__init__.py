"""A fleet of Braiins OS miners without hardware."""

from .clock import Clock, FakeClock, RealClock
from .decoys import Decoy, OldBraiinsOs, StockAntminer
from .fleet import Fleet
from .machine import Machine
from .miner import PORT, SimulatedMiner
from .models import MODELS, Model
from .options import Quirks, Timing

__all__ = [
    "MODELS",
    "PORT",
    "Clock",
    "Decoy",
    "FakeClock",
    "Fleet",
    "Machine",
    "Model",
    "OldBraiinsOs",
    "Quirks",
    "RealClock",
    "SimulatedMiner",
    "StockAntminer",
    "Timing",
]
