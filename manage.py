#!/usr/bin/env python
"""The operator's door: every command starts the embedded services it needs, and names what is wrong in one sentence."""

import os
import sys

from chatproject.embedded.start import StartError, prepare


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    try:
        prepare(sys.argv)
    except StartError as error:
        sys.exit(f"gapless: {error}")


if __name__ == "__main__":
    main()
