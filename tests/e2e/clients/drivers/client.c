/* Drives hiredis: client <label>:<port>:<password>:<name>:<protocol>... (see steps.ts).
 * Each step returns NULL, or why it failed. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SESSIONS 16
#define LARGE (1024 * 1024)
#define COUNT 1000

struct session {
  char label[32];
  char port[8];
  char password[64];
  char name[64];
  redisContext *context;
};

static char why[512];

static const char *fail(const char *what, redisContext *context, redisReply *reply) {
  const char *said = reply && reply->str ? reply->str : context && context->err ? context->errstr : "";
  snprintf(why, sizeof why, "%s (reply type %d) %.200s", what, reply ? reply->type : 0, said);
  if (reply) freeReplyObject(reply);
  return why;
}

/* Sends a command; its reply must be a string or a status of these bytes, or nil if `wanted` is NULL. */
static const char *expect(redisContext *c, const char *command, const char *wanted, size_t length) {
  redisReply *reply = redisCommand(c, command);
  if (!reply) return fail(command, c, reply);
  if (!wanted) {
    if (reply->type != REDIS_REPLY_NIL) return fail(command, c, reply);
  } else if ((reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS) ||
             (size_t)reply->len != length || memcmp(reply->str, wanted, length) != 0) {
    return fail(command, c, reply);
  }
  freeReplyObject(reply);
  return NULL;
}

static const char *expect_text(redisContext *c, const char *command, const char *wanted) {
  return expect(c, command, wanted, wanted ? strlen(wanted) : 0);
}

static const char *introduce(struct session *s) {
  char command[128];
  const char *error = NULL;
  if (*s->password) {
    snprintf(command, sizeof command, "AUTH %s", s->password);
    error = expect_text(s->context, command, "OK");
  }
  if (!error && *s->name) {
    snprintf(command, sizeof command, "CLIENT SETNAME %s", s->name);
    error = expect_text(s->context, command, "OK");
  }
  return error;
}

static const char *do_connect(struct session *s) {
  struct timeval limit = {10, 0};
  s->context = redisConnectWithTimeout("127.0.0.1", atoi(s->port), limit);
  if (!s->context || s->context->err) return fail("connect", s->context, NULL);
  redisSetTimeout(s->context, limit);
  return introduce(s);
}

static const char *do_ping(struct session *s) { return expect_text(s->context, "PING", "PONG"); }

static const char *do_session(struct session *s) {
  redisReply *reply = redisCommand(s->context, "HELLO");
  if (!reply || reply->type != REDIS_REPLY_ARRAY) return fail("HELLO", s->context, reply);
  long long protocol = 0;
  for (size_t i = 0; i + 1 < reply->elements; i += 2)
    if (reply->element[i]->str && strcmp(reply->element[i]->str, "proto") == 0) protocol = reply->element[i + 1]->integer;
  if (protocol != s->label[4] - '0') return fail("HELLO says another protocol", s->context, reply);
  freeReplyObject(reply);
  return expect_text(s->context, "CLIENT GETNAME", *s->name ? s->name : NULL);
}

static const char *do_hit(struct session *s) {
  const char *error = expect_text(s->context, "GET hit", "value");
  return error ? error : expect_text(s->context, "GET hit", "value");
}

static const char *do_miss(struct session *s) { return expect_text(s->context, "GET miss", NULL); }

static const char *do_binary(struct session *s) {
  char binary[258];
  for (int i = 0; i < 256; i++) binary[i] = (char)i;
  memcpy(binary + 256, "\r\n", 2);
  return expect(s->context, "GET binary", binary, sizeof binary);
}

static const char *do_large(struct session *s) {
  char *large = malloc(LARGE);
  for (int i = 0; i < LARGE; i++) large[i] = "0123456789abcdef"[i % 16];
  const char *error = expect(s->context, "GET large", large, LARGE);
  free(large);
  return error;
}

