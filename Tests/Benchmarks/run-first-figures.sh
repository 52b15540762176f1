#!/usr/bin/env bash
# chatd beside a bare C echo, and turns through chatd with a model that costs nothing: a Markdown table of medians.
#
#     run-first-figures.sh [ROUNDS] [SECONDS]
#
# Each round measures everything once, in another order every time; a ratio is the median of the rounds' ratios.
# Environment: CHATD_FLAGS, more flags for chatd, such as "--loops 1"; BIN, a folder with chatd and chatbench to measure
# in place of a release build.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .ci/server.sh

rounds=${1:-5}
seconds=${2:-3}
tokens=50
slack_seconds=60

if ! [[ $rounds =~ ^[1-9][0-9]?$ && $seconds =~ ^[1-9][0-9]{0,2}$ ]]; then
    echo "usage: $0 [ROUNDS, 1 to 99] [SECONDS, 1 to 999]" >&2
    exit 64
fi
bin=${BIN:-$(.ci/build release chatd chatbench | tail -n 1)}
folder=$(mktemp -d)
children=()

stop_all() {
    local status=$? child
    trap - EXIT
    for child in "${children[@]}"; do
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    stop_server || true
    rm -rf "$folder"
    exit "$status"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

# start NAME COMMAND...: runs a server in the background until the end, and waits for its first line.
start() {
    local name=$1 waited=0
    shift
    setpriv --pdeathsig TERM "$@" </dev/null >"$folder/$name" 2>&1 &
    children+=($!)
    while [ "$waited" -lt 100 ]; do
        first_line=$(head -n 1 "$folder/$name")
        [ -z "$first_line" ] || return 0
        kill -0 "${children[-1]}" 2>/dev/null || break
        sleep 0.1
        waited=$((waited + 1))
    done
    echo "$name did not start: $(cat "$folder/$name")" >&2
    return 1
}

bare=Tests/Benchmarks/peers/bare
"$bare/build" "$folder"
start bare "$bare/serve" "$folder"
bare_address=${first_line#listening on }
bare_pid=${children[-1]}
start model "$bin/chatbench" model --tokens "$tokens"
model_url=$first_line
# shellcheck disable=SC2086
start_server "$bin/chatd" --model "openai:fake@$model_url" --store memory: --diagnostics --log-level warning \
    --listen 127.0.0.1:0 ${CHATD_FLAGS:-}
trap stop_all EXIT
resident_kilobytes() { awk '/^VmRSS/ { print $2 }' "/proc/$server_process/status"; }
idle_kilobytes=$(resident_kilobytes)

# field NAME: a number from the JSON line on standard input; 0 when it is not there.
field() {
    local number
    number=$(sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p")
    echo "${number:-0}"
}

# note WORK SERVER JSON: a line of results.
note() {
    local calls p50 p99 cpu tokens_per_second
    calls=$(field calls_per_second <<<"$3")
    p50=$(field p50 <<<"$3")
    p99=$(field p99 <<<"$3")
    cpu=$(field server_cpu_us_per_call <<<"$3")
    tokens_per_second=$(field tokens_per_second <<<"$3")
    printf '%s|%s|%s|%s|%s|%s|%s\n' "$1" "$2" "$calls" "$p50" "$p99" "$cpu" "$tokens_per_second" >>"$folder/results"
}

# bounded COMMAND...
bounded() { timeout $((seconds + slack_seconds)) "$@"; }

# echo_round SERVER ADDRESS PID
echo_round() {
    local shape json
    for shape in '1 1' '16 1' '16 16'; do
        json=$(bounded "$bare/load" "$folder" echo --server "$2" --connections "${shape% *}" \
            --in-flight "${shape#* }" --duration "$seconds" --warm-up 0.3 --server-pid "$3")
        note "echo ${shape/ / x }" "$1" "$json"
    done
}

# turn_round VERB
turn_round() {
    local json
    json=$(bounded "$bin/chatbench" "$1" --server "$server_address" --connections 16 --in-flight 1 \
        --duration "$seconds" --warm-up 0.5 --server-pid "$server_process" --json)
    note "$1 16 x 1, $tokens tokens" chatd "$json"
}

for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    parts=('echo_round bare' 'echo_round chatd' 'turn_round stream' 'turn_round chat')
    for ((index = 0; index < 4; index++)); do
        case ${parts[(index + round) % 4]} in
            'echo_round bare') echo_round bare "$bare_address" "$bare_pid" ;;
            'echo_round chatd') echo_round chatd "$server_address" "$server_process" ;;
            'turn_round stream') turn_round stream ;;
            'turn_round chat') turn_round chat ;;
        esac
    done
done

# Rounds are in the order they were measured, so a round's two servers meet by their number.
awk -F '|' -v idle="$idle_kilobytes" -v loaded="$(resident_kilobytes)" -v rounds="$rounds" -v seconds="$seconds" '
    function median(name,   count, i, j, value, sorted) {
        count = counts[name]
        for (i = 1; i <= count; i++) {
            value = values[name, i]
            for (j = i - 1; j > 0 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
            sorted[j + 1] = value
        }
        return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
    }
    function add(name, value) { values[name, ++counts[name]] = value + 0 }
    function row(work, server, style,   i, line) {
        line = "| " work " | " server " |"
        for (i = 3; i <= 7; i++) line = line " " cell(work, server, i, style) " |"
        print line
    }
    function cell(work, server, i, style,   value) {
        value = median(work "|" server "|" i)
        if (value == 0) return "-"
        return sprintf(style != "" ? style : i == 3 || i == 7 ? "%.0f" : i == 6 ? "%.2f" : "%.1f", value)
    }
    {
        if (!($1 in seen)) { seen[$1] = 1; order[++works] = $1 }
        for (i = 3; i <= 7; i++) add($1 "|" $2 "|" i, $i)
    }
    END {
        print "| work | server | calls/s | p50 us | p99 us | server CPU us/call | tokens/s |"
        print "|---|---|---:|---:|---:|---:|---:|"
        for (w = 1; w <= works; w++) {
            work = order[w]
            if (counts[work "|bare|3"]) row(work, "bare", "")
            row(work, "chatd", "")
            if (!counts[work "|bare|3"]) continue
            for (i = 3; i <= 7; i++) {
                for (n = 1; n <= counts[work "|bare|" i]; n++) {
                    bare = values[work "|bare|" i, n]
                    add(work "|chatd / bare|" i, bare ? values[work "|chatd|" i, n] / bare : 0)
                }
            }
            row(work, "chatd / bare", "%.2f")
        }
        printf "\nchatd RSS: %.1f MB idle, %.1f MB after the load. Medians of %d rounds of %d s.\n", \
            idle / 1024, loaded / 1024, rounds, seconds
    }' "$folder/results"
