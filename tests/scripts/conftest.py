"""A small repository that no check of lint has anything to say about."""

import json
from pathlib import Path
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from scripts import protos
from scripts.checks import quality_scale, requirements, translations
from scripts.checks.__main__ import ROOT
from scripts.checks.component import COMPONENT

PROTO = 'syntax = "proto3"; package bos; message Version { uint64 major = 1; }'

MANIFEST = {
    "domain": "braiins_fleet",
    "name": "Braiins Fleet",
    "codeowners": ["@someone"],
    "config_flow": True,
    "documentation": "https://example.com",
    "integration_type": "hub",
    "iot_class": "local_polling",
    "issue_tracker": "https://example.com/issues",
    "requirements": ["grpcio>=1.76.0"],
    "version": "1.2.3",
}

CONFIG_FLOW = """
from homeassistant.config_entries import ConfigFlow, OptionsFlowWithReload
import voluptuous as vol

from .forms import SCHEMA


class Base(ConfigFlow):
    async def async_step_user(self, user_input=None):
        return self.async_show_menu(
            step_id="user", menu_options=["add", *self.more()]
        )

    async def async_step_add(self, user_input=None):
        errors = {}
        if user_input is not None:
            await self.async_set_unique_id("miner")
            self._abort_if_unique_id_configured()
            self._abort_if_unique_id_configured(error="fleet_exists")
            errors["base"] = "no_password" if user_input else "nothing_answers"
        return self.show("add", SCHEMA, errors)

    async def async_step_wait(self, user_input=None):
        return self.async_show_progress(step_id="wait", progress_action="search")

    async def async_step_done(self, user_input=None):
        if user_input:
            return self.async_abort(reason="gone" if self.gone else "moved")
        return self.async_create_entry(title="Miner", data={}, description="one")


class Flow(Base, domain="braiins_fleet"):
    async def async_step_reauth(self, entry_data):
        problem = Obstacle(reason="wrong_password")
        return self.async_update_reload_and_abort(self._get_reauth_entry())


class Options(OptionsFlowWithReload):
    async def async_step_init(self, user_input=None):
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema({vol.Optional("interval"): int}),
            errors={"interval": "too_short"},
        )
"""

FORMS = """
from homeassistant.const import CONF_HOST
import voluptuous as vol

from .const import CONF_SITE

SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HOST): str,
        vol.Required("more"): section(vol.Schema({vol.Optional(CONF_SITE): str})),
    }
)
"""

REPAIRS = """
from homeassistant.components.repairs import RepairsFlow


class Fix(RepairsFlow):
    async def async_step_confirm(self, user_input=None):
        if user_input is not None:
            return self.async_abort(reason="is_back")
        return self.async_show_form(step_id="confirm")
"""

SENSOR = """
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.exceptions import HomeAssistantError

PARALLEL_UPDATES = 0

SENSORS = (
    SensorEntityDescription(key="fee", translation_key="fee"),
    *(SensorEntityDescription(key=f"hashrate_{n}_s") for n in (5, 15)),
)
STATE = SensorEntityDescription(key="state", device_class="enum", options=["on", "off"])


def fail(hass):
    ir.async_create_issue(hass, "x", "gone_1", translation_key="gone")
    raise HomeAssistantError(translation_domain="x", translation_key="no_answer")
"""

SERVICES = """
from homeassistant.helpers import config_validation as cv
import voluptuous as vol


def async_setup_services(hass):
    fields = {
        vol.Optional("share", default=50): vol.All(int, vol.Range(min=0, max=100)),
        vol.Optional("kind"): vol.In(["small", "large"]),
    }
    schema = vol.All(
        cv.make_entity_service_schema(fields), cv.has_at_least_one_key("share")
    )
    hass.services.async_register("braiins_fleet", "dig", print, schema)
    plain = cv.make_entity_service_schema({})
    hass.services.async_register("braiins_fleet", "rest", print, plain, "only")
"""

DESCRIBED: dict[str, Any] = {
    "dig": {
        "target": {"entity": {"integration": "braiins_fleet"}},
        "fields": {
            "share": {
                "default": 50,
                "example": 20,
                "selector": {"number": {"min": 0, "max": 100}},
            },
            "kind": {
                "selector": {
                    "select": {"translation_key": "kind", "options": ["small", "large"]}
                }
            },
        },
    },
    "rest": {"target": {"entity": {"integration": "braiins_fleet"}}},
}

