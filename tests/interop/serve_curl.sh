#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The kernel's curl fetches from synfin serve, over IPv4 and IPv6, on TUN and on TAP; and what HTTP
# asks of a server of files.
# shellcheck source=tests/interop/netns.sh
. "$(dirname "$0")/netns.sh"
LIMIT=120 enter_namespace "$0" "$@"

www=$KEPT/www
mkdir -p "$www/dir/inner" "$www/index"
head -c 8000000 /dev/urandom > "$www/big.bin"
printf '0123456789' > "$www/ten.txt"
echo hello > "$www/hello.html"
echo index > "$www/index/index.html"
echo odd > "$www/dir/a b%c&<d>.txt"
echo secret > "$KEPT/secret"
ln -s ../secret "$www/out"
ln -s ten.txt "$www/in"
: > "$www/empty"
big=$(sum "$www/big.bin")

get() { # PATH ARGUMENT...: the body
    curl -sS -m 10 --path-as-is "${@:2}" "$BASE$1" 2>&1
}
status() { # PATH ARGUMENT...
    curl -sS -m 10 --path-as-is -o /dev/null -w '%{http_code}' "${@:2}" "$BASE$1" 2>&1
}
field() { # NAME PATH ARGUMENT...
    curl -sS -m 10 -D - -o /dev/null "${@:3}" "$BASE$2" | tr -d '\r' | sed -n "s/^$1: //Ip"
}
raw() { # TEXT: what comes back for these octets until the server closes
    printf %b "$1" | python3 "$KERNEL_PEER" client raw "$SYNFIN_V4" "$PORT" | tr -d '\r'
}

bulk() {
    local host at
    for host in $SYNFIN_V4 "[$SYNFIN_V6]"; do
        at=http://$host:$PORT/big.bin
        curl -sS -m 20 -o "$KEPT/got" "$at"
        equal "$1 $host: SHA-256" "$big" "$(sum "$KEPT/got")"
        curl -sS -m 20 -o "$KEPT/got" --http1.0 "$at"
        equal "$1 $host: HTTP/1.0" "$big" "$(sum "$KEPT/got")"
        curl -sS -m 20 -Z --parallel-max 8 -o "$KEPT/got#1" "$at?[1-8]" 2> /dev/null
        equal "$1 $host: eight at once" "8 $big" \
            "$(sha256sum "$KEPT"/got[1-8] | cut -d' ' -f1 | uniq -c | sed 's/^ *//')"
        rm -f "$KEPT"/got*
    done
}

files() {
    equal "a file" 0123456789 "$(get /ten.txt)"
    equal "a link inside" 0123456789 "$(get /in)"
    equal "an empty file" 200 "$(status /empty)"
    equal "HEAD" 10 "$(field Content-Length /ten.txt -I)"
    equal "content type" "text/html; charset=utf-8" "$(field Content-Type /hello.html)"
    equal "a name with escapes" odd "$(get '/dir/a%20b%25c%26%3Cd%3E.txt')"
    equal "a query" 0123456789 "$(get '/ten.txt?x=/../y')"
    equal "index.html" index "$(get /index/)"
    equal "a directory moves" "/dir/" "$(field Location /dir)"
    contains "a listing" '<a href="./a%20b%25c%26%3Cd%3E.txt">a b%c&amp;&lt;d&gt;.txt</a>' \
        "$(get /dir/)"
    contains "a listing's folder" '<a href="./inner/">inner/</a>' "$(get /dir/)"
    equal "not there" 404 "$(status /nothing)"
    equal "a file is no directory" 404 "$(status /ten.txt/)"
    equal "a link outside" 403 "$(status /out)"
    equal "dots outside" 403 "$(status /../secret)"
    equal "escaped dots outside" 403 "$(status /%2e%2e/secret)"
    equal "dots inside" 0123456789 "$(get /dir/../ten.txt)"
    equal "a NUL" 400 "$(status /ten%00.txt)"
    equal "half an escape" 400 "$(status /ten%4)"
}

