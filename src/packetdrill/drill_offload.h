// SPDX-License-Identifier: MIT
//
// Whether a script has turned segmentation offload off on the device that it believes to use.
#ifndef SYNFIN_DRILL_OFFLOAD_H
#define SYNFIN_DRILL_OFFLOAD_H

#include <stdbool.h>

// False too when there is no such device.
bool drill_offload_is_off(const char *device);

#endif