static const char *do_mget(struct session *s) {
  redisReply *reply = redisCommand(s->context, "MGET hit miss key:1");
  if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) return fail("MGET", s->context, reply);
  redisReply **e = reply->element;
  int same = e[0]->type == REDIS_REPLY_STRING && strcmp(e[0]->str, "value") == 0 && e[1]->type == REDIS_REPLY_NIL &&
             e[2]->type == REDIS_REPLY_STRING && strcmp(e[2]->str, "value:1") == 0;
  if (!same) return fail("MGET gives other values", s->context, reply);
  freeReplyObject(reply);
  return NULL;
}

static const char *do_pipeline(struct session *s) {
  for (int i = 0; i < COUNT; i++) redisAppendCommand(s->context, "GET key:%d", i);
  for (int i = 0; i < COUNT; i++) {
    char wanted[16];
    redisReply *reply = NULL;
    snprintf(wanted, sizeof wanted, "value:%d", i);
    if (redisGetReply(s->context, (void **)&reply) != REDIS_OK) return fail("pipeline", s->context, NULL);
    if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, wanted) != 0) return fail(wanted, s->context, reply);
    freeReplyObject(reply);
  }
  return NULL;
}

static long long client_id(struct session *s) {
  redisReply *reply = redisCommand(s->context, "CLIENT ID");
  long long id = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
  if (reply) freeReplyObject(reply);
  return id;
}

static const char *do_unknown(struct session *s) {
  long long id = client_id(s);
  if (id < 0) return fail("CLIENT ID", s->context, NULL);
  redisReply *reply = redisCommand(s->context, "NOSUCH argument");
  if (!reply || reply->type != REDIS_REPLY_ERROR || !strstr(reply->str, "unknown command"))
    return fail("NOSUCH", s->context, reply);
  freeReplyObject(reply);
  const char *error = expect_text(s->context, "GET hit", "value");
  if (error) return error;
  return client_id(s) == id ? NULL : fail("CLIENT ID is another", s->context, NULL);
}

/* hiredis reconnects only on request, and restores nothing. */
static const char *do_reconnect(struct session *s) {
  const char *error = "never tried";
  for (int attempt = 0; attempt < 500; attempt++) {
    error = redisReconnect(s->context) == REDIS_OK ? introduce(s) : fail("reconnect", s->context, NULL);
    if (!error && !(error = expect_text(s->context, "GET hit", "value"))) return do_session(s);
    usleep(20000);
  }
  return error;
}

static const char *step(struct session *s, const char *name, const char *(*work)(struct session *)) {
  const char *error = work(s);
  if (error) printf("not ok %s %s: %s\n", s->label, name, error);
  else printf("ok %s %s\n", s->label, name);
  fflush(stdout);
  return error;
}

/* Takes the next field of an argument, up to a colon. */
static void take(const char **from, char *to, size_t size) {
  size_t length = strcspn(*from, ":");
  snprintf(to, size, "%.*s", (int)length, *from);
  *from += length + ((*from)[length] == ':');
}

static void use(struct session *s) {
  step(s, "PING", do_ping);
  step(s, "session", do_session);
  step(s, "GET hit", do_hit);
  step(s, "GET miss", do_miss);
  step(s, "binary value", do_binary);
  step(s, "1 MiB value", do_large);
  step(s, "MGET", do_mget);
  step(s, "pipeline of 1000", do_pipeline);
  step(s, "unknown command", do_unknown);
}

int main(int argc, char **argv) {
  static struct session sessions[MAX_SESSIONS];
  int count = argc - 1 < MAX_SESSIONS ? argc - 1 : MAX_SESSIONS;
  for (int i = 0; i < count; i++) {
    struct session *s = &sessions[i];
    const char *argument = argv[i + 1];
    take(&argument, s->label, sizeof s->label);
    take(&argument, s->port, sizeof s->port);
    take(&argument, s->password, sizeof s->password);
    take(&argument, s->name, sizeof s->name);
    if (!step(s, "connect", do_connect)) use(s);
  }
  puts("restart");
  fflush(stdout);
  getchar();
  for (int i = 0; i < count; i++)
    if (sessions[i].context) step(&sessions[i], "reconnect", do_reconnect);
  return 0;
}
