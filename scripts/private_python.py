"""Unpack Python 3.14 from Debian testing into a folder of its own.

For Debian machines that reach their package mirror but no other place that has a
Python this new. Apt fetches and verifies the packages in a scratch folder, as any
user: of the system it reads the settings, and it changes nothing.

Runs on any Python from 3.9 on, since it is there to bring a newer one.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
import platform
import re
import shutil
import subprocess
import sys
import tempfile

# The interpreter with all it links to, its own libc included: then it does not
# matter how old the system around it is.
PYTHON = """
    python3.14 python3.14-minimal libpython3.14-stdlib libpython3.14-minimal
    libpython3.14-dev libpython3.14 libc6 libssl3t64 libbz2-1.0 libdb5.3t64
    libffi8 liblzma5 libncursesw6 libtinfo6 libreadline8t64 libsqlite3-0 libuuid1
    libzstd1 libexpat1 zlib1g libgcc-s1 libstdc++6 tzdata
""".split()

# Debian's own Python may come without pip and without the means to install it.
PIP = ["python3-pip-whl"]

# The library folder and the loader in it, by machine.
LOADERS = {
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}

ETC_APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# A mirror that has stopped still serves what Debian signed, so an expired release
# is taken. The hooks of the system's apt are for the system.
APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "2";
Dir::Cache "{scratch}/cache";
Dir::Etc::SourceList "{scratch}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{scratch}/state";
Dir::State::Status "{scratch}/status";
"""
SOURCE = (
    "deb [target=Packages lang=none pdiffs=no check-valid-until=no signed-by={keyring}]"
    " {mirror} testing main\n"
)


OFF = (["no"], ["false"])


class ImpossibleError(Exception):
    """It cannot be done here; the text tells the owner of the machine why."""


def _one_line_entries(text: str) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Yield addresses, suites and components of a `.list` file."""
    # The options in brackets do not matter here.
    for entry in re.findall(r"^\s*deb\s+(?:\[[^]]*\])?([^#\n]*)", text, re.MULTILINE):
        words = entry.split()
        yield words[:1], words[1:2], words[2:]


def _stanza_entries(text: str) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Yield addresses, suites and components of a `.sources` file."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in "\n".join(lines).split("\n\n"):
        # A field goes on over all lines that begin with a space.
        found = re.findall(r"^([\w-]+):((?:.|\n\s)*)", stanza, re.MULTILINE)
        fields = {name.lower(): value.split() for name, value in found}
        if "deb" in fields.get("types", []) and fields.get("enabled") not in OFF:
            yield fields["uris"], fields["suites"], fields.get("components", [])


def debian_mirrors(etc_apt: Path) -> list[str]:
    """Return the addresses apt is set up with that may be a mirror of Debian."""
    parts = etc_apt / "sources.list.d"
    files = [etc_apt / "sources.list", *sorted(parts.glob("*"))]
    mirrors = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            entries: Iterable[tuple[list[str], list[str], list[str]]]
            entries = _one_line_entries(file.read_text())
        elif file.suffix == ".sources":
            entries = _stanza_entries(file.read_text())
        else:
            continue
        for addresses, suites, components in entries:
            security_only = all("security" in suite for suite in suites)
            if "main" in components and not security_only:
                mirrors += addresses
    usable = [mirror for mirror in mirrors if not mirror.startswith("cdrom:")]
    return list(dict.fromkeys(usable))


def unpack(packages: list[str], folder: Path, scratch: Path) -> None:
    """Fetch these packages of Debian testing and unpack them into the folder."""
    if not KEYRING.exists():
        message = "Debian's archive keyring is missing (package debian-archive-keyring)"
        raise ImpossibleError(message)

    debs = scratch / "debs"
    for path in (debs, scratch / "cache/archives/partial", scratch / "state/lists"):
        path.mkdir(parents=True)
    (scratch / "status").touch()
    (scratch / "apt.conf").write_text(APT_CONF.format(scratch=scratch))

    def apt_get(*arguments: str) -> None:
        done = subprocess.run(
            ["apt-get", "-qq", f"--config-file={scratch / 'apt.conf'}", *arguments],
            cwd=debs,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ImpossibleError(done.stderr.strip() or "apt-get does not say why")

    problem = ImpossibleError("apt is not set up with a mirror of Debian")
    for mirror in debian_mirrors(ETC_APT):
        source = SOURCE.format(keyring=KEYRING, mirror=mirror)
        (scratch / "sources.list").write_text(source)
        try:
            apt_get("update")
            apt_get("download", *packages)
            break
        except ImpossibleError as error:
            problem = error
    else:
        raise problem
    for deb in sorted(debs.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], check=True)


def bind(folder: Path, home: Path, patchelf: Path) -> None:
    """Make the interpreter in the folder use its own loader and libraries.

    They are named by the path the folder is to have in the end, its home.
    """
    libraries, loader = LOADERS[platform.machine()]
    subprocess.run(
        [
            str(patchelf),
            "--set-interpreter",
            str(home / "usr/lib" / libraries / loader),
            "--force-rpath",
            "--set-rpath",
            str(home / "usr/lib" / libraries),
            str(folder / "usr/bin/python3.14"),
        ],
        check=True,
    )


def install(packages: list[str], home: Path, patchelf: str = "") -> None:
    """Make the folder, complete or not at all."""
    if platform.machine() not in LOADERS:
        raise ImpossibleError(f"{platform.machine()} machines are not provided for")
    home.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder to be, so that moving it into place is one step.
    with tempfile.TemporaryDirectory(dir=str(home.parent), prefix=".unpack-") as name:
        scratch = Path(name)
        folder = scratch / "root"
        unpack(packages, folder, scratch)
        if patchelf:
            bind(folder, home, Path(patchelf))
        if home.exists():
            shutil.rmtree(str(home))
        folder.rename(home)


def main() -> None:
    """Read the command line and unpack what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    python = commands.add_parser("python", help="unpack Python 3.14")
    python.add_argument("folder", type=Path)
    python.add_argument("--patchelf", required=True)
    pip = commands.add_parser("pip", help="unpack the wheel of pip")
    pip.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.command == "python":
            install(PYTHON, arguments.folder.absolute(), arguments.patchelf)
        else:
            install(PIP, arguments.folder.absolute())
    except ImpossibleError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
