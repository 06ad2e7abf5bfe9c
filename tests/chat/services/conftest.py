"""What every test of this room may ask for."""

from tests.stage.newcomers import quick_hashes
