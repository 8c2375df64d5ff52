#!/usr/bin/env bash
# Adds +crt-static when the fleet-probe program itself is compiled, so that it runs on a host with any libc or none.
# Build-wide rustflags can't do this: with them proc-macros fail to build, or the server programs become static too.
# Editing this file does not trigger a rebuild: run `cargo clean -p local-probe` after a change.
# bash, since dash drops variables like CARGO_BIN_EXE_fleet-probe, which tests are compiled with, for the hyphen.
case " $* " in
*" --crate-name fleet_probe "*" --crate-type bin "*)
    set -- "$@" -C target-feature=+crt-static ;;
esac
exec "$@"
