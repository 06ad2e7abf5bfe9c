"""The installation: settings, limits, checks, what operators look at. The only app that knows all others."""
