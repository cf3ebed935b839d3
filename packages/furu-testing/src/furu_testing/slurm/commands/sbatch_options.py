"""The options of ``sbatch``, from the command line, the environment and the script."""

from __future__ import annotations

from furu_testing.slurm.commands.switches import Switches, Wrong

#: Options with a value, options without, and letters.
SWITCHES = Switches(
    "account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment constraint container "
    "core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution error "
    "exclude export export-file extra-node-info gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task "
    "gres gres-flags hint input job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind "
    "mem-per-cpu mem-per-gpu mincpus network nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu "
    "ntasks-per-node ntasks-per-socket open-mode output partition power prefer priority profile qos reservation signal "
    "sockets-per-node switches thread-spec threads-per-core time time-min tmp tres-per-task uid wait-all-nodes wckey wrap",
    "contiguous exclusive get-user-env help hold ignore-pbs nice no-kill no-requeue overcommit oversubscribe parsable "
    "propagate quiet reboot requeue spread-job test-only usage use-min-nodes verbose version wait",
    "a:array A:account b:begin B:extra-node-info c:cpus-per-task C:constraint d:dependency D:chdir e:error F:nodefile "
    "G:gpus i:input J:job-name L:licenses m:distribution M:clusters n:ntasks N:nodes o:output p:partition q:qos "
    "S:core-spec t:time w:nodelist x:exclude H:hold h:help k:no-kill O:overcommit Q:quiet s:oversubscribe v:verbose "
    "V:version W:wait",
)

#: Environment variables whose name is not made from the option's name.
_VARIABLES = {"time": "TIMELIMIT", "array": "ARRAY_INX", "mem": "MEM_PER_NODE"}

#: These pairs exclude each other: the later source wins.
_OPPOSITES = {"requeue": "no-requeue", "no-requeue": "requeue"}


def merged(given: dict[str, str], script: str, environment: dict[str, str]) -> dict[str, str]:
    """Return all options: the command line before the environment, that before the script.  Raises Wrong."""
    options = from_script(script)
    for later in (from_environment(environment), given):
        for name in later:
            options.pop(_OPPOSITES.get(name, ""), None)
        options |= later
    return options


def from_environment(environment: dict[str, str]) -> dict[str, str]:
    """Return the options that ``SBATCH_`` variables set."""
    found = {}
    for name in SWITCHES.valued - {"wrap"}:
        variable = "SBATCH_" + _VARIABLES.get(name, name.upper().replace("-", "_"))
        if variable in environment:
            found[name] = environment[variable]
    return found


def from_script(script: str) -> dict[str, str]:
    """Return the options in the ``#SBATCH`` lines above the first command.  Raises Wrong and ValueError."""
    words = []
    for line in script.splitlines():
        if line.startswith("#SBATCH"):
            words += split(line[7:])
        elif line.strip() and not line.startswith("#"):
            break
    options, others = SWITCHES.read(words, anywhere=True)
    if others:
        raise ValueError(f"Invalid directive found in batch script: {others[0]}")
    return options


def split(line: str) -> list[str]:
    """Return the words of a directive: quotes keep words together, a number sign begins a comment."""
    words, word, quote, escaped, inside = [], "", "", False, False
    for letter in line:
        if escaped:
            word, escaped, inside = word + letter, False, True
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote, word = ("", word) if letter == quote else (quote, word + letter)
        elif letter in "'\"":
            quote, inside = letter, True
        elif letter == "#" and not inside:
            break
        elif letter.isspace():
            if inside:
                words.append(word)
            word, inside = "", False
        else:
            word, inside = word + letter, True
    if quote:
        raise Wrong(f"Unmatched `{quote}` in {line}")
    return [*words, word] if inside else words


def number(options: dict[str, str], name: str, default: int) -> int:
    """Return a count of nodes or tasks; of a range such as ``2-4`` the least.  Raises ValueError."""
    text = options.get(name)
    return default if text is None else int(text.partition("-")[0])
