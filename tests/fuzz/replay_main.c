// SPDX-License-Identifier: MIT
//
// A fuzz target without a fuzzer: feeds every file of the folders given as arguments to
// LLVMFuzzerTestOneInput and prints how many there were. It lets every compiler and every build
// keep the inputs that once mattered, as ordinary tests.

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Reads a whole file into memory of exactly its size, so that a sanitizer sees a read past its end.
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *data = NULL;
    long length = -1;
    if (fseek(file, 0, SEEK_END) == 0) {
        length = ftell(file);
    }
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)length;
        data = malloc(*size > 0 ? *size : 1);
    }
    if (data != NULL && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

static bool replay_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    size_t size = 0;
    uint8_t *data = read_file(path, &size);
    if (data == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return true;
}

// The count of inputs replayed, or -1 when one could not be read. No such folder is no input.
static long replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return 0;
    }
    long count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (!replay_file(folder, entry->d_name)) {
            count = -1;
            break;
        }
        count++;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1];
    LLVMFuzzerTestOneInput(nothing, 0);
    long total = 0;
    for (int i = 1; i < argc; i++) {
        long count = replay_folder(argv[i]);
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    printf("%ld inputs replayed\n", total);
    return 0;
}
