// SPDX-License-Identifier: MIT
//
// One HTTP/1.1 connection of the file server. It is at any time in one of two phases, and
// `advance` goes through them for as long as the stack gives octets and room:
//
//     reading -> (a whole head) -> sending -> (all sent) -> reading, the next request
//                                     |
//                                     +-> closed, when this answer is the last
//
// Requests are answered one after the other; a client that sends many at once waits in its own
// send buffer (RFC 9112 §9.3.2). Buffers exist only while they hold octets.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/http_date.h"
#include "cli/http_listing.h"
#include "cli/http_path.h"
#include "cli/http_range.h"
#include "cli/http_reply.h"
#include "cli/http_request.h"
#include "cli/serve.h"
#include "cli/serve_log.h"

enum {
    BODY_SKIPPED_MAX = 1 << 20, // of a request; no method here wants one
    PATH_LISTED_MAX = 1000,     // octets of a path that still fits into a Location when escaped
    CHUNK_BYTES = SERVE_SCRATCH_BYTES,
};

struct http_conn {
    struct serve_conn conn; // first
    char *in;               // HTTP_REQUEST_HEAD_MAX + 1 octets while there is part of a request
    size_t in_count;
    uint64_t body_octets; // of the last request, still to be skipped
    char *out;            // head of the answer, and its content unless that is a file
    size_t out_count, out_at;
    int fd; // of the file being sent; 0: none, since 0 is never one
    uint64_t file_at, file_left;
    bool is_last; // nothing is answered after this
};

static struct http_conn *http_of(struct serve_conn *conn)
{
    return (struct http_conn *)conn;
}

static void release(struct serve_conn *conn)
{
    struct http_conn *http = http_of(conn);
    free(http->in);
    free(http->out);
    if (http->fd > 0) {
        close(http->fd);
    }
}

// What is being answered.
struct answer {
    struct http_conn *http;
    const struct http_request *request;
    struct http_reply reply;
    char date[HTTP_DATE_BYTES], modified[HTTP_DATE_BYTES];
    char *content; // free()d with the answer; NULL: none, or a file
};

// Puts head and content of the answer where `advance` sends them from.
static void queue_answer(struct answer *answer)
{
    char head[HTTP_REPLY_HEAD_MAX];
    struct http_conn *http = answer->http;
    bool has_content = answer->content != NULL && answer->request->method != HTTP_METHOD_HEAD;
    if (http->conn.serve->is_draining) {
        http->is_last = true;
    }
    http_date_format(time(NULL), answer->date);
    answer->reply.date = answer->date;
    answer->reply.is_last = http->is_last;
    answer->reply.is_http10 = answer->request->minor == 0;
    size_t head_octets = http_reply_head(&answer->reply, head);
    size_t content_octets = has_content ? (size_t)answer->reply.octets : 0;
    http->out = malloc(head_octets + content_octets);
    if (http->out == NULL) {
        http->is_last = true;
    } else {
        memcpy(http->out, head, head_octets);
        if (has_content) {
            memcpy(http->out + head_octets, answer->content, content_octets);
        }
        http->out_count = head_octets + content_octets;
    }
    free(answer->content);
    answer->content = NULL;
}

static void answer_page(struct answer *answer, int status)
{
    enum { PAGE_MAX = 512 };
    answer->reply.status = status;
    answer->content = malloc(PAGE_MAX);
    if (answer->content != NULL) {
        answer->reply.octets = http_reply_page(status, answer->content, PAGE_MAX);
        answer->reply.type = "text/html; charset=utf-8";
    }
    queue_answer(answer);
}

static void answer_errno(struct answer *answer, int reason)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG: answer_page(answer, 404); break;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
    case ENXIO: answer_page(answer, 403); break;
    case EMFILE:
    case ENFILE:
    case ENOMEM: answer_page(answer, 503); break;
    default: answer_page(answer, 500);
    }
}

