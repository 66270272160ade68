"""What only an administrator may do to a miner: its password, its key, ways back."""

from functools import partial
from typing import Final

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
import voluptuous as vol

from .asic import (
    AsicError,
    Faulty,
    License,
    Miner,
    PasswordUnsure,
    Reading,
    Unsupported,
)
from .changes import SECRET, ChangeAction, Fields, Secret, invalid, require_api
from .const import DOMAIN
from .control import Change
from .coordinator import MinerCoordinator
from .issues import tell_of_stock_firmware
from .state import MinerState

ATTR_KEY: Final = "key"

# What a miner itself asks of a password it says when it refuses one.
_LONGEST_SECRET = 128


def _checked(coordinator: MinerCoordinator, secret: Secret) -> str:
    """Return a secret that can be sent, and say nothing of one that cannot."""
    text = secret.text
    if not (0 < len(text) <= _LONGEST_SECRET and text.isprintable()):
        raise invalid("secret_impossible", coordinator, longest=str(_LONGEST_SECRET))
    return text


def _without(err: AsicError, secret: str) -> AsicError:
    """Take a secret out of what the miner says of it."""
    return type(err)(err.detail.replace(secret, "***"))


def _plan_password(coordinator: MinerCoordinator, fields: Fields) -> Change:
    """Change the password of the miner, and that of its entry with it."""
    password = _checked(coordinator, fields[CONF_PASSWORD])
    entry = coordinator.config_entry

    async def command(miner: Miner) -> None:
        try:
            await miner.set_password(password)
        except PasswordUnsure:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="password_unsure",
                translation_placeholders={"miner": entry.title},
            ) from None
        except AsicError as err:
            raise _without(err, password) from None
        # The connection goes on with it, so nothing has to be set up anew.
        coordinator.hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_PASSWORD: password}
        )

    return Change(what="set_password", command=command)


def _plan_key(coordinator: MinerCoordinator, fields: Fields) -> Change:
    require_api(coordinator, 6)
    key = _checked(coordinator, Secret(fields[ATTR_KEY].text.strip()))
    before = coordinator.data.snapshot.license

    async def command(miner: Miner) -> None:
        try:
            is_taken = await miner.apply_contract_key(key)
        except AsicError as err:
            raise _without(err, key) from None
        if not is_taken:
            raise invalid("key_refused", coordinator)

    def is_taken(state: MinerState) -> bool:
        return _contract(state.snapshot.license) not in (None, _contract(before))

    return Change(
        what="apply_contract_key",
        command=command,
        # The name of the contract is nobody else's business.
        value=lambda state: (now := state.snapshot.license) and now.state.value,
        done=is_taken,
        again=True,
        reads=(Reading.LICENSE,),
    )


def _contract(license_: License | None) -> str | None:
    return license_.contract if license_ else None


def _plan_reset(coordinator: MinerCoordinator, _: Fields) -> Change:
    require_api(coordinator, 9)
    return Change(
        what="factory_reset", command=lambda miner: miner.firmware.factory_reset()
    )


def _plan_stock(coordinator: MinerCoordinator, _: Fields) -> Change:
    require_api(coordinator, 10)
    return Change(what="restore_stock", command=partial(_restore_stock, coordinator))


async def _restore_stock(coordinator: MinerCoordinator, miner: Miner) -> None:
    try:
        has_begun = await miner.firmware.restore_stock()
    except Unsupported:
        # Its Braiins OS is new enough, so it is the miner that has none.
        raise invalid("no_stock_firmware", coordinator) from None
    if not has_begun:
        raise Faulty
    _tell_when_gone(coordinator)


@callback
def _tell_when_gone(coordinator: MinerCoordinator) -> None:
    """Say what has become of the miner once it answers no more."""

    @callback
    def look() -> None:
        if not told and not coordinator.last_update_success:
            told.append(True)
            tell_of_stock_firmware(coordinator)

    told: list[bool] = []
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(look))


_admin = partial(ChangeAction, admin=True)

MAINTENANCE: tuple[ChangeAction, ...] = (
    _admin(
        name="set_password",
        plan=_plan_password,
        fields={vol.Required(CONF_PASSWORD): SECRET},
    ),
    _admin(
        name="apply_contract_key",
        plan=_plan_key,
        fields={vol.Required(ATTR_KEY): SECRET},
    ),
    _admin(name="factory_reset", plan=_plan_reset, loses="factory_reset_loses"),
    _admin(name="restore_stock", plan=_plan_stock, loses="restore_stock_loses"),
)
