// SPDX-License-Identifier: MIT
//
// Names and texts of the API's errors, from the one list in synfin/error.h.
#include <synfin/error.h>

#include <stdint.h>

static const char *const names[] = {
#define ERROR_NAME(code, errno_name, text) #code,
    SYNFIN_ERRORS(ERROR_NAME)
#undef ERROR_NAME
};

static const char *const texts[] = {
#define ERROR_TEXT(code, errno_name, text) text,
    SYNFIN_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
};

const char *synfin_error_name(enum synfin_error error)
{
    return (uint32_t)error < SYNFIN_ERROR_COUNT ? names[error] : "?";
}

const char *synfin_error_text(enum synfin_error error)
{
    return (uint32_t)error < SYNFIN_ERROR_COUNT ? texts[error] : "unknown error";
}
