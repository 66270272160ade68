"""quality_scale.yaml: every rule of Home Assistant's scale, with where we stand."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from .component import COMPONENT

RULES = frozenset(
    """
    action-setup appropriate-polling brands common-modules config-flow
    config-flow-test-coverage dependency-transparency docs-actions docs-conditions
    docs-high-level-description docs-installation-instructions
    docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
    has-entity-name runtime-data test-before-configure test-before-setup
    unique-config-entry

    action-exceptions config-entry-unloading docs-configuration-parameters
    docs-installation-parameters entity-unavailable integration-owner
    log-when-unavailable parallel-updates reauthentication-flow test-coverage

    devices diagnostics discovery discovery-update-info docs-data-update
    docs-examples docs-known-limitations docs-supported-devices
    docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
    entity-category entity-device-class entity-disabled-by-default
    entity-translations exception-translations icon-translations
    reconfiguration-flow repair-issues stale-devices

    async-dependency inject-websession strict-typing
    """.split()
)


def check(root: Path) -> Iterator[str]:
    """Complain of rules left out or made up, and of exemptions without a reason."""
    file = COMPONENT / "quality_scale.yaml"
    if not (root / file).exists():
        yield f"{file} is missing"
        return
    rules = yaml.safe_load((root / file).read_text())["rules"]
    for rule in sorted(RULES - set(rules)):
        yield f"{file}: {rule} is missing"
    for rule, standing in rules.items():
        if rule not in RULES:
            yield f"{file}: {rule} is not a rule of the scale"
        match standing:
            case "done" | "todo":
                pass
            case {"status": "done" | "todo" | "exempt", "comment": str(comment)} if (
                comment.strip() and len(standing) == 2
            ):
                pass
            case {"status": "done" | "todo"} if len(standing) == 1:
                pass
            case "exempt" | {"status": "exempt"}:
                yield f"{file}: {rule} is exempt without a comment that says why"
            case _:
                yield f"{file}: {rule} has to be done, todo or exempt"
