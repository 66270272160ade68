"""The fields that several dialogs ask for."""

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .asic import DEFAULT_PORT

DEFAULT_USERNAME = "root"

PORT = {
    vol.Required(CONF_PORT, default=DEFAULT_PORT): vol.All(
        NumberSelector(
            NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)
        ),
        vol.Coerce(int),
    ),
}
ADDRESS = {
    vol.Required(CONF_HOST): TextSelector(TextSelectorConfig(autocomplete="off")),
    **PORT,
}
USERNAME = {
    vol.Required(CONF_USERNAME, default=DEFAULT_USERNAME): TextSelector(
        TextSelectorConfig(autocomplete="username")
    ),
}
PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
LOGIN = {
    **USERNAME,
    # A freshly installed miner may have no password at all.
    vol.Optional(CONF_PASSWORD, default=""): PASSWORD,
}
