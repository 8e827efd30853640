# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# tshark as the judge of a capture: nothing malformed, every checksum right, each segment of ours
# with its reason, and of tshark's findings about TCP only those that the test expects. Sourced
# behind netns.sh.

# What every connection has. Severities do not matter: a finding is allowed or it is not.
JUDGE_ALWAYS='^(Connection (establish|finish)|This frame (undergoes|initiates) the connection clos'
JUDGE_ALWAYS+='|TCP window update)'
# What a lossy path brings, as the receiver, the sender and the capture in the middle see it.
# shellcheck disable=SC2034  # for who sources this
JUDGE_LOSS='retransmission|Duplicate ACK|Previous segment|out-of-order|common at capture'
# shellcheck disable=SC2034  # for who sources this
JUDGE_SHUT='Zero Window|ZeroWindow|zero window|keep-alive|completely full'
# tshark takes a window probe for a keep-alive, and so its octet for one that was never sent.
JUDGE_SHUT+='|common at capture'
# Round trips between programs of one machine take less than until the other one runs: both ends
# probe for a tail that was not lost, and a device's queue may be full.
# shellcheck disable=SC2034  # for who sources this
JUDGE_BUSY='retransmission|D-SACK|Duplicate ACK|out-of-order|Previous segment'
# shellcheck disable=SC2034  # for who sources this
JUDGE_RESET='Connection reset'

# One line for each packet.
judge_fields() { # FILE
    dissect "$1" -T fields -E separator=/t \
        -E aggregator='|' -e frame.number -e ip.src -e ipv6.src -e ip.checksum.status \
        -e tcp.checksum.status -e tcp.checksum.ffff -e _ws.malformed -e tcp.srcport \
        -e frame.comment -e _ws.expert.message
}

# Judges a capture; OURS is the address of synfin, as a regular expression. Findings that match the
# last argument are expected. Counts its segments in PACKETS_JUDGED, and those that went again in
# PACKETS_AGAIN.
PACKETS_JUDGED=0 PACKETS_AGAIN=0
judge_capture() { # NAME FILE OURS [EXPECTED]
    local said segments again
    said=$(judge_fields "$2" | awk -F'\t' -v ours="$3" -v always="$JUDGE_ALWAYS" -v more="${4-}" '
        { source = $2 $3; is_ours = source ~ "^" ours "$"; segments += $8 != "" }
        # Linux writes a checksum of 0 as 0xffff, which adds up just as well.
        $4 ~ /0/ { print "packet " $1 ": wrong IP checksum" }
        $5 ~ /0/ && ($6 == "" || is_ours) { print "packet " $1 ": wrong TCP checksum" }
        $7 != "" { print "packet " $1 ": malformed" }
        is_ours && $8 != "" && $9 == "" { print "packet " $1 ": ours, and without reason" }
        $10 ~ /retransmission/ { again++ }
        {
            n = split($10, finding, "|")
            for (i = 1; i <= n; i++) {
                if (finding[i] == $9 || finding[i] ~ always || finding[i] ~ /0xffff/) continue
                if (more == "" || finding[i] !~ more)
                    print "packet " $1 " from " source ": " finding[i]
            }
        }
        END { if (segments == 0) print "no segments"; print "judged", segments + 0, again + 0 }')
    read -r _ segments again < <(grep '^judged' <<< "$said")
    PACKETS_JUDGED=$((PACKETS_JUDGED + segments)) PACKETS_AGAIN=$((PACKETS_AGAIN + again))
    equal "$1: tshark's judgement" "" "$(grep -v '^judged' <<< "$said" | head -n 5)"
}
