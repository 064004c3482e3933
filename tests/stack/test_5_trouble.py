"""A service that does not do its work is seen to be unhealthy, and is healthy again when it does."""

from PIL import Image

from tests.stack.stack import SERVICES, wait_for


def test_a_broken_service_turns_unhealthy_and_recovers(stack, tmp_path):
    frozen = ("web", "worker", "dispatcher")
    for service in frozen:
        stack.shell(service, "kill -STOP -1")
    stack.shell("rabbitmq", "rabbitmqctl -q stop_app")  # Flower itself goes on, and has nothing to show
    try:
        wait_for(lambda: set(stack.health().values()) == {"unhealthy"}, "all services unhealthy", 150)
    finally:
        stack.shell("rabbitmq", "rabbitmqctl -q start_app")
        for service in frozen:
            stack.shell(service, "kill -CONT -1")
    wait_for(lambda: stack.health() == dict.fromkeys(SERVICES, "healthy"), "all services healthy again", 150)

    photo = tmp_path / "after.jpg"
    Image.new("RGB", (640, 480), "teal").save(photo)
    assert stack.finished_job(photo)["state"] == "succeeded"


def test_more_workers_share_the_queue(stack, tmp_path):
    stack.up("--scale", "worker=2", "--no-recreate")
    workers = stack.containers("worker")
    assert [worker["State"]["Health"]["Status"] for worker in workers] == ["healthy", "healthy"]

    def consumers() -> int:
        answer = stack.rabbitmq("/api/queues/%2F/darkroom.interactive", stack.rabbitmq_login)
        return answer.json.get("consumers", 0)

    wait_for(lambda: consumers() == 2, "two consumers of the queue", 60)
