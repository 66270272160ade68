"""scripts/e2e: where the browser comes from.

It runs in a copy of the checkout on a made-up machine, whose programs are stand-ins.
"""

from pathlib import Path
import shutil
import subprocess

import pytest

ROOT = Path(__file__).parents[2]

BRINGS_CHROMIUM = """
echo "$*" >>"$NOTES"
case "$*" in install*) cp "$0" "${0%apt-get}chromium" ;; esac
"""
BRINGS_NOTHING = 'echo "$*" >>"$NOTES"'


class Machine:
    """A made-up machine with a checkout of this repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._checkout = folder / "checkout"
        (self._checkout / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/e2e", self._checkout / "scripts")
        (folder / "bin").mkdir()
        for program in ("bash", "cp", "dirname", "env"):
            self.has(program, f'exec {shutil.which(program)} "$@"')
        self._write(self._checkout / "scripts/setup", "")
        self._write(self._checkout / ".venv/bin/python", 'echo "in $BROWSER: $*"')
        self.is_used_by(1000)

    def has(self, program: str, script: str = "") -> None:
        """Put a program on the PATH."""
        self._write(self.folder / "bin" / program, script)

    def is_used_by(self, user: int) -> None:
        self.has("id", f"echo {user}")

    def _write(self, path: Path, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def installed(self) -> list[str]:
        """How apt-get was called."""
        notes = self.folder / "notes"
        return notes.read_text().splitlines() if notes.exists() else []

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", self._checkout / "scripts/e2e", *arguments],
            env={
                "PATH": str(self.folder / "bin"),
                "NOTES": str(self.folder / "notes"),
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_taken(machine: Machine, name: str) -> None:
    machine.has(name)
    machine.is_used_by(0)
    machine.has("apt-get", BRINGS_CHROMIUM)
    done = machine.run("-k", "energy")
    assert done.returncode == 0
    assert done.stdout.startswith(f"in {machine.folder}/bin/{name}: -m pytest ")
    assert done.stdout.endswith(" -k energy\n")
    assert machine.installed == []


def test_root_gets_a_browser_from_debian(machine: Machine) -> None:
    machine.is_used_by(0)
    machine.has("apt-get", BRINGS_CHROMIUM)
    done = machine.run()
    assert done.returncode == 0
    assert f"in {machine.folder}/bin/chromium: " in done.stdout
    update, install = machine.installed
    assert update.startswith("update ")
    assert "--no-install-recommends chromium " in install


@pytest.mark.parametrize(
    ("user", "programs"), [(1000, ["apt-get"]), (0, []), (1000, [])]
)
def test_who_cannot_install_a_browser_is_told_what_to_install(
    machine: Machine, user: int, programs: list[str]
) -> None:
    machine.is_used_by(user)
    for program in programs:
        machine.has(program, BRINGS_CHROMIUM)
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Install Chromium (on Debian: apt-get install chromium), then run this again.\n"
    )
    assert machine.installed == []


def test_an_installation_that_brings_no_browser_is_no_success(
    machine: Machine,
) -> None:
    machine.is_used_by(0)
    machine.has("apt-get", BRINGS_NOTHING)
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("chromium brought no browser.\n")
