"""Recipes as the pages show them."""

from typing import Any

import yaml as pyyaml


def yaml(data: dict[str, Any]) -> str:
    """In the order of the data; what holds nothing but values stands in one line."""
    return pyyaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True)
