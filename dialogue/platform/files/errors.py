"""Refusals about files."""

from dialogue.kit.errors import Refusal


class FileTooLarge(Refusal):
    """The file is larger than the installation keeps."""

    status = 413
    code = "file-too-large"


class FileTypeRefused(Refusal):
    """The file is of a kind we do not keep, or is not what its name says."""

    code = "file-type"
