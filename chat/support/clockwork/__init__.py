"""What happens at the desk by itself: each web process looks for what is due each second, and the rows say what is done."""
