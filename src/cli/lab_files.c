// SPDX-License-Identifier: MIT
//
// What the lab draws and captures into; see lab_files.h.
#include "cli/lab_files.h"

#include <string.h>

#include "cli/cli_output.h"
#include "cli/lab_rig.h"

enum { FOLD_AFTER = 8 };

enum synfin_error lab_files_ladder(const struct lab_play *play, bool counts_steps,
                                   synfin_ladder **out)
{
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.has_colour = play->has_colour;
    config.width_columns = cli_output_columns();
    config.fold_after = counts_steps ? 0 : FOLD_AFTER;
    config.counts_steps = counts_steps;
    config.is_brief = play->is_brief;
    enum synfin_error error = synfin_ladder_create(&config, out);
    if (error != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "no memory");
    }
    return error;
}

bool lab_files_begin_capture(const struct lab_play *play, struct lab_files_capture *out)
{
    struct synfin_env env;
    const char *path = play->flags->pcapng_path;
    memset(out, 0, sizeof *out);
    if (path == NULL) {
        return true;
    }
    lab_rig_env(&env);
    out->file = fopen(path, "wb");
    if (out->file == NULL
        || synfin_capture_create(&env, false, cli_output_write, out->file, &out->capture)
               != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "--pcapng: cannot write \"%s\"", path);
        return false;
    }
    return true;
}

bool lab_files_end_capture(const struct lab_play *play, struct lab_files_capture *capture)
{
    bool is_whole = capture->capture == NULL || synfin_capture_ok(capture->capture);
    if (capture->capture != NULL) {
        synfin_capture_destroy(capture->capture);
    }
    if (capture->file != NULL) {
        is_whole &= fclose(capture->file) == 0;
    }
    if (!is_whole) {
        cli_parse_complain(play->parser, "--pcapng: cannot write \"%s\"", play->flags->pcapng_path);
    }
    return is_whole;
}

bool lab_files_svg(const struct lab_play *play, const synfin_ladder *ladder)
{
    const char *path = play->flags->svg_path;
    if (path == NULL) {
        return true;
    }
    FILE *file = fopen(path, "wb");
    if (file != NULL) {
        synfin_ladder_svg(ladder, cli_output_write, file);
    }
    bool is_whole = file != NULL && ferror(file) == 0;
    if (file != NULL) {
        is_whole &= fclose(file) == 0;
    }
    if (!is_whole) {
        cli_parse_complain(play->parser, "--svg: cannot write \"%s\"", path);
    }
    return is_whole;
}