static void describe_file(const struct stat *status, struct http_range_file *file)
{
    file->octets = (uint64_t)status->st_size;
    file->modified = status->st_mtim.tv_sec;
    snprintf(file->etag, sizeof(file->etag), "\"%" PRIx64 "-%" PRIx64 "\"",
             (uint64_t)status->st_size,
             (uint64_t)status->st_mtim.tv_sec * 1000000000U + (uint64_t)status->st_mtim.tv_nsec);
}

static void answer_file(struct answer *answer, int fd, const struct stat *status, const char *name)
{
    struct http_range_file file;
    struct http_range_part part;
    struct http_conn *http = answer->http;
    describe_file(status, &file);
    http_date_format(file.modified, answer->modified);
    int code = http_range_judge(answer->request, &file, &part);
    answer->reply = (struct http_reply){
        .status = code,
        .etag = file.etag,
        .modified = answer->modified,
        .has_ranges = true,
        .type = code == 304 ? NULL : http_path_type(name),
        .octets = part.octets,
        .first = part.first,
        .whole = file.octets,
    };
    if (code == 412 || code == 416) {
        close(fd);
        answer_page(answer, code);
        return;
    }
    if (code != 304 && answer->request->method == HTTP_METHOD_GET && part.octets > 0) {
        http->fd = fd;
        http->file_at = part.first;
        http->file_left = part.octets;
    } else {
        close(fd);
    }
    queue_answer(answer);
}

// RFC 9110 §15.4.2: links on the page of a directory are relative to its name with a slash.
static void answer_moved(struct answer *answer, const char *path)
{
    char location[3 * PATH_LISTED_MAX + 3];
    location[0] = '/';
    size_t count = 1 + http_path_encode(path, location + 1, sizeof(location) - 2);
    memcpy(location + count, "/", 2);
    answer->reply.location = location;
    answer_page(answer, 301);
}

static void answer_listing(struct answer *answer, int fd, const char *path)
{
    size_t octets = 0;
    answer->content = http_listing_make(fd, path, &octets);
    if (answer->content == NULL) {
        answer_page(answer, 503);
        return;
    }
    answer->reply.status = 200;
    answer->reply.octets = octets;
    answer->reply.type = "text/html; charset=utf-8";
    queue_answer(answer);
}

static void answer_directory(struct answer *answer, int fd, const char *path, bool has_slash)
{
    struct stat status;
    if (!has_slash) {
        close(fd);
        if (strlen(path) > PATH_LISTED_MAX) {
            answer_page(answer, 404);
        } else {
            answer_moved(answer, path);
        }
        return;
    }
    int index = http_path_open(fd, "index.html");
    if (index >= 0 && fstat(index, &status) == 0 && S_ISREG(status.st_mode)) {
        close(fd);
        answer_file(answer, index, &status, "index.html");
        return;
    }
    if (index >= 0) {
        close(index);
    }
    answer_listing(answer, fd, path);
}

static void answer_path(struct answer *answer)
{
    char *path;
    bool has_slash;
    struct stat status;
    if (!http_path_decode(answer->request->target, &path, &has_slash)) {
        answer_page(answer, 400);
        return;
    }
    int fd = http_path_open(answer->http->conn.serve->root_fd, path);
    if (fd < 0) {
        answer_errno(answer, errno);
        return;
    }
    if (fstat(fd, &status) != 0) {
        int reason = errno;
        close(fd);
        answer_errno(answer, reason);
    } else if (S_ISDIR(status.st_mode)) {
        answer_directory(answer, fd, path, has_slash);
    } else if (!S_ISREG(status.st_mode) || has_slash) {
        close(fd);
        answer_page(answer, has_slash ? 404 : 403);
    } else {
        answer_file(answer, fd, &status, path);
    }
}

// RFC 9110 §15.5.6 and §15.6.2: a method that is known but not for files, and one that is not.
static int status_of_method(const char *name)
{
    static const char *const known[] = {"POST",    "PUT",   "DELETE", "CONNECT",
                                        "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], name) == 0) {
            return 405;
        }
    }
    return 501;
}

