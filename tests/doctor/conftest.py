"""Lets these tests share modules: the trainings are used by benchmarks/doctor.py too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
