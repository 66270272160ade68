"""Dialogs as a person goes through them, and the texts that they show."""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section

from custom_components.braiins_fleet.const import DOMAIN
from simulator import SimulatedMiner

TEXTS: dict[str, Any] = json.loads(
    Path("custom_components/braiins_fleet/translations/en.json").read_text()
)

# Home Assistant has these texts itself.
_COMMON_REASONS = {"reauth_successful", "reconfigure_successful", "already_in_progress"}
_PLACEHOLDER = re.compile(r"{(\w+)}")


def typed(miner: SimulatedMiner, **changes: Any) -> dict[str, Any]:
    """Return what a person types to add this miner."""
    return {
        CONF_HOST: miner.host,
        CONF_PORT: miner.port,
        CONF_USERNAME: "root",
        CONF_PASSWORD: "root",
    } | changes


async def open_menu(hass: HomeAssistant) -> ConfigFlowResult:
    """Begin to add something."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def choose(
    hass: HomeAssistant, menu: ConfigFlowResult, option: str
) -> ConfigFlowResult:
    """Click on an option of a menu."""
    assert menu["type"] is FlowResultType.MENU
    assert option in menu["menu_options"]
    return await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": option}
    )


async def send(
    hass: HomeAssistant, form: ConfigFlowResult, answers: dict[str, Any]
) -> ConfigFlowResult:
    """Fill in a form, and wait until all has been done that it leads to."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], answers)
    await hass.async_block_till_done()
    return result


async def subentry_dialog(
    hass: HomeAssistant, entry: ConfigEntry, kind: str, context: SubentryFlowContext
) -> SubentryFlowResult:
    """Begin to add a part of an entry, or to change one."""
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, kind), context=context
    )


def suggested(form: ConfigFlowResult | SubentryFlowResult) -> dict[str, Any]:
    """Return what stands in the fields of a form."""
    schema = form["data_schema"]
    assert schema is not None
    return {
        str(field): field.description["suggested_value"]
        for field in schema.schema
        if field.description and "suggested_value" in field.description
    }


def check_texts(flow: Any, result: Any) -> None:
    """Fail when a dialog of ours shows something that has no text."""
    if not type(flow).__module__.startswith("custom_components.braiins_fleet"):
        return
    match flow:
        case ConfigFlow():
            texts = TEXTS["config"]
        case ConfigSubentryFlow():
            texts = TEXTS["config_subentries"][flow.handler[1]]
        case OptionsFlow():
            texts = TEXTS["options"]
        case RepairsFlow():
            about, _, _ = flow.issue_id.rpartition("_")
            texts = TEXTS["issues"][about]["fix_flow"]
        case _:
            return
    shown = "".join(_shown(result, texts))
    given = {
        "name",
        *flow.context.get("title_placeholders", {}),
        *(result.get("description_placeholders") or {}),
    }
    assert set(_PLACEHOLDER.findall(shown)) <= given


def _shown(result: Any, texts: dict[str, Any]) -> Iterator[str]:
    match result["type"]:
        case FlowResultType.FORM:
            step = texts["step"][result["step_id"]]
            _check_fields(result["data_schema"].schema, step)
            yield step["title"]
            yield step.get("description", "")
            yield from (
                texts["error"][key] for key in (result["errors"] or {}).values()
            )
        case FlowResultType.MENU:
            step = texts["step"][result["step_id"]]
            yield step["title"]
            yield step.get("description", "")
            for part in ("menu_options", "menu_option_descriptions"):
                if part in step:
                    yield from (step[part][option] for option in result["menu_options"])
        case FlowResultType.SHOW_PROGRESS:
            yield texts["progress"][result["progress_action"]]
        case FlowResultType.CREATE_ENTRY if result.get("description"):
            yield texts["create_entry"][result["description"]]
        case FlowResultType.ABORT if result["reason"] not in _COMMON_REASONS:
            yield texts["abort"][result["reason"]]


def _check_fields(schema: Mapping[Any, Any], texts: dict[str, Any]) -> None:
    fields = {str(name): field for name, field in schema.items()}
    groups = {name for name, field in fields.items() if isinstance(field, section)}
    assert groups == set(texts.get("sections", {}))
    for name in groups:
        assert texts["sections"][name]["name"]
        _check_fields(fields[name].schema.schema, texts["sections"][name])
    assert fields.keys() - groups == set(texts.get("data", {}))
    assert fields.keys() - groups == set(texts.get("data_description", {}))
