"""What is left of the journey."""

import re

from .processes import COMPONENT, House
from .stage import KILLED, LOG, STRANGER


async def test_the_log_tells_of_nothing_but_the_troubles_there_were(
    house: House,
) -> None:
    records = re.split(r"^(?=\d{4}-\d\d-\d\d )", LOG.read_text(), flags=re.MULTILINE)
    devices = await house.devices()
    expected = [
        f"Authentication failed while fetching {devices[STRANGER].name} data",
        f"Error fetching {devices[KILLED].name} data",
    ]
    ours = [
        record
        for record in records
        # That nobody has tested us is said of each custom integration.
        if COMPONENT.name in record and "[homeassistant.loader]" not in record
    ]
    told = [[text for text in expected if text in record] for record in ours]
    assert told == [[text] for text in expected], "".join(ours)
