"""The scenarios of FAULTS.md, one function each; importing this enters them all into SCENARIOS."""

from tests.faults.scenarios import clients, crowds, logins, postgres, process, redis, time_of_day
from tests.faults.scenarios.everything import everything
from tests.faults.scenarios.perform import perform
from tests.faults.scenarios.run import SCENARIOS, Run, Scenario
from tests.faults.scenarios.sizes import BESIDE, BROKEN, LONG, SHORT, Bounds, Size

#: Of FAULTS.md, what has no scenario here yet, and why.
MISSING = {
    "ban, expiry and password change pushed at once": "the product rechecks logins every login_check_seconds only",
    "SECRET_KEY rotated with a fallback": "clients here come with tokens, which no key signs",
    "ghost presence after a kill": "there is no presence yet",
    "clocks 5 minutes apart, jumps of 25 hours": "needs a clock for each process (libfaketime), which is not installed",
    "an hour's soak with flat memory, threads and tasks": "bin/faults --minutes 60 checks the laws, not the memory",
    "a Hypothesis state machine over all of it": "not written",
    "abuse of the socket and of the API": "elsewhere: test_bad_input, test_handshake",
}

__all__ = [
    "BESIDE",
    "BROKEN",
    "LONG",
    "SCENARIOS",
    "SHORT",
    "Bounds",
    "Run",
    "Scenario",
    "Size",
    "clients",
    "crowds",
    "everything",
    "logins",
    "perform",
    "postgres",
    "process",
    "redis",
    "time_of_day",
]
