"""scripts/setup: where Python comes from, and when there is nothing to do.

It runs in a copy of the checkout on a made-up machine, whose programs are stand-ins
that note how they are called.
"""

from dataclasses import dataclass
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]

# What any machine has, and all that scripts/setup may ask of it.
BASICS = "bash sh cat cksum cp dirname env flock mkdir rm sleep".split()

UV = """
echo "$*" >>"$NOTES"
case "$*" in
  *" venv "*) mkdir -p .venv/bin; cp "$WORKING" .venv/bin/python ;;
  "python find"*) [ -e "$MANAGED" ] && echo "$MANAGED" ;;
  *"python install"*) exit 2 ;;
esac
"""


@dataclass
class Machine:
    """A made-up machine with a checkout of this repository."""

    folder: Path

    def has(self, program: str, script: str) -> None:
        """Put a program on the PATH."""
        path = self.folder / "bin" / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def cache(self) -> Path:
        return self.folder / "cache/braiins-fleet"

    @property
    def calls(self) -> str:
        """How uv was called since the last look."""
        notes = self.folder / "notes"
        said = notes.read_text()
        notes.write_text("")
        return said

    def set_up(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "checkout/scripts/setup"],
            env={
                "PATH": str(self.folder / "bin"),
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                "NOTES": str(self.folder / "notes"),
                "WORKING": str(self.folder / "working"),
                "MANAGED": str(self.folder / "managed"),
            },
            capture_output=True,
            text=True,
            check=False,
        )


# It says where it is as if it were no stand-in.
WORKING = f"""
case "$2" in
  *realpath*) echo "$0" ;;
  *) exec "{sys.executable}" "$@" ;;
esac
"""
BROKEN = "echo 'no such command' >&2; exit 127"


def of_version(version: str) -> str:
    """Return a Python that takes itself for another version."""
    pretend = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    return f'exec "{sys.executable}" -c "{pretend}" "$2"'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with uv, a compiler, and no Python."""
    scripts = tmp_path / "checkout/scripts"
    scripts.mkdir(parents=True)
    for name in ("setup", "private_python.py"):
        shutil.copy(ROOT / "scripts" / name, scripts)
    for name in ("setup", "dev", "compiler"):
        (tmp_path / f"checkout/requirements-{name}.txt").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "notes").touch()
    machine = Machine(tmp_path)
    for program in BASICS:
        machine.has(program, f'exec {shutil.which(program)} "$@"')
    machine.has("c++", "")
    machine.has("uv", UV)
    machine.has("working", WORKING)
    (tmp_path / "bin/working").rename(tmp_path / "working")
    return machine


def test_a_working_python_on_the_path_is_taken(machine: Machine) -> None:
    machine.has("python3.14", WORKING)
    assert machine.set_up().returncode == 0
    assert f"--python {machine.folder}/bin/python3.14 .venv" in machine.calls


def test_the_python_behind_a_link_is_taken_not_the_link(machine: Machine) -> None:
    machine.has("python3.14", of_version("3, 14, 2"))
    assert machine.set_up().returncode == 0
    real = Path(sys.executable).resolve()
    assert f"--python {real} .venv" in machine.calls


def test_the_second_time_there_is_nothing_to_do(machine: Machine) -> None:
    machine.has("python3.14", WORKING)
    assert "Installing" in machine.set_up().stderr
    assert machine.calls
    again = machine.set_up()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.calls == ""


@pytest.mark.parametrize(
    "changed", ["requirements-dev.txt", "scripts/setup", "scripts/private_python.py"]
)
def test_a_change_of_what_is_needed_is_installed_into_what_is_there(
    machine: Machine, changed: str
) -> None:
    machine.has("python3.14", WORKING)
    machine.set_up()
    assert " venv " in machine.calls
    with (machine.folder / "checkout" / changed).open("a") as file:
        file.write("# more\n")
    assert machine.set_up().returncode == 0
    again = machine.calls
    assert " venv " not in again
    assert "pip sync" in again


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    machine.has("python3.14", WORKING)
    machine.set_up()
    assert machine.calls
    (machine.folder / "checkout/.venv/bin/python").unlink()
    assert machine.set_up().returncode == 0
    assert " venv --clear " in machine.calls


def test_what_did_not_install_is_tried_again(machine: Machine) -> None:
    machine.has("python3.14", WORKING)
    machine.has("uv", f'case "$*" in *"pip sync"*) exit 1 ;; esac\n{UV}')
    assert machine.set_up().returncode != 0
    machine.has("uv", UV)
    assert machine.set_up().returncode == 0
    assert "pip sync" in machine.calls


@pytest.mark.parametrize(
    "script",
    [BROKEN, of_version("3, 14, 1"), of_version("3, 13, 9"), of_version("3, 15, 0")],
)
def test_a_python_that_does_not_do_is_passed_over_for_uvs(
    machine: Machine, script: str
) -> None:
    machine.has("python3.14", script)
    managed = machine.folder / "managed"
    shutil.copy(machine.folder / "working", managed)
    assert machine.set_up().returncode == 0
    assert f"venv --clear --python {managed} .venv" in machine.calls


def test_a_private_copy_that_is_there_is_taken_before_anything_is_fetched(
    machine: Machine,
) -> None:
    private = machine.cache / "python-3.14/usr/bin/python3.14"
    private.parent.mkdir(parents=True)
    shutil.copy(machine.folder / "working", private)
    assert machine.set_up().returncode == 0
    calls = machine.calls
    assert f"venv --clear --python {private} .venv" in calls
    assert "python install" not in calls


def test_where_no_python_is_to_be_had_it_says_so_in_one_sentence(
    machine: Machine,
) -> None:
    done = machine.set_up()
    assert done.returncode == 1
    assert done.stderr == (
        "Fetching Python 3.14 …\n"
        "Python 3.14.2 or newer is needed and could not be fetched;"
        " install it, then run this again.\n"
    )
    assert "python install" in machine.calls


def test_a_machine_with_no_python_at_all_is_told_what_to_install(
    machine: Machine,
) -> None:
    (machine.folder / "bin/uv").unlink()
    done = machine.set_up()
    assert done.returncode == 1
    assert done.stderr == (
        "Install Python (any version from 3.9 on) with your system's package"
        " manager, then run this again.\n"
    )


def test_a_machine_without_a_compiler_fetches_one(machine: Machine) -> None:
    machine.has("python3.14", WORKING)
    (machine.folder / "bin/c++").unlink()
    assert "Fetching a compiler" in machine.set_up().stderr
    compiler, *_ = [line for line in machine.calls.splitlines() if "--target" in line]
    assert f"--target {machine.cache}/compiler" in compiler
    assert "--require-hashes" in compiler
