"""The configuration of the house: what of `default_config` can run anywhere."""

from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
import shutil
import socket

_INTEGRATIONS = """
    api assist_pipeline automation blueprint config conversation counter dhcp
    diagnostics energy file frontend history input_boolean input_button
    input_datetime input_number input_select input_text intent logbook
    media_source my person recorder repairs scene schedule script sun system_health
    system_log timer webhook zeroconf zone
""".split()

_FIRST_PORT = 8123


def write(folder: Path, component: Path) -> list[str]:
    """Write the configuration folder; return what this machine has to do without."""
    without = []
    integrations = list(_INTEGRATIONS)
    quiet = {
        # Said at each start, and meant for others than us.
        "homeassistant.bootstrap": "error",
        "homeassistant.loader": "error",
        "aiohttp_fast_zlib": "error",
        # Asks for the weather before it is tidied away.
        "metno": "critical",
    }
    if not (find_spec("pymicro_vad") and find_spec("pyspeex_noise")):
        integrations.remove("assist_pipeline")
        without.append("Assist (no audio packages)")
    if find_library("pcap") is None:
        integrations.remove("dhcp")
        without.append("discovery by DHCP (no libpcap)")
    if shutil.which("ffmpeg") is None:
        quiet["haffmpeg"] = "critical"
        without.append("speech (no ffmpeg)")
    if find_library("turbojpeg") is None:
        quiet["homeassistant.components.camera.img_util"] = "critical"

    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{integration}:" for integration in integrations]
    lines += ["logger:", "  default: warning", "  logs:"]
    lines += [f"    {logger}: {level}" for logger, level in quiet.items()]
    (folder / "configuration.yaml").write_text("\n".join(lines) + "\n")
    # The port is remembered from the first start; let each start choose anew.
    (folder / ".storage" / "http").unlink(missing_ok=True)

    integration = folder / "custom_components" / component.name
    integration.parent.mkdir(exist_ok=True)
    integration.unlink(missing_ok=True)
    integration.symlink_to(component)
    return without


def free_port() -> int:
    """Return the port of Home Assistant, or the next one that is free."""
    port = _FIRST_PORT
    while not can_listen("", port):
        port += 1
    return port


def can_listen(host: str, port: int = 0) -> bool:
    """Tell whether a server could be at this address."""
    with socket.socket() as server:
        # As asyncio's servers do: a port just left is free.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
        except OSError:
            return False
    return True
