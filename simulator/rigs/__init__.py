"""GPU rigs without hardware: agents that dial out, and the cards behind them."""

from .agent import Agent, Habits
from .cards import CARDS, Card, CardModel, Vendor
from .faults import DESCRIPTIONS, Faults
from .fleet import RigFleet, SimulatedRig
from .machine import RigMachine
from .programs import PROGRAMS, Process, Program
from .releases import GitHub

__all__ = [
    "CARDS",
    "DESCRIPTIONS",
    "PROGRAMS",
    "Agent",
    "Card",
    "CardModel",
    "Faults",
    "GitHub",
    "Habits",
    "Process",
    "Program",
    "RigFleet",
    "RigMachine",
    "SimulatedRig",
    "Vendor",
]
