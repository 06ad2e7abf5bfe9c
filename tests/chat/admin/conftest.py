"""What every test of this room may ask for."""

from tests.stage.admin_house import house
