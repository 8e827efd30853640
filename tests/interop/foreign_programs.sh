#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Other people's programs as peers: curl, wget, wrk and nc at synfin serve; nginx, redis and iperf3
# behind synfin connect, and clients that speak to them through it. tshark reads every capture.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=200 enter_namespace "$0" "$@"
# shellcheck source=tests/interop/judge.sh
. "$(dirname "$0")/judge.sh"
command -v tshark > /dev/null || skip "tshark is not installed"

RELAYS=8
RELAY=$(dirname "$0")/foreign_relay.py
mkdir "$KEPT/www"
head -c 3000000 /dev/urandom > "$KEPT/www/big"
head -c 2000 /dev/urandom > "$KEPT/www/small"
big=$(sum "$KEPT/www/big")
left_out=

installed() { # PROGRAM
    command -v "$1" > /dev/null && return
    left_out+=" $1"
    return 1
}

# synfin serve, with a capture that is judged when it ends.
serve_captured() { # ARGUMENT...
    start_serve --delay 2ms --msl 20ms --pcapng "$KEPT/capture" "$@"
}
judge_serve() { # NAME [EXPECTED]
    stop_serve
    judge_capture "$1" "$KEPT/capture" "$SYNFIN_V4" "$JUDGE_BUSY${2:+|$2}"
}

fetch_from_serve() {
    local base=http://$SYNFIN_V4:$PORT
    serve_captured "$KEPT/www"
    equal "curl: SHA-256" "$big" "$(curl -sS -m 20 "$base/big" | sha256sum | cut -d' ' -f1)"
    judge_serve curl
    if installed wget; then
        serve_captured "$KEPT/www"
        wget -q -T 20 -O "$KEPT/got" "$base/big"
        equal "wget: SHA-256" "$big" "$(sum "$KEPT/got")"
        wget -q -T 20 -r -nH -P "$KEPT/mirror" "$base/"
        equal "wget: a mirror's SHA-256" "$big" "$(sum "$KEPT/mirror/big")"
        judge_serve wget
    fi
    if installed wrk; then
        # It leaves as it likes: what it has not read is reset.
        serve_captured "$KEPT/www"
        wrk -t 1 -c 8 -d 1s "$base/small" > "$KEPT/wrk" 2>&1
        holds "wrk: requests" grep -q '^Requests/sec' "$KEPT/wrk"
        equal "wrk: errors" "" "$(grep -E 'Socket errors|Non-2xx' "$KEPT/wrk")"
        judge_serve wrk "$JUDGE_RESET"
    fi
    if installed nc; then
        serve_captured --echo
        nc -N -w 20 "$SYNFIN_V4" "$PORT" < "$KEPT/www/big" > "$KEPT/got"
        equal "nc: echoed SHA-256" "$big" "$(sum "$KEPT/got")"
        judge_serve nc "$JUDGE_SHUT"
    fi
}

# Devices for the relay: the kernel's end of each.
make_relays() {
    local n
    for n in $(seq 0 $((RELAYS - 1))); do
        ip tuntap add mode tun name "relay$n"
        sysctl -q -w "net.ipv6.conf.relay$n.disable_ipv6=1" 2> /dev/null
        ip link set "relay$n" up
        ip addr add "10.9.$n.1/30" dev "relay$n"
    done
}

