"""Signatures as the standard has them, judged by its official package."""

import base64
import datetime as dt

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.database import utc_now
from app.webhooks import endpoints, signing
from tests.app.webhooks.hooks import endpoint, of_name

BODY = '{"type":"ping","text":"é"}'


def accepted(secret: str, headers: dict[str, str], body: str = BODY) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def headers(*keys: str, at: dt.datetime | None = None) -> dict[str, str]:
    return signing.headers(keys, "msg_1", at or utc_now(), BODY.encode())


def test_a_secret_is_one_of_the_standard():
    secrets = {signing.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_the_official_package_accepts_a_signature():
    secret = signing.new_secret()
    assert accepted(secret, headers(secret))
    assert headers(secret)["webhook-signature"].startswith("v1,")


def test_the_signature_is_the_one_that_the_official_package_makes():
    secret, now = signing.new_secret(), utc_now()
    assert headers(secret, at=now)["webhook-signature"] == Webhook(secret).sign("msg_1", now, BODY)


def test_another_secret_body_id_or_time_is_not_accepted():
    secret = signing.new_secret()
    right = headers(secret)
    assert not accepted(signing.new_secret(), right)
    assert not accepted(secret, right, BODY + " ")
    assert not accepted(secret, right | {"webhook-id": "msg_2"})
    assert not accepted(secret, right | {"webhook-timestamp": str(int(right["webhook-timestamp"]) + 1)})
    assert not accepted(secret, headers(secret, at=utc_now() - dt.timedelta(minutes=10)))


def test_several_secrets_sign_side_by_side():
    old, new = signing.new_secret(), signing.new_secret()
    both = headers(new, old)
    assert len(both["webhook-signature"].split(" ")) == 2
    assert accepted(old, both)
    assert accepted(new, both)


@pytest.mark.usefixtures("context")
def test_after_a_rotation_both_sign_until_the_overlap_is_over():
    first = endpoint()
    now = utc_now()
    _, second = endpoints.rotate("shop")
    secrets = of_name().secrets
    assert signing.valid(secrets, now) == [second, first]
    assert signing.valid(secrets, now + endpoints.OVERLAP + dt.timedelta(minutes=1)) == [second]


@pytest.mark.usefixtures("context")
def test_a_second_rotation_does_not_lengthen_the_life_of_the_first_secret():
    first = endpoint()
    _, second = endpoints.rotate("shop", dt.timedelta(hours=1))
    _, third = endpoints.rotate("shop", dt.timedelta(hours=5))
    now, secrets = utc_now(), of_name().secrets
    assert signing.valid(secrets, now) == [third, second, first]
    assert signing.valid(secrets, now + dt.timedelta(hours=2)) == [third, second]


@pytest.mark.usefixtures("context")
def test_a_secret_that_is_known_to_others_ends_at_once():
    endpoint()
    _, second = endpoints.rotate("shop", dt.timedelta(0))
    assert signing.valid(of_name().secrets, utc_now()) == [second]
