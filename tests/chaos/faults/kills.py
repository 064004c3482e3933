"""Processes that end without a chance to say so (kill -9), and one that is asked to end."""

import signal
from random import Random

from tests.chaos import processes
from tests.chaos.faults import fault, targets
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig


def _killed(*pids: int) -> None:
    if not processes.send(signal.SIGKILL, *pids):
        raise Missed("it had ended just before")


@fault("kill a worker")
def worker(rig: Rig, random: Random) -> str:
    """The main process. Its pool processes die with it, and their work with them."""
    name = targets.service(rig, random, "worker")
    _killed(rig.services[name].pid)
    return name


@fault("kill a busy pool process")
def busy_pool_process(rig: Rig, random: Random) -> str:
    name, child, _ = targets.busy(rig, random)
    _killed(child)
    return f"{child} of {name}"


@fault("kill the work")
def work(rig: Rig, random: Random) -> str:
    """The process that decodes and encodes, as the kernel does where memory runs out."""
    name, _, work = targets.busy(rig, random)
    _killed(work)
    return f"{work} of {name}"


@fault("kill an idle pool process")
def idle_pool_process(rig: Rig, random: Random) -> str:
    name, child = targets.idle(rig, random)
    _killed(child)
    return f"{child} of {name}"


@fault("kill the web")
def web(rig: Rig, random: Random) -> str:
    """gunicorn's main process; its workers notice that within a second."""
    rig.load.release(targets.UPLOADS)
    _killed(rig.services["web"].pid)
    return "its main process"


@fault("kill a web process")
def web_process(rig: Rig, random: Random) -> str:
    children = processes.children(rig.services["web"].pid)
    if not children:
        raise Missed("the web has no process at this moment")
    rig.load.release(targets.UPLOADS)
    child = random.choice(children)
    _killed(child)
    return str(child)


@fault("kill a dispatcher")
def dispatcher(rig: Rig, random: Random) -> str:
    name = targets.service(rig, random, "dispatcher")
    _killed(rig.services[name].pid)
    return name


@fault("kill everything")
def everything(rig: Rig, random: Random) -> str:
    """All processes of ours in the same moment, as when the power goes."""
    rig.load.release(targets.UPLOADS)
    pids = [one.process.pid for one in rig.services.values() if one.process is not None]
    below = [pid for main in pids for pid in processes.descendants(main)]
    processes.send(signal.SIGKILL, *pids, *below)
    return f"{len(pids) + len(below)} processes"


@fault("restart a worker")
def restart(rig: Rig, random: Random) -> str:
    """SIGTERM, as a deployment does it."""
    name, _, _ = targets.busy(rig, random)
    process = rig.services[name].process
    if process is None:
        raise Missed(f"{name} does not run at this moment")
    process.terminate()
    return name
