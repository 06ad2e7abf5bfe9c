"""The unit tests of the page's modules that need no page run in Node, which comes with the requirements for development."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

NODE = Path(sys.executable).with_name("node")
HERE = Path(__file__).parent


def test_the_modules_do_what_their_unit_tests_say() -> None:
    files = sorted(HERE.glob("*.test.mjs"))
    assert files
    # Node leaves a processor to its runner, which has nothing to do.
    at_once = f"--test-concurrency={os.cpu_count()}"
    command = [NODE, "--no-warnings", "--test", at_once, "--test-reporter=tap", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
