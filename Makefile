# `make` prints the targets, from the comments beside them.
SHELL := /bin/bash
PYTHON ?= python3
export PYTHON
PIP := .venv/bin/pip --disable-pip-version-check install --quiet --require-hashes
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header

.DEFAULT_GOAL := help
.PHONY: help up down logs ps restart build dev local migrate doctor pause resume shell scale clean env \
        test test-stack chaos bench lint format docs requirements

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up:  ## start everything (with Docker, or without where there is none) and say where it is
	@bin/stack up
down:  ## stop everything; jobs and files stay
	@bin/stack down
logs:  ## follow the logs, of one service with s=worker
	@bin/stack logs $(s)
ps:  ## show what is running
	@bin/stack ps
restart:  ## stop and start everything
	@bin/stack restart
build: env  ## build the image
	@bin/stack build
dev: env  ## with Docker: the source mounted, web and worker reload on change
	@bin/stack dev
local:  ## start everything without Docker
	@bin/stack up local
migrate:  ## bring the database up to date (make up does it too)
	@bin/stack migrate
doctor:  ## say what works, what does not, and what to do about it
	@bin/stack doctor
pause:  ## begin nothing more of a lane: make pause lane=bulk
	@bin/stack pause $(lane)
resume:  ## let a paused lane go on: make resume lane=bulk
	@bin/stack resume $(lane)
shell:  ## a Python shell inside the app
	@bin/stack shell
scale:  ## run n workers: make scale n=4
	@bin/stack scale $(n)
clean:  ## stop everything and remove all jobs and files, after asking
	@bin/stack clean
env:  ## write the missing secrets into .env
	@$(PYTHON) bin/env

test: .venv/dev  ## the tests; finds a RabbitMQ or installs one
	@.venv/bin/python -m pytest --ignore=tests/stack --cov --cov-report=term:skip-covered $(args)
test-stack: .venv/dev  ## the tests of the Docker deployment; needs a Docker engine
	@.venv/bin/python -m pytest tests/stack $(args)
chaos: .venv/dev  ## break everything while it works, then check that nothing is lost: make chaos n=300 seed=1
	@.venv/bin/python -m tests.chaos --items $(or $(n),300) $(if $(seed),--seed $(seed)) $(if $(faults),--faults $(faults)) $(if $(pause),--pause $(pause))
bench: .venv/dev  ## measure the imaging against the bare codecs, libvips and sharp: make bench args='--workloads W2'
	@.venv/bin/python -m bench.imaging $(args)
lint: .venv/dev  ## ruff and mypy
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
format: .venv/dev  ## put the code into its standard form
	@.venv/bin/ruff check --fix --exit-zero --quiet >/dev/null
	@.venv/bin/ruff format
docs: .venv/dev  ## write the generated pages of docs/
	@.venv/bin/python -m reference
requirements: .venv/dev  ## compile requirements*.in to versions pinned with hashes
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) requirements-local.in -o requirements-local.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Darkroom needs Python 3.11 or later; this is "+sys.version.split()[0]+". Name another: make PYTHON=python3.13 …")'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
# The stamps .venv/local and .venv/dev say that what a requirements file pins is installed.
.venv/local: requirements.txt requirements-local.txt | .venv/bin/pip
	@echo 'Installing the pinned requirements into .venv'
	@$(PIP) -r requirements.txt -r requirements-local.txt
	@touch $@
.venv/dev: requirements-dev.txt .venv/local
	@echo 'Installing the development tools into .venv'
	@$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@
