# Starts and stops a chatd for .ci/chat and the benchmarks, which source this file.
# After start_server, $server_address is HOST:PORT, and the server ends with this shell, however it ends.

server_start_seconds_max=30
server_stop_seconds_max=15
server_process=
server_folder=

# start_server CHATD [FLAG...]: fails, showing the server's own words, unless it listens in time.
start_server() {
    server_folder=$(mktemp -d)
    : >"$server_folder/output"
    trap stop_server EXIT
    # A session of its own: Ctrl-C in a chat must not stop the server. The death signal is for kill -9 of this shell.
    setsid setpriv --pdeathsig TERM "$@" </dev/null >"$server_folder/output" 2>"$server_folder/log" &
    server_process=$!
    local waited=0
    while [ "$waited" -lt $((server_start_seconds_max * 10)) ]; do
        server_address=$(sed -n 's/^chatd listening on //p' "$server_folder/output" | head -1)
        [ -z "$server_address" ] || return 0
        kill -0 "$server_process" 2>/dev/null || break
        sleep 0.1
        waited=$((waited + 1))
    done
    echo "chatd did not start; its last words:" >&2
    tail -n 20 "$server_folder/output" "$server_folder/log" >&2
    return 1
}

# stop_server: asks the server to drain, and ends it when it does not within the limit. Fails when the server did.
stop_server() {
    trap - EXIT
    local status=0
    if [ -n "$server_process" ]; then
        kill -TERM "$server_process" 2>/dev/null || true
        (sleep "$server_stop_seconds_max" && kill -KILL "$server_process") 2>/dev/null &
        local guard=$!
        wait "$server_process" 2>/dev/null || status=$?
        kill "$guard" 2>/dev/null || true
        wait "$guard" 2>/dev/null || true
        server_process=
    fi
    [ -z "$server_folder" ] || rm -rf "$server_folder"
    server_folder=
    return "$status"
}
