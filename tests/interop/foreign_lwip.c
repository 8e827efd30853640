// SPDX-License-Identifier: MIT
//
// lwIP as the peer, in virtual time: it connects and is connected to, over IPv4 and IPv6, on whole
// and on lossy paths, and each way for a connection to end. Its timers are called by hand, every
// 250 ms as its documentation asks.
#include <stdlib.h>
#include <string.h>

#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>

#include "foreign.h"
#include "lib/test_cmocka.h"

#define TICK_NS (TCP_TMR_INTERVAL * FOREIGN_MS)

enum { OCTETS = 2000000, CHUNK_BYTES = 4096, LOSS_STEPS = 3 };

struct lwip_end {
    struct foreign *foreign;
    struct tcp_pcb *listener, *pcb;
    struct foreign_user user;
    uint64_t tick_ns;
    uint32_t unread_bytes; // taken, and not yet told to lwIP as read
};

static struct netif iface;
static struct lwip_end lwip;
static struct foreign run;

static err_t send_out(struct pbuf *packet)
{
    uint8_t octets[FOREIGN_PACKET_MAX];
    u16_t bytes = pbuf_copy_partial(packet, octets, sizeof octets, 0);
    assert_int_equal(bytes, packet->tot_len);
    foreign_send(lwip.foreign, octets, bytes);
    return ERR_OK;
}

static err_t send_ip4(struct netif *netif, struct pbuf *packet, const ip4_addr_t *next)
{
    (void)netif;
    (void)next;
    return send_out(packet);
}

static err_t send_ip6(struct netif *netif, struct pbuf *packet, const ip6_addr_t *next)
{
    (void)netif;
    (void)next;
    return send_out(packet);
}

static err_t init_iface(struct netif *netif)
{
    netif->mtu = 1500;
    netif->output = send_ip4;
    netif->output_ip6 = send_ip6;
    netif->name[0] = netif->name[1] = 'f';
    return ERR_OK;
}

static void input(void *ctx, const uint8_t *octets, uint32_t bytes)
{
    (void)ctx;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_RAM);
    assert_non_null(packet);
    assert_int_equal(pbuf_take(packet, octets, (u16_t)bytes), ERR_OK);
    (void)iface.input(packet, &iface);
}

static err_t on_data(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
    (void)arg;
    (void)pcb;
    assert_int_equal(err, ERR_OK);
    if (data == NULL) {
        lwip.user.has_end = true;
        return ERR_OK;
    }
    for (struct pbuf *part = data; part != NULL; part = part->next) {
        foreign_take(&lwip.user, part->payload, part->len);
    }
    lwip.unread_bytes += data->tot_len;
    (void)pbuf_free(data);
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    (void)arg;
    lwip.pcb = NULL;       // lwIP has freed it
    if (err != ERR_CLSD) { // in order
        lwip.user.error = err == ERR_RST ? SYNFIN_ERROR_RESET : SYNFIN_ERROR_TIMED_OUT;
    }
}

static void adopt(struct tcp_pcb *pcb)
{
    lwip.pcb = pcb;
    tcp_recv(pcb, on_data);
    tcp_err(pcb, on_error);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    assert_int_equal(err, ERR_OK);
    adopt(pcb);
    lwip.user.is_open = true;
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    lwip.user.is_open = err == ERR_OK;
    return ERR_OK;
}

