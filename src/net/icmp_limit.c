// SPDX-License-Identifier: MIT
//
// How many messages others can make us send: token buckets in time, so that one addition serves
// both refill and limit (RFC 4443 §2.4 (f), RFC 1812 §4.3.2.8).
#include "net/net_internal.h"

// Errors: 100 per second, 20 at once. Echo replies: 1000 per second, 100 at once.
#define ERROR_INTERVAL_NS (NS_PER_S / 100)
#define ERROR_BURST_NS    (20 * ERROR_INTERVAL_NS)
#define ECHO_INTERVAL_NS  (NS_PER_S / 1000)
#define ECHO_BURST_NS     (100 * ECHO_INTERVAL_NS)

void icmp_limit_init(struct net *net, uint64_t now_ns)
{
    net->error_bucket = (struct icmp_bucket){.credit_ns = ERROR_BURST_NS, .last_ns = now_ns};
    net->echo_bucket = (struct icmp_bucket){.credit_ns = ECHO_BURST_NS, .last_ns = now_ns};
}

static bool take(struct icmp_bucket *bucket, uint64_t interval_ns, uint64_t burst_ns,
                 uint64_t now_ns)
{
    uint64_t age_ns = deadline_age(bucket->last_ns, now_ns);
    bucket->credit_ns = deadline_min(deadline_after(bucket->credit_ns, age_ns), burst_ns);
    bucket->last_ns = deadline_max(bucket->last_ns, now_ns);
    if (bucket->credit_ns < interval_ns) {
        return false;
    }
    bucket->credit_ns -= interval_ns;
    return true;
}

bool icmp_limit_error(struct net *net, uint64_t now_ns)
{
    return take(&net->error_bucket, ERROR_INTERVAL_NS, ERROR_BURST_NS, now_ns);
}

bool icmp_limit_echo(struct net *net, uint64_t now_ns)
{
    return take(&net->echo_bucket, ECHO_INTERVAL_NS, ECHO_BURST_NS, now_ns);
}
