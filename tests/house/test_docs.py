"""docs/bot.md, from nothing to a bot that answers: every snippet is run, as it stands, against a real server.

Only where the server is, and where the files are saved, is put in.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.models import Message
from tests.conftest import Cast, in_thread
from tests.stage.servers import ROOT, Server, expect

PAGE = (ROOT / "docs" / "bot.md").read_text()
ACCOUNT, SET_UP, POST, BOT_IN_PYTHON, RUN_PYTHON, TALK, BOT_IN_SHELL, RUN_SHELL = re.findall(
    r"^```(?:sh|bash|python)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def as_said(snippet: str, server: Server, folder: Path) -> str:
    """The snippet with this server and this folder instead of those of the page."""
    snippet = snippet.replace("http://localhost:8000", server.url).replace(".venv/bin/python", sys.executable)
    return re.sub(r"\bbot\.(py|sh)$", lambda file: str(folder / file[0]), snippet, flags=re.MULTILINE)


def environment(server: Server) -> dict[str, str]:
    programs = Path(sys.executable).parent
    return {**server.environ(), "PATH": f"{programs}:{server.environ()['PATH']}"}


def run(script: str, server: Server) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment(server),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
async def test_the_page_leads_from_nothing_to_bots_that_answer(
    server: Server, cast: Cast, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    assert shutil.which("curl"), "the page's examples are run with curl"
    (tmp_path / "bot.py").write_text(BOT_IN_PYTHON)
    (tmp_path / "bot.sh").write_text(BOT_IN_SHELL)
    account, python, shell, talk = (
        as_said(snippet, server, tmp_path) for snippet in (ACCOUNT, RUN_PYTHON, RUN_SHELL, TALK)
    )
    said = await in_thread(run, f'{account}{SET_UP}{POST}\necho "\n$GAPLESS_TOKEN $CHANNEL"', server)
    assert [line for line in said.splitlines() if line in ("200", "201")] == ["201", "200"]
    assert '"username":"echo"' in said
    assert '"approximate":false' in said
    token, channel = said.split()[-2:]
    assert await in_thread(Message.objects.filter(body="Hello from curl").count) == 1

    known = f"export GAPLESS_URL={server.url} GAPLESS_TOKEN={token} CHANNEL={channel}\n"
    for bot in (python, shell):
        script = f"{known}exec {bot}" if bot is shell else f"{known}{bot}"
        process = subprocess.Popen(
            ["bash", "-c", script], cwd=ROOT, env=environment(server), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert await in_thread(process.stdout.readline) == "online\n"

    functions = f"{known}{account.splitlines()[1]}\n{SET_UP.split('api users/me/')[0]}"
    await in_thread(run, functions + talk, server)

    def answers() -> set[str]:
        return set(Message.objects.filter(body__startswith="pong from").values_list("body", flat=True))

    async def answered() -> bool:
        return await in_thread(answers) == {"pong from Python", "pong from the shell"}

    await expect(answered, within=10)
    assert await in_thread(Message.objects.filter(body__startswith="pong from").count) == 2
