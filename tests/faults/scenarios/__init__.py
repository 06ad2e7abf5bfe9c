"""The scenarios of docs/faults.md, one function each; importing this enters them all into SCENARIOS."""

from tests.faults.scenarios import (
    clients,
    crowds,
    desk,
    files,
    logins,
    postgres,
    process,
    redis,
    rewind,
    strangers,
    time_of_day,
)
from tests.faults.scenarios.everything import everything
from tests.faults.scenarios.perform import perform
from tests.faults.scenarios.run import SCENARIOS, Run, Scenario
from tests.faults.scenarios.sizes import BESIDE, BROKEN, LONG, OFTEN, SHORT, Bounds, Size
