// SPDX-License-Identifier: MIT
//
// The two ends of the wire, and time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill_state.h"
#include "packetdrill/packetdrill.h"

enum { US_PER_S = 1000000 };

// A script waits a few seconds at most beyond its own times for a packet; what has not come after
// this long of virtual time never will.
#define PATIENCE_US (UINT64_C(600) * US_PER_S)

// What nstat would print of these, for the one that scripts find instead of the kernel's.
static void tell_counters(const struct drill *drill)
{
    FILE *file = drill->stack != NULL ? drill_state_open("counters", "we") : NULL;
    if (file != NULL) {
        uint64_t count = synfin_stack_count(drill->stack, SYNFIN_REASON_DROP_ICMP_SEQUENCE);
        (void)fprintf(file, "TcpExtOutOfWindowIcmps %llu\n", (unsigned long long)count);
        (void)fclose(file);
    }
}

static int send_in(struct drill *drill, const void *packet, size_t bytes)
{
    int result = drill_input(drill, packet, bytes) ? 0 : -1;
    tell_counters(drill);
    return result;
}

int packetdrill_netdev_send(void *userdata, const void *packet, size_t bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    return drill_call_leave(drill, send_in(drill, packet, bytes));
}

// Lets time pass until the stack sends something; false when it never will.
static bool await_packet(struct drill *drill)
{
    uint64_t limit_us = drill->now_us + PATIENCE_US;
    drill_stack_pump(drill);
    while (drill->first == NULL) {
        uint64_t next_us = drill_clock_next(drill);
        if (next_us > limit_us) {
            return false;
        }
        drill_clock_advance(drill, next_us);
    }
    return true;
}

// packetdrill knows no end of waiting here: a packet of no octets is what makes the script fail.
int packetdrill_netdev_receive(void *userdata, void *packet, size_t *bytes, long long *time_us)
{
    struct drill *drill = drill_call_enter(userdata);
    size_t room = *bytes;
    *bytes = 0;
    *time_us = (long long)drill->now_us;
    if (await_packet(drill)) {
        struct drill_packet *next = drill_stack_take(drill);
        *bytes = next->bytes < room ? next->bytes : room;
        *time_us = (long long)next->sent_us;
        memcpy(packet, next->octet, *bytes);
        free(next);
    }
    return drill_call_leave(drill, 0);
}

// packetdrill lets its other thread in while it sleeps, and only then; that one needs real time.
static void let_in(struct drill *drill)
{
    pid_t thread = drill->returned;
    if (thread != 0) {
        drill->returned = 0;
        (void)pthread_mutex_unlock(&drill->lock);
        drill_clock_await_returned(thread);
        (void)pthread_mutex_lock(&drill->lock);
    }
}

int packetdrill_usleep(void *userdata, useconds_t us)
{
    struct drill *drill = drill_call_enter(userdata);
    let_in(drill);
    drill_clock_advance(drill, drill->now_us + us);
    return drill_call_leave(drill, 0);
}

int packetdrill_gettimeofday(void *userdata, struct timeval *time, struct timezone *zone)
{
    struct drill *drill = drill_call_enter(userdata);
    (void)zone;
    uint64_t now_us = drill_clock_read(drill);
    time->tv_sec = (time_t)(now_us / US_PER_S);
    time->tv_usec = (suseconds_t)(now_us % US_PER_S);
    (void)pthread_mutex_unlock(&drill->lock);
    return 0;
}