static int judge_request(struct http_conn *http, const struct http_request *request, int status)
{
    if (status != 0) {
        http->is_last = true;
        return status;
    }
    http->is_last |= !request->is_keep_alive;
    http->body_octets = request->body_octets;
    if (request->body_octets > BODY_SKIPPED_MAX) {
        http->is_last = true;
        return 413;
    }
    return request->method == HTTP_METHOD_OTHER ? status_of_method(request->method_name) : 0;
}

// Answers the request whose head is the first `octets` of the buffer, and takes it out.
static void answer_request(struct http_conn *http, size_t octets)
{
    struct http_request request;
    char target[128] = "";
    struct answer answer = {.http = http, .request = &request};
    int status = http_request_parse(http->in, octets, &request);
    if (request.target != NULL) {
        snprintf(target, sizeof(target), "%s", request.target);
    }
    status = judge_request(http, &request, status);
    if (status != 0) {
        answer_page(&answer, status);
    } else {
        answer_path(&answer);
    }
    serve_log_request(&http->conn, request.method_name, target, answer.reply.status,
                      answer.reply.octets);
    http->in_count -= octets;
    memmove(http->in, http->in + octets, http->in_count);
}

// Refuses what is no request, or none yet.
static void refuse(struct http_conn *http, int status)
{
    const struct http_request request = {.method = HTTP_METHOD_OTHER, .minor = 1};
    struct answer answer = {.http = http, .request = &request};
    http->is_last = true;
    http->in_count = 0;
    answer_page(&answer, status);
    serve_log_request(&http->conn, "", "", status, answer.reply.octets);
}

enum step { STEP_AGAIN, STEP_WAIT, STEP_CLOSE, STEP_ABORT };

static enum step send_head(struct http_conn *http, uint64_t now_ns)
{
    size_t taken = 0;
    if (!serve_send(&http->conn, http->out + http->out_at, http->out_count - http->out_at, &taken,
                    now_ns)) {
        return STEP_ABORT;
    }
    http->out_at += taken;
    if (http->out_at < http->out_count) {
        return STEP_WAIT;
    }
    free(http->out);
    http->out = NULL;
    http->out_at = 0;
    http->out_count = 0;
    return STEP_AGAIN;
}

// How much to read from the file: what the send buffer takes, but never nothing, since only a
// send that was refused makes the stack tell of room.
static size_t chunk_size(struct http_conn *http)
{
    enum { LEAST = 512 };
    int64_t buffer = CHUNK_BYTES;
    int64_t queued = 0;
    struct serve_conn *conn = &http->conn;
    if (synfin_socket_get_option(conn->serve->stack, conn->socket, SYNFIN_OPTION_SEND_BUFFER,
                                 &buffer)
            != SYNFIN_ERROR_OK
        || synfin_socket_get_option(conn->serve->stack, conn->socket, SYNFIN_OPTION_SEND_QUEUE,
                                    &queued)
               != SYNFIN_ERROR_OK) {
        return LEAST;
    }
    int64_t room = buffer - queued;
    room = room < LEAST ? LEAST : room;
    room = room > CHUNK_BYTES ? CHUNK_BYTES : room;
    return (uint64_t)room > http->file_left ? (size_t)http->file_left : (size_t)room;
}

static enum step send_file(struct http_conn *http, uint64_t now_ns)
{
    uint8_t *scratch = http->conn.serve->scratch;
    size_t taken = 0;
    ssize_t got = pread(http->fd, scratch, chunk_size(http), (off_t)http->file_at);
    if (got <= 0) {
        return STEP_ABORT; // shorter than announced: only a reset tells the client
    }
    if (!serve_send(&http->conn, scratch, (size_t)got, &taken, now_ns)) {
        return STEP_ABORT;
    }
    http->file_at += taken;
    http->file_left -= taken;
    if (http->file_left == 0) {
        close(http->fd);
        http->fd = 0;
        return STEP_AGAIN;
    }
    return taken < (size_t)got ? STEP_WAIT : STEP_AGAIN;
}

