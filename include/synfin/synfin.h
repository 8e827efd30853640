// SPDX-License-Identifier: MIT
//
// Everything that any embedder of the pure core needs. Programs on Linux also include
// synfin/host.h; those that draw or emulate include synfin/ladder.h and synfin/link.h.
#ifndef SYNFIN_SYNFIN_H
#define SYNFIN_SYNFIN_H

#include <synfin/addr.h>
#include <synfin/config.h>
#include <synfin/congestion.h>
#include <synfin/error.h>
#include <synfin/info.h>
#include <synfin/packet.h>
#include <synfin/reason.h>
#include <synfin/socket.h>
#include <synfin/stack.h>
#include <synfin/trace.h>

#endif
