// SPDX-License-Identifier: MIT
//
// A fuzz target without a fuzzer: feeds every file of the folders given as arguments to
// LLVMFuzzerTestOneInput, then as many inputs more as `--random N` says: half of them any octets,
// half of them a file changed at some places, the same ones each time. It lets every compiler and
// every build keep the inputs that once mattered, and try some that nobody chose, as tests.

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RANDOM_BITS_MAX = 10, CHANGES_MAX = 6, CHUNK_MAX = 48, INPUTS_MAX = 4096 };

struct input {
    uint8_t *data;
    size_t size;
};

static struct input inputs[INPUTS_MAX];
static uint32_t input_count;

// Reads a whole file into memory of exactly its size, so that a sanitizer sees a read past its end.
static bool read_file(const char *path, struct input *out)
{
    FILE *file = fopen(path, "rb");
    long length = -1;
    if (file == NULL) {
        return false;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        length = ftell(file);
    }
    bool is_good = length >= 0 && fseek(file, 0, SEEK_SET) == 0;
    if (is_good) {
        *out = (struct input){malloc(length > 0 ? (size_t)length : 1), (size_t)length};
        is_good = out->data != NULL && fread(out->data, 1, out->size, file) == out->size;
    }
    (void)fclose(file);
    return is_good;
}

static bool read_input(const char *folder, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (input_count == INPUTS_MAX || !read_file(path, &inputs[input_count])) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    input_count++;
    return true;
}

// Its files by name, so that chance takes the same ones everywhere. No such folder is no input.
static bool read_folder(const char *folder)
{
    struct dirent **entries = NULL;
    bool is_good = true;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (is_good && entries[i]->d_name[0] != '.') {
            is_good = read_input(folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return is_good;
}

// One place: an octet, a bit, a run taken out, or a run of this or another input put in.
static void change(uint64_t *random, struct input *in)
{
    const struct input *other = &inputs[test_random_below(random, input_count)];
    size_t at = in->size > 0 ? test_random_below(random, (uint32_t)in->size) : 0;
    size_t run = 1 + test_random_below(random, CHUNK_MAX);
    switch (in->size > 0 ? test_random_below(random, 4) : 3) {
    case 0: in->data[at] = (uint8_t)test_random(random); break;
    case 1: in->data[at] ^= (uint8_t)(1U << test_random_below(random, 8)); break;
    case 2:
        run = run < in->size - at ? run : in->size - at;
        memmove(in->data + at, in->data + at + run, in->size - at - run);
        in->size -= run;
        break;
    default: {
        size_t from = other->size > 0 ? test_random_below(random, (uint32_t)other->size) : 0;
        run = run < other->size - from ? run : other->size - from;
        memmove(in->data + at + run, in->data + at, in->size - at);
        memcpy(in->data + at, other->data + from, run);
        in->size += run;
        break;
    }
    }
}

static void try_random(uint64_t *random)
{
    bool is_new = input_count == 0 || test_random_below(random, 2) == 0;
    const struct input *base = is_new ? NULL : &inputs[test_random_below(random, input_count)];
    uint32_t most = 1U << test_random_below(random, RANDOM_BITS_MAX); // many are short
    struct input in = {NULL, is_new ? test_random_below(random, most) : base->size};
    in.data = malloc(in.size + (size_t)CHANGES_MAX * CHUNK_MAX);
    if (in.data == NULL) {
        exit(1);
    }
    if (is_new) {
        test_random_fill(random, in.data, in.size);
    } else {
        memcpy(in.data, base->data, in.size);
        for (uint32_t i = test_random_below(random, CHANGES_MAX) + 1; i > 0; i--) {
            change(random, &in);
        }
    }
    // Again in memory of exactly its size.
    uint8_t *exact = realloc(in.data, in.size > 0 ? in.size : 1);
    LLVMFuzzerTestOneInput(exact, in.size);
    free(exact);
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1];
    uint64_t random = 1;
    unsigned long wanted = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--random") == 0 && i + 1 < argc) {
            wanted = strtoul(argv[++i], NULL, 10);
        } else if (!read_folder(argv[i])) {
            return 1;
        }
    }
    LLVMFuzzerTestOneInput(nothing, 0);
    for (uint32_t i = 0; i < input_count; i++) {
        LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
    }
    for (unsigned long i = 0; i < wanted; i++) {
        try_random(&random);
    }
    for (uint32_t i = 0; i < input_count; i++) {
        free(inputs[i].data);
    }
    (void)printf("%u inputs replayed, %lu made\n", (unsigned)input_count, wanted);
    return 0;
}
