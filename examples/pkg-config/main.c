// SPDX-License-Identifier: MIT
//
// The smallest user of an installed synfin: reads an address and says what it was.

#include <stdio.h>

#include <synfin/addr.h>
#include <synfin/error.h>

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "192.0.2.1";
    struct synfin_addr addr;
    enum synfin_error error = synfin_addr_parse(text, &addr);
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "%s: %s\n", text, synfin_error_text(error));
        return 1;
    }
    printf("%s is an IPv%d address\n", text, synfin_addr_is_ipv4(&addr) ? 4 : 6);
    return 0;
}
