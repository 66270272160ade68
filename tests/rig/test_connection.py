"""How agents come in, stay, and are sent away."""

import asyncio
from itertools import pairwise

from aiohttp import WSMsgType
import pytest

from custom_components.braiins_fleet.rig import (
    Reboot,
    Rigs,
    digest_of,
    make_token,
)
from simulator.rigs import Agent, Habits

from .conftest import Gateway, StartRig, goodbye, received, until


async def answered(agent: Agent, beats: int) -> None:
    """Wait until so many heartbeats of an agent were answered."""
    await agent.until(
        lambda: [f.type for f in agent.frames].count("heartbeat_ack") >= beats
    )


async def tried(agent: Agent, times: int) -> None:
    """Wait until an agent has failed so often."""
    await agent.until(lambda: len(agent.delays) >= times)


async def test_an_agent_is_welcomed_by_id_and_name(gateway: Gateway) -> None:
    rig, token = gateway.add("r1", "Garage")
    ws = await gateway.dial(token)
    assert await received(ws) == {
        "type": "authenticated",
        "rigId": "r1",
        "rigName": "Garage",
    }
    assert rig.state.connected
    await ws.close()
    await until(rig, lambda: not rig.state.connected)
    assert gateway.rigs["r1"] is rig


async def test_who_has_a_command_as_soon_as_a_rig_is_there_waits_for_its_welcome(
    gateway: Gateway,
) -> None:
    rig, token = gateway.add()
    reboots: list[asyncio.Task[None]] = []

    def reboot() -> None:
        if rig.state.connected and not reboots:
            reboots.append(
                asyncio.Task(
                    rig.run(Reboot()),
                    loop=asyncio.get_running_loop(),
                    eager_start=True,
                )
            )

    rig.listen(reboot)
    ws = await gateway.dial(token)
    # An agent that is told anything else first takes that for a refusal.
    assert (await received(ws))["type"] == "authenticated"
    told = (await received(ws))["command"]
    assert told["type"] == "reboot"
    await ws.send_json(
        {"type": "command_result", "commandId": told["id"], "success": True}
    )
    await reboots[0]
    await ws.close()


