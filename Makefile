# make demo     set up, build, and do the main job on a real file
# make test     set up, then run all tests                ONLY='PatternTests' runs those whose name fits
# make quick    format, build and test what changed since main
# make interop  against real PyTorch and safetensors      ONLY=test_surgery runs one file
# make bench    measure                                   ONLY='list the names' measures some rows
# make check    all that must hold, but for the tests of `make test`
# make install  PREFIX=/usr/local

PREFIX ?= /usr/local
# A crash in a test should end it, not start a debugger that waits.
export SWIFT_BACKTRACE = enable=no

# One set of flags, so that what one product has compiled serves the next.
RELEASE = swift build -c release --static-swift-stdlib
SUTURE  = $$($(RELEASE) --show-bin-path)/suture
BENCH   = $$($(RELEASE) --show-bin-path)/Benchmarks

.PHONY: setup build demo test quick interop check benchmarks bench bench-runtime install clean

setup:
	@.ci/setup

build: setup
	@$(RELEASE) --product suture

demo: build
	@SUTURE="$(SUTURE)" .ci/demo

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
	@"$(BENCH)" "$(SUTURE)" 7 $(wildcard .venv/bin/python) $(if $(ONLY),--only '$(ONLY)')

# PEERS is a Python with torch, onnx, onnxruntime and openvino.
bench-runtime: benchmarks
	@"$(BENCH)" --runtime "$(SUTURE)" 5 $(PEERS) .ci/peers.py $(if $(ONLY),--only '$(ONLY)')

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 "$(SUTURE)" "$(DESTDIR)$(PREFIX)/bin/suture"

clean:
	swift package clean
