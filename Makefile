# make report (or just make) builds everything; make test checks everything.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
VALIDATORS := .venv-validators/.ready
BROWSER := .venv-browser/.ready
CLUSTER := .venv-cluster/.ready
BENCH := .venv-bench/.ready
CHROMIUM ?= $(shell command -v chromium)
# Every byte is one that a lock file names by its hash. Nothing is built, so no package runs code
# while it is installed, or asks for more.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
	--require-hashes
# The checkout itself, engine and audit, with the setuptools of the lock file.
INSTALL_CHECKOUT := -m pip install --quiet --disable-pip-version-check --no-deps --no-index \
	--no-build-isolation --editable ./nbtrail --editable .
export PATH := $(CURDIR)/$(BIN):$(PATH)
# What a user's shell says of Python's start is not said to any command here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONINSPECT BASH_ENV
# Goals wait for each other, also under `make -j`: report and test use what the other writes.
.NOTPARALLEL:
# Snakemake keeps a cache in the home directory, and ends where it cannot.
ifneq ($(shell mkdir -p "$$HOME/.cache" 2>/dev/null && test -w "$$HOME/.cache" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.PHONY: report test fix test-browser test-faults test-mutations test-mutants test-perturbations \
	test-dependence test-check test-alterations test-limits test-snakemakes test-offline \
	test-slurm test-kubernetes bench verify record archive validate lab clean lock
.DEFAULT_GOAL := report

report: $(READY)
	@snakemake || { aidaudit failures; exit 1; }
	@echo; echo "The report is at:"; ls -1 "$$PWD"/report/report.html "$$PWD"/report/report.pdf

# The same bytes as recorded, or at least the same values?
verify: report
	aidaudit verify

# After a change that is meant to change outputs: what the build gives now is what it is to give.
record: report
	aidaudit generate
	aidaudit verify --record

archive: report
	aidaudit archive

# The archive against the specifications that it claims to meet. The validators have an
# environment of their own, since they pin what the workflow needs newer.
validate: archive $(VALIDATORS)
	.venv-validators/bin/python tests/validators/run.py dist/*.zip

# Substance first. All of it runs, whatever fails, and the last lines say what did.
test: $(READY) $(VALIDATORS)
	@failed=; \
	for check in "pytest -n 2" "aidaudit notebooks" "aidaudit generate --check" \
		"aidaudit schemas --check" "snakemake --lint" "ruff check ." \
		"ruff format --check ." "snakefmt --check Snakefile rules"; do \
		echo "$$check"; $$check || failed="$$failed\n  $$check"; \
	done; \
	test -z "$$failed" || { printf "\nFAILED:$$failed\n%s\n" \
		"What is only a matter of form, make fix puts in order." >&2; exit 1; }

# What needs no judgement: formatting, clean notebooks with the build's defaults, generated files.
fix: $(READY)
	-ruff check --quiet --fix .
	ruff format .
	snakefmt Snakefile rules
	aidaudit schemas
	aidaudit notebooks --fix

# JupyterLab and the report as people use them. The browser is the machine's own.
ifeq ($(CHROMIUM),)
test-browser:
	@echo "SKIPPED: browser tests were not run: no Chromium on this machine" \
		"(Debian: apt-get install chromium)"
else
test-browser: report $(BROWSER)
	CHROMIUM="$(CHROMIUM)" .venv-browser/bin/python -m pytest tests/browser
endif

# A whole build through a real Slurm of one node, as root; and one as pods would build it.
test-slurm test-kubernetes: test-%: $(CLUSTER)
	@.venv-cluster/bin/python $(INSTALL_CHECKOUT)
	.venv-cluster/bin/python tests/$*/run.py

# Builds broken in every way that is known; the better part of an hour.
test-faults: $(READY)
	$(BIN)/python tests/faults/run.py
	aidaudit generate

# What is relied on in Snakemake, against the oldest and the newest that can be had; a minute.
test-snakemakes: $(READY)
	@for wanted in snakemake==9.0.0 "snakemake<10"; do \
		place=$$(mktemp -d) && trap 'rm -rf "$$place"' EXIT && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check \
			--target "$$place" "$$wanted" && \
		echo "Snakemake $$(PYTHONPATH="$$place" $(BIN)/python -m snakemake --version)" && \
		PYTHONPATH="$$place" $(BIN)/python -m pytest tests/test_done.py || exit 1; \
	done

# Set-up from a folder of hashed files alone, without network; some minutes.
test-offline:
	$(PYTHON) tests/offline/run.py

# Good files, mutated in thousands of seeded rounds; half an hour.
test-mutations: $(READY)
	$(BIN)/python tests/mutations/run.py
	aidaudit generate

# Small changes to what every number passes through, each of which a test has to notice; some
# minutes.
test-mutants: $(READY)
	$(BIN)/python tests/honesty/mutants.py
	aidaudit generate

# One value of each raw table, changed in a copy of what is built; half an hour.
test-perturbations: report
	$(BIN)/python tests/honesty/perturb.py
	aidaudit generate

# Rows and entries changed one at a time in a copy of what is built: what is planned, and whether
# anything stays stale; the better part of an hour. With BUILD=--build some are built from nothing.
test-dependence: report
	$(BIN)/python tests/dependence/run.py $(BUILD)

# Copies of figures that lost details, a thousand altered and a thousand not; an hour, and where
# it is interrupted it goes on.
test-check: report
	$(BIN)/python tests/authenticity/run.py

# Files of a small build, altered in two thousand rounds; a quarter of an hour.
test-alterations: $(READY)
	$(BIN)/python tests/alterations/run.py

# Hostile files of every kind, in two thousand rounds with limits of memory and time; half an hour.
test-limits: $(READY)
	$(BIN)/python tests/limits/run.py

# Other ways of running the same notebooks, in turns; an hour.
bench: report $(BENCH)
	@.venv-bench/bin/python $(INSTALL_CHECKOUT)
	.venv-bench/bin/python benchmarks/rebuild.py
	PATH="$$PWD/.venv-bench/bin:$$PATH" .venv-bench/bin/python benchmarks/runs.py
	.venv-bench/bin/python benchmarks/summary.py

lab: $(READY)
	aidaudit lab

# Built files only; data/raw is never touched.
clean:
	rm -rf data/processed/* figures/* logs .staging .snakemake
	rm -rf report/build report/notebooks report/report.html report/report.pdf dist

# Hashes are kept, addresses of package indexes are not. What nothing imports and only comes as
# source is left out: it would have to be built, with whatever it asks for.
LOCKS := requirements validators browser cluster bench uv
lock: .venv-uv/.ready
	@for lock in $(LOCKS); do .venv-uv/bin/uv pip compile --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --quiet \
		--no-emit-package connection-pool --no-emit-package docopt \
		envs/$$lock.in -o envs/$$lock.txt || exit 1; done

# An environment names its folder in each of its commands. So the stamp, which is written last,
# holds the folder: what was moved, copied or left half made is made again, from nothing.
$(shell for stamp in .venv*/.ready; do \
	test "$$(cat "$$stamp" 2>/dev/null)" = "$$(pwd -P)" || rm -f "$$stamp"; done)

$(READY): envs/requirements.txt pyproject.toml nbtrail/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12" >&2; exit 1; }
	@test -e $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@echo "Setting up .venv from envs/requirements.txt (once; a minute or two) …"
	@$(BIN)/python $(INSTALL) -r envs/requirements.txt
	@$(BIN)/python $(INSTALL_CHECKOUT)
	@$(BIN)/aidaudit setup-git
	@pwd -P > $@

# What only checks has environments of its own.
.venv-%/.ready: envs/%.txt
	@test -e $@ || $(PYTHON) -m venv --clear $(@D)
	@rm -f $@
	@echo "Setting up $(@D) from $< (once) …"
	@$(@D)/bin/python $(INSTALL) -r $<
	@pwd -P > $@
