# make demo     set up, build, and do the main job on a real file
# make test     set up, then run all tests
# make check    format, warnings, imports, and the tests against real PyTorch
# make bench    measure
# make install  PREFIX=/usr/local

PREFIX ?= /usr/local
# A crash in a test should end it, not start a debugger that waits.
export SWIFT_BACKTRACE = enable=no

RELEASE = swift build -c release --static-swift-stdlib --product suture
SUTURE  = $$($(RELEASE) --show-bin-path)/suture

.PHONY: setup build demo test check bench bench-runtime install clean

setup:
	@.ci/setup

build: setup
	@$(RELEASE)

demo: build
	@SUTURE="$(SUTURE)" .ci/demo

test: setup
	swift test

check: setup
	.ci/check

bench: build
	swift run -c release Benchmarks "$(SUTURE)" 7 $(wildcard .venv/bin/python)

# PEERS is a Python with torch, onnx, onnxruntime and openvino.
bench-runtime: build
	swift run -c release Benchmarks --runtime "$(SUTURE)" 5 $(PEERS) .ci/peers.py

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 "$(SUTURE)" "$(DESTDIR)$(PREFIX)/bin/suture"

clean:
	swift package clean
