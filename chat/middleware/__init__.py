"""What every request passes: how often one person asks, where an act comes from, sessions, waiting."""
