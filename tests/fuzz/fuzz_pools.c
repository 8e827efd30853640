// SPDX-License-Identifier: MIT
//
// Both kinds of pool under any order of taking, giving and memory that fails, against an array of
// what is in use: numbers find their objects and nobody else's, contents stay, and an empty pool
// numbers as a new one does.
#include <string.h>

#include "base/dense.h"
#include "base/slab.h"
#include "fuzz_input.h"
#include "lib/test_env.h"

enum { OBJECTS = 256, OBJECT_BYTES = 28 };

struct object {
    uint8_t *place; // NULL: not in use
    uint32_t number;
    uint8_t mark;
};

struct model {
    struct test_env env;
    struct slab_source source;
    struct slab_pool slabs;
    struct dense_pool dense;
    struct object slab_object[OBJECTS], dense_object[OBJECTS];
};

static void fill(struct object *object, uint8_t mark)
{
    for (uint32_t i = 0; i < OBJECT_BYTES; i++) {
        fuzz_require(object->place[i] == 0);
    }
    object->mark = mark;
    memset(object->place, mark, OBJECT_BYTES);
}

static void check(const struct object *object)
{
    for (uint32_t i = 0; i < OBJECT_BYTES; i++) {
        fuzz_require(object->place[i] == object->mark);
    }
}

static void turn_slab(struct model *m, struct object *object, uint8_t mark)
{
    if (object->place == NULL) {
        object->place = slab_pool_take(&m->slabs, &object->number);
        if (object->place != NULL) {
            fill(object, mark);
        }
        return;
    }
    check(object);
    fuzz_require(slab_pool_at(&m->slabs, object->number) == object->place);
    fuzz_require(slab_pool_index(&m->slabs, object->place) == object->number);
    slab_pool_give(&m->slabs, object->place);
    fuzz_require(slab_pool_at(&m->slabs, object->number) == NULL);
    object->place = NULL;
}

static void turn_dense(struct model *m, struct object *object, uint8_t mark)
{
    if (object->place == NULL) {
        object->place = dense_pool_take(&m->dense, &object->number);
        if (object->place != NULL) {
            fill(object, mark);
        }
        return;
    }
    check(object);
    fuzz_require(dense_pool_at(&m->dense, object->number) == object->place);
    dense_pool_give(&m->dense, object->number);
    object->place = NULL;
}

static uint32_t in_use(const struct object *objects)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < OBJECTS; i++) {
        count += objects[i].place != NULL;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct synfin_env env;
    struct fuzz_input in = {data, size};
    memset(&m, 0, sizeof m);
    test_env_bind(&env, &m.env, 1);
    slab_source_init(&m.source, &env, SIZE_MAX, 64U << fuzz_take(&in, 1) % 6);
    slab_pool_init(&m.slabs, &m.source, OBJECT_BYTES, OBJECTS - 8);
    dense_pool_init(&m.dense, &m.source, OBJECT_BYTES, OBJECTS - 8);
    while (in.bytes > 0) {
        uint32_t choice = (uint32_t)fuzz_take(&in, 1);
        uint32_t which = (uint32_t)fuzz_take(&in, 1);
        m.env.fail_after = (choice & 2) != 0 ? 0 : UINT32_MAX;
        if ((choice & 1) != 0) {
            turn_slab(&m, &m.slab_object[which], (uint8_t)choice);
        } else {
            turn_dense(&m, &m.dense_object[which], (uint8_t)choice);
        }
    }
    fuzz_require(m.slabs.objects == in_use(m.slab_object));
    fuzz_require(m.dense.objects == in_use(m.dense_object));
    slab_pool_deinit(&m.slabs);
    dense_pool_deinit(&m.dense);
    fuzz_require(m.env.slabs == 0 && m.source.taken_bytes == 0);
    return 0;
}
