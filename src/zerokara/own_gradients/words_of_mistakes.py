"""words"""
from __future__ import annotations
from typing import Any
from zerokara.findings import Finding

def finding_of(subject: Any, model: Any, seen: Any, mistake: Any) -> Finding:
    layer, letter = mistake.places[0]
    place = model.layers[layer - 1]
    return Finding(cause=mistake.cause, text=f"{mistake}", parameter=place.weight if letter == "W" else place.bias)
