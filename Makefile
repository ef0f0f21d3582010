# make demo     set up, build, and do the main job on a real file
# make test     set up, then run all tests                ONLY='PatternTests' runs those whose name fits
# make tour     set up, build, and leave a folder in which every command of README, tour and guides runs as written
# make docs     the documentation as a site, in docs/
# make reference  write anew the pages and snapshots that are made from the lists of commands, steps, modules and names
# make quick    format, build and test what changed since main
# make interop  against real PyTorch and safetensors      ONLY=test_surgery runs one file
# make bench    measure                                   ONLY='list the names' measures some rows
# make bench-compare BASE=saved.json   the same beside a run that SAVE=saved.json kept; ONLY=growth: from 1,000 to 300,000 tensors
# make check    all that must hold, but for the tests of `make test`
# make install  PREFIX=/usr/local: the command, its manual pages, completions for bash, zsh and fish; make uninstall
# make wheel    or make deb, make tarball: a package in dist/

PREFIX ?= /usr/local
# A crash in a test should end it, not start a debugger that waits.
export SWIFT_BACKTRACE = enable=no

# One set of flags, so that what one product has compiled serves the next.
RELEASE = swift build -c release --static-swift-stdlib
SUTURE  = $$($(RELEASE) --show-bin-path)/suture
BENCH   = $$($(RELEASE) --show-bin-path)/Benchmarks

.PHONY: setup build demo tour docs reference test quick interop check benchmarks bench bench-compare bench-runtime install uninstall wheel deb tarball clean

setup:
	@.ci/setup

build: setup
	@$(RELEASE) --product suture

demo: build
	@SUTURE="$(SUTURE)" .ci/demo

tour: build
	@SUTURE="$(SUTURE)" .ci/tour tour

# A site of files alone, for any web server; BASE=/suture where it will not lie at the server's root.
docs: setup
	@swift build --product Suture
	@.ci/documentation .build docs
	@echo 'the site lies in docs/; to look at it: python3 -m http.server --directory docs, then http://localhost:8000'

# What is printed is compared with what stands there by the same tests without the variable.
reference: setup
	SUTURE_UPDATE_SNAPSHOTS=1 swift test --filter HelpTests

test: setup
	swift test $(if $(ONLY),--filter '$(ONLY)')

quick: setup
	@.ci/quick

interop: build
	@SUTURE="$(SUTURE)" .ci/interop $(ONLY)

check: setup
	.ci/check

benchmarks: build
	@SUTURE_TOOLS=1 $(RELEASE) --product Benchmarks

bench: benchmarks
	@"$(BENCH)" "$(SUTURE)" 7 $(wildcard .venv/bin/python) $(if $(ONLY),--only '$(ONLY)') $(if $(SAVE),--save '$(SAVE)')

bench-compare: benchmarks
	@"$(BENCH)" "$(SUTURE)" 7 $(wildcard .venv/bin/python) $(if $(ONLY),--only '$(ONLY)') $(if $(SAVE),--save '$(SAVE)') --base '$(BASE)'

# PEERS is a Python with torch, onnx, onnxruntime and openvino.
bench-runtime: benchmarks
	@"$(BENCH)" --runtime "$(SUTURE)" 5 $(PEERS) .ci/peers.py $(if $(ONLY),--only '$(ONLY)')

# What is built is installed, without its symbols; where nothing is, it is built first.
install:
	@[ -x "$(SUTURE)" ] || $(MAKE) build
	@SUTURE="$(SUTURE)" .ci/install install "$(DESTDIR)$(PREFIX)"

# Packages in dist/, each tried on a bare system by .ci/bare.
wheel deb tarball: build
	@SUTURE="$(SUTURE)" .ci/package $@

uninstall:
	@.ci/install uninstall "$(DESTDIR)$(PREFIX)"

clean:
	swift package clean
