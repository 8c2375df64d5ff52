#!/bin/sh
# Adds +crt-static when the fleet-probe program itself is compiled, so that it runs on a host with any libc or none.
# Build-wide rustflags can't do this: with them proc-macros fail to build, or the server programs become static too.
# Editing this file does not trigger a rebuild: run `cargo clean -p local-probe` after a change.
case " $* " in
*" --crate-name fleet_probe "*" --crate-type bin "*)
    set -- "$@" -C target-feature=+crt-static ;;
esac
exec "$@"
