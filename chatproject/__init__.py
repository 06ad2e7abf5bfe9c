"""The installation: settings, limits, checks, and tools for operators. The only app that knows all others."""