static bool write_some(void)
{
    uint8_t octets[CHUNK_BYTES];
    uint32_t room = tcp_sndbuf(lwip.pcb);
    uint32_t bytes = foreign_fill(&lwip.user, octets, room < sizeof octets ? room : sizeof octets);
    if (bytes > 0 && tcp_write(lwip.pcb, octets, (u16_t)bytes, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        foreign_unsend(&lwip.user, bytes); // its queue of segments is full
        return false;
    }
    if (bytes > 0) {
        (void)tcp_output(lwip.pcb);
    }
    return bytes > 0;
}

static bool read_some(void)
{
    uint32_t bytes = lwip.unread_bytes < UINT16_MAX ? lwip.unread_bytes : UINT16_MAX;
    if (bytes == 0 || lwip.user.reads_nothing) {
        return false;
    }
    lwip.unread_bytes -= bytes;
    tcp_recved(lwip.pcb, (u16_t)bytes);
    return true;
}

static bool work(void *ctx, uint64_t now_ns)
{
    (void)ctx;
    if (now_ns >= lwip.tick_ns) {
        lwip.tick_ns += TICK_NS;
        tcp_tmr();
    }
    if (!lwip.user.is_open || lwip.pcb == NULL) {
        return false;
    }
    bool has_moved = read_some();
    has_moved = write_some() || has_moved;
    if (foreign_wants_to_shut(&lwip.user)) {
        lwip.user.has_shut = tcp_shutdown(lwip.pcb, 0, 1) == ERR_OK;
        has_moved = true;
    }
    return has_moved;
}

static uint64_t next_deadline(const void *ctx, uint64_t now_ns)
{
    (void)ctx;
    (void)now_ns;
    return lwip.tick_ns;
}

static const struct foreign_ops ops = {input, work, next_deadline};

static int set_up(void **state)
{
    (void)state;
    ip4_addr_t addr, mask, gateway;
    lwip_init();
    IP4_ADDR(&addr, 192, 0, 2, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 192, 0, 2, 1);
    assert_non_null(netif_add(&iface, &addr, &mask, &gateway, NULL, init_iface, ip_input));
    netif_set_default(&iface);
    netif_set_up(&iface);
    netif_set_link_up(&iface);
    ip_addr_t addr6;
    assert_int_equal(ipaddr_aton("2001:db8::2", &addr6), 1);
    netif_ip6_addr_set(&iface, 1, ip_2_ip6(&addr6));
    netif_ip6_addr_set_state(&iface, 1, IP6_ADDR_PREFERRED);
    return 0;
}

static void begin(const char *name, uint32_t number, uint32_t loss_ppm)
{
    char numbered[64];
    (void)snprintf(numbered, sizeof numbered, "lwip-%s-%u", name, number);
    struct foreign_config config = {
        .name = numbered,
        .addr = {"192.0.2.1/24", "2001:db8::1/64"},
        .loss_ppm = loss_ppm,
        .seed = 1,
        .ops = &ops,
    };
    memset(&lwip, 0, sizeof lwip);
    foreign_begin(&run, &config);
    srand((unsigned)run.config.seed); // lwIP's ports
    lwip.foreign = &run;
    lwip.tick_ns = run.now_ns;
    lwip.user.number = 1;
}

// Nothing of it is left over for the next run.
static void end(void)
{
    if (lwip.pcb != NULL) {
        tcp_err(lwip.pcb, NULL);
        tcp_abort(lwip.pcb);
    }
    if (lwip.listener != NULL) {
        (void)tcp_close(lwip.listener);
    }
    while (tcp_tw_pcbs != NULL) {
        struct tcp_pcb *pcb = tcp_tw_pcbs;
        tcp_abort(pcb);
    }
    foreign_end(&run);
}

static void lwip_connect(uint32_t version)
{
    ip_addr_t addr;
    foreign_listen(&run, version);
    assert_int_equal(ipaddr_aton(version == 4 ? "192.0.2.1" : "2001:db8::1", &addr), 1);
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    assert_non_null(pcb);
    adopt(pcb);
    assert_int_equal(tcp_connect(pcb, &addr, FOREIGN_PORT, on_connected), ERR_OK);
}

static void lwip_listen(void)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    assert_non_null(pcb);
    assert_int_equal(tcp_bind(pcb, IP_ANY_TYPE, FOREIGN_PORT), ERR_OK);
    lwip.listener = tcp_listen(pcb);
    assert_non_null(lwip.listener);
    tcp_accept(lwip.listener, on_accept);
}

static void open_pair(bool is_lwip_client, uint32_t version)
{
    if (is_lwip_client) {
        lwip_connect(version);
    } else {
        lwip_listen();
        foreign_connect(&run, version == 4 ? "192.0.2.2" : "2001:db8::2", FOREIGN_PORT);
    }
}

static bool both_done(const struct foreign *foreign)
{
    return foreign_is_done(&foreign->user) && foreign_is_done(&lwip.user);
}
static bool both_open(const struct foreign *foreign)
{
    return foreign->user.is_open && lwip.user.is_open;
}
static bool ours_has_error(const struct foreign *foreign)
{
    return foreign->user.error != SYNFIN_ERROR_OK;
}
static bool lwip_has_error(const struct foreign *foreign)
{
    (void)foreign;
    return lwip.user.error != SYNFIN_ERROR_OK;
}

