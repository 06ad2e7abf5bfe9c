"""What every test of this room may ask for."""

from tests.faults.playing import cluster, sound
