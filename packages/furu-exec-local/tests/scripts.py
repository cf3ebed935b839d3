"""Programs for test_scripts.py, as users write them."""

UNGUARDED = """
import furu, local_pipelines as p
from furu.execution import run_local
print("top level runs")
run_local([p.Leaf(n=n) for n in range(3)], backend="process", max_workers=2, progress=False)
print([p.Leaf(n=n).load_existing() for n in range(3)])
"""

IN_PACKAGE = """
import furu
from furu.execution import run_local

class Part(furu.Furu[int]):
    n: int
    def _create(self) -> int:
        return self.n

class Whole(furu.Furu[int]):
    def _create(self) -> int:
        return Part(n=1).get() + 1

print("top level", __name__)
run_local([Part(n=5), Whole()], backend="process", max_workers=2, progress=False)
print("result", Part(n=5).load_existing(), Whole().load_existing(), Part(n=5).furu_dir.parent.name)
"""

OF_MAIN = """
import furu
from furu.execution import run_local

FACTOR = 10

class Here(furu.Furu[int]):
    n: int
    def _create(self) -> int:
        return self.n * FACTOR

class Above(furu.Furu[int]):
    part: Here
    def _create(self) -> int:
        return self.part.get() + 1

run_local([Above(part=Here(n=4))], backend="process", max_workers=2, progress=False)
print("result", Above(part=Here(n=4)).load_existing())
"""
