"""What every test of this room may ask for."""

from tests.stage.nodes import follow, node
