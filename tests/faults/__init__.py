"""The instrument that shows what survives which fault: real services and web processes, signals, a proxy between each pair."""
