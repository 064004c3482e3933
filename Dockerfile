# The one image of Darkroom: every service of docker-compose.yml but RabbitMQ is this image with another command.

FROM python:3.13-slim-trixie AS python
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1


# The dependencies, in a virtual environment that has no pip itself.
FROM python AS build
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: -r requirements.txt


# pyvips, a judge of the tests, has no wheel; it is Python alone, and pyvips-binary brings the library.
FROM build AS build-dev
COPY requirements-dev.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /usr/local/bin/python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: --no-binary pyvips -r requirements-dev.txt


# The source: readable by everybody, whatever the umask of the checkout was.
FROM python AS source
COPY app /darkroom/app
COPY bin/healthcheck /darkroom/bin/
COPY migrations /darkroom/migrations
COPY tasks /darkroom/tasks
RUN chmod -R u=rwX,go=rX /darkroom


# Code and dependencies belong to root; the services run as a user that owns var/ (the database) and media/, both volumes.
FROM python AS app
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin darkroom
WORKDIR /darkroom
RUN install --directory --owner=darkroom --group=darkroom var media
COPY --from=build /opt/venv /opt/venv
COPY --from=source /darkroom /darkroom
USER darkroom
CMD ["gunicorn", "-c", "python:app.gunicorn", "-b", "0.0.0.0:8000"]


# With the development tools; docker-compose.dev.yml uses its file watcher.
FROM app AS dev
COPY --from=build-dev /opt/venv /opt/venv


FROM app AS runtime
