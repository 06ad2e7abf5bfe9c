"""The support's pages: the widget for visitors; for agents the desk, the hours and the reports, which are no lists of the admin."""