async def test_a_wrong_token_gets_an_error_and_the_agent_waits_ever_longer(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(connected=False)
    pair.agent.token = make_token()
    await pair.agent.stop()
    pair.agent.start()
    pair.agent.delays.clear()
    for attempt in range(1, 9):
        await tried(pair.agent, attempt)
        pair.gateway.clock.advance(60)
    assert pair.agent.delays[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pair.gateway.wrong_tokens >= 8


async def test_a_stranger_hears_an_error_before_the_connection_ends(
    gateway: Gateway,
) -> None:
    gateway.add()
    for token in ("wrong", "", "x" * 4000, "%ED%A0%80", "é"):
        ws = await gateway.dial(token)
        assert (await received(ws))["type"] == "error"
        assert await goodbye(ws) in (4002, 4001)


async def test_a_token_may_come_as_the_first_message(gateway: Gateway) -> None:
    _, token = gateway.add()
    ws = await gateway.dial(None)
    await ws.send_json({"type": "auth", "token": token})
    assert (await received(ws))["type"] == "authenticated"
    await ws.close()


async def test_a_wrong_token_in_the_first_message_is_one_as_well(
    gateway: Gateway,
) -> None:
    gateway.add()
    ws = await gateway.dial(None)
    await ws.send_json({"type": "auth", "token": "wrong"})
    assert (await received(ws))["type"] == "error"
    await gateway.left.wait()
    assert gateway.wrong_tokens == 1


@pytest.mark.parametrize(
    "said",
    ['{"type":"heartbeat"}', "nonsense", '{"type":"auth","token":7}', None],
    ids=["other", "garbage", "no-text", "nothing"],
)
async def test_who_does_not_introduce_himself_is_sent_away(
    gateway: Gateway, said: str | None
) -> None:
    gateway.add()
    ws = await gateway.dial(None)
    if said is not None:
        await ws.send_str(said)
    assert (await received(ws))["type"] == "error"
    assert await goodbye(ws) == 4001


async def test_who_leaves_without_an_introduction_tried_no_token(
    gateway: Gateway,
) -> None:
    ws = await gateway.dial(None)
    await ws.ping()
    await ws.close()
    await gateway.left.wait()
    assert gateway.wrong_tokens == 0


async def test_a_stranger_may_not_send_pings_without_end(gateway: Gateway) -> None:
    ws = await gateway.dial(None)
    for _ in range(61):
        await ws.ping()
    assert (await received(ws))["type"] == "error"
    assert await goodbye(ws) == 4001


async def test_who_is_known_may_introduce_himself_all_the_same(
    gateway: Gateway,
) -> None:
    rig, token = gateway.add()
    ws = await gateway.dial(token)
    await received(ws)
    await ws.send_json({"type": "auth", "token": token})
    await ws.send_json({"type": "heartbeat"})
    assert (await received(ws))["type"] == "heartbeat_ack"
    assert rig.session is not None
    assert rig.session.bad == 0
    await ws.close()


async def test_only_so_many_strangers_may_take_their_time(gateway: Gateway) -> None:
    waiting = [await gateway.dial(None) for _ in range(40)]
    first = [(await received(ws))["message"] for ws in waiting]
    assert first == ["A token was expected"] * 40
    assert gateway.wrong_tokens == 0


async def test_a_second_connection_is_refused_and_the_first_one_stays(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.duplicate()
    await until(pair.rig, lambda: pair.rig.refusals)
    await pair.live(50)
    assert pair.rig.state.connections == 1
    # It waits ever longer, in place of coming back five times a second.
    assert 1 < pair.rig.refusals <= 7
    pair.simulated.faults.clear()
    await pair.simulated.settled()


async def test_a_half_open_connection_is_replaced_once_it_was_silent_for_a_minute(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    pair.simulated.faults.half_open()
    await tried(pair.agent, 1)
    assert pair.rig.refusals == 1
    pair.gateway.clock.advance(61)
    await until(pair.rig, lambda: pair.rig.state.connections == 2)
    await pair.agent.connected.wait()
    await pair.live(30)
    assert pair.rig.state.connected
    assert pair.rig.state.connections == 2


@pytest.mark.parametrize(("interval", "silence"), [(30, 60), (10, 35), (5, 35)])
async def test_a_frozen_link_ends_sooner_where_the_agent_tells_more_often(
    start_rig: StartRig, interval: int, silence: int
) -> None:
    pair = await start_rig(habits=Habits(interval_s=interval))
    await pair.live(60, step=5)
    # The last heartbeat came in the same moment as the last figures.
    await answered(pair.agent, 2)
    pair.simulated.faults.freeze()
    pair.gateway.clock.advance(silence - 1)
    pair.gateway.rigs.look()
    session = pair.rig.session
    assert session is not None
    pair.gateway.clock.advance(2)
    pair.gateway.rigs.look()
    assert not pair.rig.state.connected
    assert session is not pair.rig.session
    pair.simulated.faults.clear()
    await pair.simulated.settled()
    await until(pair.rig, lambda: pair.rig.state.connected)


async def test_half_a_minute_without_figures_ends_it_once_a_heartbeat_is_overdue(
    start_rig: StartRig,
) -> None:
    pair = await start_rig(habits=Habits(interval_s=10))
    await pair.live(80, step=5)
    await answered(pair.agent, 2)
    pair.simulated.faults.freeze()
    pair.gateway.clock.advance(29)
    pair.gateway.rigs.look()
    assert pair.rig.state.connected
    pair.gateway.clock.advance(2)
    pair.gateway.rigs.look()
    assert not pair.rig.state.connected


@pytest.mark.parametrize("interval", [10, 30])
async def test_heartbeats_alone_keep_a_rig_connected_but_not_its_figures(
    start_rig: StartRig, interval: int
) -> None:
    pair = await start_rig(habits=Habits(interval_s=interval))
    await pair.live(60, step=10)
    pair.simulated.faults.hang()
    for beat in range(3, 7):
        # They may be late by a little.
        pair.gateway.clock.advance(29)
        pair.gateway.rigs.look()
        pair.gateway.clock.advance(1)
        await answered(pair.agent, beat)
    assert pair.rig.state.connections == 1
    assert pair.rig.state.connected
    assert pair.rig.state.gpus is None
    assert pair.rig.state.cpu is None
    assert not pair.rig.state.measured
    assert pair.rig.state.cards
    assert pair.rig.state.miners is None
    assert pair.rig.state.mining is None
    assert pair.rig.state.hashrate is None
    pair.simulated.faults.clear()
    await pair.caught_up()
    assert pair.rig.state.gpus


async def test_heartbeats_are_answered_in_whole_milliseconds(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    for _ in range(2):
        await pair.live(30)
    await answered(pair.agent, 2)
    assert pair.agent.dropped == 0


@pytest.mark.parametrize("interval", [5, 30, 300])
async def test_how_long_figures_hold_is_learned_from_how_often_they_come(
    start_rig: StartRig, interval: int
) -> None:
    pair = await start_rig(habits=Habits(interval_s=interval))
    await pair.live(interval * 4, step=5)
    assert pair.rig.interval == interval
    assert pair.rig.state.gpus
    pair.simulated.faults.freeze()
    lasts = max(30, 3 * interval)
    pair.gateway.clock.advance(lasts - 1)
    pair.gateway.rigs.look()
    assert pair.rig.state.gpus
    pair.gateway.clock.advance(2)
    pair.gateway.rigs.look()
    assert pair.rig.state.gpus is None


async def test_a_revoked_token_ends_the_connection_at_once(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    await pair.gateway.rigs.remove(pair.rig.id)
    assert not pair.rig.state.connected
    await tried(pair.agent, 1)
    # It was back at once, and is now on its guard.
    assert pair.agent.attempts == 2


async def test_a_renewed_token_lets_in_the_new_one_alone(gateway: Gateway) -> None:
    rig, token = gateway.add()
    ws = await gateway.dial(token)
    await received(ws)
    new = make_token()
    closing = asyncio.create_task(gateway.rigs.renew_token(rig.id, digest_of(new)))
    assert await goodbye(ws) == 4005
    await closing
    ws = await gateway.dial(token)
    assert (await received(ws))["message"] == "Invalid token"
    ws = await gateway.dial(new)
    assert (await received(ws))["type"] == "authenticated"
    await ws.close()


async def test_rigs_that_are_away_can_be_removed(gateway: Gateway) -> None:
    rig, _ = gateway.add()
    await gateway.rigs.remove(rig.id)
    assert list(gateway.rigs) == []


async def test_at_the_end_all_are_told_that_we_go_away(gateway: Gateway) -> None:
    sockets = []
    for number in range(3):
        _, token = gateway.add(f"r{number}")
        ws = await gateway.dial(token)
        await received(ws)
        sockets.append((ws, token))
    closing = asyncio.create_task(gateway.rigs.close())
    assert [await goodbye(ws) for ws, _ in sockets] == [1001, 1001, 1001]
    await closing
    ws = await gateway.dial(sockets[0][1])
    # Before a welcome, this has an agent back off.
    assert (await ws.receive()).type is WSMsgType.CLOSE
    assert ws.close_code == 1001


async def test_agents_come_back_by_themselves_and_without_a_storm(
    start_rig: StartRig,
) -> None:
    pair = await start_rig()
    await pair.gateway.rigs.close()
    for attempt in range(1, 5):
        await tried(pair.agent, attempt)
        pair.gateway.clock.advance(10)
    assert all(one <= other for one, other in pairwise(pair.agent.delays))


async def test_the_watch_looks_again_and_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.braiins_fleet.rig.rigs._LOOK_EVERY", 0.001)
    rig, token = gateway.add()
    ws = await gateway.dial(token)
    await received(ws)
    watch = asyncio.create_task(gateway.rigs.watch())
    gateway.clock.advance(61)
    assert await goodbye(ws) == 4006
    assert not rig.state.connected
    watch.cancel()


def test_tokens_are_long_and_unlike_each_other_and_fit_into_a_command() -> None:
    tokens = {make_token() for _ in range(500)}
    assert len(tokens) == 500
    assert all(len(token) == 43 for token in tokens)
    assert not any(token.startswith("-") for token in tokens)
    assert all(token not in digest_of(token) for token in tokens)


def test_nobody_is_served_of_whom_nothing_is_known() -> None:
    assert list(Rigs()) == []
