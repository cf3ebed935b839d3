"""File names of output with ``%j`` and the like."""

from __future__ import annotations


def expand(pattern: str, values: dict[str, str]) -> str:
    """Return a file name with every ``%x`` replaced; ``%5j`` pads a number with zeros, ``%%`` is a percent sign."""
    out, rest = "", pattern
    while "%" in rest:
        before, _, rest = rest.partition("%")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        letter = rest[len(digits) : len(digits) + 1]
        if letter == "%":
            out += before + "%"
        elif letter in values:
            width = min(int(digits or 0), 10)
            value = values[letter]
            out += before + (value.zfill(width) if value.isdigit() else value)
        else:
            out += f"{before}%{digits}{letter}"
        rest = rest[len(digits) + 1 :]
    return out + rest


def values(environment: dict[str, str], *, step: str, host: str) -> dict[str, str]:
    """Return what the letters stand for, by the environment of a job."""
    job = environment["SLURM_JOB_ID"]
    task = environment.get("SLURM_ARRAY_TASK_ID", "4294967294")
    return {
        "A": environment.get("SLURM_ARRAY_JOB_ID", job),
        "a": task,
        "b": str(int(task) % 10),
        "J": job if step == "batch" else f"{job}.{step}",
        "j": job,
        "N": host,
        "n": environment.get("SLURM_NODEID", "0"),
        "s": step,
        "t": environment.get("SLURM_PROCID", "0"),
        "u": environment["SLURM_JOB_USER"],
        "x": environment["SLURM_JOB_NAME"],
    }
