# Run by /bin/sh on the host, from its standard input, after the upload. The collector puts before it:
#   nonce=… place=… sha256=… size=…
#   made=…  what the place script made and is to be taken back if the upload is of no use, the deepest first
# Prints "@@FHP <nonce> installed yes", or "… installed" and what is wrong with the upload.

say() { printf '\n@@FHP %s %s\n' "$nonce" "$*"; }

digest() {
    { sha256sum "$1" || shasum -a 256 "$1" || openssl dgst -sha256 -r "$1" || busybox sha256sum "$1"; } 2>/dev/null | cut -c 1-64
}

# Says what is wrong with the upload, and leaves the place as it was found. Directories in which something else lies by
# now stay.
failed() {
    rm -f "$part"
    for path in $made; do
        case $path in "$place"/keys/*.pub) rm -f "$path" ;; *) rmdir "$path" 2>/dev/null ;; esac
    done
    say installed "$1"
}

main() {
    # An rc file that reads swallows our first lines.
    [ -n "$nonce" ] || return
    umask 077
    part=$place/part-$nonce
    found=$(wc -c < "$part" | tr -d ' ')
    if [ "$found" != "$size" ]; then
        failed "$found of $size bytes arrived: is the disk full?"
        return
    fi
    found=$(digest "$part")
    if [ "$found" != "$sha256" ]; then
        failed "the digest is ${found:-unknown: no sha256sum, shasum, openssl or busybox}"
        return
    fi
    chmod 700 "$part" && mv -f "$part" "$place/probe-$sha256" && say installed yes
    # For the host's own crontab.
    ln -s "probe-$sha256" "$place/.link-$nonce" && mv -f "$place/.link-$nonce" "$place/fleet-probe"
}

main
say end
