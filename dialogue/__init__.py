"""Dialogue: the customer base that answers back.

Wings from the top floor to the ground: faces, insight, marketing, service, selling, customers, platform, kit.
A wing imports only from wings below it; `docs/architecture.md` draws the floors.
"""

from dialogue.kit import bytecode
from dialogue.kit.late import load_late

__version__ = "0.1.0"

bytecode.use()
load_late()
