"""`darkroom submit`: one job, however often the command is interrupted and called again."""

import argparse
import sys
import time
from collections.abc import Mapping

from darkroom_client import ApiError, Client, Job, Upload
from darkroom_client.command import words
from darkroom_client.command.display import Display
from darkroom_client.unfinished import Submission, Unfinished, digest, state_folder

_NOT_FOUND = 404


class Order:
    """What the command line asks to submit; looks at every file once."""

    def __init__(self, arguments: argparse.Namespace, environ: Mapping[str, str]) -> None:
        self._uploads = [Upload.of(path) for path in arguments.files]
        self._recipe, self._lane = arguments.recipe, arguments.lane
        self._variables = dict(arguments.variables)
        fields = {"recipe": self._recipe, "lane": self._lane, "vars": self._variables}
        self._unfinished = Unfinished(state_folder(environ), digest(arguments.url, fields, self._uploads))

    def job(self, client: Client, display: Display) -> Job:
        """The one that an interrupted command has made of the same order, or a new one."""
        submission = self._unfinished.begin()
        if not self._unfinished.remembers:
            note = "The folder for unfinished submissions can not be written: an interrupted command begins anew."
            print(note, file=sys.stderr)
        if submission.is_continued:
            job = self._continued(client, display, submission)
            if job:
                return job
            submission = self._unfinished.begin_anew()
        return self._send(client, display, submission)

    def over(self) -> None:
        """The command has done all it was to do; the next one makes a new job."""
        self._unfinished.over()

    def _continued(self, client: Client, display: Display, submission: Submission) -> Job | None:
        """None where that one is gone or canceled: whoever submits again wants another."""
        job_id = submission.job_id or self._send(client, display, submission).id
        try:
            job = client.job(job_id)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        if job.state == "canceled":
            return None
        minutes = (time.time() - submission.begun_at) / 60
        display.say(f"going on with what the same command began {words.counted(round(minutes), 'minute')} ago")
        return job

    def _send(self, client: Client, display: Display, submission: Submission) -> Job:
        display.sending(self._uploads)
        try:
            job = client.submit(
                self._uploads, self._recipe, variables=self._variables, lane=self._lane, key=submission.key,
                on_sent=display.sent,
            )  # fmt: skip
        except ApiError as error:
            if not error.may_be_sent_again(repeatable=True):
                self._unfinished.over()
            raise
        self._unfinished.accepted(submission, job.id)
        return job
