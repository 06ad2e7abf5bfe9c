"""The support's pages: for people from outside the widget, for who works at the desk what is no list of the admin."""
