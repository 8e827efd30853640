// SPDX-License-Identifier: MIT
//
// A transfer's figures for programs; the manual page has the table of members.
#include "cli/lab_transfer_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli_figures.h"
#include "cli/lab_sum.h"

static void put_number(const char *name, uint64_t value)
{
    (void)printf(",\"%s\":%" PRIu64, name, value);
}

static void put_spread(const char *name, const struct cli_spread *spread)
{
    (void)printf(",\"%s\":{\"min\":%" PRIu64 ",\"mean\":%" PRIu64 ",\"median\":%" PRIu64
                 ",\"p95\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64 "}",
                 name, spread->least_ns, cli_spread_mean(spread), cli_spread_quantile(spread, 500),
                 cli_spread_quantile(spread, 950), cli_spread_quantile(spread, 990),
                 spread->greatest_ns);
}

// Counts by reason, as {"SEND_RACK":2}; those that never occurred are left out.
static void put_reasons(const char *name, const uint64_t count[SYNFIN_REASON_COUNT])
{
    const char *before = "";
    (void)printf(",\"%s\":{", name);
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        if (count[i] > 0) {
            (void)printf("%s\"%s\":%" PRIu64, before, synfin_reason_name((enum synfin_reason)i),
                         count[i]);
            before = ",";
        }
    }
    (void)putchar('}');
}

// What a flow and all of them together have in common.
static void put_sum(const struct lab_sum *sum)
{
    put_number("received", sum->received_bytes);
    (void)printf(",\"intact\":%s", sum->is_intact ? "true" : "false");
    put_number("segments", sum->segments);
    put_number("octets", sum->octets);
    put_number("acks", sum->acks);
    put_number("ack_octets", sum->ack_octets);
    put_number("lost", sum->lost);
    put_number("retransmitted", sum->again);
    put_number("retransmitted_bytes", sum->again_bytes);
    put_reasons("retransmitted_by", sum->again_by);
    put_number("spurious", sum->spurious);
    put_number("spurious_bytes", sum->spurious_bytes);
    put_number("timeouts", sum->timeouts);
    put_number("recoveries", sum->recoveries);
    put_number("undos", sum->undos);
    put_reasons("congestion_by", sum->congestion_by);
}

static void put_path(const struct lab_transfer_config *config)
{
    const struct synfin_link_config *link = config->link;
    (void)printf("{\"event\":\"path\",\"t_ns\":0,\"seed\":%" PRIu64, config->seed);
    put_number("delay_ns", link->delay_ns);
    put_number("jitter_ns", link->jitter_ns);
    put_number("rate_bps", link->rate_bps);
    put_number("queue_packets", link->queue_packets);
    put_number("police_bps", link->police_bps);
    put_number("police_bytes", link->police_bytes);
    put_number("mtu", link->mtu_bytes);
    put_number("loss_ppm", link->loss_ppm);
    put_number("duplicate_ppm", link->duplicate_ppm);
    put_number("reorder_ppm", link->reorder_ppm);
    put_number("reorder_ns", link->reorder_ns);
    put_number("reorder_jitter_ns", link->reorder_jitter_ns);
    put_number("corrupt_ppm", link->corrupt_ppm);
    put_number("burst_begin_ppm", link->burst_begin_ppm);
    put_number("burst_end_ppm", link->burst_end_ppm);
    put_number("burst_loss_ppm", link->burst_loss_ppm);
    (void)puts("}");
}

static void put_flow(const struct lab_flow *flow)
{
    char text[CLI_FIGURES_TEXT_MAX];
    struct lab_sum sum = {.is_intact = true};
    lab_sum_add(&sum, flow);
    uint64_t end_ns = flow->is_done ? flow->end_ns : flow->transfer->end_ns;
    (void)printf("{\"event\":\"flow\",\"t_ns\":%" PRIu64 ",\"flow\":%" PRIu32
                 ",\"congestion\":\"%s\",\"outcome\":\"%s\"",
                 end_ns, flow->number + 1, synfin_congestion_name(flow->congestion),
                 lab_sum_outcome(flow, text, sizeof text));
    put_number("start_ns", flow->start_ns);
    put_number("duration_ns", end_ns > flow->start_ns ? end_ns - flow->start_ns : 0);
    put_number("goodput_bps", lab_transfer_goodput(flow));
    put_number("received_together", flow->received_within);
    put_sum(&sum);
    put_spread("rtt_ns", &flow->oracle.rtt);
    put_number("srtt_ns", flow->last_info.srtt_ns);
    (void)printf(",\"cwnd\":{\"mean\":%" PRIu64 ",\"max\":%" PRIu32 ",\"last\":%" PRIu32 "}",
                 lab_sum_cwnd_mean(flow), flow->cwnd_bytes_max, flow->cwnd_bytes);
    (void)puts("}");
}

static void put_queue(const struct lab_transfer *transfer, const struct synfin_link_stats *link)
{
    put_spread("queue_ns", &transfer->waits);
    put_number("queue_packets_max", link->queue_packets_max);
    put_number("lost_random", link->lost_random);
    put_number("lost_queue", link->lost_queue);
    put_number("lost_policed", link->lost_policed);
    put_number("lost_targeted", link->lost_chosen);
    put_number("lost_mtu", link->lost_mtu);
    put_number("corrupted", link->corrupted);
    put_number("duplicated", link->duplicated);
    put_number("reordered", link->held_back);
    put_number("refused", lab_sum_refused(transfer));
}

void lab_transfer_json_write(const struct lab_transfer *transfer)
{
    struct lab_sum sum;
    struct synfin_link_stats link = {.size = sizeof link};
    uint64_t capacity_bps = lab_transfer_capacity(transfer);
    put_path(&transfer->config);
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        put_flow(&transfer->flow[i]);
    }
    lab_sum_all(&sum, transfer);
    synfin_link_stats(transfer->link, SYNFIN_LINK_A, &link);
    uint64_t goodput_bps = cli_figures_rate(sum.received_bytes, transfer->end_ns);
    (void)printf("{\"event\":\"transfer\",\"t_ns\":%" PRIu64, transfer->end_ns);
    put_number("flows", transfer->config.flows);
    put_number("duration_ns", transfer->end_ns);
    put_number("goodput_bps", goodput_bps);
    put_number("capacity_bps", capacity_bps);
    put_number("share_ppm", cli_figures_ppm(goodput_bps, capacity_bps));
    put_number("together_ns", transfer->all_ended_ns - transfer->all_began_ns);
    put_number("jain_ppm", lab_transfer_jain(transfer));
    put_sum(&sum);
    put_queue(transfer, &link);
    (void)puts("}");
}
