"""Pin everything development needs, with hashes, in requirements-dev.txt.

The real Home Assistant of scripts/develop starts without fetching anything, so
the run-time requirements of the integrations it loads are pinned along.
"""

import argparse
import json
from pathlib import Path
import re
import subprocess
import sys
import tempfile

ROOT = Path(__file__).parent.parent

# The Home Assistant that scripts/develop starts, and what onboarding adds to it.
INTEGRATIONS = """
    analytics api application_credentials assist_pipeline automation backup
    blueprint bluetooth brands config conversation counter dhcp diagnostics
    energy file frontend google_translate hardware history homeassistant
    input_boolean input_button input_datetime input_number input_select
    input_text intent isal labs logbook logger media_source met mobile_app my
    network person radio_browser recorder repairs scene schedule script
    shopping_list ssdp sun system_health system_log tag timer usb webhook
    zeroconf zone
""".split()

# It follows Home Assistant, betas too, and pins the one it is made for.
PLUGIN = "pytest-homeassistant-custom-component"

COMPILE = (
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version=3.14.2",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
)


def integration_requirements(components: Path, wanted: list[str]) -> list[str]:
    """Return what these integrations, and all they depend on, need at run time."""
    requirements: set[str] = set()
    seen: set[str] = set()
    waiting = list(wanted)
    while waiting:
        domain = waiting.pop()
        if domain in seen:
            continue
        seen.add(domain)
        manifest_file = components / domain / "manifest.json"
        if not manifest_file.exists():
            continue
        manifest = json.loads(manifest_file.read_text())
        requirements.update(manifest.get("requirements", ()))
        waiting += manifest.get("dependencies", ())
    return sorted(requirements)


def base_platforms(components: Path) -> list[str]:
    """Return what Home Assistant sets up in any case: light, camera and the like."""
    return [
        manifest.parent.name
        for manifest in components.glob("*/manifest.json")
        if json.loads(manifest.read_text()).get("integration_type") == "entity"
    ]


def needed(components: Path) -> list[str]:
    """Return the run-time requirements of the Home Assistant of scripts/develop."""
    return integration_requirements(
        components, [*INTEGRATIONS, *base_platforms(components)]
    )


def home_assistant_version(pinned: str) -> str:
    """Return the version of Home Assistant in a compiled requirements file."""
    match = re.search(r"^homeassistant==(\S+)", pinned, re.MULTILINE)
    if match is None:
        msg = "The test plugin no longer asks for a version of Home Assistant."
        raise ValueError(msg)
    return match[1]


def pin(uv: str, *, beta: bool, upgrade: bool) -> None:
    """Write all requirements files anew."""

    def run_uv(*arguments: str) -> str:
        return subprocess.run(
            (uv, "--no-config", *arguments),
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    development = (ROOT / "requirements-dev.in").read_text()
    how = ["--upgrade"] if upgrade else []

    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        wanted = scratch / "development.in"
        if beta:
            development = re.sub(rf"(?m)^{PLUGIN}==\S+", PLUGIN, development)
            (ROOT / "requirements-dev.in").write_text(development)
        wanted.write_text(PLUGIN if beta else development)
        prereleases = ("--prerelease=allow",) if beta else ()
        first = run_uv(*COMPILE, *how, *prereleases, str(wanted))
        version = home_assistant_version(first)
        chosen = f"homeassistant=={version}"
        print(chosen, file=sys.stderr)
        run_uv(
            *("pip", "install", "--quiet", "--no-deps"),
            f"--target={scratch / 'site'}",
            *("--python-version=3.14.2", chosen),
        )
        package = scratch / "site" / "homeassistant"
        integrations = needed(package / "components")
        # Named by its version, a beta is taken, and no beta of anything else.
        wanted.write_text("\n".join([development, chosen, *integrations, ""]))
        run_uv(
            *COMPILE,
            *how,
            "--generate-hashes",
            f"--constraints={package / 'package_constraints.txt'}",
            "--output-file=requirements-dev.txt",
            str(wanted),
        )
    for name in ("requirements-setup", "requirements-compiler"):
        run_uv(
            *COMPILE,
            *how,
            "--generate-hashes",
            f"--output-file={name}.txt",
            f"{name}.in",
        )


def main() -> None:
    """Read the command line and pin."""
    parser = argparse.ArgumentParser(prog="scripts/requirements", description=__doc__)
    parser.add_argument("--uv", default="uv", help=argparse.SUPPRESS)
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions there are"
    )
    parser.add_argument(
        "--beta",
        action="store_true",
        help="take the newest Home Assistant, betas too: a look ahead, not to keep",
    )
    arguments = parser.parse_args()
    pin(arguments.uv, beta=arguments.beta, upgrade=arguments.upgrade)


if __name__ == "__main__":
    main()