static void transfer(bool is_lwip_client, uint32_t version, uint32_t loss_percent)
{
    const char *name = is_lwip_client ? "connects" : "listens";
    begin(name, version * 10 + loss_percent, loss_percent * 10000);
    run.user.to_send = lwip.user.to_send = OCTETS;
    open_pair(is_lwip_client, version);
    if (!foreign_run_out(&run, both_done, 3600 * FOREIGN_S)) {
        fail_msg("%s: ours %llu and %llu, lwIP's %llu and %llu octets", name,
                 (unsigned long long)run.user.sent, (unsigned long long)run.user.received,
                 (unsigned long long)lwip.user.sent, (unsigned long long)lwip.user.received);
    }
    assert_int_equal(run.user.received, OCTETS);
    assert_int_equal(lwip.user.received, OCTETS);
    print_message("lwIP %s, IPv%u, %u %% lost: %u octets each way in %llu ms\n", name, version,
                  loss_percent, OCTETS,
                  (unsigned long long)((run.over_ns - FOREIGN_S) / FOREIGN_MS));
    end();
}

static void bulk_both_ways_arrives_intact(void **state)
{
    static const uint32_t loss_percent[LOSS_STEPS] = {0, 1, 5};
    (void)state;
    for (uint32_t i = 0; i < 4 * LOSS_STEPS; i++) {
        transfer(i % 2 == 0, i / 2 % 2 == 0 ? 4 : 6, loss_percent[i / 4]);
    }
}

// The one ends its direction at once and still hears all that the other has to say.
static void half_closed_connection_carries_the_other_way(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        begin("half-closed", i, 0);
        (i % 2 == 0 ? &lwip.user : &run.user)->to_send = 100000;
        open_pair(i / 2 == 0, 4);
        assert_true(foreign_run_out(&run, both_done, 60 * FOREIGN_S));
        assert_int_equal(run.user.received + lwip.user.received, 100000);
        end();
    }
}

static void open_idle(const char *name, bool is_lwip_client)
{
    begin(name, is_lwip_client, 0);
    run.user.keeps_open = lwip.user.keeps_open = true;
    open_pair(is_lwip_client, 4);
    assert_true(foreign_run(&run, both_open, 10 * FOREIGN_S));
}

static void reset_by_either_is_told_to_the_other(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        open_idle("resets", i == 0);
        struct tcp_pcb *pcb = lwip.pcb;
        lwip.pcb = NULL;
        tcp_err(pcb, NULL);
        tcp_abort(pcb);
        assert_true(foreign_run(&run, ours_has_error, 10 * FOREIGN_S));
        assert_int_equal(run.user.error, SYNFIN_ERROR_RESET);
        end();
        open_idle("is-reset", i == 0);
        synfin_socket_abort(run.stack, run.socket, run.now_ns);
        run.socket = 0;
        assert_true(foreign_run(&run, lwip_has_error, 10 * FOREIGN_S));
        assert_int_equal(lwip.user.error, SYNFIN_ERROR_RESET);
        end();
    }
}

static void port_without_listener_refuses(void **state)
{
    (void)state;
    begin("refuses", 0, 0);
    foreign_connect(&run, "192.0.2.2", FOREIGN_PORT);
    assert_true(foreign_run(&run, ours_has_error, 10 * FOREIGN_S));
    assert_int_equal(run.user.error, SYNFIN_ERROR_REFUSED);
    end();
    begin("is-refused", 0, 0);
    lwip_connect(4);
    synfin_socket_close(run.stack, run.listener, run.now_ns);
    assert_true(foreign_run(&run, lwip_has_error, 10 * FOREIGN_S));
    assert_int_equal(lwip.user.error, SYNFIN_ERROR_RESET);
    end();
}

static uint64_t opens_at_ns;
static bool is_time_to_read(const struct foreign *foreign)
{
    return foreign->now_ns >= opens_at_ns;
}

// A reader that sleeps for a minute shuts its window, and is asked until it wakes.
static void shut_window_opens_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct foreign_user *sleeper = i % 2 == 0 ? &lwip.user : &run.user;
        begin("shut-window", i, i / 2 == 0 ? 0 : 50000);
        run.user.to_send = lwip.user.to_send = 300000;
        sleeper->reads_nothing = true;
        open_pair(i / 2 == 0, 4);
        opens_at_ns = run.now_ns + 60 * FOREIGN_S;
        assert_true(foreign_run(&run, is_time_to_read, 120 * FOREIGN_S));
        sleeper->reads_nothing = false;
        assert_true(foreign_run_out(&run, both_done, 600 * FOREIGN_S));
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_both_ways_arrives_intact),
        cmocka_unit_test(half_closed_connection_carries_the_other_way),
        cmocka_unit_test(reset_by_either_is_told_to_the_other),
        cmocka_unit_test(port_without_listener_refuses),
        cmocka_unit_test(shut_window_opens_again),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
