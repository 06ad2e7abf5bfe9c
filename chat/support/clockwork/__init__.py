"""The desk's automatic work: each web process looks for due work every second, and the rows say what is done already."""
