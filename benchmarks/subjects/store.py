"""Large stores, written file by file as real runs leave them.

A few artifacts are computed by furu; their records are what all others are derived from.  Keys, configs and dependencies are the
real ones of the objects in ``pipeline``.  Every state of an artifact occurs.

    PYTHONPATH=benchmarks python -m subjects.store DIRECTORY COUNT
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import furu
from furu._sys.clock import iso_utc
from furu.identity import dependencies
from subjects.pipeline import Dataset, Evaluate, Features, Optimizer, Train

if TYPE_CHECKING:
    from collections.abc import Iterator

    Artifact = furu.Furu[Any]

#: What comes of an artifact, in which share.
STATUSES = {
    "success": 0.86, "failed": 0.06, "cancelled": 0.03, "preempted": 0.02, "crashed": 0.029, "running": 0.0006, "queued": 0.0004,
}  # fmt: skip
HOSTS = [f"node{number:02}" for number in range(24)]
USERS = ["ada", "grace", "emmy", "sofia"]
NEWEST = 1_795_000_000  # seconds since the epoch; the oldest is half a year before
HALF_A_YEAR_SEC = 182 * 86_400
FAILURES = ["loss is nan at step 714", "CUDA out of memory. Tried to allocate 2.00 GiB", "KeyError: 'labels'"]


@dataclass(frozen=True)
class Template:
    """The records that furu wrote for one artifact."""

    metadata: dict[str, Any]
    state: dict[str, Any]
    files: dict[str, bytes]


def templates() -> dict[str, Template]:
    """Compute a few artifacts and return what is on disk then, by class; ``failed`` for one that failed."""
    before = furu.FURU_CONFIG.snapshot()
    try:
        with tempfile.TemporaryDirectory() as root, redirect_stderr(StringIO()):
            furu.FURU_CONFIG.base_root = Path(root)
            furu.FURU_CONFIG.record_git = "ignore"
            furu.FURU_CONFIG.log_level = "WARNING"
            diverging = Train(optimizer=Optimizer(lr=10))
            made: dict[str, Artifact] = {
                "Train": Train(),
                "Evaluate": Evaluate(),
                "Features": Features(),
                "Dataset": Dataset(),
            }
            Features().get()
            for one in made.values():
                one.get()
            with suppress(ArithmeticError):
                diverging.get()
            return {name: _template(one) for name, one in (made | {"failed": diverging}).items()}
    finally:
        furu.FURU_CONFIG.restore(before)


def _template(one: Artifact) -> Template:
    meta = one.furu_dir / ".furu"
    records = {"metadata.json", "state.json", "events.jsonl", "SUCCESS.json"}
    paths = [path for path in one.furu_dir.rglob("*") if path.is_file() and path.name not in records]
    return Template(
        json.loads((meta / "metadata.json").read_bytes()),
        json.loads((meta / "state.json").read_bytes()),
        {str(path.relative_to(one.furu_dir)): path.read_bytes() for path in paths},
    )


def objects(count: int) -> Iterator[Artifact]:
    """Yield ``count`` objects, each after those it depends on."""
    datasets = [
        Dataset(source=("cifar10", "imagenet", "coco")[n % 3], shard=n // 3) for n in range(max(1, count // 50))
    ]
    features = [
        Features(dataset=datasets[n % len(datasets)], kind=("patches", "fft")[n % 2], size=16 + n)
        for n in range(count // 5)
    ]
    features = features or [Features(dataset=datasets[0])]
    trainings = [
        Train(
            features=features[n % len(features)],
            optimizer=Optimizer(name=("adamw", "sgd", "lion")[n % 3], lr=(n % 97 + 1) / 10_000),
            layers=(64, 64, 10) if n % 2 else (128, 10),
            steps=1_000 * (n % 20 + 1),
            amp=n % 4 == 0,
            seed=n if n % 5 else None,
        )
        for n in range(max(1, count - 2 * (count // 5) - count // 50))
    ]
    evaluations = [
        Evaluate(train=trainings[n % len(trainings)], split=f"fold{n // len(trainings)}") for n in range(count // 5)
    ]
    yield from [*datasets, *features, *trainings, *evaluations][:count]


def generate(directory: str | os.PathLike[str], count: int, *, seed: int = 0) -> list[str]:
    """Write ``count`` artifacts below ``directory/data`` and return their directories.  The same arguments, the same store."""
    chance = random.Random(seed)
    made = templates()
    names, shares = list(STATUSES), list(STATUSES.values())
    directories = []
    for number, one in enumerate(objects(count)):
        # The first few are one of each kind, so that small stores have them all.
        status = names[number - 10] if 10 <= number < 10 + len(names) else chance.choices(names, shares)[0]
        started = NEWEST - chance.random() ** 2 * HALF_A_YEAR_SEC
        template = made["failed" if status == "failed" and isinstance(one, Train) else type(one).__name__]
        directories.append(_write(Path(directory), one, template, status, started, chance))
    return directories


def _write(root: Path, one: Artifact, template: Template, status: str, started: float, chance: random.Random) -> str:
    ref = one.furu_ref
    path = f"{root}/data/{ref.namespace.replace('.', '/')}/{ref.furu_hash}"
    os.makedirs(f"{path}/.furu")
    host, user = chance.choice(HOSTS), chance.choice(USERS)
    own = {
        "furu_python_def": one.to_python(),
        "furu_obj": one.to_dict(),
        "furu_hash": ref.furu_hash,
        "furu_path": path,
        "namespace": ref.namespace,
        "name": one._name(),
        "dependencies": [
            {"path": at, "root": "data", "namespace": below.furu_ref.namespace, "furu_hash": below.furu_hash}
            for at, below in dependencies.direct(one)
        ],
        "timestamp": iso_utc(started),
        "git_commit": f"{chance.getrandbits(160):040x}",
        "git_branch": "main",
        "hostname": host,
        "user": user,
    }
    duration = round(chance.lognormvariate(4, 2), 3)
    state = _state(template.state, status, host, user, started, duration, chance)
    files = {
        **(template.files if status in ("success", "running", "crashed") else {}),
        ".furu/metadata.json": json.dumps(template.metadata | own, indent=0).encode(),
        ".furu/state.json": json.dumps(state).encode(),
        ".furu/events.jsonl": _events(state).encode(),
    }
    claim = {
        "format_version": 1,
        "furu_hash": ref.furu_hash,
        "attempt_id": state["attempt"]["id"],
        "token": f"{chance.getrandbits(128):032x}",
    }
    claim |= {"claimed_at": iso_utc(started), "lease_sec": 1e9, "owner": state["attempt"]["owner"]}
    if status == "success":
        files[".furu/SUCCESS.json"] = json.dumps(claim).encode()
    if status == "running":
        os.mkdir(f"{path}/.furu/compute.lock")
        files[f".furu/compute.lock/{claim['token']}"] = json.dumps(claim).encode()
    for name, content in files.items():
        with open(f"{path}/{name}", "wb") as file:
            file.write(content)
    changed = started + duration
    os.utime(f"{path}/.furu", (changed, changed))
    return path


def _state(
    template: dict[str, Any], status: str, host: str, user: str, started: float, duration: float, chance: random.Random
) -> dict[str, Any]:
    written = "running" if status == "crashed" else status  # who dies leaves what it wrote last
    result = status if status in ("success", "failed") else "incomplete"
    ended = status not in ("running", "queued", "crashed")
    error = None
    if status == "failed":
        message = chance.choice(FAILURES)
        error = template["attempt"]["error"] or {
            "type": "RuntimeError",
            "traceback": "Traceback (most recent call last):\n",
        }
        error = {**error, "message": message, "kind": "oom" if "memory" in message else "error"}
    attempt = template["attempt"] | {
        "id": f"{chance.getrandbits(128):032x}",
        "number": chance.choice([1, 1, 1, 2, 3]),
        "status": written,
        "backend": chance.choice(["local", "submitit"]),
        "owner": template["attempt"]["owner"]
        | {"host": host, "user": user, "boot_id": host, "pid": chance.randrange(1000, 99999)},
        "started_at": iso_utc(started),
        "ended_at": iso_utc(started + duration) if ended else None,
        "duration_sec": duration if ended else None,
        "error": error,
        "resources": {
            "wall_sec": duration,
            "cpu_sec": duration * 0.9,
            "peak_memory_bytes": chance.randrange(10**8, 10**10),
        }
        if ended
        else {},
    }
    return {
        "result": result,
        "attempt": attempt,
        "updated_at": iso_utc(started + (duration if ended else 0)),
        "format_version": 1,
    }


def _events(state: dict[str, Any]) -> str:
    attempt = state["attempt"]
    lines = [{"at": attempt["started_at"], "result": "incomplete", "attempt": "running"}]
    if attempt["ended_at"]:
        lines.append({"at": attempt["ended_at"], "result": state["result"], "attempt": attempt["status"]})
    more = {"attempt_id": attempt["id"], "host": attempt["owner"]["host"], "pid": attempt["owner"]["pid"]}
    return "".join(json.dumps(line | more) + "\n" for line in lines)


if __name__ == "__main__":
    generate(sys.argv[1], int(sys.argv[2]))
