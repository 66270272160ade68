"""Who plays in the journey, and where."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".e2e"
SCREENSHOTS = FOLDER / "screenshots"
LOG = FOLDER / "home-assistant.log"

NETWORK = "127.0.16.0/28"
FIRST = "127.0.16.1"
MINER = "127.0.16.3"
OFF = FIRST
KILLED = "127.0.16.4"
# Left out at first, and added by its address later.
LATECOMER = "127.0.16.6"
FOUND_FIRST = (FIRST, "127.0.16.2", MINER, KILLED, "127.0.16.5")
STOCK, TOO_OLD = "127.0.16.7", "127.0.16.8"
STRANGER = "127.0.16.9"
NOBODY = "127.0.16.14"

PASSWORD = "root"
STRANGERS_PASSWORD = "my own"
NEW_PASSWORD = "a new one"

# In s, for one of the miners.
POLL_INTERVAL = 5

RIG = "Basement"
RENAMED = "Cellar"
# In s; an agent measures every 30 s unless it is told otherwise.
RIG_INTERVAL = 5
SHEET, PROFILE = "Ravens", "Quiet"
WALLET = "RAKhjjFyBsfCCPALmQeLWpNV1cmTRf1EVk"
