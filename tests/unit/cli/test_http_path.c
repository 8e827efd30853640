// SPDX-License-Identifier: MIT
//
// From a target to a file: decoding, encoding, media types, and that no path leads out.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/http_listing.h"
#include "cli/http_path.h"

static void expect_path(const char *target, const char *path, bool is_directory)
{
    char text[64];
    char *got = NULL;
    bool has_slash = !is_directory;
    snprintf(text, sizeof(text), "%s", target);
    assert_true(http_path_decode(text, &got, &has_slash));
    assert_string_equal(got, path);
    assert_int_equal(has_slash, is_directory);
}

static void target_is_decoded(void **state)
{
    (void)state;
    expect_path("/", ".", true);
    expect_path("///", ".", true);
    expect_path("/?q", ".", true);
    expect_path("/a", "a", false);
    expect_path("/a/", "a", true);
    expect_path("/a//b//", "a//b", true);
    expect_path("//a", "a", false);
    expect_path("/a%20b%2Fc?d%zz", "a b/c", false);
    expect_path("/%41%5a%5A", "AZZ", false);
    expect_path("/a+b", "a+b", false);
    expect_path("/..%2f..", "../..", false);
}

static void target_with_a_wrong_escape_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"/%", "/%4", "/%4g", "/%g4", "/%00", "/a%", "/%%41"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[16];
        char *path;
        bool has_slash;
        snprintf(text, sizeof(text), "%s", wrong[i]);
        assert_false(http_path_decode(text, &path, &has_slash));
    }
}

static void encoding_is_undone_by_decoding(void **state)
{
    (void)state;
    char name[256];
    char encoded[1 + 3 * 256] = "/";
    for (int c = 1; c < 256; c++) {
        name[c - 1] = (char)c;
    }
    name[255] = '\0';
    name['/' - 1] = 'x'; // would be a slash at any place
    size_t count = http_path_encode(name, encoded + 1, sizeof(encoded) - 1);
    assert_int_equal(strlen(encoded + 1), count);
    assert_null(strpbrk(encoded, "\"'<>&?#: "));
    char *path;
    bool has_slash;
    assert_true(http_path_decode(encoded, &path, &has_slash));
    assert_string_equal(path, name);
}

static void encoding_is_cut_before_an_escape(void **state)
{
    (void)state;
    char out[5];
    assert_int_equal(http_path_encode("a b", out, sizeof(out)), 4);
    assert_string_equal(out, "a%20");
    assert_int_equal(http_path_encode("ab ", out, sizeof(out)), 2);
    assert_string_equal(out, "ab");
}

static void type_follows_the_extension(void **state)
{
    (void)state;
    assert_string_equal(http_path_type("a/b.HTML"), "text/html; charset=utf-8");
    assert_string_equal(http_path_type("x.tar.gz"), "application/gzip");
    assert_string_equal(http_path_type("a.png/b"), "application/octet-stream");
    assert_string_equal(http_path_type("README"), "application/octet-stream");
    assert_string_equal(http_path_type(""), "application/octet-stream");
}

struct tree {
    char outer[32];
    int root_fd;
};

static void touch(int dir, const char *name)
{
    int fd = openat(dir, name, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
}

// OUTER/secret, OUTER/root/{in, dir/{x, <&>, .hidden}, link -> in, out -> ../secret}
static void make_tree(struct tree *tree)
{
    strcpy(tree->outer, "/tmp/synfin-path-XXXXXX");
    assert_non_null(mkdtemp(tree->outer));
    int outer = open(tree->outer, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(outer, "root", 0755), 0);
    touch(outer, "secret");
    tree->root_fd = openat(outer, "root", O_PATH | O_DIRECTORY);
    touch(tree->root_fd, "in");
    assert_int_equal(mkdirat(tree->root_fd, "dir", 0755), 0);
    touch(tree->root_fd, "dir/x");
    touch(tree->root_fd, "dir/<&>");
    touch(tree->root_fd, "dir/.hidden");
    assert_int_equal(symlinkat("in", tree->root_fd, "link"), 0);
    assert_int_equal(symlinkat("../secret", tree->root_fd, "out"), 0);
    close(outer);
}

static void remove_tree(struct tree *tree)
{
    static const char *const files[] = {"dir/x", "dir/<&>", "dir/.hidden", "in", "link", "out"};
    char path[64];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_int_equal(unlinkat(tree->root_fd, files[i], 0), 0);
    }
    assert_int_equal(unlinkat(tree->root_fd, "dir", AT_REMOVEDIR), 0);
    close(tree->root_fd);
    snprintf(path, sizeof(path), "%s/secret", tree->outer);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/root", tree->outer);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(tree->outer), 0);
}

static void path_inside_is_opened_and_outside_refused(void **state)
{
    (void)state;
    static const char *const inside[] = {"in", "dir", ".", "dir/x", "link", "dir//x", "dir/../in"};
    static const char *const outside[] = {"..", "../secret", "out", "dir/../../secret"};
    struct tree tree;
    make_tree(&tree);
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        int fd = http_path_open(tree.root_fd, inside[i]);
        assert_true(fd >= 0);
        close(fd);
    }
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_int_equal(http_path_open(tree.root_fd, outside[i]), -1);
        assert_int_equal(errno, EXDEV);
    }
    assert_int_equal(http_path_open(tree.root_fd, "nothing"), -1);
    assert_int_equal(errno, ENOENT);
    remove_tree(&tree);
}

static void listing_escapes_names_and_hides_dots(void **state)
{
    (void)state;
    struct tree tree;
    size_t octets = 0;
    make_tree(&tree);
    char *page = http_listing_make(openat(tree.root_fd, "dir", O_RDONLY), "dir", &octets);
    assert_non_null(page);
    assert_int_equal(strlen(page), octets);
    assert_non_null(strstr(page, "<a href=\"./x\">x</a>"));
    assert_non_null(strstr(page, "<a href=\"./%3C%26%3E\">&lt;&amp;&gt;</a>"));
    assert_null(strstr(page, ".hidden"));
    assert_non_null(strstr(page, "../"));
    free(page);
    remove_tree(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_is_decoded),
        cmocka_unit_test(target_with_a_wrong_escape_is_refused),
        cmocka_unit_test(encoding_is_undone_by_decoding),
        cmocka_unit_test(encoding_is_cut_before_an_escape),
        cmocka_unit_test(type_follows_the_extension),
        cmocka_unit_test(path_inside_is_opened_and_outside_refused),
        cmocka_unit_test(listing_escapes_names_and_hides_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
