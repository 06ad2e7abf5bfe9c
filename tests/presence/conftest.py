"""What every test of this room may ask for."""

from tests.stage.presence_stage import here, there, time
