# Run by /bin/sh on the host, from its standard input. The collector puts these lines before it:
#   nonce=…      marks our lines among whatever rc files print
#   wanted=…     the place from config.xml, or nothing
#   remembered=… where the probe was last time, or nothing
#   taken=…      what was taken home: words <spool id>:<last sequence number, 20 digits>
#   own=…        the names of the folders of this server's spools for this host
#   force=…      yes to give up envelopes that were not taken home, or nothing
#   act=…        look, or remove
# Prints lines "@@FHP <nonce> <word> <value>":
#   place    a place of ours
#   foreign  a file in one that we did not make; then nothing is removed
#   other    a spool of another server or another host; it stays, and with it probe and keys, but no spool of ours
#   waiting  how many envelopes of a spool were not taken home, and where they lie; then nothing is removed
#   removed  a place that is gone
#   left     a place that could not be removed, and why
#   done     what was to be done
#   end      the script came to its end
# Everything happens in one function called on the last line, so that a script cut short does nothing.

say() { printf '\n@@FHP %s %s\n' "$nonce" "$*"; }

# A directory that belongs to us, and no link to one.
ours() {
    [ -d "$1" ] && [ ! -L "$1" ] || return 1
    # ls -n: mode, links, owner's number
    set -- $(ls -ldn "$1" 2>/dev/null)
    [ "$3" = "$(id -u)" ]
}

# Whether a text is so many digits.
hex() { case $1 in *[!0-9a-f]*) return 1 ;; esac; [ ${#1} -eq "$2" ]; }
digits() { case $1 in *[!0-9]*) return 1 ;; esac; [ ${#1} -eq "$2" ]; }

# Whether a text is of letters and digits alone.
plain() { case $1 in *[!0-9A-Za-z]*) return 1 ;; esac; }

file() { [ -f "$1" ] && [ ! -L "$1" ]; }

foreign() { say foreign "$1"; return 1; }

# Runs the check named for everything in the folder; fails if one did.
each() {
    failed=0
    for entry in "$2"/* "$2"/.[!.]* "$2"/..?*; do
        [ -e "$entry" ] || [ -L "$entry" ] || continue
        # In a shell of its own: checks call each other, and sh has no local variables.
        ("$1" "$entry") || failed=1
    done
    return $failed
}

# Each of these says what in it is not ours, and fails then.

of_a_place() {
    name=${1##*/}
    case $name in
        probe-*) hex "${name#probe-}" 64 && file "$1" ;;
        fleet-probe) [ -L "$1" ] ;;
        .link-*) hex "${name#.link-}" 32 && [ -L "$1" ] ;;
        part-*) hex "${name#part-}" 32 && file "$1" ;;
        .try-*) hex "${name#.try-}" 32 && file "$1" ;;
        keys) ours "$1" && { each of_keys "$1"; return; } ;;
        spool) ours "$1" && { each spool "$1"; return; } ;;
        notes) ours "$1" && { each of_notes "$1"; return; } ;;
        *) false ;;
    esac || foreign "$1"
}

of_keys() {
    name=${1##*/}
    case $name in
        *.pub) hex "${name%.pub}" 64 && file "$1" ;;
        .*) hex "${name#.}" 32 && file "$1" ;;
        *) false ;;
    esac || foreign "$1"
}

# What one run of the probe leaves for the next. While it is written, a number is behind its name.
of_notes() {
    name=${1##*/}
    case ${name##*.} in *[!0-9]* | '') ;; *) name=${name%.*} ;; esac
    case $name in
        security-updates-*) plain "${name#security-updates-}" && file "$1" ;;
        log-* | processes-*) hex "${name#*-}" 16 && file "$1" ;;
        stuck-mounts-*.json | hanging-programs-*.json)
            name=${name#*-} name=${name#*-} name=${name%.json}
            plain "${name%%-*}" && plain "${name#*-}" && file "$1"
            ;;
        *) false ;;
    esac || foreign "$1"
}

spool() {
    if hex "${1##*/}" 16 && ours "$1"; then each of_a_spool "$1"; else foreign "$1"; fi
}

of_a_spool() {
    name=${1##*/}
    case $name in
        lock | counter.json | target.json | former.json | unfinished) file "$1" ;;
        *.fhe) digits "${name%.fhe}" 20 && file "$1" ;;
        *) false ;;
    esac || foreign "$1"
}

# How many envelopes have numbers behind the last one taken home. All of them, if that is unknown, or if some were
# passed over when later ones were taken.
wait_in() {
    through=00
    for word in $taken; do
        grep -q "^{\"spool\":\"${word%%:*}\".*\"passed_over\":{}" "$1/counter.json" 2>/dev/null && through=${word#*:}
    done
    # A line that sorts before all others, the last number taken, and the numbers there are.
    { echo 0; echo "$through"; ls "$1" | sed -n 's/^\([0-9]*\)\.fhe$/\1/p'; } | LC_ALL=C sort -u |
        sed "1,/^$through\$/d" | wc -l | tr -d ' '
}

is_own() { case " $own " in *" ${1##*/} "*) ;; *) return 1 ;; esac; }

# Says which spools of a place are of others, and what of ours waits; fails if something does and is not given up.
may_go() {
    shared='' kept=0
    for folder in "$1"/spool/*; do
        [ -d "$folder" ] || continue
        is_own "$folder" || { say other "$folder"; shared=yes; continue; }
        [ -z "$force" ] || continue
        count=$(wait_in "$folder")
        [ "$count" = 0 ] || { say waiting "$count $folder"; kept=1; }
    done
    return $kept
}

look() {
    say place "$1"
    each of_a_place "$1" && may_go "$1"
}

remove() {
    look "$1" || return
    # By name, so that what came just now stays and is named. The probe goes first: then nothing more comes.
    [ -n "$shared" ] || rm -f "$1"/probe-* "$1/fleet-probe" "$1"/part-* "$1"/.link-* "$1"/.try-*
    for folder in "$1"/spool/*; do
        [ -d "$folder" ] && is_own "$folder" || continue
        rm -f "$folder"/[0-9]*.fhe "$folder/counter.json" "$folder/target.json" "$folder/former.json" \
            "$folder/unfinished" "$folder/lock"
        rm -f "$1"/notes/*-"${folder##*/}" "$1"/notes/*-"${folder##*/}".[0-9]*
        why=$(rmdir "$folder" 2>&1) || say left "$folder: $why"
    done
    [ -z "$shared" ] || return
    rm -f "$1"/keys/*.pub "$1"/keys/.[0-9a-f]*
    rm -f "$1"/notes/security-updates-* "$1"/notes/stuck-mounts-* "$1"/notes/hanging-programs-* "$1"/notes/log-* \
        "$1"/notes/processes-*
    rmdir "$1/keys" "$1/spool" "$1/notes" 2>/dev/null
    if why=$(rmdir "$1" 2>&1); then say removed "$1"; else say left "$1: $why"; fi
    # The place script may have made it; an empty one is missed by nobody.
    case $1 in "$HOME/.cache/fleet-health") rmdir "$HOME/.cache" 2>/dev/null ;; esac
}

main() {
    seen=:
    for place in "$wanted" "$remembered" "$HOME/.cache/fleet-health" "$HOME/.fleet-health" \
        "$XDG_RUNTIME_DIR/fleet-health" /var/tmp/fleet-health.?????????? /dev/shm/fleet-health.??????????; do
        case $seen in *":$place:"*) continue ;; esac
        seen=$seen$place:
        case $place in '' | /fleet-health) continue ;; esac
        ours "$place" && "$act" "$place"
    done
}

main
say done "$act"
say end
