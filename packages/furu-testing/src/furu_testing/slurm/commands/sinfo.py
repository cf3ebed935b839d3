"""``sinfo``: the partitions and nodes."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_hosts
from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.commands.tables import print_table
from furu_testing.slurm.durations import spell_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import State

SWITCHES = Switches(
    "clusters format Format iterate nodes partition sort states",
    "all dead exact federation help hide json local long Node noconvert noheader list-reasons reservation responding "
    "summarize usage verbose version yaml",
    "M:clusters o:format O:Format i:iterate n:nodes p:partition S:sort t:states a:all d:dead e:exact h:noheader l:long "
    "N:Node R:list-reasons T:reservation r:responding s:summarize v:verbose V:version",
)

_DEFAULT = "%9P %.5a %.10l %.6D %.6t %N"
_BY_NODE = "%10N %.6D %.9P %6t"
_HEADERS = {
    "P": "PARTITION",
    "R": "PARTITION",
    "a": "AVAIL",
    "l": "TIMELIMIT",
    "D": "NODES",
    "t": "STATE",
    "T": "STATE",
    "N": "NODELIST",
    "c": "CPUS",
    "C": "CPUS(A/I/O/T)",
    "m": "MEMORY",
    "G": "GRES",
    "f": "AVAIL_FEATURES",
}


def run(directory: Directory, arguments: list[str]) -> int:
    """Print one line per partition, or per node and partition; no question about jobs."""
    options, _ = SWITCHES.read(arguments, anywhere=True)
    state = directory.read()
    names = [f"node{number + 1}" for number in range(state["settings"]["nodes"])]
    partitions = [
        name
        for name in state["settings"]["partitions"]
        if "partition" not in options or name in options["partition"].split(",")
    ]
    layout = _layout(options.get("format") or (_BY_NODE if "Node" in options else _DEFAULT))
    groups = [[name] for name in names] if "Node" in options else [names]
    lines = [] if "noheader" in options else [[_HEADERS.get(letter, "") for letter, *_ in layout]]
    lines += [[_cell(state, letter, name, group) for letter, *_ in layout] for group in groups for name in partitions]
    print_table(lines, [(width, right, behind) for _, width, right, behind in layout])
    return 0


def _layout(text: str) -> list[tuple[str, int, bool, str]]:
    columns = []
    for part in text.split("%")[1:]:
        right = part.startswith(".")
        rest = part.removeprefix(".")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        columns.append((rest[len(digits)], int(digits or 0), right, rest[len(digits) + 1 :]))
    return columns


def _cell(state: State, letter: str, partition: str, nodes: list[str]) -> str:
    settings = state["settings"]
    running = any(job["state"] == "RUNNING" for job in state["jobs"].values())
    per_node = max(1, settings["cpus"] // settings["nodes"])
    return {
        "P": f"{partition}*" if partition == settings["partitions"][0] else partition,
        "R": partition,
        "a": "up",
        "l": "infinite" if letter == "l" else spell_limit(None),
        "D": str(len(nodes)),
        "t": "mix" if running else "idle",
        "T": "mixed" if running else "idle",
        "N": spell_hosts(nodes),
        "c": str(per_node),
        "C": f"0/{per_node * len(nodes)}/0/{per_node * len(nodes)}",
        "m": "32000",
        "G": "gpu:fake:4",
        "f": "(null)",
    }.get(letter, "")
