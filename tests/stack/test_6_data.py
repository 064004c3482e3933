"""`docker compose down` keeps the data; `docker compose down -v` does not."""

from PIL import Image

from tests.stack.stack import wait_for


def test_data_outlive_down_and_not_down_v(stack, tmp_path):
    photo = tmp_path / "kept.png"
    Image.new("RGB", (900, 700), "crimson").save(photo)
    job = stack.finished_job(photo)
    kept = stack.web(job["items"][0]["outputs"][0]["url"]).body
    queue = "/api/queues/%2F/kept"
    assert stack.rabbitmq(queue, stack.rabbitmq_login, body=b'{"durable": true}').status == 201

    stack.compose("down")
    assert len(stack.volumes()) == 3
    assert not stack.containers()

    stack.up()
    assert stack.web(job["url"]).json == job
    assert stack.web(job["items"][0]["outputs"][0]["url"]).body == kept
    wait_for(lambda: stack.rabbitmq(queue, stack.rabbitmq_login).status == 200, "RabbitMQ's durable queue", 30)

    stack.compose("down", "-v")
    assert stack.volumes() == []
