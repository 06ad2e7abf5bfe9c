"""Errors of backups and restores."""


class BackupError(Exception):
    """The text is a sentence for the operator. The database and the earlier backup are unchanged; left-over files may exist."""


class Differs(Exception):
    """The restored data differs from the backup's manifest; the text is a sentence for the operator."""
