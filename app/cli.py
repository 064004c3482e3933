"""The commands of `flask --app app`: what somebody who runs Darkroom does by hand."""

import datetime as dt
from pathlib import Path

import click
from flask import Flask

from app import collection, doctor, lanes, recipes
from app.imaging.limits import Limits
from app.imaging.reader import traits_of_file
from app.models import Lane
from app.services import services

_LANE = click.Choice([lane.value for lane in Lane])


def register(app: Flask) -> None:
    for command in (_collect, _pause, _resume, _plan, _doctor):
        app.cli.add_command(command)


@click.command("collect")
@click.option(
    "--older-than", type=click.IntRange(min=0), default=int(collection.OLDER_THAN.total_seconds()), show_default=True,
    help="Seconds for which a file must not have been touched. Less is safe only while nothing runs.",
)  # fmt: skip
def _collect(older_than: int) -> None:
    """Remove files that no job names, and left-over temporary ones. The dispatcher does so every hour."""
    collected = collection.collect(services().store, dt.timedelta(seconds=older_than))
    click.echo(f"Removed {collected.files} files that no job names and {collected.temporary} temporary ones.")


@click.command("pause")
@click.argument("lane", type=_LANE)
def _pause(lane: str) -> None:
    """Begin nothing more of a lane until it is resumed; what runs goes on."""
    click.echo(f"The lane {lane} {'is' if lanes.pause(Lane(lane)) else 'was already'} paused.")


@click.command("resume")
@click.argument("lane", type=_LANE)
def _resume(lane: str) -> None:
    """Let a paused lane go on."""
    click.echo(f"The lane {lane} {'goes on' if lanes.resume(Lane(lane)) else 'was not paused'}.")


@click.command("plan")
@click.argument("recipe")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def _plan(recipe: str, file: Path) -> None:
    """Say what RECIPE would make of FILE and what that would take, without making it."""
    asked = recipes.asked_for(recipe)
    limits = asked.limits(Limits(services().max_pixels, max_frames=1))
    planned = asked.plan(traits_of_file(file, limits, asked.document.input.dpi))
    for output in planned.outputs:
        click.echo(f"{output.name}: {output.format}, {output.width} × {output.height} pixels")
    if planned.pages > 1:
        click.echo(f"All of that for each of {planned.pages} pages.")
    click.echo(
        f"Decodes {planned.decoded_megapixels:g} megapixels, and should take about {planned.seconds:.2g} s"
        f" and {planned.memory_bytes / 1e6:.0f} MB."
    )


@click.command("doctor")
def _doctor() -> None:
    """Say of every part whether it works, and what to do where it does not. Ends with 1 where a person is needed."""
    findings = doctor.examine(services())
    for finding in findings:
        click.echo(f"{finding.verdict:<5} {finding.part}: {finding.sentence}")
    if any(finding.verdict == doctor.BAD for finding in findings):
        raise SystemExit(1)
