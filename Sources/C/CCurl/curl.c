#define _GNU_SOURCE
#include "CCurl.h"
#include "library.h"

#include <stdlib.h>
#include <string.h>

// The macros that check types need the functions themselves.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define FUNCTIONS(X)                                                                                                      \
  X(curl_global_init) X(curl_version_info) X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_reset) X(curl_easy_setopt)  \
  X(curl_easy_getinfo) X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all) X(curl_multi_init)              \
  X(curl_multi_cleanup) X(curl_multi_add_handle) X(curl_multi_remove_handle) X(curl_multi_perform) X(curl_multi_poll)    \
  X(curl_multi_info_read) X(curl_multi_setopt)

static const char *start(const char *missing);
SUTURE_LIBRARY(curl, "libcurl.so.4", NULL, start, FUNCTIONS(SUTURE_POINTER), FUNCTIONS(SUTURE_NAME))
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static const char *start(const char *missing) {
  if (missing) return missing;
  return curl.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "libcurl does not start";
}

const char *suture_curl_open(void) { return suture_open(&curl_library); }

const char *suture_curl_version(void) { return curl.curl_version_info(CURLVERSION_NOW)->version; }

// Bytes that grow at one end and are taken at the other.
struct buffer {
  char *bytes;
  size_t start, end, capacity;
};

static int append(struct buffer *buffer, const void *bytes, size_t count) {
  if (buffer->start == buffer->end) buffer->start = buffer->end = 0;
  if (buffer->capacity - buffer->end < count && buffer->start > 0) {
    memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
  }
  if (buffer->capacity - buffer->end < count) {
    size_t capacity = (buffer->end + count) * 2;
    char *larger = realloc(buffer->bytes, capacity);
    if (!larger) return 0;
    buffer->bytes = larger;
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->end, bytes, count);
  buffer->end += count;
  return 1;
}

struct suture_connection {
  CURL *easy;
  CURLM *multi;
  struct curl_slist *lines;
  struct buffer body, header;
  int is_started, error;
  enum suture_transfer state;
};

enum { HEADER_LIMIT = 1 << 18, RECEIVE_SIZE = 1 << 18 };

static size_t take_body(char *bytes, size_t size, size_t count, void *state) {
  struct suture_connection *connection = state;
  return append(&connection->body, bytes, size * count) ? size * count : 0;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *state) {
  struct suture_connection *connection = state;
  struct buffer *header = &connection->header;
  // The answer that counts is the last: others may come before it, as a proxy's does.
  if (size * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0) header->start = header->end = 0;
  if (header->end + size * count > HEADER_LIMIT) return 0;
  return append(header, bytes, size * count) ? size * count : 0;
}

struct suture_connection *suture_connection_make(void) {
  struct suture_connection *connection = calloc(1, sizeof *connection);
  if (!connection) return NULL;
  connection->easy = curl.curl_easy_init();
  connection->multi = curl.curl_multi_init();
  connection->state = SUTURE_DONE;
  if (connection->easy && connection->multi) return connection;
  suture_connection_free(connection);
  return NULL;
}

static void give_up(struct suture_connection *connection) {
  if (connection->is_started) curl.curl_multi_remove_handle(connection->multi, connection->easy);
  connection->is_started = 0;
  if (connection->lines) curl.curl_slist_free_all(connection->lines);
  connection->lines = NULL;
}

void suture_connection_free(struct suture_connection *connection) {
  give_up(connection);
  if (connection->easy) curl.curl_easy_cleanup(connection->easy);
  if (connection->multi) curl.curl_multi_cleanup(connection->multi);
  free(connection->body.bytes);
  free(connection->header.bytes);
  free(connection);
}

static int add_line(struct suture_connection *connection, const char *name, const char *value) {
  char *line = malloc(strlen(name) + strlen(value) + 3);
  if (!line) return 0;
  strcat(strcat(strcpy(line, name), ": "), value);
  struct curl_slist *longer = curl.curl_slist_append(connection->lines, line);
  free(line);
  if (longer) connection->lines = longer;
  return longer != NULL;
}

