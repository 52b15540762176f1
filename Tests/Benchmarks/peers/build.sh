# For the peers' `build` scripts, which source this file: where things are, and refusals in words. Sets `peer`, this
# peer's name, `here`, its folder, and `out`, the folder to build into; the script's working folder becomes `here`.

here=$(cd "$(dirname "$0")" && pwd)
peer=$(basename "$here")
out=${1:?usage: build OUT}
if [ ! -d "$out" ]; then
    echo "$peer: there is no folder $out" >&2
    exit 64
fi
out=$(cd "$out" && pwd)
cd "$here"

fail() {
    echo "$peer: $*" >&2
    exit 1
}

# need PACKAGE TEST...: the test command fails where this Debian package is missing.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || fail "Debian's package $package is missing; .ci/setup bench installs it"
}

# is_current OUTPUT SOURCE...: true when the output is newer than all of them.
is_current() {
    local output=$1 source
    shift
    [ -e "$output" ] || return 1
    for source in "$@"; do
        [ "$output" -nt "$source" ] || return 1
    done
}
