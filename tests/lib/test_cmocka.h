// SPDX-License-Identifier: MIT
//
// cmocka.h, behind the headers that it wants to see first.
#ifndef TEST_CMOCKA_H
#define TEST_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
