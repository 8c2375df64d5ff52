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
#   made     what was not there before, the deepest first, for the install script to take back if the upload fails
#   end      the script came to its end
# Everything happens in one function called on the last line, so that a script cut short does nothing.

say() { printf '\n@@FHP %s %s\n' "$nonce" "$*"; }

# Makes a directory and those above it, and notes the new ones in $made, the deepest first.
make_dir() {
    [ -d "${1:-/}" ] && return
    make_dir "${1%/*}" && mkdir "$1" 2>/dev/null && made="$1 $made"
}

# A place that is not taken is left as it was found. Directories in which something else lies by now stay.
take_back() {
    for path in $made; do
        if [ -d "$path" ]; then rmdir "$path" 2>/dev/null; else rm -f "$path"; fi
    done
    made=
}

# Other paths could not be named in every login shell.
plain() {
    case $1 in
        *[!A-Za-z0-9/._+@-]*) why="its name has unusual characters"; return 1 ;;
        /*) ;;
        *) why="not an absolute path"; return 1 ;;
    esac
}

# Whether only we and root can make and rename things on the way to a place, from the home on, or else from /: what sshd
# asks of the way to authorized_keys. Elsewhere, others could put a program of theirs where the next visit runs ours.
# A group may write if it is ours and named after us, as groups of one member are.
# Not checked: ACLs, who else is in that group, what is above a home, and above the target of a link on the way.
private() {
    way=${1%/*}
    # What is not there yet will be ours.
    while [ -n "$way" ] && [ ! -d "$way" ]; do way=${way%/*}; done
    lowest=$way
    while closed; do
        case $way in "$HOME" | '') return 0 ;; esac
        way=${way%/*}
    done
    return 1
}

# Whether a directory on the way lets nobody else change what is on the way.
closed() {
    # ls -n: mode, links, owner's number, group's number
    set -- $(ls -ldn "$way/." 2>/dev/null)
    [ "$3" = 0 ] || [ "$3" = "$(id -u)" ] || { why="${way:-/} belongs to another user"; return 1; }
    # In a sticky one others can't rename what is ours or root's, as the next one on the way is.
    case $1 in d????????[tT]*) [ "$way" = "$lowest" ] || return 0 ;; esac
    case $1 in d???????w*) why="others can write to ${way:-/}"; return 1 ;; esac
    case $1 in d????w*) ;; *) return 0 ;; esac
    [ "$4" = "$(id -g)" ] && [ "$(id -gn)" = "$(id -un)" ] || { why="group $4 can write to ${way:-/}"; return 1; }
}

# A directory of another purpose is not to become ours; the places we choose ourselves are ours by their names.
free_for_us() {
    [ "$1" = "$wanted" ] && [ -d "$1" ] || return 0
    found=$(ls -A "$1" 2>/dev/null) && [ -z "$found" ] && return 0
    for trace in "$1/fleet-probe" "$1"/probe-* "$1"/keys/*.pub "$1"/spool/*/target.json; do
        [ -e "$trace" ] && return 0
    done
    why="other files are in it: name an empty or a new directory"
    return 1
}

# A directory that is ours alone, writable, and allows programs to run.
usable() {
    make_dir "$1"
    [ -d "$1" ] && [ ! -L "$1" ] || { why="cannot be made"; return 1; }
    # ls -n: mode, links, owner's number
    set -- "$1" $(ls -ldn "$1" 2>/dev/null)
    [ "$4" = "$(id -u)" ] || { why="belongs to another user"; return 1; }
    free_for_us "$1" || return 1
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

# Puts the key there, and a file to upload the probe to if it is not there.
furnished() {
    why="the key cannot be written"
    make_dir "$1/keys" || return 1
    [ -f "$1/keys/$key.pub" ] || made="$1/keys/$key.pub $made"
    # Some shells don't notice that a disk was full.
    { printf '%s\n' "$pem" > "$1/keys/.$nonce" && [ "$(cat "$1/keys/.$nonce")" = "$pem" ] &&
        mv -f "$1/keys/.$nonce" "$1/keys/$key.pub"; } 2>/dev/null || { rm -f "$1/keys/.$nonce"; return 1; }
    probe=$1/probe-$sha256 part=
    [ -x "$probe" ] && [ "$(digest "$probe")" = "$sha256" ] && return 0
    # What a cut connection left behind a day ago.
    find "$1" -name 'part-*' -mtime +0 -exec rm -f {} + 2>/dev/null
    why="no file can be made"
    (set -C && true > "$1/part-$nonce") 2>/dev/null || return 1
    part=$1/part-$nonce made="$1/part-$nonce $made"
}

# Whether a place passes the check named and can be used; nothing is left there if not.
fits() {
    place=$2 made=
    plain "$2" && "$1" "$2" && usable "$2" && roomy "$2" && furnished "$2" && return 0
    take_back
    return 1
}

choose() {
    if [ -n "$wanted" ]; then
        fits private "$wanted" && return 0
        say refused "$wanted: $why"
        return 1
    fi
    for place in "$HOME/.cache/fleet-health" "$HOME/.fleet-health" "$XDG_RUNTIME_DIR/fleet-health"; do
        case $place in /fleet-health | '') continue ;; esac
        fits private "$place" && return 0
        say refused "$place: $why"
    done
    # In a place open to all, but it was looked at just now.
    case ${remembered%/*} in /tmp | /var/tmp | /dev/shm) check=true ;; *) check=private ;; esac
    [ -n "$remembered" ] && fits "$check" "$remembered" && return 0
    for parent in /var/tmp /dev/shm; do
        case $avoid in *" $parent/fleet-health."*) say refused "$parent: the upload failed there"; continue ;; esac
        # One that an earlier visit made and then failed.
        for place in "$parent"/fleet-health.??????????; do
            [ -d "$place" ] && fits true "$place" && return 0
        done
        # mktemp makes a directory that did not exist; a fixed name in a place open to all could be prepared by others.
        why=
        place=$(mktemp -d "$parent/fleet-health.XXXXXXXXXX" 2>/dev/null) && fits true "$place" && {
            made="$made$place"
            return 0
        }
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
    if [ -n "$part" ]; then
        say part "$part"
        say made "$made"
    else
        ln -s "probe-$sha256" "$place/.link-$nonce" && mv -f "$place/.link-$nonce" "$place/fleet-probe"
    fi
    say place "$place"
}

main
say end
