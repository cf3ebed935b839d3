"""Where things lie: the names of files and directories, as documented to users."""

from __future__ import annotations

from furu import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.task import ArtifactRef

META = ".furu"
MARKER = "SUCCESS.json"
STATE = "state.json"
METADATA = "metadata.json"
EVENTS = "events.jsonl"
LOG = "furu.log"
MIGRATION = "migration.json"
SCHEMAS = ".schemas.jsonl"
LOCK = "compute.lock"
TRASH = "trash"

FORMAT_VERSION = 1


def directory(ref: ArtifactRef) -> str:
    """Return the absolute directory of an artifact in its own root; path arithmetic only."""
    return f"{config.current().root_text(ref.root)}/{ref.namespace.replace('.', '/')}/{ref.furu_hash}"


def scratch_directory(ref: ArtifactRef) -> str:
    """Return the absolute directory the artifact has in the scratch root."""
    return f"{config.current().root_text('scratch')}/{ref.root}/{ref.namespace.replace('.', '/')}/{ref.furu_hash}"
