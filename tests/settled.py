"""A program that settles as ours do, and prints what it finds then."""

import json
import os
import sys

from lookalike import launch

if __name__ == "__main__":
    launch.settle("tests.settled")
    found = {
        "arguments": sys.argv[1:],
        "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding],
        "optimize": sys.flags.optimize,
        "warnings": sys.warnoptions,
        "is_restarted": sys.flags.safe_path,
        "variables": sorted(os.environ),
    }
    print(json.dumps(found))
