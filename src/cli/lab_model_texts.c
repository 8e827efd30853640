// SPDX-License-Identifier: MIT
//
// The counterexamples that scenarios tell of, so that the command needs no files: the text under
// models/counterexamples without the columns' padding. tests/golden/lab.sh holds the two together.
#include "cli/lab_model.h"

#include <string.h>

static const struct {
    const char *control, *text;
} texts[] = {
    {"two-way-handshake",
     "control: two-way-handshake\n"
     "without: the third segment: a server is ESTABLISHED on a SYN\n"
     "fails: P4: nothing of an earlier incarnation, or of a stranger, is accepted\n"
     "model: handshake.pml TWO_WAY OLD=1 FAULTS=0\n"
     "\n"
     "step|host|event|segment|fate|A|B\n"
     "1|A|old|#1 SYN seq=60 life=0|delivered at 4|CLOSED|CLOSED\n"
     "2|B|listen|||CLOSED|LISTEN\n"
     "3|A|open|||SYN-SENT|LISTEN\n"
     "3|A|write|1 octet||SYN-SENT|LISTEN\n"
     "3|A|send|#2 SYN seq=10 life=1|in flight|SYN-SENT|LISTEN\n"
     "4|B|receive|#1 SYN seq=60 life=0||SYN-SENT|ESTABLISHED\n"
     "4|B|write|1 octet||SYN-SENT|ESTABLISHED\n"},
    {"two-way-deaf-client",
     "control: two-way-deaf-client\n"
     "without: the third segment: a server is ESTABLISHED on a SYN\n"
     "fails: P3: who is ESTABLISHED knows the number of its peer, and was heard by it\n"
     "model: handshake.pml TWO_WAY FAULTS=1\n"
     "\n"
     "step|host|event|segment|fate|A|B\n"
     "1|B|listen|||CLOSED|LISTEN\n"
     "2|A|open|||SYN-SENT|LISTEN\n"
     "2|A|write|1 octet||SYN-SENT|LISTEN\n"
     "2|A|send|#1 SYN seq=10 life=1|delivered at 3|SYN-SENT|LISTEN\n"
     "3|B|receive|#1 SYN seq=10 life=1||SYN-SENT|ESTABLISHED\n"
     "3|B|write|1 octet||SYN-SENT|ESTABLISHED\n"
     "3|B|send|#2 SYN+ACK seq=10 ack=11 life=1|lost at 4|SYN-SENT|ESTABLISHED\n"
     "4|-|lose|#2 SYN+ACK seq=10 ack=11 life=1||SYN-SENT|ESTABLISHED\n"},
    {"close-without-waiting",
     "control: close-without-waiting\n"
     "without: the fourth segment: a FIN is answered by a FIN at once, and both are CLOSED\n"
     "fails: P5: an end of file means that every octet came\n"
     "model: close.pml CLOSE_WITHOUT_WAITING FAULTS=0\n"
     "\n"
     "step|host|event|segment|fate|A|B\n"
     "1|A|write|1 octet||ESTABLISHED|ESTABLISHED\n"
     "1|B|write|2 octets||ESTABLISHED|ESTABLISHED\n"
     "2|A|send|#1 ACK seq=11 ack=31 octet=1 life=1|delivered at 3|ESTABLISHED|ESTABLISHED\n"
     "3|B|receive|#1 ACK seq=11 ack=31 octet=1 life=1||ESTABLISHED|ESTABLISHED\n"
     "3|B|send|#2 ACK seq=31 ack=12 life=1|in flight|ESTABLISHED|ESTABLISHED\n"
     "4|A|close|||FIN-WAIT-1|ESTABLISHED\n"
     "5|A|send|#3 FIN+ACK seq=12 ack=31 life=1|delivered at 6|FIN-WAIT-1|ESTABLISHED\n"
     "6|B|receive|#3 FIN+ACK seq=12 ack=31 life=1||FIN-WAIT-1|CLOSED\n"
     "6|B|end-of-file|after 1 octet||FIN-WAIT-1|CLOSED\n"
     "6|B|send|#4 FIN+ACK seq=31 ack=13 life=1|delivered at 7|FIN-WAIT-1|CLOSED\n"
     "7|A|receive|#4 FIN+ACK seq=31 ack=13 life=1||FIN-WAIT-2|CLOSED\n"
     "7|A|end-of-file|after 0 octets||FIN-WAIT-2|CLOSED\n"},
};

const char *lab_model_texts_find(const char *control)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].control, control) == 0) {
            return texts[i].text;
        }
    }
    return NULL;
}