// Takes the next octets into the buffer of requests, or past it when they are of a body.
static enum step receive_more(struct http_conn *http, uint64_t now_ns)
{
    size_t count = 0;
    if (http->in == NULL) {
        http->in = malloc(HTTP_REQUEST_HEAD_MAX + 1);
        if (http->in == NULL) {
            return STEP_ABORT;
        }
    }
    enum serve_input input =
        serve_receive(&http->conn, http->in + http->in_count,
                      HTTP_REQUEST_HEAD_MAX + 1 - http->in_count, &count, now_ns);
    http->in_count += count;
    if (input == SERVE_INPUT_NOTHING && http->in_count == 0) {
        free(http->in);
        http->in = NULL;
    }
    switch (input) {
    case SERVE_INPUT_OCTETS: return STEP_AGAIN;
    case SERVE_INPUT_NOTHING: return STEP_WAIT;
    case SERVE_INPUT_END: return STEP_CLOSE;
    case SERVE_INPUT_FAILED: break;
    }
    return STEP_ABORT;
}

static enum step read_request(struct http_conn *http, uint64_t now_ns)
{
    if (http->body_octets > 0 && http->in_count > 0) {
        size_t skipped =
            http->body_octets < http->in_count ? (size_t)http->body_octets : http->in_count;
        http->body_octets -= skipped;
        http->in_count -= skipped;
        memmove(http->in, http->in + skipped, http->in_count);
    }
    if (http->in_count == 0) {
        return receive_more(http, now_ns);
    }
    size_t head = http_request_head(http->in, http->in_count);
    if (head > HTTP_REQUEST_HEAD_MAX) {
        refuse(http, 431);
    } else if (head > 0) {
        answer_request(http, head);
    } else {
        int status = http_request_limit(http->in, http->in_count);
        if (status == 0) {
            return receive_more(http, now_ns);
        }
        refuse(http, status);
    }
    return STEP_AGAIN;
}

static enum step take_step(struct http_conn *http, uint64_t now_ns)
{
    if (http->out != NULL) {
        return send_head(http, now_ns);
    }
    if (http->fd > 0) {
        return send_file(http, now_ns);
    }
    if (http->is_last) {
        return STEP_CLOSE;
    }
    return read_request(http, now_ns);
}

// The time for a request runs from the end of the last answer, whatever comes in meanwhile, so
// that a client that sends its request in drops cannot hold a connection; while an answer is
// sent, the time runs from the last octet that found room.
static enum serve_verdict advance(struct serve_conn *conn, uint64_t now_ns)
{
    struct http_conn *http = http_of(conn);
    enum step step;
    uint64_t sent = conn->octets_out;
    do {
        step = take_step(http, now_ns);
    } while (step == STEP_AGAIN);
    if (step == STEP_WAIT) {
        if (conn->wait == SERVE_WAIT_NONE || conn->octets_out != sent) {
            serve_wait(conn, SERVE_WAIT_IDLE, now_ns);
        }
        return SERVE_VERDICT_WAIT;
    }
    return step == STEP_CLOSE ? SERVE_VERDICT_CLOSE : SERVE_VERDICT_ABORT;
}

static enum serve_verdict expire(struct serve_conn *conn, uint64_t now_ns)
{
    struct http_conn *http = http_of(conn);
    if (http->out != NULL || http->fd > 0) {
        return SERVE_VERDICT_ABORT; // the client does not take its answer
    }
    if (http->in_count == 0 && http->body_octets == 0) {
        return SERVE_VERDICT_CLOSE;
    }
    refuse(http, 408);
    return advance(conn, now_ns);
}

static enum serve_verdict drain(struct serve_conn *conn, uint64_t now_ns)
{
    struct http_conn *http = http_of(conn);
    if (http->out == NULL && http->fd <= 0 && http->in_count == 0) {
        http->is_last = true;
    }
    return advance(conn, now_ns);
}

const struct serve_service serve_http = {
    .name = "http",
    .conn_bytes = sizeof(struct http_conn),
    .advance = advance,
    .expire = expire,
    .drain = drain,
    .release = release,
};
