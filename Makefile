# The verbs of the project: `make help`. Each says what it does and how long each step took.
DATA ?= .simpul
JOBS ?= $(shell nproc)
.DEFAULT_GOAL := help
.PHONY: help run stop change test soak check fresh format bench fuzz new-adapter

help: ## list the verbs
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14
	@sed -n 's/^# [|] //p' Makefile

# |
# | Variables of make run: DATA, the folder of its state (.simpul); and its ports on 127.0.0.1:
# |   SIMPUL_HTTP_PORT 8080      SIMPUL_KAFKA_PORT 19092, and one above
# |   SIMPUL_HTTPS_PORT 8443     SIMPUL_POSTGRES_PORT 15432
# |   SIMPUL_ADMIN_PORT 9901     SIMPUL_RADIUS_AUTH_PORT 11812, SIMPUL_RADIUS_ACCT_PORT 11813
# |   SIMPUL_ROUNDUP_PORT 18095

run: ## install, build, start Kafka, the sample city and the platform; Ctrl-C stops all
	@setup/run $(DATA) $(JOBS)

stop: ## stop all that `make run` started
	@setup/stop $(DATA)

change: ## in the sample city a device joins, moves data or leaves, and an officer edits a ticket
	@tests/peers/city change $(DATA)

test: ## set up the tests' own peers and run every test
	@setup/test $(JOBS)

soak: ## the storms with a million changes and the change capture with a million rows; takes hours
	@setup/soak $(JOBS)

check: ## format, tidy, who depends on whom, and unit tests and one flow under sanitizers
	@setup/check $(JOBS)

fresh: ## all of it in a clean Debian 12: clone, make run, a first call, make test
	@setup/fresh

format: ## lay out the C++ as .clang-format says
	@setup/format

bench: ## measure; the numbers in docs/performance.md come from here
	@tests/bench/run $(JOBS)

fuzz: ## hostile input into the transcoder for five minutes each, under sanitizers
	@setup/fuzz $(JOBS)

new-adapter: ## a new mapping to fill in: make new-adapter NAME=department/application
	@setup/new-adapter "$(NAME)"