ranges() {
    local tag date
    equal "first octets" 012 "$(get /ten.txt -r 0-2)"
    equal "last octets" 789 "$(get /ten.txt -r -3)"
    equal "from there on" 56789 "$(get /ten.txt -r 5-)"
    equal "beyond the end" 89 "$(get /ten.txt -r 8-99)"
    equal "206" 206 "$(status /ten.txt -r 0-0)"
    equal "Content-Range" "bytes 2-4/10" "$(field Content-Range /ten.txt -r 2-4)"
    equal "416" 416 "$(status /ten.txt -r 10-)"
    equal "416 says how long" "bytes */10" "$(field Content-Range /ten.txt -r 10-)"
    equal "a wrong range is ignored" 200 "$(status /ten.txt -H 'Range: bytes=4-2')"
    equal "another unit is ignored" 200 "$(status /ten.txt -H 'Range: lines=1-2')"
    equal "several give the whole" 0123456789 "$(get /ten.txt -r 0-1,4-5)"
    curl -sS -m 10 -o "$KEPT/part" -r 0-3999999 "$BASE/big.bin"
    curl -sS -m 10 -o "$KEPT/part" -C - "$BASE/big.bin"
    equal "resumed" "$big" "$(sum "$KEPT/part")"
    tag=$(field ETag /ten.txt) date=$(field Last-Modified /ten.txt)
    equal "If-None-Match" 304 "$(status /ten.txt -H "If-None-Match: \"x\", $tag")"
    equal "If-None-Match of another" 200 "$(status /ten.txt -H 'If-None-Match: "x"')"
    equal "If-None-Match beats the date" 200 \
        "$(status /ten.txt -H 'If-None-Match: "x"' -H "If-Modified-Since: $date")"
    equal "If-Modified-Since" 304 "$(status /ten.txt -H "If-Modified-Since: $date")"
    equal "If-Modified-Since long ago" 200 \
        "$(status /ten.txt -H 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT')"
    equal "If-Match of another" 412 "$(status /ten.txt -H 'If-Match: "x"')"
    equal "If-Range that holds" 206 "$(status /ten.txt -r 0-1 -H "If-Range: $tag")"
    equal "If-Range by date" 206 "$(status /ten.txt -r 0-1 -H "If-Range: $date")"
    equal "If-Range of another" 200 "$(status /ten.txt -r 0-1 -H 'If-Range: "x"')"
}

refusals() {
    local host='Host: x\r\n' long
    long=$(head -c 5000 /dev/zero | tr '\0' a)
    equal "POST" 405 "$(status /ten.txt -d x)"
    equal "POST says what is allowed" "GET, HEAD" "$(field Allow /ten.txt -d x)"
    equal "a method nobody knows" 501 "$(status /ten.txt -X BREW)"
    equal "a chunked body" 501 "$(status /ten.txt -X GET -H 'Transfer-Encoding: chunked' -d x)"
    contains "a target too long" "414" "$(raw "GET /$long HTTP/1.1\r\n$host\r\n")"
    contains "fields too large" "431" "$(raw "GET / HTTP/1.1\r\nX: $long\r\nY: $long\r\n$host\r\n")"
    contains "no version" "400" "$(raw 'GET /ten.txt\r\n\r\n')"
    contains "another version" "505" "$(raw "GET / HTTP/2.0\r\n$host\r\n")"
    contains "no host" "400" "$(raw 'GET / HTTP/1.1\r\n\r\n')"
    contains "two hosts" "400" "$(raw "GET / HTTP/1.1\r\n$host$host\r\n")"
    contains "a space before the colon" "400" "$(raw "GET / HTTP/1.1\r\nHost : x\r\n\r\n")"
    contains "a folded field" "400" "$(raw "GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n")"
    contains "two lengths" "400" \
        "$(raw "GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n")"
    contains "length and chunks" "400" \
        "$(raw "GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")"
    contains "a huge body" "413" \
        "$(raw "GET / HTTP/1.1\r\n${host}Content-Length: 99999999\r\n\r\n")"
}

connections() {
    local pipelined head='HTTP/1.1\r\nHost: x\r\n'
    equal "kept alive" "1 0 0" "$(curl -sS -m 10 -w '%{num_connects}\n' \
        "$BASE/ten.txt" "$BASE/in" "$BASE/empty" -o /dev/null -o /dev/null -o /dev/null |
        paste -sd' ')"
    pipelined=$(raw "GET /ten.txt $head\r\nHEAD /in $head\r\nGET /hello.html ${head}$(
        )Content-Length: 3\r\n\r\nabcGET /nothing ${head}Connection: close\r\n\r\n")
    equal "pipelined answers" "200 200 200 404" \
        "$(grep -o 'HTTP/1.1 [0-9]*' <<< "$pipelined" | cut -d' ' -f2 | paste -sd' ')"
    contains "in order" hello "$pipelined"
    contains "HTTP/1.0 ends" 0123456789 "$(raw 'GET /ten.txt HTTP/1.0\r\n\r\n')"
    contains "HTTP/1.0 kept alive" "Connection: keep-alive" \
        "$(raw 'GET /ten.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n')"
    contains "the absolute form" 0123456789 \
        "$(raw 'GET http://x/ten.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')"
    contains "lines that end in LF" 0123456789 \
        "$(raw '\nGET /ten.txt HTTP/1.1\nHost: x\nConnection: close\n\n')"
}

BASE=http://$SYNFIN_V4:$PORT
for kind in tun tap; do
    make_link $kind link0
    start_serve "$www"
    bulk $kind
    if [ $kind = tun ]; then
        files
        ranges
        refusals
        connections
    fi
    stop_serve
    remove_link link0
done
finish
