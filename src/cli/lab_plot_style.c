// SPDX-License-Identifier: MIT
//
// The colours of a plot: two sets, of which the reader's page chooses. No script, no font and no
// picture from elsewhere.
#include "cli/lab_plot_internal.h"

#define LIGHT                                                                                   \
    ".page{fill:#ffffff}.panel{fill:#fafbfc}text{fill:#4b5563}.title{fill:#111827}"             \
    ".frame{stroke:#c3cad5}.grid{stroke:#e5e9ef}"                                               \
    ".sent{stroke:#3b82f6}.again{stroke:#ea7a0c}.needless{stroke:#c026d3}"                      \
    ".lost,.full,.chosen{stroke:#dc2626}.full{stroke:#7f1d1d}.chosen{stroke:#be185d}"           \
    ".acked{stroke:#15803d}.sacked{stroke:#0d9488}.edge{stroke:#9aa3b1}"                        \
    ".cwnd{stroke:#2563eb}.ssthresh{stroke:#9333ea}.flight{fill:#93c5fd}.level{stroke:#6b7280}" \
    ".pacing{stroke:#ea7a0c}.rate{stroke:#15803d}.rtt{stroke:#be185d}.wait{fill:#c4b5fd}"       \
    ".band{fill:#fecaca}.cut{fill:#dc2626}.timeout{fill:#111827}.undo{fill:#15803d}"            \
    ".mark{fill:#ea7a0c}.other{fill:#9333ea}"                                                   \
    ".f0{stroke:#2563eb}.f1{stroke:#ea7a0c}.f2{stroke:#15803d}.f3{stroke:#be185d}"              \
    ".f4{stroke:#9333ea}.f5{stroke:#0d9488}.f6{stroke:#854d0e}.f7{stroke:#475569}"

#define DARK                                                                                    \
    ".page{fill:#0d1117}.panel{fill:#12181f}text{fill:#a3afbd}.title{fill:#f0f3f6}"             \
    ".frame{stroke:#3b4552}.grid{stroke:#212932}"                                               \
    ".sent{stroke:#60a5fa}.again{stroke:#fb923c}.needless{stroke:#e879f9}"                      \
    ".lost,.full,.chosen{stroke:#f87171}.full{stroke:#fca5a5}.chosen{stroke:#f472b6}"           \
    ".acked{stroke:#4ade80}.sacked{stroke:#2dd4bf}.edge{stroke:#76818f}"                        \
    ".cwnd{stroke:#60a5fa}.ssthresh{stroke:#c084fc}.flight{fill:#1e3a5f}.level{stroke:#8b96a5}" \
    ".pacing{stroke:#fb923c}.rate{stroke:#4ade80}.rtt{stroke:#f472b6}.wait{fill:#4c3f80}"       \
    ".band{fill:#7f1d1d}.cut{fill:#f87171}.timeout{fill:#f0f3f6}.undo{fill:#4ade80}"            \
    ".mark{fill:#fb923c}.other{fill:#c084fc}"                                                   \
    ".f0{stroke:#60a5fa}.f1{stroke:#fb923c}.f2{stroke:#4ade80}.f3{stroke:#f472b6}"              \
    ".f4{stroke:#c084fc}.f5{stroke:#2dd4bf}.f6{stroke:#fcd34d}.f7{stroke:#94a3b8}"

const char lab_plot_style[] =
    "<style>\n"
    "text{font:11px system-ui,sans-serif}.title{font-size:15px;font-weight:600}\n"
    ".name{font-size:12px;font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}\n"
    "path{fill:none;stroke-width:1.4;stroke-linejoin:round}\n"
    ".grid,.frame{stroke-width:1}.sent{stroke-width:1.2;stroke-linecap:round}\n"
    ".again,.needless{stroke-width:2.4;stroke-linecap:round}\n"
    ".lost,.full,.chosen{stroke-width:1.3}.edge,.level,.ssthresh{stroke-dasharray:5 3}\n"
    ".cwnd{stroke-width:1.8}.flight,.wait{stroke:none}\n"
    ".band{opacity:.28}.cut,.timeout,.undo,.mark,.other{stroke:none}\n" LIGHT
    "\n@media (prefers-color-scheme:dark){" DARK "}\n</style>\n";
