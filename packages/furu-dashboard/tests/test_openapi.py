"""The description of the API, from which the web app's client is generated."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Client

APP = Path(__file__).parents[3] / "apps" / "dashboard"


@pytest.mark.skipif(not APP.is_dir(), reason="the web app's sources are in a checkout only")
def test_the_client_is_generated_from_this_api() -> None:
    """What the client was generated from is what the API says of itself."""
    program = runpy.run_path(str(APP / "describe_api.py"))

    assert program["DESCRIPTION"].read_text() == program["description"](), "run: make ui-client"


def test_operations_have_stable_names_and_typed_answers(client: Client) -> None:
    """Each operation is named like its function, and says what it answers, errors included."""
    described = json.loads(client.get("/api/openapi.json").content)

    operations = {
        one["operationId"]: one for path in described["paths"].values() for one in path.values() if "operationId" in one
    }
    assert {"list_experiments", "get_experiment", "get_log", "stream_log", "list_files", "get_health"} <= set(
        operations
    )
    for name, operation in operations.items():
        assert operation["description"], name
        assert "422" in operation["responses"], name
        for status, answer in operation["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            assert schema is None or schema != {}, (name, status)
            if status in ("401", "403", "404", "422", "503"):
                assert schema == {"$ref": "#/components/schemas/Problem"}, (name, status)
