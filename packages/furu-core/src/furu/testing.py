"""Help for tests of pipelines, from the optional package furu-testing.

``override_results`` and ``override_results_for`` put values in the place of results; ``assert_computed`` and
``assert_loaded`` say what has to happen.  ``pytest_plugins = ["furu.testing"]`` in a ``conftest.py`` brings the fixtures,
``furu_tmp_root`` first of all.  Without furu-testing each of these raises an ``ImportError`` that says what to install.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu_testing import (
        assert_computed,
        assert_hash_unchanged,
        assert_loaded,
        computed,
        furu_test_env,
        furu_tmp_root,
        loaded,
        override_results,
        override_results_for,
    )

__all__ = [
    "assert_computed",
    "assert_hash_unchanged",
    "assert_loaded",
    "computed",
    "furu_test_env",
    "furu_tmp_root",
    "loaded",
    "override_results",
    "override_results_for",
]

_DISTRIBUTION = "furu-testing"
_PLUGIN = "furu_testing"  # furu-testing registers itself with pytest under this very name, so it is loaded once


def _resolve(name: str) -> Any:
    from furu import _plugins

    if name == "pytest_plugins":
        _plugins.provided("furu_tmp_root", distribution=_DISTRIBUTION, face=__name__)
        return (_PLUGIN,)
    if name in __all__:
        return _plugins.provided(name, distribution=_DISTRIBUTION, face=__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        found = _resolve(name)
        globals()[name] = found
        return found