TEXTS: dict[str, Any] = {
    "config": {
        "step": {
            "add": {
                "title": "Add a miner",
                "data": {"host": "Address"},
                "data_description": {"host": "Its address."},
                "sections": {
                    "more": {
                        "name": "More",
                        "data": {"site": "Site"},
                        "data_description": {"site": "Its site."},
                    }
                },
            },
            "user": {
                "title": "What to add?",
                "menu_options": {"add": "A miner"},
                "menu_option_descriptions": {"add": "By its address."},
            },
            "wait": {"title": "Searching"},
        },
        "error": {
            "no_password": "None.",
            "nothing_answers": "Nothing.",
            "wrong_password": "Wrong.",
        },
        "abort": {
            "already_configured": "Known.",
            "fleet_exists": "There.",
            "gone": "Gone.",
            "moved": "Moved.",
        },
        "create_entry": {"one": "One."},
        "progress": {"search": "Searching."},
    },
    "options": {
        "step": {
            "init": {
                "title": "Options",
                "data": {"interval": "Interval"},
                "data_description": {"interval": "How often."},
            }
        },
        "error": {"too_short": "Too short."},
    },
    "entity": {
        "sensor": {
            "fee": {"name": "Fee"},
            "hashrate_5_s": {"name": "5 s"},
            "hashrate_15_s": {"name": "15 s"},
            "state": {"name": "State", "state": {"on": "On", "off": "Off"}},
        }
    },
    "issues": {
        "gone": {
            "title": "A miner is gone",
            "fix_flow": {
                "step": {"confirm": {"title": "It is back"}},
                "abort": {"is_back": "It is."},
            },
        },
    },
    "exceptions": {"no_answer": {"message": "No answer."}},
    "selector": {"kind": {"options": {"small": "Small", "large": "Large"}}},
    "services": {
        "dig": {
            "name": "Dig",
            "description": "Digs.",
            "fields": {
                "share": {"name": "Share", "description": "How much of it."},
                "kind": {"name": "Kind", "description": "Of which kind."},
            },
        },
        "rest": {"name": "Rest", "description": "Digs no more."},
    },
}

DOCUMENT = """
| entity | unit | kind | what it says |
|---|---|---|---|
| Fee | | | what it costs |
| 5 s | | | |
| 15 s | | | |
| State | | | on or off |
"""

ICONS: dict[str, Any] = {
    "entity": {
        "sensor": {
            "fee": {"default": "mdi:cash"},
            "hashrate_5_s": {"default": "mdi:speedometer"},
            "hashrate_15_s": {"default": "mdi:speedometer"},
            "state": {"default": "mdi:lightbulb", "state": {"off": "mdi:power-off"}},
        }
    },
    "services": {
        "dig": {"service": "mdi:shovel"},
        "rest": {"service": "mdi:sleep"},
    },
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small repository that no check has anything to say about."""
    files: dict[str | Path, str] = {
        "proto/bos/version.proto": PROTO,
        "simulator/miner.py": "import grpc\n",
        "README.md": "A fleet.\n",
        "docs/api.md": "It has no methods yet.\n",
        "docs/entities.md": DOCUMENT,
        "docs/actions.md": (
            "`braiins_fleet.dig` a `share` of a `kind`, or `braiins_fleet.rest`.\n"
        ),
        COMPONENT / "asic/wire.py": "from . import units\nfrom .units import Power\n",
        COMPONENT / "asic/deep/wire.py": "from ..units import Power\n",
        COMPONENT / "manifest.json": json.dumps(MANIFEST),
        COMPONENT / "const.py": 'CONF_SITE = "site"\n',
        COMPONENT / "config_flow.py": CONFIG_FLOW,
        COMPONENT / "forms.py": FORMS,
        COMPONENT / "repairs.py": REPAIRS,
        COMPONENT / "sensor.py": SENSOR,
        COMPONENT / "services.py": SERVICES,
        COMPONENT / "services.yaml": yaml.safe_dump(DESCRIBED),
        COMPONENT / "quality_scale.yaml": yaml.safe_dump(
            {"rules": dict.fromkeys(quality_scale.RULES, "done")}
        ),
        COMPONENT / "icons.json": json.dumps(ICONS),
        COMPONENT / "translations/en.json": json.dumps(TEXTS),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in (requirements.ASKED, requirements.PINNED):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / protos.COMPILED).write_bytes(protos.compiled(tmp_path))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    return tmp_path


def write_texts(tree: Path, texts: dict[str, Any]) -> None:
    """Give the repository other texts."""
    (tree / translations.FILE).write_text(json.dumps(texts))
