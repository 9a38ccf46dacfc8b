import dataclasses
import time

import numpy as np
import pytest

from own_gradients import planted
from zerokara.findings import Finding
from zerokara.own_gradients.lines import line_of, with_line
from zerokara.own_gradients.reading import subjects_of
from zerokara.own_gradients.truth import truth_of