# What connects to port LISTENED is connected to PORT by synfin.
start_relay() { # NAME LISTENED PORT [CAPTURED]
    local captures=$KEPT/$1.captures
    mkdir "$captures"
    : > "$KEPT/relay"
    python3 "$RELAY" "$2" "$3" "$RELAYS" "$SYNFIN" connect --delay 2ms \
        --pcapng "$captures/%d" > "$KEPT/relay" 2>&1 &
    RELAY_JOB=$!
    await_output "$KEPT/relay" listening
}
stop_relay() { # NAME [EXPECTED [COMPLAINT]]
    sleep 0.3 # the last ones end
    kill "$RELAY_JOB"
    wait "$RELAY_JOB" 2> /dev/null
    equal "$1: synfin connect complains" "" "$(grep -vE "^listening$|${3-^$}" "$KEPT/relay")"
    mergecap -w "$KEPT/capture" "$KEPT/$1.captures"/*
    judge_capture "$1" "$KEPT/capture" '10[.]9[.][0-9]+[.]2' "$JUDGE_BUSY${2:+|$2}"
}

await_octets() { # FILE OCTETS: until it has more
    for _ in $(seq 200); do
        if [ "$(stat -c %s "$1")" -gt "$2" ]; then
            break
        fi
        sleep 0.05
    done
}

behind_nginx() {
    installed nginx || return
    cat > "$KEPT/nginx.conf" << C
daemon off;
master_process off;
pid $KEPT/nginx.pid;
error_log $KEPT/nginx.log;
events { }
http {
    access_log off;
    client_body_temp_path $KEPT;
    proxy_temp_path $KEPT;
    fastcgi_temp_path $KEPT;
    uwsgi_temp_path $KEPT;
    scgi_temp_path $KEPT;
    server { listen 8081; root $KEPT/www; }
}
C
    chmod 755 "$KEPT" "$KEPT/www"
    nginx -c "$KEPT/nginx.conf" > /dev/null 2>&1 &
    await_output "$KEPT/nginx.pid"
    sleep 0.2
    # It takes a client that has ended its direction for one that has gone.
    : > "$KEPT/got"
    # shellcheck disable=SC2094  # only its size is looked at
    (printf 'GET /big HTTP/1.0\r\n\r\n' && await_octets "$KEPT/got" 3000000) |
        connect "$KERNEL_V4" 8081 --pcapng "$KEPT/capture" > "$KEPT/got"
    equal "nginx, by hand: SHA-256" "$big" \
        "$(tail -c 3000000 "$KEPT/got" | sha256sum | cut -d' ' -f1)"
    judge_capture "nginx, by hand" "$KEPT/capture" "$SYNFIN_V4" "$JUDGE_BUSY"
    start_relay nginx 9081 8081
    equal "nginx and curl: SHA-256" "$big" \
        "$(curl -sS -m 20 http://127.0.0.1:9081/big | sha256sum | cut -d' ' -f1)"
    if installed wrk; then
        wrk -t 1 -c 4 -d 1s http://127.0.0.1:9081/small > "$KEPT/wrk" 2>&1
        equal "nginx and wrk: errors" "" "$(grep -E 'Socket errors|Non-2xx' "$KEPT/wrk")"
    fi
    stop_relay nginx "$JUDGE_RESET"
}

# Debian's redis-tools hold the server too: the checker of its files is the same program by another
# name.
behind_redis() {
    installed redis-check-rdb && installed redis-benchmark || return
    (exec -a redis-server redis-check-rdb --port 6379 --protected-mode no --save '' \
        --dir "$KEPT" > "$KEPT/redis" 2>&1) &
    await_output "$KEPT/redis" Ready
    start_relay redis 7379 6379
    redis-cli -p 7379 -x set big < "$KEPT/www/big" > "$KEPT/got"
    equal "redis: set" OK "$(cat "$KEPT/got")"
    redis-cli -p 7379 get big | head -c 3000000 > "$KEPT/got"
    equal "redis: SHA-256 of what was set" "$big" "$(sum "$KEPT/got")"
    redis-benchmark -p 7379 -c 4 -n 400 -t ping,set,get,lpush -q > "$KEPT/benchmark" 2>&1
    equal "redis-benchmark: status" 0 $?
    equal "redis-benchmark: all its tests" 5 \
        "$(tr '\r' '\n' < "$KEPT/benchmark" | grep -c 'requests per second')"
    redis-benchmark -p 7379 -c 4 -n 400 -P 16 -d 5000 -t set,get -q > "$KEPT/benchmark" 2>&1
    equal "redis-benchmark, pipelined: status" 0 $?
    stop_relay redis "$JUDGE_RESET|$JUDGE_SHUT"
}

behind_iperf3() {
    installed iperf3 || return
    : > "$KEPT/iperf3"
    iperf3 -s --forceflush > "$KEPT/iperf3" 2>&1 &
    await_output "$KEPT/iperf3" listening
    start_relay iperf3 6201 5201
    local flags
    # With -R its client reads until the data's connection ends before it ends its own direction.
    for flags in "" "-P 3" "-R"; do
        # shellcheck disable=SC2086  # words on purpose
        timeout 30 iperf3 -c 127.0.0.1 -p 6201 -t 1 -b 50M -J $flags > "$KEPT/got"
        equal "iperf3 $flags: status" 0 $?
        between "iperf3 $flags: octets that arrived" 100000 1000000000 "$(python3 -c '
import json, sys
print(json.load(open(sys.argv[1]))["end"]["sum_received"]["bytes"])' "$KEPT/got")"
    done
    # Its ends leave unread what is still under way when the time is over: the server resets, and to
    # the client's relay nobody listens. On a busy machine that is late enough to be summed up.
    stop_relay iperf3 "$JUDGE_RESET|$JUDGE_SHUT" \
        "a valid reset arrived|standard output: Broken pipe|status 1: .* again, in [0-9.]{1,5} s"
}

make_link tun link0
fetch_from_serve
make_relays
behind_nginx
behind_redis
behind_iperf3
between "packets that went again, of $PACKETS_JUDGED" 0 $((PACKETS_JUDGED / 20)) "$PACKETS_AGAIN"
echo "$PACKETS_JUDGED packets judged, $PACKETS_AGAIN of them sent again"
echo "not installed: ${left_out:-nothing}"
finish
