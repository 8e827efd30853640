// SPDX-License-Identifier: MIT
//
// A device that only counts: it takes as many packets as the test allows, remembers the first
// octet of each, and gives what the test has put into it.
#ifndef SYNFIN_TESTS_FAKE_DEVICE_H
#define SYNFIN_TESTS_FAKE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/device.h>

enum { FAKE_DEVICE_SENT_MAX = 4096 };

struct fake_device {
    struct synfin_device device;
    uint32_t room; // packets it still takes
    uint32_t sent;
    uint8_t first_octet[FAKE_DEVICE_SENT_MAX];
    uint8_t last_octet[FAKE_DEVICE_SENT_MAX];
    uint32_t waiting;     // packets that receive gives
    uint64_t deadline_ns; // what next_deadline answers
    uint32_t destroyed;
};

void fake_device_init(struct fake_device *fake);

#endif
