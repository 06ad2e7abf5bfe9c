"""Logins that end, with and without a word about it, and the key that signs them changed: on all processes."""

import contextlib
import time
from dataclasses import dataclass

from tests.faults.clients import Client
from tests.faults.history import Revoked
from tests.faults.scenarios.run import Run, scenario
from tests.faults.web import KEY, NEXT_KEY
from tests.faults.wire import cookies, visit

#: A verb that ends a login ends its sockets in every process at once; the rest is for a busy machine.
AT_ONCE = 2.0


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A verb of the stage hand, and what it does to clients with a session and with a token."""

    verb: str
    code: int
    is_of_browsers: bool = True
    #: Whatever else the user has ends too; else only what came in by the session.
    is_of_all: bool = False
    #: Nothing is said: every process looks for itself.
    is_silent: bool = False


ENDINGS = (
    Ending(verb="ban", code=4501, is_of_all=True),
    Ending(verb="sign_out", code=4500),
    Ending(verb="change_password", code=4500, is_of_all=True),
    Ending(verb="delete_tokens", code=4500, is_of_browsers=False, is_of_all=True),
    Ending(verb="expire", code=4500, is_silent=True),
)


@scenario("clients", breaks=["no login check"], is_gentle=True)
async def signed_out_everywhere(run: Run) -> None:
    """Tokens are revoked and accounts deactivated in the rows alone: every process finds out by itself."""
    gone = [await run.one_at(web) for web in run.webs]
    async with run.fault("logins"):
        for number, client in enumerate(gone):
            client.must_be_whole = False
            verb = "revoke_tokens" if number % 2 else "deactivate"
            await run.cluster.stage.ask(verb, announce=False, who=client.user)
            run.history.append(Revoked(user=client.user))
        for client in run.clients:
            client.must_be_whole = client.must_be_whole and client.user not in {other.user for other in gone}
        await run.hold(run.revoked_seconds + 1.5)
    still = [client.name for client in gone if client.is_synced]
    if still:
        run.complain("leak", f"still connected after their logins have ended: {still}")


@scenario("clients", breaks=["no word of ended logins"], is_gentle=True)
async def logins_ended_at_once_everywhere(run: Run) -> None:
    """A ban, a sign-out, another password, a deleted token, a session that runs out: each with a device at every process."""
    people = dict(zip(run.company.users[-len(ENDINGS) :], ENDINGS, strict=True))
    sessions = {user: await run.cluster.stage.ask("sign_in", who=user) for user in people}
    devices = {
        user: [
            run.newcomer(user, device=20 + n, webs=[web], session=sessions[user] if ending.is_of_browsers else "")
            for n, web in enumerate(run.webs)
        ]
        for user, ending in people.items()
    }
    await run.until(
        lambda: all(device.is_synced for mine in devices.values() for device in mine), what="all devices are in"
    )
    # Who came in just now is looked at once more anyway: that is not what is tried here.
    await run.hold(1)
    for user, ending in people.items():
        await _end(run, user, ending, sessions[user], devices[user])


async def _end(run: Run, user: int, ending: Ending, session: str, devices: list[Client]) -> None:
    most = run.revoked_seconds if ending.is_silent else AT_ONCE
    ended = [client for client in run.clients if client.user == user] if ending.is_of_all else devices
    async with run.fault(f"logins: {ending.verb}"):
        for client in ended:
            client.must_be_whole = False
        await run.cluster.stage.ask(ending.verb, who=user, session=session)
        begun = time.monotonic()
        with contextlib.suppress(AssertionError):
            await run.until(lambda: all(client.ended_with for client in ended), within=most, what="they are out")
    most += run.fleet.metronome.allowance(begun, time.monotonic(), seconds=most)
    run.history.extend(Revoked(at=begun, user=user, client=client.name, seconds=most) for client in ended)
    for client in ended:
        if client.ended_with != ending.code:
            run.complain("leak", f"{client.name} was ended with {client.ended_with}, {most:.1f} s after {ending.verb}")


@scenario("clients", breaks=["no fallback keys"])
async def a_key_changed_under_load(run: Run) -> None:
    """The next key was announced to all; then one process after the other signs with it. Nobody is signed out."""
    users = run.company.users[:4]
    sessions = {user: await run.cluster.stage.ask("sign_in", who=user) for user in users}
    browsers = [run.newcomer(user, device=30, session=session) for user, session in sessions.items()]
    await run.until(lambda: all(browser.is_synced for browser in browsers), what="the browsers are in")
    changed = run.webs if run.size.is_long else run.webs[:1]
    for web in changed:
        async with run.fault(web.name):
            await web.terminate()
            web.variables = {"SECRET_KEY": NEXT_KEY, "SECRET_KEY_FALLBACKS": KEY}
            await web.start()
    for browser in browsers:
        # A page, as people open them beside the socket; it may renew the cookie.
        status, session = await visit(changed[0].port, browser.login, "/")
        if status != 200:
            run.complain("untrue", f"{browser.name} was answered {status} after the key was changed")
        browser.login = cookies(session) if session else browser.login
    await run.hold(run.revoked_seconds)
    for browser in browsers:
        browser.door = -1
        browser.drop()
    await run.until(
        lambda: all(browser.is_synced or browser.has_ended for browser in browsers), what="the browsers are back in"
    )
