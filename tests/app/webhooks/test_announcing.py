"""What somebody listens to is written in the transaction in which it happens: neither is there without the other."""

import json
import re

import pytest
from flask import Flask

from app import items, jobs, recipes
from app.database import transaction
from app.models import Item
from app.storage import Store
from app.webhooks import announcing, endpoints
from app.webhooks.events import EventType
from reference.places import DOCS
from tests import rows
from tests.app.webhooks.hooks import data, endpoint, one, told, written
from tests.factories import DAMAGED, PATIENCE, claimed, output, received, submitted, succeed

pytestmark = pytest.mark.usefixtures("context")

ALL = list(EventType)
RECIPE = {"schema": 1, "name": "mine", "outputs": {"out": {"formats": ["jpeg"]}}}


def fail(store: Store, *names: str):
    submission = submitted(store, *names)
    for due in submission.due:
        items.fail(claimed(due.id), DAMAGED, PATIENCE)
    return submission.job


def notifying(store: Store, *notify: dict[str, object]):
    """A job whose recipe names these endpoints; it has ended well."""
    recipe = recipes.save(recipes.parse(RECIPE | {"notify": list(notify)}))
    submission = jobs.submit([received(store)], store.has, recipe=recipe)
    claim = claimed(submission.due[0].id)
    assert succeed(claim, output(claim))
    return submission.job


def test_a_job_that_succeeds_is_told_with_its_counts(store: Store):
    endpoint()
    submission = submitted(store, "a.jpg", "b.jpg")
    for due in submission.due:
        assert told() == []
        assert succeed(claimed(due.id))
    delivery = one()
    assert delivery.event == "job.completed"
    assert re.fullmatch(r"msg_[0-9a-f]{32}", delivery.message_id)
    body = json.loads(delivery.body)
    assert set(body) == {"type", "timestamp", "data"}
    assert body["type"] == "job.completed"
    job = data(delivery)["job"]
    assert (job["id"], job["state"], job["recipe"]["name"]) == (str(submission.job.id), "succeeded", "web-images")
    assert job["progress"] == {"total": 2, "succeeded": 2, "failed": 0, "quarantined": 0, "canceled": 0}
    assert job["finished_at"]


def shape(value: object) -> object:
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value)


def test_the_message_looks_as_the_docs_show_it(store: Store):
    endpoint()
    assert succeed(claimed(submitted(store).due[0].id))
    (shown,) = re.findall(r"```json\n(.*?)```", (DOCS / "webhooks.md").read_text("utf-8"), re.DOTALL)
    assert shape(json.loads(shown)) == shape(json.loads(one().body))


def test_a_job_whose_files_all_fail_is_told_after_each_of_them(store: Store):
    endpoint(kinds=ALL)
    job = fail(store, "a.jpg", "b.jpg")
    assert told() == [("shop", "item.failed"), ("shop", "item.failed"), ("shop", "job.failed")]
    item = data(written()[0])
    assert item["job"]["id"] == str(job.id)
    assert item["item"] == {
        "id": str(rows.job(job.id).items[0].id), "name": "a.jpg", "state": "failed", "attempt": 1,
        "error": {"code": DAMAGED.code, "message": DAMAGED.message},
    }  # fmt: skip


def test_a_job_of_which_some_fail_is_partial(store: Store):
    endpoint()
    first, second = submitted(store, "a.jpg", "b.jpg").due
    succeed(claimed(first.id))
    items.fail(claimed(second.id), DAMAGED, PATIENCE)
    assert told() == [("shop", "job.partial")]


def test_a_job_that_is_canceled_is_told_once(store: Store):
    endpoint(kinds=ALL)
    jobs.cancel(submitted(store, "a.jpg", "b.jpg").job.id)
    assert told() == [("shop", "job.canceled")]


def test_a_file_that_is_quarantined_is_told_as_failed(store: Store):
    endpoint(kinds=ALL)
    submission = submitted(store)
    for _ in range(PATIENCE.attempts):
        rows.change(not_before=None, dispatch_after=rows.LONG_AGO)
        claimed(submission.due[0].id)
        rows.lose(submission.due[0].id, PATIENCE)
    assert told() == [("shop", "item.failed"), ("shop", "job.failed")]
    assert data(written()[0])["item"]["state"] == "quarantined"


