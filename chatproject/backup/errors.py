"""What stands against a backup or a restore."""


class BackupError(Exception):
    """The text is one sentence for the operator. Database and the backup before stand as they did; files may lie beside."""


class Differs(Exception):
    """What was put back is not what the backup says that it holds; the text is one sentence for the operator."""
