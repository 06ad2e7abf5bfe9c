"""The production server: processes, connections at every stage, places for requests, health."""
