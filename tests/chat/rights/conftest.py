"""What every test of this room may ask for."""

from tests.stage.access_scene import scene
