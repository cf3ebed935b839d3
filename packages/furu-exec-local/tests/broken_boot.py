"""A worker process that cannot begin, for test_run_local.py."""

import os
import sys

os.close(int(sys.argv[1]))  # the end of the connection comes before the end of the process
raise RuntimeError("no worker today")
