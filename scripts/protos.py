"""Compile proto/ into the descriptor set that the component loads."""

import argparse
from importlib.resources import files
from pathlib import Path
import sys
import tempfile

from grpc_tools import protoc

ROOT = Path(__file__).parent.parent
COMPILED = "custom_components/braiins_fleet/asic/bos.binpb"


def compiled(root: Path) -> bytes:
    """Return the descriptor set of all protos, the same on every machine."""
    protos = root / "proto"
    names = sorted(path.relative_to(protos) for path in protos.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as output:
        failed = protoc.main(
            [
                "protoc",
                f"--proto_path={protos}",
                f"--proto_path={files('grpc_tools') / '_proto'}",
                "--include_imports",
                f"--descriptor_set_out={output.name}",
                *(str(name) for name in names),
            ]
        )
        if failed:
            sys.exit("The protos do not compile.")
        return Path(output.name).read_bytes()


def is_stale(root: Path) -> bool:
    """Tell whether the compiled set is not that of the protos."""
    file = root / COMPILED
    return not file.exists() or file.read_bytes() != compiled(root)


def main() -> None:
    """Read the command line and compile or compare."""
    parser = argparse.ArgumentParser(prog="scripts/proto", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only say whether it is up to date"
    )
    if not parser.parse_args().check:
        (ROOT / COMPILED).write_bytes(compiled(ROOT))
    elif is_stale(ROOT):
        sys.exit(f"{COMPILED} is not that of proto/; run scripts/proto.")


if __name__ == "__main__":
    main()