int suture_connection_start(struct suture_connection *connection, const struct suture_request *request) {
  give_up(connection);
  connection->body.start = connection->body.end = 0;
  connection->header.start = connection->header.end = 0;
  connection->error = 0;
  CURL *easy = connection->easy;
  curl.curl_easy_reset(easy);
#define SET(option, value)                                                                                                \
  if (curl.curl_easy_setopt(easy, option, value) != CURLE_OK) return 0
  SET(CURLOPT_URL, request->url);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_NOSIGNAL, 1L);
  // Whoever asks follows redirections itself, so that it knows who is told what.
  SET(CURLOPT_FOLLOWLOCATION, 0L);
  SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
  SET(CURLOPT_USERAGENT, request->agent);
  SET(CURLOPT_CONNECTTIMEOUT, request->seconds);
  SET(CURLOPT_LOW_SPEED_TIME, request->seconds);
  SET(CURLOPT_LOW_SPEED_LIMIT, request->bytes_per_second);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, connection);
  SET(CURLOPT_HEADERFUNCTION, take_header);
  SET(CURLOPT_HEADERDATA, connection);
  if (request->range) SET(CURLOPT_RANGE, request->range);
  if (request->certificates) SET(CURLOPT_CAINFO, request->certificates);
  if (request->certificate_folder) SET(CURLOPT_CAPATH, request->certificate_folder);
  if (request->token) {
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    SET(CURLOPT_XOAUTH2_BEARER, request->token);
  }
  // What is compressed on the way cannot be asked for by range.
  if (!add_line(connection, "Accept-Encoding", "identity")) return 0;
  if (request->condition && !add_line(connection, "If-Range", request->condition)) return 0;
  SET(CURLOPT_HTTPHEADER, connection->lines);
#undef SET
  if (curl.curl_multi_add_handle(connection->multi, easy) != CURLM_OK) return 0;
  connection->is_started = 1;
  connection->state = SUTURE_RUNNING;
  return 1;
}

enum suture_transfer suture_connection_wait(struct suture_connection *connection, size_t wanted) {
  while (connection->state == SUTURE_RUNNING && suture_connection_available(connection) < wanted) {
    int running = 0;
    CURLMcode code = curl.curl_multi_perform(connection->multi, &running);
    if (code != CURLM_OK) {
      connection->error = CURLE_OUT_OF_MEMORY;
      connection->state = SUTURE_FAILED;
      break;
    }
    int left = 0;
    CURLMsg *message = curl.curl_multi_info_read(connection->multi, &left);
    if (message && message->msg == CURLMSG_DONE) {
      connection->error = (int)message->data.result;
      connection->state = message->data.result == CURLE_OK ? SUTURE_DONE : SUTURE_FAILED;
      break;
    }
    if (suture_connection_available(connection) < wanted) curl.curl_multi_poll(connection->multi, NULL, 0, 1000, NULL);
  }
  return connection->state;
}

size_t suture_connection_available(const struct suture_connection *connection) {
  return connection->body.end - connection->body.start;
}

const void *suture_connection_bytes(const struct suture_connection *connection) {
  return connection->body.bytes + connection->body.start;
}

void suture_connection_take(struct suture_connection *connection, void *target, size_t count) {
  if (target) memcpy(target, connection->body.bytes + connection->body.start, count);
  connection->body.start += count;
}

long suture_connection_status(const struct suture_connection *connection) {
  long status = 0;
  curl.curl_easy_getinfo(connection->easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

const char *suture_connection_header(const struct suture_connection *connection) {
  // A byte that ends it, which the next line overwrites.
  struct buffer *header = (struct buffer *)&connection->header;
  if (!append(header, "", 1)) return "";
  header->end--;
  return header->bytes + header->start;
}

const char *suture_connection_redirection(const struct suture_connection *connection) {
  const char *address = NULL;
  curl.curl_easy_getinfo(connection->easy, CURLINFO_REDIRECT_URL, &address);
  return address;
}

long suture_connection_retry_after(const struct suture_connection *connection) {
  curl_off_t seconds = 0;
  curl.curl_easy_getinfo(connection->easy, CURLINFO_RETRY_AFTER, &seconds);
  return (long)seconds;
}

int suture_connection_error(const struct suture_connection *connection) { return connection->error; }

const char *suture_connection_error_text(const struct suture_connection *connection) {
  return curl.curl_easy_strerror((CURLcode)connection->error);
}

int suture_curl_may_pass(int error) {
  switch (error) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SSL_CONNECT_ERROR: return 1;
    default: return 0;
  }
}

int suture_curl_is_certificate(int error) {
  return error == CURLE_PEER_FAILED_VERIFICATION || error == CURLE_SSL_CACERT_BADFILE;
}

int suture_curl_is_timeout(int error) { return error == CURLE_OPERATION_TIMEDOUT; }
