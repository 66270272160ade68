"""How the actions are described, to Home Assistant and to people."""

from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import validate_selector
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import yaml

from custom_components.braiins_fleet.const import DOMAIN

DOCS = Path(__file__).parents[2] / "docs/actions.md"

# These are for jobs, whichever miners those have.
OF_JOBS = {"cancel_job", "get_jobs"}
# And these for the library, whoever gets an image from it.
OF_IMAGES = {"add_firmware", "list_firmware", "remove_firmware"}


async def test_actions_are_there_before_any_miner_is(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    actions = hass.services.async_services()[DOMAIN]
    assert {name for name, action in actions.items() if _only_answers(action)} == {
        "get_summary",
        "get_errors",
        "get_pools",
        "get_profiles",
        "get_efficiency",
        "get_limits",
        "get_advanced_settings",
        "get_log",
        "get_support_archive",
        "get_jobs",
        "list_firmware",
        "ping",
    }


def _only_answers(action: Any) -> bool:
    return bool(action.supports_response is SupportsResponse.ONLY)


async def test_home_assistant_can_show_each_of_them(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    assert described.keys() == hass.services.async_services()[DOMAIN].keys()
    for name, action in described.items():
        if name not in OF_JOBS | OF_IMAGES:
            assert action["target"] == {"entity": [{"integration": DOMAIN}]}
        for field in action["fields"].values():
            validate_selector(field["selector"])


async def test_the_examples_in_the_docs_can_be_used_as_they_are(
    hass: HomeAssistant,
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    actions = hass.services.async_services()[DOMAIN]
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    used = set()
    for example in filter(lambda it: isinstance(it, list), map(yaml.safe_load, blocks)):
        cv.SCRIPT_SCHEMA(example)
        for step in example:
            domain, _, name = step["action"].partition(".")
            if domain == DOMAIN:
                schema: Any = actions[name].schema
                schema({**step.get("target", {}), **step["data"]})
                used.add(name)
    assert used == {
        "set_power_target",
        "resume",
        "set_cooling",
        "set_pools",
        "prefer_pool",
        "run_baseline",
        "get_summary",
        "add_firmware",
        "install_firmware",
    }
