"""Experiments: one artifact in full."""

from __future__ import annotations

from fastapi import APIRouter

from furu_dashboard import details
from furu_dashboard.api.place import Asked
from furu_dashboard.models import ExperimentDetail
from furu_dashboard.problems import MISSING

router = APIRouter(prefix="/experiments", tags=["experiments"])


@router.get("/{namespace}/{furu_hash}", responses=MISSING)
def get_experiment(artifact: Asked) -> ExperimentDetail:
    """Return one experiment: state, attempts, provenance, dependencies."""
    return details.detail(artifact)
