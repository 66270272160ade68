"""Whatever an agent tells, Home Assistant shows what it can of it, and goes on."""

import json
import logging
import random

from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest

from tests.rig.nonsense import FRAMES, fuzzed, patient

from .rigging import Yard, goodbye, received


async def tell(yard: Yard, token: str, frames: list[str]) -> None:
    """Connect as an agent, and send frames until all are heard."""
    socket = await yard.dial(token)
    assert (await received(socket))["type"] == "authenticated"
    for frame in frames:
        yard.clock.advance(10)
        await socket.send_str(frame)
        await socket.send_str('{"type": "heartbeat"}')
        while (await received(socket))["type"] != "heartbeat_ack":
            pass
        await yard.hass.async_block_till_done()
    await socket.close()
    await goodbye(socket)


@patient
@fuzzed(few=5, share=10)
@given(frames=st.lists(FRAMES.map(json.dumps) | st.text(), min_size=1, max_size=8))
async def test_no_sequence_of_frames_is_too_much_for_what_is_shown(
    hass: HomeAssistant,
    yard: Yard,
    caplog: pytest.LogCaptureFixture,
    frames: list[str],
) -> None:
    # Hypothesis has luck begin anew, and Home Assistant makes ids by it.
    random.seed()
    caplog.clear()
    rig_id, token = await yard.add()
    try:
        await tell(yard, token, frames)
    finally:
        hass.config_entries.async_remove_subentry(yard.entry, rig_id)
        await hass.async_block_till_done()
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
