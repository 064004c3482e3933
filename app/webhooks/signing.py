"""Signing as Standard Webhooks 1.0 has it: HMAC-SHA256 of id, time and body, with every secret that is valid."""

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Any

PREFIX = "whsec_"
_SECRET_BYTES = 32
"""The standard takes 24 to 64."""

_KEPT = 4


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def rotated(known: list[dict[str, Any]], until: dt.datetime, now: dt.datetime) -> list[dict[str, Any]]:
    """The secrets with a new one in front; those before go on signing until then, or until they would have ended."""
    old = [one | {"until": min(one["until"] or until.isoformat(), until.isoformat())} for one in known]
    return [{"secret": new_secret(), "until": None}, *(one for one in old if _is_valid(one, now))][:_KEPT]


def valid(known: Iterable[dict[str, Any]], now: dt.datetime) -> list[str]:
    """Those that sign now, the newest first."""
    return [one["secret"] for one in known if _is_valid(one, now)]


def _is_valid(one: dict[str, Any], now: dt.datetime) -> bool:
    return one["until"] is None or dt.datetime.fromisoformat(one["until"]) > now


def headers(keys: Iterable[str], message_id: str, at: dt.datetime, body: bytes) -> dict[str, str]:
    """Those of the standard."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
