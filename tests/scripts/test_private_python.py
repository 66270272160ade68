"""Finding Debian's mirror, and unpacking a Python from it, complete or not at all."""

from pathlib import Path
import platform
import subprocess
import sys

import pytest

from scripts import private_python
from scripts.private_python import ImpossibleError, debian_mirrors

ONE_LINE = """
# deb http://old.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # the nearest one
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/etc/apt/keys/a.gpg] https://signed.example/debian/ bookworm main
  deb\thttp://mirror.example/debian bookworm-updates main
deb http://security.example/debian-security bookworm-security main
deb cdrom:[Debian GNU/Linux 12 _Bookworm_ - amd64]/ bookworm main
deb https://vendor.example/apt stable tools
deb
"""  # noqa: E501 - lines as they stand in such files

STANZAS = """\
# Debian itself
Types: deb deb-src
URIs: http://mirror.example/debian
      http://second.example/debian
Suites: bookworm bookworm-updates
# and what is free of charge
Components: main
 non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

types: deb
uris: mirror+file:///etc/apt/mirrors/debian.list
suites: bookworm
components: main

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://flat.example/
Suites: ./

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main
"""


@pytest.fixture
def etc_apt(tmp_path: Path) -> Path:
    folder = tmp_path / "etc/apt"
    (folder / "sources.list.d").mkdir(parents=True)
    return folder


def test_mirrors_are_read_from_one_line_entries(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    assert debian_mirrors(etc_apt) == [
        "http://mirror.example/debian",
        "https://signed.example/debian/",
    ]


def test_mirrors_are_read_from_stanzas(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources").write_text(STANZAS)
    assert debian_mirrors(etc_apt) == [
        "http://mirror.example/debian",
        "http://second.example/debian",
        "mirror+file:///etc/apt/mirrors/debian.list",
    ]


def test_files_that_apt_does_not_read_are_not_read(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources.off").write_text(STANZAS)
    (etc_apt / "sources.list.d/other.list.save").write_text(ONE_LINE)
    assert debian_mirrors(etc_apt) == []


def test_a_machine_without_apt_has_no_mirror(tmp_path: Path) -> None:
    assert debian_mirrors(tmp_path / "etc/apt") == []


@pytest.fixture
def machine(etc_apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of stand-ins for the programs of a Debian machine."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    (etc_apt / "sources.list").write_text("deb http://one.example/d bookworm main\n")
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(private_python, "KEYRING", keyring)
    monkeypatch.setattr(private_python, "ETC_APT", etc_apt)
    write(programs / "apt-get", 'case "$*" in *download*) touch a_1_all.deb ;; esac')
    write(programs / "dpkg-deb", 'mkdir -p "$3/usr/bin"; touch "$3/usr/bin/python3.14"')
    write(programs / "patchelf", f'printf "%s\\n" "$@" >{tmp_path / "patched"}')
    return programs


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_python_is_unpacked_and_bound_to_its_own_libraries(
    machine: Path, tmp_path: Path
) -> None:
    home = tmp_path / "cache/python"
    private_python.install(["python3.14"], home, str(machine / "patchelf"))

    assert (home / "usr/bin/python3.14").exists()
    libraries, loader = private_python.LOADERS[platform.machine()]
    _, interpreter, _, _, path, binary = (tmp_path / "patched").read_text().split()
    assert interpreter == str(home / "usr/lib" / libraries / loader)
    assert path == str(home / "usr/lib" / libraries)
    assert binary.endswith("usr/bin/python3.14")
    assert [path.name for path in home.parent.iterdir()] == ["python"]


def test_an_older_copy_is_replaced(machine: Path, tmp_path: Path) -> None:
    home = tmp_path / "python"
    (home / "usr/bin/python3.13").mkdir(parents=True)
    private_python.install(["python3.14"], home, str(machine / "patchelf"))
    assert [path.name for path in (home / "usr/bin").iterdir()] == ["python3.14"]


def test_nothing_is_left_where_unpacking_fails(machine: Path, tmp_path: Path) -> None:
    write(machine / "dpkg-deb", "exit 1")
    home = tmp_path / "cache/python"
    with pytest.raises(subprocess.CalledProcessError):
        private_python.install(["python3.14"], home)
    assert list(home.parent.iterdir()) == []


def test_a_mirror_without_testing_is_passed_over(
    machine: Path, etc_apt: Path, tmp_path: Path
) -> None:
    (etc_apt / "sources.list").write_text(
        "deb http://one.example/d bookworm main\ndeb http://two.example/d forky main\n"
    )
    # The configuration lies beside the list of sources.
    write(
        machine / "apt-get",
        "for word; do case $word in --config-file=*) conf=${word#*=} ;; esac; done\n"
        'grep -q two.example "${conf%apt.conf}sources.list" || exit 100\n'
        'case "$*" in *download*) touch a_1_all.deb ;; esac',
    )
    private_python.install(["python3.14"], tmp_path / "python")
    assert (tmp_path / "python/usr/bin/python3.14").exists()


def test_what_apt_says_is_passed_on(machine: Path, tmp_path: Path) -> None:
    write(machine / "apt-get", "echo 'E: The repository is not signed.' >&2; exit 100")
    with pytest.raises(ImpossibleError, match="not signed"):
        private_python.install(["python3.14"], tmp_path / "python")


def test_without_a_mirror_it_says_so(
    machine: Path, etc_apt: Path, tmp_path: Path
) -> None:
    (etc_apt / "sources.list").unlink()
    with pytest.raises(ImpossibleError, match="mirror of Debian"):
        private_python.install(["python3.14"], tmp_path / "python")
    assert machine.exists()


def test_without_debians_keys_it_says_so(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_python, "KEYRING", machine / "missing")
    with pytest.raises(ImpossibleError, match="debian-archive-keyring"):
        private_python.install(["python3.14"], tmp_path / "python")


def test_a_machine_that_is_not_provided_for_is_told_in_one_line(
    machine: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(sys, "argv", ["private_python.py", "pip", str(tmp_path / "p")])
    with pytest.raises(SystemExit, match="riscv64 machines are not provided for"):
        private_python.main()
    assert machine.exists()