def test_a_file_that_is_tried_again_is_not_told(store: Store):
    endpoint(kinds=ALL)
    items.hand_back(claimed(submitted(store).due[0].id))
    assert told() == []


def test_a_worker_that_lost_its_lease_tells_nothing(store: Store):
    endpoint(kinds=ALL)
    claim = claimed(submitted(store).due[0].id)
    rows.lose(claim.item_id, PATIENCE)
    assert not items.fail(claim, DAMAGED, PATIENCE)
    assert told() == []


def test_a_job_that_is_retried_is_told_again_under_another_id(store: Store):
    endpoint()
    job = fail(store)
    for due in jobs.retry(job.id):
        assert succeed(claimed(due.id))
    assert told() == [("shop", "job.failed"), ("shop", "job.completed")]
    assert len({delivery.message_id for delivery in written()}) == 2


def test_there_is_no_delivery_without_its_event(store: Store):
    """The transaction that ends the job is rolled back, and nobody is told that it ended."""
    endpoint()
    claim = claimed(submitted(store).due[0].id)
    with pytest.raises(ZeroDivisionError):
        items.succeed(claim, {}, [output(claim)], {}, lambda _: bool(1 / 0))
    assert (told(), rows.states()) == ([], ["running"])


def test_there_is_no_event_without_its_delivery(store: Store, monkeypatch: pytest.MonkeyPatch):
    endpoint()
    claim = claimed(submitted(store).due[0].id)

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(announcing, "deliver", fail)
    with pytest.raises(OSError):
        succeed(claim)
    assert rows.states() == ["running"]


def test_only_who_listens_is_told(store: Store):
    endpoint("ends")
    endpoint("failures", kinds=[EventType.JOB_FAILED])
    endpoint("named", all_jobs=False)
    submission = submitted(store)
    assert succeed(claimed(submission.due[0].id))
    assert told() == [("ends", "job.completed")]


def test_two_who_listen_get_one_message_each(store: Store):
    endpoint("a")
    endpoint("b")
    submission = submitted(store)
    assert succeed(claimed(submission.due[0].id))
    assert told() == [("a", "job.completed"), ("b", "job.completed")]
    assert len({(delivery.message_id, delivery.body) for delivery in written()}) == 1


def test_a_paused_endpoint_is_told_later(store: Store):
    endpoint()
    endpoints.pause("shop")
    fail(store)
    assert told() == [("shop", "job.failed")]


def test_a_recipe_notifies_an_endpoint_that_does_not_hear_of_all_jobs(store: Store):
    endpoint(all_jobs=False)
    notifying(store, {"endpoint": "shop"})
    fail(store)
    assert told() == [("shop", "job.completed")]


def test_a_recipe_asks_for_other_events_than_the_endpoint(store: Store):
    endpoint("a", all_jobs=False)
    endpoint("b", all_jobs=False, kinds=[EventType.JOB_FAILED])
    notifying(store, {"endpoint": "a", "events": ["job.failed"]}, {"endpoint": "b", "events": ["job.completed"]})
    assert told() == [("b", "job.completed")]


def test_who_hears_of_all_jobs_hears_of_one_once(store: Store):
    endpoint()
    notifying(store, {"endpoint": "shop"})
    assert told() == [("shop", "job.completed")]


def test_a_job_runs_although_its_endpoint_is_gone(store: Store, caplog: pytest.LogCaptureFixture):
    endpoint()
    recipe = recipes.save(recipes.parse(RECIPE | {"notify": [{"endpoint": "shop"}]}))
    endpoints.remove("shop")
    submission = jobs.submit([received(store)], store.has, recipe=recipe)
    assert succeed(claimed(submission.due[0].id))
    assert rows.job(submission.job.id).state == "succeeded"
    assert "notifies the endpoint shop, which is not there any more" in caplog.text


def test_who_notifies_nobody_does_not_look_for_names(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(announcing, "_names", lambda _: 1 / 0)
    assert succeed(claimed(submitted(store).due[0].id))


def test_a_deleted_job_leaves_what_is_told_of_it(store: Store, app: Flask):
    endpoint()
    job = fail(store)
    jobs.remove(job.id)
    assert told() == [("shop", "job.failed")]
    with transaction() as session:
        assert session.query(Item).count() == 0
