"""What a spec becomes in a batch script."""

from __future__ import annotations

from typing import Any

import pytest
import submitit

import furu
from furu.resources import SlurmSpec
from furu_exec_slurm import script


class Train(furu.Furu[int]):
    """A task."""

    lr: float = 0.1


def made(spec: SlurmSpec, dependency: str | None = None) -> dict[str, Any]:
    """Return the parameters for a spec."""
    return script.parameters(spec, name="Train-0123abcd", dependency=dependency)


def written(spec: SlurmSpec, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, dependency: str | None = None) -> str:
    """Return the batch script for a spec."""
    monkeypatch.setattr(submitit.SlurmExecutor, "affinity", classmethod(lambda _: 1))  # also where there is no Slurm
    executor = submitit.SlurmExecutor(tmp_path)
    executor.update_parameters(**made(spec, dependency))
    text: str = executor._make_submission_file_text("true", "")
    return text


def test_jobs_are_named_after_class_and_hash() -> None:
    """``ClassName-hash8``; an array also says how many more there are."""
    one, other = Train(), Train(lr=0.2)

    assert script.job_name(one) == f"Train-{one.furu_hash[:8]}"
    assert script.array_name([one]) == script.job_name(one)
    assert script.array_name([one, other]) == f"{script.job_name(one)}+1"


def test_a_spec_is_what_sbatch_is_asked_for(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition, GPUs, CPUs, memory and minutes, also for the step: srun does not take the CPUs over by itself."""
    text = written(SlurmSpec(partition="gpu", gpus=2, cpus=8, mem_gb=64, time_min=720), tmp_path, monkeypatch)

    for line in ("--partition=gpu", "--gpus-per-node=2", "--cpus-per-task=8", "--mem=64GB", "--time=720", "--requeue"):
        assert f"#SBATCH {line}\n" in text
    assert "#SBATCH --job-name=Train-0123abcd\n" in text
    assert " --cpus-per-task=8 true" in text


def test_extra_wins_and_is_spelled_as_one_likes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters of submitit with or without their prefix, and options of sbatch it does not know."""
    extra = {
        "slurm_constraint": "a100",
        "account": "lab",
        "timeout_min": 5,
        "mem_gb": 0.5,
        "reservation": "friday",
        "slurm_additional_parameters": {"nice": 100, "no_requeue": True},
        "srun_args": ["--label"],
    }

    text = written(SlurmSpec(extra=extra), tmp_path, monkeypatch)

    for line in ("--constraint=a100", "--account=lab", "--time=5", "--mem=512MB", "--reservation=friday", "--nice=100"):
        assert f"#SBATCH {line}\n" in text
    assert "#SBATCH --no-requeue\n" in text
    assert "#SBATCH --requeue\n" not in text
    assert "--cpus-per-task=4 --label true" in text


@pytest.mark.parametrize(
    "extra", [{"dependency": "after:7"}, {"additional_parameters": {"dependency": "after:7"}}], ids=str
)
def test_a_dependency_of_the_user_is_added(extra: dict[str, Any]) -> None:
    """Both have to be met; alone, either does."""
    assert made(SlurmSpec(extra=extra), "afterok:1:2")["dependency"] == "afterok:1:2,after:7"
    assert made(SlurmSpec(extra=extra))["dependency"] == "after:7"
    assert made(SlurmSpec(), "afterok:1")["dependency"] == "afterok:1"
    assert "dependency" not in made(SlurmSpec())["additional_parameters"]


def test_a_dependency_that_fails_cancels() -> None:
    """What waits for a job that failed does not wait for ever, unless the user wants it to."""
    assert made(SlurmSpec(), "afterok:1")["additional_parameters"]["kill-on-invalid-dep"] == "yes"
    stays = SlurmSpec(extra={"additional_parameters": {"kill-on-invalid-dep": "no"}})
    assert made(stays, "afterok:1")["additional_parameters"]["kill-on-invalid-dep"] == "no"


def test_alternatives_cannot_be_combined() -> None:
    """Slurm has no way to say "any of these, and that"."""
    with pytest.raises(ValueError, match="after:7\\?after:8"):
        made(SlurmSpec(extra={"dependency": "after:7?after:8"}), "afterok:1")
