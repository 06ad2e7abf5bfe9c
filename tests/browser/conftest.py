"""What every test of this room may ask for."""

from tests.stage.browsers import chromium, sign_in
