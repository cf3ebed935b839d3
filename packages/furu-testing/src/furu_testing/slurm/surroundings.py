"""The environment variables that a job finds."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_hosts
from furu_testing.slurm.processes import ATTEMPT, HOME, mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Attempt, Job, State, Submission


def of_batch(state: State, job: Job, attempt: Attempt, home: str) -> dict[str, str]:
    """Return what Slurm adds to the environment of a batch script."""
    submission = state["submissions"][job["submission"]]
    options = submission["options"]
    tasks, nodes = int(options["ntasks"]), attempt["nodes"]
    per_task = int(options.get("cpus-per-task", "1"))
    names = spell_hosts(nodes)
    found = {
        "SLURMD_NODENAME": nodes[0],
        "SLURM_CLUSTER_NAME": "fake",
        "SLURM_CPUS_ON_NODE": str(-(-tasks * per_task // len(nodes))),
        "SLURM_GTIDS": "0",
        "SLURM_JOBID": str(job["raw"]),
        "SLURM_JOB_ACCOUNT": options.get("account", submission["user"]),
        "SLURM_JOB_CPUS_PER_NODE": _per_node(tasks * per_task, len(nodes)),
        "SLURM_JOB_GID": str(submission["gid"]),
        "SLURM_JOB_ID": str(job["raw"]),
        "SLURM_JOB_NAME": options["job-name"],
        "SLURM_JOB_NODELIST": names,
        "SLURM_JOB_NUM_NODES": str(len(nodes)),
        "SLURM_JOB_PARTITION": options["partition"],
        "SLURM_JOB_QOS": options.get("qos", "normal"),
        "SLURM_JOB_UID": str(submission["uid"]),
        "SLURM_JOB_USER": submission["user"],
        "SLURM_LOCALID": "0",
        "SLURM_NNODES": str(len(nodes)),
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": names,
        "SLURM_NODE_ALIASES": "(null)",
        "SLURM_PRIO_PROCESS": "0",
        "SLURM_PROCID": "0",
        "SLURM_SUBMIT_DIR": submission["directory"],
        "SLURM_SUBMIT_HOST": submission["host"],
        "SLURM_TASKS_PER_NODE": _per_node(tasks, len(nodes)),
        HOME: home,
        ATTEMPT: mark(job["key"], attempt["number"]),
    }
    return found | _asked_for(options, submission, tasks) | _array(job, submission) | _restarts(job)


def of_task(batch: dict[str, str], step: int, rank: int, ranks: int, nodes: list[str]) -> dict[str, str]:
    """Return what `srun` adds for one of its tasks."""
    per_node = -(-ranks // len(nodes))
    node, local = divmod(rank, per_node)
    return {
        "SLURMD_NODENAME": nodes[node],
        "SLURM_GTIDS": ",".join(str(one) for one in range(node * per_node, min(ranks, (node + 1) * per_node))),
        "SLURM_LOCALID": str(local),
        "SLURM_NODEID": str(node),
        "SLURM_NPROCS": str(ranks),
        "SLURM_NTASKS": str(ranks),
        "SLURM_PROCID": str(rank),
        "SLURM_STEPID": str(step),
        "SLURM_STEP_ID": str(step),
        "SLURM_STEP_NODELIST": batch.get("SLURM_JOB_NODELIST", nodes[0]),
        "SLURM_STEP_NUM_NODES": str(len(nodes)),
        "SLURM_STEP_NUM_TASKS": str(ranks),
        "SLURM_STEP_TASKS_PER_NODE": _per_node(ranks, len(nodes)),
    }


def _per_node(total: int, nodes: int) -> str:
    """Return an even share in Slurm's notation: ``2`` or ``2(x4)``."""
    share = -(-total // nodes)
    return str(share) if nodes == 1 else f"{share}(x{nodes})"


def _asked_for(options: dict[str, str], submission: Submission, tasks: int) -> dict[str, str]:
    """Return the variables that are there only if the job asked for something."""
    found: dict[str, str] = {}
    if submission["counts_tasks"]:
        found |= {"SLURM_NTASKS": str(tasks), "SLURM_NPROCS": str(tasks)}
    for option, name in (
        ("cpus-per-task", "SLURM_CPUS_PER_TASK"),
        ("ntasks-per-node", "SLURM_NTASKS_PER_NODE"),
        ("gpus-per-node", "SLURM_GPUS_PER_NODE"),
    ):
        if option in options:
            found[name] = options[option]
    if options.get("open-mode"):
        found["SLURM_OPEN_MODE"] = options["open-mode"][:1]
    gpus = _gpus(options)
    if gpus:
        numbers = ",".join(str(number) for number in range(gpus))
        found |= {"CUDA_VISIBLE_DEVICES": numbers, "SLURM_GPUS_ON_NODE": str(gpus), "SLURM_JOB_GPUS": numbers}
    return found


def _gpus(options: dict[str, str]) -> int:
    """Return how many GPUs a node of the job has: ``2``, ``a100:2`` or ``gpu:a100:2``."""
    wanted = options.get("gpus-per-node") or options.get("gpus") or ""
    if not wanted and options.get("gres", "").startswith("gpu"):
        wanted = options["gres"].partition(",")[0]
    last = wanted.rpartition(":")[2]
    return int(last) if last.isdigit() else int(bool(wanted))


def _array(job: Job, submission: Submission) -> dict[str, str]:
    if job["task"] is None:
        return {}
    tasks = submission["tasks"]
    spec = submission["options"]["array"].partition("%")[0]
    step = spec.partition(":")[2] if "," not in spec else ""
    return {
        "SLURM_ARRAY_JOB_ID": str(submission["id"]),
        "SLURM_ARRAY_TASK_COUNT": str(len(tasks)),
        "SLURM_ARRAY_TASK_ID": str(job["task"]),
        "SLURM_ARRAY_TASK_MAX": str(tasks[-1]),
        "SLURM_ARRAY_TASK_MIN": str(tasks[0]),
        "SLURM_ARRAY_TASK_STEP": step or "1",
    }


def _restarts(job: Job) -> dict[str, str]:
    return {"SLURM_RESTART_COUNT": str(job["restarts"])} if job["restarts"] else {}
