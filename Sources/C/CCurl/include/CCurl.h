// Debian's libcurl, opened when the first address is asked for: a machine without it reads files as before, and a process
// that reads files only never pays for it.
#ifndef SUTURE_CCURL_H
#define SUTURE_CCURL_H

#include <stddef.h>

// NULL where libcurl is there, otherwise what the linker says. May be called from any thread.
const char *suture_curl_open(void);

// The version of libcurl, such as "7.88.1".
const char *suture_curl_version(void);

// A connection that is used again from request to request. One thread uses it at a time.
struct suture_connection;

struct suture_request {
  const char *url;
  // Such as "0-511"; NULL asks for everything.
  const char *range;
  // The value of If-Range; NULL for none.
  const char *condition;
  // A bearer token; NULL for none.
  const char *token;
  const char *agent;
  // A file and a folder of certificates; NULL for those of the system.
  const char *certificates;
  const char *certificate_folder;
  // After so many seconds without a connection, or with fewer than so many bytes in each, the request fails.
  long seconds;
  long bytes_per_second;
};

// What a transfer has come to.
enum suture_transfer { SUTURE_RUNNING, SUTURE_DONE, SUTURE_FAILED };

// NULL where there is no memory.
struct suture_connection *suture_connection_make(void);
void suture_connection_free(struct suture_connection *connection);

// Begins a request; one that is not done is given up. 0 where there is no memory.
int suture_connection_start(struct suture_connection *connection, const struct suture_request *request);

// Waits until `wanted` bytes of the body are at hand, or the transfer ends. Headers are there when the first byte is.
enum suture_transfer suture_connection_wait(struct suture_connection *connection, size_t wanted);

// How many bytes are at hand, and takes the first `count` of them; `target` may be NULL, which throws them away.
size_t suture_connection_available(const struct suture_connection *connection);
const void *suture_connection_bytes(const struct suture_connection *connection);
void suture_connection_take(struct suture_connection *connection, void *target, size_t count);

// The answer's status; 0 where none came.
long suture_connection_status(const struct suture_connection *connection);
// The lines of the answer's header, as they came.
const char *suture_connection_header(const struct suture_connection *connection);
// Where a redirection leads, as a whole address; NULL where it leads nowhere.
const char *suture_connection_redirection(const struct suture_connection *connection);
// How many seconds the server asks to wait; 0 where it says nothing.
long suture_connection_retry_after(const struct suture_connection *connection);

// Of a transfer that failed: libcurl's number and its words.
int suture_connection_error(const struct suture_connection *connection);
const char *suture_connection_error_text(const struct suture_connection *connection);

// Whether the error of that number may pass when the request is made again, or is that of a certificate.
int suture_curl_may_pass(int error);
int suture_curl_is_certificate(int error);
int suture_curl_is_timeout(int error);

#endif
