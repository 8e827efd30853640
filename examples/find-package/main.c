// SPDX-License-Identifier: MIT
//
// The smallest user of an installed synfin: lists the errors its calls can return.

#include <stdio.h>

#include <synfin/error.h>

int main(void)
{
    for (int i = 0; i < SYNFIN_ERROR_COUNT; i++) {
        enum synfin_error error = (enum synfin_error)i;
        printf("%-16s %s\n", synfin_error_name(error), synfin_error_text(error));
    }
    return 0;
}
