# Run by /bin/sh on the host, from its standard input. The collector puts these lines before it:
#   nonce=…      marks our lines among whatever rc files print
#   wanted=…     the place to take, or nothing to look for one
#   remembered=… where the probe was last time, or nothing
#   machine=…    what `uname -sm` has to say for this probe
#   sha256=…     the digest of the probe
#   size=…       its size in bytes
#   avoid=…      places, with a space around each, to which it could not be uploaded
#   key=…        the id of the public key, its text in $pem
# Prints lines "@@FHP <nonce> <word> <value>":
#   uname    what `uname -sm` says; if that is not the wanted machine, nothing else is done
#   refused  a place and why it was not taken
#   place    the place taken
#   part     a file, made by us, to upload the probe to; none if the probe is there already
#   end      the script came to its end
# Everything happens in one function called on the last line, so that a script cut short does nothing.

say() { printf '\n@@FHP %s %s\n' "$nonce" "$*"; }

# Whether only we and root can make directories here. Elsewhere, a place of ours that is gone could be made by others.
private() {
    why="others can write beside it"
    # ls -n: mode, links, owner's number
    set -- $(ls -ldn "${1%/*}/." 2>/dev/null)
    case $1 in d???????w*) return 1 ;; esac
    [ "$3" = 0 ] || [ "$3" = "$(id -u)" ]
}

# A directory that is ours alone, writable, and allows programs to run.
usable() {
    case $1 in /*) ;; *) why="not an absolute path"; return 1 ;; esac
    mkdir -p "${1%/*}" 2>/dev/null
    mkdir "$1" 2>/dev/null
    [ -d "$1" ] && [ ! -L "$1" ] || { why="cannot be made"; return 1; }
    # ls -n: mode, links, owner's number
    set -- "$1" $(ls -ldn "$1" 2>/dev/null)
    [ "$4" = "$(id -u)" ] || { why="belongs to another user"; return 1; }
    chmod 700 "$1" 2>/dev/null || { why="its mode cannot be set to 0700"; return 1; }
    try=$1/.try-$nonce
    { printf '#!/bin/sh\nexit 0\n' > "$try" && chmod 700 "$try"; } 2>/dev/null ||
        { rm -f "$try"; why="not writable"; return 1; }
    "$try" 2>/dev/null || { rm -f "$try"; why="programs may not run there"; return 1; }
    rm -f "$try"
}

# Room for the probe, as far as df knows: there are quotas, too.
roomy() {
    case $avoid in *" $1 "*) why="the upload failed there"; return 1 ;; esac
    [ -x "$1/probe-$sha256" ] && return 0
    free=$(df -Pk "$1" 2>/dev/null | sed -n '$s/.* \([0-9][0-9]*\)  *[0-9][0-9]*% .*/\1/p')
    # 64 KiB for key and measurements.
    [ -z "$free" ] || [ "$free" -ge $((size / 1024 + 64)) ] || { why="no room: $free KiB are free"; return 1; }
}

digest() {
    { sha256sum "$1" || shasum -a 256 "$1" || openssl dgst -sha256 -r "$1" || busybox sha256sum "$1"; } 2>/dev/null | cut -c 1-64
}

choose() {
    if [ -n "$wanted" ]; then
        usable "$wanted" && private "$wanted" && roomy "$wanted" && { place=$wanted; return 0; }
        say refused "$wanted: $why"
        return 1
    fi
    for place in "$HOME/.cache/fleet-health" "$HOME/.fleet-health" "$XDG_RUNTIME_DIR/fleet-health"; do
        # Paths with other characters could not be named in every login shell.
        case $place in
            *[!A-Za-z0-9/._+@-]*) say refused "$place: its name has unusual characters"; continue ;;
            /fleet-health | '') continue ;;
        esac
        usable "$place" && private "$place" && roomy "$place" && return 0
        say refused "$place: $why"
    done
    # In a place open to all, but it was looked at just now.
    [ -n "$remembered" ] && place=$remembered && usable "$place" && roomy "$place" && return 0
    for parent in /var/tmp /dev/shm; do
        # One that an earlier visit made and then failed.
        for place in "$parent"/fleet-health.??????????; do
            [ -d "$place" ] && usable "$place" && roomy "$place" && return 0
        done
        # mktemp makes a directory that did not exist; a fixed name in a place open to all could be prepared by others.
        why=
        place=$(mktemp -d "$parent/fleet-health.XXXXXXXXXX" 2>/dev/null) && usable "$place" && roomy "$place" && return 0
        [ -n "$place" ] && rmdir "$place" 2>/dev/null
        say refused "$parent: ${why:-not writable}"
    done
    return 1
}

main() {
    # An rc file that reads swallows our first lines.
    [ -n "$nonce" ] || return
    umask 077
    say uname "$(uname -sm)"
    [ "$(uname -sm)" = "$machine" ] || return
    choose || return
    mkdir -p "$place/keys" &&
        printf '%s\n' "$pem" > "$place/keys/.$nonce" &&
        mv -f "$place/keys/.$nonce" "$place/keys/$key.pub" || { say refused "$place: the key cannot be written"; return; }
    probe=$place/probe-$sha256
    if [ ! -x "$probe" ] || [ "$(digest "$probe")" != "$sha256" ]; then
        # What a cut connection left behind a day ago.
        find "$place" -name 'part-*' -mtime +0 -exec rm -f {} + 2>/dev/null
        set -C
        true > "$place/part-$nonce" || { say refused "$place: no room"; return; }
        set +C
        say part "$place/part-$nonce"
    else
        ln -s "probe-$sha256" "$place/.link-$nonce" && mv -f "$place/.link-$nonce" "$place/fleet-probe"
    fi
    say place "$place"
}

main
say end
