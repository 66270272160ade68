"""What language models are told of miners and rigs: what is known, and nothing else."""

from collections.abc import Sequence
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.util.json import JsonObjectType

from .answers import UNREACHABLE
from .called import Called, CalledMiner, CalledRig, miners_among, rigs_among
from .fleet_rigs import total_of_rigs
from .flight_sheets import FLIGHT_SHEET, OVERCLOCK
from .rig_state import RigSnapshot
from .rounding import rounded, significant, terahash
from .spoken_answers import efficiency, hashrate, power
from .spoken_rigs import condition
from .state import MinerState


def facts_of(hass: HomeAssistant, called: Sequence[Called]) -> JsonObjectType:
    """Tell how they are, and of rigs what else could be assigned to them."""
    miners, rigs = miners_among(called), rigs_among(called)
    told: JsonObjectType = {}
    if miners:
        told["miners"] = [_miner(hass, miner) for miner in miners]
    if rigs:
        entry = rigs[0].rig.config_entry
        told["rigs"] = [_rig(hass, rig) for rig in rigs]
        for key, kind in (
            ("flight_sheets", FLIGHT_SHEET),
            ("overclock_profiles", OVERCLOCK),
        ):
            titles = (each.title for each in entry.get_subentries_of_type(kind))
            told[key] = [*sorted(titles)]
    return told


def _miner(hass: HomeAssistant, miner: CalledMiner) -> JsonObjectType:
    state = miner.state
    return _known(
        hass, miner, {"status": UNREACHABLE} if state is None else _of_miner(state)
    )


def _of_miner(state: MinerState) -> dict[str, Any]:
    snapshot = state.snapshot
    tuner = snapshot.configuration.tuner if snapshot.configuration else None
    limits = snapshot.limits.tuner if snapshot.limits else None
    bounds = limits.power_target if limits else None
    return {
        "status": state.status.value,
        "hashrate_terahash_per_second": terahash(hashrate(state)),
        "power_watts": power(state),
        "efficiency_joules_per_terahash": rounded(efficiency(state), 1),
        "power_target_watts": tuner.power_target if tuner else None,
        "lowest_power_target_watts": bounds.minimum if bounds else None,
        "highest_power_target_watts": bounds.maximum if bounds else None,
        "hottest_chip_celsius": rounded(state.hottest_chip, 0),
        "errors": [error.message for error in snapshot.errors or ()],
    }


def _rig(hass: HomeAssistant, rig: CalledRig) -> JsonObjectType:
    state, control = rig.state, rig.rig.control
    assigned = {
        "flight_sheet": control.sheet.title if control.sheet else None,
        "overclock_profile": control.cards.profile.title
        if control.cards.profile
        else None,
    }
    now = {"status": "not_connected"} if state is None else _of_rig(state)
    return _known(hass, rig, now | assigned)


def _of_rig(rig: RigSnapshot) -> dict[str, Any]:
    return {
        "status": condition(rig),
        # Of different algorithms they must not be added up.
        "hashrates": [
            {"algorithm": algorithm, "rate": significant(rate), "unit": unit.value}
            for unit, rates in total_of_rigs([rig]).hashrates.items()
            for algorithm, rate in rates.items()
        ],
        "power_watts": rounded(rig.state.power, 0),
        "graphics_cards": len(rig.cards),
        "hottest_card_celsius": rounded(rig.hottest_gpu, 0),
        "rejected_shares_percent": rounded(rig.reject_rate, 2),
        "problems": [trouble.value for trouble in rig.troubles],
    }


def _known(
    hass: HomeAssistant, called: Called, facts: dict[str, Any]
) -> JsonObjectType:
    """Name one of them, and leave out what is not known of it."""
    entity = er.async_get(hass).async_get(called.switch.entity_id)
    area_id = er.async_get_effective_area_id(hass, entity) if entity else None
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    named = {"name": called.name, "area": area.name if area else None, **facts}
    return {key: value for key, value in named.items() if value not in (None, [])}
