"""Miners to test against."""

from collections.abc import AsyncIterator

import pytest

from .scripted import ScriptedMiner, scripted_miner


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedMiner]:
    """Start a miner that answers what it is told to."""
    async with scripted_miner() as miner:
        yield miner
