"""The broker goes, comes back, refuses to take anything, or can be heard no more."""

from random import Random

from tests.chaos.faults import fault, targets
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig

_FULL = 20
_HEALTHY_DISK, _HEALTHY_MEMORY = "50000000", "0.4"
"""RabbitMQ's default limit of free bytes, and a share of the memory that is out of reach here."""


@fault("kill the broker", alone="broker")
def kill(rig: Rig, random: Random) -> str:
    rig.load.release(targets.UPLOADS)
    rig.broker.kill()
    rig.wait(random.uniform(0, 3))
    rig.broker.start()
    return "the node"


@fault("restart the broker with a full queue", alone="broker")
def restart(rig: Rig, random: Random) -> str:
    with targets.full_queue(rig, random, _FULL) as name:
        waiting = rig.queues.ready(name)
        rig.broker.stop()
    rig.broker.start()
    return f"{waiting} messages in {name}"


@fault("disk alarm of the broker", alone="broker")
def disk_alarm(rig: Rig, random: Random) -> str:
    """It takes no message any more, and does not say no either."""
    rig.broker.ctl("set_disk_free_limit", str(10**15))
    return _alarm(rig, random, "set_disk_free_limit", _HEALTHY_DISK)


@fault("memory alarm of the broker", alone="broker")
def memory_alarm(rig: Rig, random: Random) -> str:
    rig.broker.ctl("set_vm_memory_high_watermark", "0.00001")
    return _alarm(rig, random, "set_vm_memory_high_watermark", _HEALTHY_MEMORY)


def _alarm(rig: Rig, random: Random, setting: str, healthy: str) -> str:
    seconds = random.uniform(2, 6)
    try:
        rig.load.release(targets.UPLOADS)
        rig.wait(seconds)
    finally:
        rig.broker.ctl(setting, healthy)
    return f"for {seconds:.1f} s"


@fault("forget a connection", lasting=True)
def forget(rig: Rig, random: Random) -> str:
    """The connections of one process lead nowhere any more, and neither side is told; new ones work."""
    name = random.choice(["web", targets.service(rig, random, "worker"), targets.service(rig, random, "dispatcher")])
    rig.load.release(targets.UPLOADS)
    return _some(rig.services[name].proxy.forget(), name)


@fault("cut a connection")
def cut(rig: Rig, random: Random) -> str:
    name = targets.service(rig, random, "worker")
    return _some(rig.services[name].proxy.cut(), name)


def _some(connections: int, name: str) -> str:
    if not connections:
        raise Missed(f"{name} had no connection at this moment")
    return f"{connections} of {name}"


@fault("stall the network")
def stall(rig: Rig, random: Random) -> str:
    """Nobody reaches the broker for a while; then all that was sent arrives."""
    seconds = random.uniform(2, 6)
    resume = [one.proxy.stall() for one in rig.services.values()]
    rig.load.release(targets.UPLOADS)
    rig.wait(seconds)
    for go_on in resume:
        go_on()
    return f"for {seconds:.1f} s"
