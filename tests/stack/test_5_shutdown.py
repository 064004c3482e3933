"""A container that is replaced at work hands back what it has not finished; nothing is held against the file."""

import json

from PIL import Image

from tests.stack.stack import wait_for


def test_a_new_worker_container_takes_over_what_the_old_one_had_begun(stack, tmp_path):
    with (stack.folder / ".env").open("a") as file:
        file.write("SHUTDOWN_SECONDS=0\n")
    stack.up("--no-recreate", "--scale", "worker=1")
    stack.compose("up", "-d", "--wait", "--no-deps", "--force-recreate", "worker")
    picture = tmp_path / "large.png"
    Image.effect_noise((2400, 2400), 80).resize((9600, 9600)).save(picture, compress_level=1)
    accepted = stack.submit(picture).json

    def item():
        return stack.web(accepted["url"]).json["items"][0]

    wait_for(lambda: item()["state"] == "running", "the work has begun", 30)
    stack.compose("up", "-d", "--no-deps", "--force-recreate", "worker")
    wait_for(lambda: item()["state"] == "succeeded", f"the item succeeds: {json.dumps(item())}", 90)
    ends = [line["event"] for line in item()["timeline"] if line["event"] in ("handed-back", "interrupted")]
    assert ends == ["handed-back"]
