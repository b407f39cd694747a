/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What the commands share: their table, options, messages, exit statuses,
 * operands, tables and JSON.  A verb's file parses, checks, acts, in this
 * order, and ends with its one struct cmd.
 */

#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shmtool.h"

/* Exit statuses, the same for every command. */
enum {
	ST_OK,
	ST_FAILED,	/* otherwise, or failures of several kinds */
	ST_USAGE,	/* the command line is wrong, nothing was done */
	ST_ABSENT,	/* no such segment */
	ST_DENIED,	/* permission denied */
	ST_BUSY,	/* it exists, or is in use */
	ST_LIMIT,	/* a limit or memory is exhausted */

	/* Of the verbs that run a COMMAND, as env(1) has them. */
	ST_NOT_RUN = 125,	/* it was not started, for a reason of ours */
	ST_NO_EXEC,		/* it cannot be run */
	ST_NO_COMMAND		/* there is none of this name */
};

/* One option; a table of them ends with a row of zeros.  -h is everyone's. */
struct option_row {
	int code;		/* the letter, or from OPT_LONG on: none */
	const char *name;	/* the long name, without dashes */
	const char *value;	/* word for its value, "[=WORD]" if optional */
	const char *help;	/* what it does, in one line */
};

#define OPT_LONG 256

struct cmd {
	const char *name;
	const char *summary;
	const char *synopsis;	/* what follows the name; lines by \n */
	const struct option_row *options;
	const char *operands;	/* a note below the options, or NULL */
	int (*run)(int argc, char **argv);
};

extern const struct cmd cmd_attach, cmd_create, cmd_limits, cmd_read,
    cmd_restore, cmd_rm, cmd_save, cmd_set, cmd_stat, cmd_write;

/*
 * nearest.c
 */

/* Edits (insert, delete, change, swap neighbours) from one word to another;
 * UINT32_MAX: one is too long. */
unsigned distance(const char *a, const char *b);

/* The command that a word of another tool stands for, or NULL; and what to
 * write instead of its letter. */
const char *other_word(const char *name);
const char *other_letter(const char *command, char letter);

/*
 * options.c
 */

/*
 * The next option's code as getopt_long(3) gives it, its value in optarg; -1
 * after the last, optind then at the first operand.  '?' after a mistake,
 * which has been told; 'h' after help has been printed.  A verb returns
 * option_status() of either.
 */
int next_option(const struct cmd *cmd, int argc, char **argv)
    __attribute__((nonnull));
int option_status(int code);

/*
 * Cuts "-- COMMAND ARG..." off argv and returns it, or NULL.  For the verbs
 * that run a command: called first, for getopt would lose the "--".
 */
char **cut_command(int *argc, char **argv);

/* The option of argv that getopt(3) stumbled over, as it was written. */
const char *bad_option(char **argv, char letter[static 3]);

/* What -h prints. */
void print_help(const struct cmd *cmd);

/*
 * message.c
 */

/* The command in whose name messages are, from here on. */
void speak_as(const char *command);

/* A usage error of our own: the message, a hint at -h, and ST_USAGE. */
int usage_error(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * One line on stderr: "shmtool: COMMAND: OBJECT: reason".  The object (NULL:
 * none) is as the user wrote it.  Both may hold untrusted bytes.
 */
void complain(const char *object, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* complain() with strerror(error), and the exit status that belongs to it. */
int fail(const char *object, int error);
int status_of(int error);

/* What the last usage_error() or fail() returned: for those who only learn
 * that a value was refused, mostly by the user's mistake. */
int told_status(void);

/* Adds a further outcome to a status: another kind of failure makes it 1. */
void add_status(int *status, int outcome);

/* Flushes stdout and tells whether all of it arrived: false, and said why. */
bool flush_output(void);
bool close_output(void);

/*
 * text.c: bytes for people
 */

/* Nothing in it that vis(3) would change: by far the most of what there is. */
bool is_plain(const char *src);

/* src as vis(3) makes it safe for a terminal, to be freed; NULL: no memory. */
char *safe_copy(const char *src);

/* That on standard output; "?" where there is no memory for it. */
void print_safe(const char *text);

/* Places that it takes on a terminal, once made safe. */
size_t text_width(const char *text);

/* "1.5M", "4.0K", "512"; "3d04h", "2h05m", "12m", "5s". */
#define SHORT_TEXT 32

/* A number in base 10, or in 8 or 16 and then of at least so many digits;
 * returns how many. */
size_t digits(char *text, uint64_t number, unsigned base, unsigned least);

/* Or UINT64_MAX where that is too small: without a promise of memory anybody
 * can make segments that are larger together. */
uint64_t add_sizes(uint64_t a, uint64_t b);

void short_size(char text[static SHORT_TEXT], uint64_t bytes);
void short_duration(char text[static SHORT_TEXT], uint64_t seconds);

/* "2026-11-21 10:00:00", or "-" for 0. */
void short_time(char text[static SHORT_TEXT], int64_t when);

/* Owner names, looked up once for each distinct id; the number as text where
 * there is none.  Valid until the program ends. */
const char *user_name(uint32_t uid);
const char *group_name(uint32_t gid);

/* "NAME" or a number; false if neither, and errno 0 or what getpwnam(3) and
 * getgrnam(3) failed at; no_such_name() tells which, and is false. */
bool find_user(const char *text, uint32_t *uid);
bool find_group(const char *text, uint32_t *gid);
bool no_such_name(const char *object, const char *text, const char *what);

/* "OWNER[:GROUP]" (":GROUP" too); what is not named is left as it was.  A
 * mistake is told as one of object, and false. */
bool parse_owner(const char *object, const char *text, uint32_t *uid,
    uint32_t *gid);

/*
 * target.c: SEGMENT operands
 */

struct target {
	const char *text;	/* as the user wrote it */
	struct shmt_ref ref;
};

/* ST_OK, or the status of the mistake, which has been told. */
int parse_target(const char *text, struct target *target);

/* All operands from argv on into an array to free; at least one. */
int parse_targets(int argc, char **argv, struct target **targets);

/* The one operand of a verb that takes one. */
int parse_target_alone(int argc, char **argv, struct target *target);

/* Why there is none: a key without 0x may have been taken for an id. */
#define ABSENT_REASON 80
void absent_reason(const struct target *target,
    char reason[static ABSENT_REASON]);

/* fail() with it, and otherwise with strerror(error). */
int target_failed(const struct target *target, int error);

/* Finds and looks; ST_OK, or told why not. */
int find_target(const struct target *target, struct shmt_segment *segment);

/* Option values, mistakes told as "OPTION VALUE". */
bool size_value(const char *option, const char *text, uint64_t *size);
bool offset_value(const char *option, const char *text, uint64_t *offset);
bool duration_value(const char *option, const char *text, uint64_t *seconds);
bool key_value(const char *option, const char *text, uint32_t *key);
bool number_value(const char *option, const char *text, uint64_t max,
    uint64_t *number);
bool mode_value(const char *option, const char *text, unsigned base,
    unsigned *mode);

/*
 * run.c: COMMAND of create and attach, and the wait for an end
 */

/* From here on HUP, INT and TERM wait for one of the two below. */
void hold_signals(void);

/* Waits for HUP, INT or TERM, or until the time is over (UINT64_MAX: never).
 */
void wait_for_end(uint64_t seconds);

struct errand {
	char **command;
	/* Called once after so many seconds of COMMAND's run; may be NULL. */
	void (*let_go)(void *arg);
	void *arg;
	uint64_t seconds;
};

/* Runs COMMAND, passes signals on to it, and returns its status: 128 + N
 * after a signal, ST_NOT_RUN, ST_NO_EXEC or ST_NO_COMMAND, then told. */
int run_errand(const struct errand *errand);

/* SHMTOOL_ID, SHMTOOL_KEY and SHMTOOL_SIZE for COMMAND, of several segments
 * with blanks between; false, and told why. */
bool export_segments(const struct shmt_segment *list, size_t count);

/*
 * input.c: the first contents of a new segment
 */

/*
 * Opens FILE ("-": standard input).  Not sized: *size becomes the length of
 * what comes, and what tells no length is read into memory to its end;
 * sized: a file that is known not to fit is refused.  ST_OK, or told.
 */
int open_input(const char *name, bool sized, uint64_t *size, int *in);

/* Copies it into the segment; ST_OK, or told why not. */
int fill_segment(int id, const char *name, int in);

/*
 * keeper.c: a process that removes a segment when we end, however we end
 */

struct keeper {
	pid_t pid;
	int socket;
};

/* In this order: started before there is a segment of that key (0: private),
 * told which one it is, ended (which removes it).  Where we end before it is
 * told it looks for one that we made.  False with errno. */
bool start_keeper(struct keeper *keeper, uint32_t key);
bool brief_keeper(const struct keeper *keeper,
    const struct shmt_segment *segment);
void end_keeper(const struct keeper *keeper);

/*
 * refusal.c: why a segment could not be had
 */

/* Finds the cause, tells it, and returns the status that belongs to it. */
int tell_refusal(const char *object, const struct shmt_request *request,
    enum shmt_step step, int error);

/*
 * filter.c: the filter options that stat, rm and save share
 */

enum {
	OPT_FILTER = 512,	/* codes of FILTER_OPTIONS, in their order */
	OPT_FILTER_OWNER = OPT_FILTER, OPT_FILTER_CREATOR, OPT_FILTER_KEY,
	OPT_FILTER_PRIVATE, OPT_FILTER_UNATTACHED, OPT_FILTER_CREATOR_DEAD,
	OPT_FILTER_IDLE, OPT_FILTER_MIN_SIZE, OPT_FILTER_MAX_SIZE,
	OPT_FILTER_DEST, OPT_FILTER_PID, OPT_FILTER_STALE, OPT_FILTER_END
};

#define FILTER_OPTIONS \
	{ OPT_FILTER_OWNER, "owner", "USER", "owned by USER" }, \
	{ OPT_FILTER_CREATOR, "creator", "USER", "created by USER" }, \
	{ OPT_FILTER_KEY, "key", "KEY", "with this key" }, \
	{ OPT_FILTER_PRIVATE, "private", NULL, "without a key" }, \
	{ OPT_FILTER_UNATTACHED, "unattached", NULL, \
	    "that nobody has attached" }, \
	{ OPT_FILTER_CREATOR_DEAD, "creator-dead", NULL, \
	    "whose creator is provably gone" }, \
	{ OPT_FILTER_IDLE, "idle", "DURATION", \
	    "without attach, detach or change since" }, \
	{ OPT_FILTER_MIN_SIZE, "min-size", "SIZE", "of SIZE or more" }, \
	{ OPT_FILTER_MAX_SIZE, "max-size", "SIZE", "of SIZE or less" }, \
	{ OPT_FILTER_DEST, "dest", NULL, "marked for removal" }, \
	{ OPT_FILTER_PID, "pid", "PID", "attached or created by PID" }, \
	{ OPT_FILTER_STALE, "stale", NULL, \
	    "unattached, users provably gone, idle for an hour" }

/* Takes one filter option; false after a mistake, which has been told. */
bool filter_option(struct shmt_filter *filter, int code, const char *value);

/* After the last option: false where no segment could ever pass, as told. */
bool filter_check(const struct shmt_filter *filter);

/* The rest that makes a segment stale; filter may be NULL. */
uint64_t filter_idle(const struct shmt_filter *filter);

/* The segments that pass, into an array to free, holders as found where the
 * filter needs them; ST_OK, or told why not. */
int filter_list(const struct shmt_filter *filter, bool want_rss,
    struct shmt_segment **list, size_t *count);

/*
 * guard.c: --lock-with, which read, write and save share
 */

enum { OPT_LOCK_WITH = 768, OPT_LOCK_TIMEOUT };

#define GUARD_OPTIONS \
	{ OPT_LOCK_WITH, "lock-with", "SEM", \
	    "hold this semaphore (ID or 0xKEY, :INDEX) meanwhile" }, \
	{ OPT_LOCK_TIMEOUT, "lock-timeout", "DURATION", \
	    "wait so long for it, not for ever" }

/* All zeros at first. */
struct guard {
	const char *text;	/* of --lock-with, or NULL: nothing to hold */
	bool timed;
	uint64_t timeout;	/* seconds */
	struct shmt_guard semaphore;
};

/* Takes one of the options; false after a mistake, which has been told. */
bool guard_option(struct guard *guard, int code, const char *value);

/* After the last option: ST_OK, or told what is wrong. */
int check_guard(struct guard *guard);

/* ST_OK, also with nothing to hold; or told why not.  A signal noted by
 * catch_signals() ends the wait. */
int take_guard(const struct guard *guard);
int give_guard(const struct guard *guard);

/*
 * saving.c: one segment saved, for save and rm --save
 */

struct saving {
	const char *dir;
	bool replace;		/* what was saved before */
	void (*copied)(void *arg);	/* when the contents are; or NULL */
	void *arg;
};

/* ST_OK, or a status and in *reason, to be freed, why not (NULL where there
 * is no memory for it).  What is saved is the segment that has this id now:
 * whether it is shmt_same() as before, saved->segment tells. */
int save_segment(const struct saving *saving,
    const struct shmt_segment *segment, struct shmt_saved *saved,
    char **reason);

/*
 * signals.c: hang-up, interrupt, quit and termination
 */

/* From here on they are noted, and end what waits with EINTR. */
void catch_signals(void);

/* The one that was noted, or 0. */
int caught_signal(void);

/* What comes from here on comes too late, and does nothing. */
void stop_catching(void);

/* Dies of the one that was noted; main() does so when a verb has put away
 * what it had half made. */
void die_of_signal(void);

/* From here on a closed pipe, or a file larger than RLIMIT_FSIZE, is an error
 * of write(2), not our death: the first for verbs that must not stop half way,
 * the second for all.  COMMAND gets both as we found them. */
void outlive_pipes(void);
void outlive_large_files(void);
void die_as_found(void);

/*
 * progress.c: how far a transfer is
 */

struct progress {
	bool on, shown;
	uint64_t total;
	double start, next;	/* seconds */
};

void progress_begin(struct progress *progress, uint64_t total);
void progress_end(struct progress *progress);

/* For struct shmt_transfer: shows it on a terminal, stops after a signal. */
bool progress_tell(void *progress, uint64_t done);

/*
 * contents.c: what those that copy contents share
 */

/* ": memory cgroup /NAME 24M of 24M are in use", or "" where nothing tells.
 */
#define MEMORY_TEXT 256
void memory_in_use(char text[static MEMORY_TEXT]);

/* The value of --length; false after a mistake, which has been told. */
bool length_value(const char *text, uint64_t *length);

/* A length of UINT64_MAX becomes what there is; ST_OK, or told. */
int check_range(const struct target *target, uint64_t size, uint64_t offset,
    uint64_t *length);

/* A copy between the segment and other failed, by errno; told. */
int copy_failed(const struct target *target, const char *other,
    uint64_t done);

/*
 * output.c: the file that a command writes
 */

struct output {
	const char *path;	/* for messages */
	int fd;
	bool holes;		/* SHMT_SPARSE is possible */
	struct shmt_draft *draft;	/* what becomes path, or NULL */
	uint64_t credit;	/* of shmt_make_room() */
	int error;		/* what the stream died of, or 0 */
};

/* NULL and "-" are standard output.  ST_OK, or told why not. */
int output_open(struct output *output, const char *path);

/* For stdio(3), or NULL; its end, or -1 if not all of it arrived. */
FILE *output_stream(struct output *output);
int output_end_stream(struct output *output, FILE *stream);

/* All of a buffer, as far as no signal stops us; *credit is 0 at first. */
bool put_all(int fd, const char *p, size_t length, uint64_t *credit);

/* Complete: it gets its name.  Or away with it. */
int output_commit(struct output *output);
void output_abandon(struct output *output);

/*
 * dump.c: contents for people
 */

enum dump_form { DUMP_RAW, DUMP_HEX, DUMP_TEXT, DUMP_TYPED };

struct dump {
	enum dump_form form;
	const struct dump_type *type;	/* of DUMP_TYPED */
	FILE *out;
	bool offsets;		/* before typed values */
	bool safe;		/* text is made safe for a terminal */
	bool colour;		/* for what changed; else marks */
	bool has_line, folded, open_line;
	unsigned char line[16];
};

/* "d4", "x1", ... as od(1) names them, or NULL. */
const struct dump_type *find_dump_type(const char *name);

/* A piece, its length a multiple of 16 but for the last; false: no more is
 * wanted.  Then the end, at offset. */
bool dump_bytes(struct dump *dump, uint64_t offset, const unsigned char *bytes,
    size_t length);
void dump_end(struct dump *dump, uint64_t offset);

/* Lines and values that differ from before. */
void dump_changes(struct dump *dump, uint64_t offset, const unsigned char *now,
    const unsigned char *before, size_t length);

/*
 * watch.c: contents again and again
 */

struct watch {
	const struct target *target;
	const struct shmt_segment *segment;
	const struct guard *guard;
	struct shmt_view *view;
	uint64_t offset, length, interval;
};

/* Until a signal comes or the segment goes. */
int watch_contents(const struct watch *watch, struct dump *dump);

/*
 * sink.c: many small pieces on their way to a stream
 */

struct sink {
	FILE *file;
	size_t used;
	char bytes[32768];
};

void sink_put(struct sink *sink, const char *bytes, size_t length);
void sink_text(struct sink *sink, const char *text);
void sink_blanks(struct sink *sink, size_t count);
void sink_flush(struct sink *sink);

/* Room for length bytes, far fewer than it holds; what is written there
 * counts once it is added to used. */
static inline char *
sink_room(struct sink *sink, size_t length)
{
	if (length > sizeof(sink->bytes) - sink->used)
		sink_flush(sink);
	return sink->bytes + sink->used;
}

/*
 * json.c: a writer of one JSON value, always valid, always UTF-8
 */

struct json {
	struct sink out;
	bool inside;		/* a comma is due before the next member */
};

/* name is NULL inside arrays and at the top. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);
void json_text(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, uint64_t number);
void json_signed(struct json *json, const char *name, int64_t number);
void json_tenths(struct json *json, const char *name, uint64_t tenths);
void json_bool(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_key(struct json *json, uint32_t key);	/* key and key_hex */
void json_end(struct json *json);	/* the newline; all to the stream */

/*
 * table.c: rows and columns as an aligned table, TSV or JSON
 */

enum value_kind {
	VALUE_UNKNOWN,		/* "-", null */
	VALUE_TEXT,
	VALUE_WORDS,		/* text of words between blanks; an array */
	VALUE_NUMBER,
	VALUE_SIZE,		/* bytes */
	VALUE_TIME,		/* seconds since the Epoch, 0 unknown */
	VALUE_DURATION,		/* seconds */
	VALUE_TENTHS,		/* 125 is "12.5" */
	VALUE_PERMS,		/* "0600" */
	VALUE_KEY,		/* 0x000004d2; key and key_hex */
	VALUE_LOST_KEY,		/* "-", both of them null */
	VALUE_COMMAND,		/* text, and in number its enum shmt_life */
	VALUE_HEX		/* an address; a string in JSON */
};

struct value {
	enum value_kind kind;
	uint64_t number;
	const char *text;	/* of TEXT, WORDS, COMMAND; lives as the row */
};

/* value.c: for the get of a column. */
void set_number(struct value *value, enum value_kind kind, uint64_t number);
void set_text(struct value *value, const char *text);

/* Its text, in room where it is none already; plain: for programs.
 * Its members of a JSON object. */
const char *value_text(const struct value *value, bool plain,
    char room[static SHORT_TEXT]);
void value_json(const struct value *value, struct json *json,
    const char *name);

struct column {
	const char *name;	/* upper case; lower case in JSON */
	bool right;		/* aligned to the right in a table */
	void (*get)(const void *row, struct value *value);
	unsigned needs;		/* what a row must hold, in its maker's bits */
};

/* No table has more. */
#define COLUMNS_MAX 48

enum table_format { FORMAT_TABLE, FORMAT_TSV, FORMAT_JSON };

struct table {
	enum table_format format;
	bool heading, bytes, reverse;
	const struct column *const *columns;
	size_t column_count;
	const size_t *widths;		/* at least, of each; NULL: as needed */
	const struct column *sort;	/* NULL: as given */
	void **rows;			/* sorted in place */
	size_t row_count;
	/* JSON: further members of a row's object, or NULL. */
	void (*more)(struct json *json, const void *row);
};

/* Sorts and prints; as JSON the rows are an array called name inside the
 * object that the caller has opened (json is NULL otherwise). */
int print_table(const struct table *table, struct json *json,
    const char *name);

/* The members of one row, as a JSON object of this name. */
void print_object(const struct table *table, struct json *json,
    const char *name, const void *row);

/* Column of this name, in upper or lower case, or NULL. */
const struct column *find_column(const struct column *columns, size_t count,
    const char *name);

/* Tells the mistake in an option's value with the names there are; false. */
bool unknown_column(const char *option, const char *name,
    const struct column *columns, size_t count);

/* "COL,COL" replaces, "+COL,COL" adds to the defaults, NULL is the defaults,
 * into an array to free; a column stands once, where it was named first.  A
 * mistake is told with the names there are, and false. */
bool parse_columns(const char *text, const struct column *columns,
    size_t count, const char *const *defaults, const struct column ***chosen,
    size_t *chosen_count);

/*
 * rows.c, columns.c: segments as rows of a table, for all that list them
 */

/* What a column needs of a row beyond what every segment tells. */
#define NEEDS_RSS	0x01u
#define NEEDS_STATUS	0x02u
#define NEEDS_KEY	0x04u	/* the key that a dest segment had */
#define NEEDS_CREATOR	0x08u
#define NEEDS_LAST_USER	0x10u
#define NEEDS_HOLDERS	0x20u
#define NEEDS_SPACE	0x40u

/* An IPC namespace. */
struct space {
	struct shmt_ns ns;	/* pid 0: unknown */
	char command[SHMT_COMMAND_MAX];	/* of the process */
};

struct row {
	struct shmt_segment segment;
	uint32_t key;		/* segment.key, or the one it had */
	bool key_lost;		/* it is marked, and nobody told the key */
	uint64_t idle;		/* seconds */
	char status[32];	/* words between blanks */
	struct shmt_process creator, last_user;
	const struct shmt_holder *holders;
	size_t holder_count;
	const struct space *space;
};

/*
 * Fills rows, to which there are pointers, of which the segments are known,
 * with what is needed; stale_idle as for shmt_prove().  The rows point into
 * holders, which the caller frees.  ST_OK, or told what is missing in them.
 */
int fill_rows(void *const *rows, size_t count, unsigned needs,
    uint64_t stale_idle, struct shmt_holders *holders);

/* The rows of one namespace. */
struct rows {
	struct row *list;	/* in the order of the segments */
	size_t count;
	struct shmt_holders holders;
	struct space space;
};

/* The same from segments, without a space; the caller calls free_rows(). */
int make_rows(const struct shmt_segment *list, size_t count, unsigned needs,
    uint64_t stale_idle, struct rows *rows);
void free_rows(struct rows *rows);

extern const struct column segment_columns[];
extern const size_t segment_column_count;

/* The columns of a list when none were chosen, ended by NULL. */
extern const char *const default_columns[];

/*
 * snapshot.c: the segments that stat shows, of one namespace or of all
 */

struct selection {
	const struct shmt_filter *filter;
	const struct target *targets;	/* of those only these, if any */
	size_t target_count;
	unsigned needs;
	bool all_spaces;
};

struct snapshot {
	struct rows *spaces;
	size_t space_count;
	size_t closed;		/* namespaces that may not be entered */
	size_t hidden;		/* processes that hide theirs */
	void **rows;		/* pointers to all of them, for a table */
	size_t row_count;
};

/* ST_OK, or told what failed; what did not fail is there all the same.  The
 * caller frees it. */
int take_snapshot(const struct selection *selection,
    struct snapshot *snapshot);
void free_snapshot(struct snapshot *snapshot);

/* Whether it holds all that was asked for; if not, has said so. */
bool is_complete(const struct selection *selection,
    const struct snapshot *snapshot);

/* Whether an operand means this segment. */
bool is_target(const struct target *target,
    const struct shmt_segment *segment);

/*
 * attachments.c: a row for each process and segment that it has attached
 */

struct attachment {
	const struct row *row;
	const struct shmt_holder *holder;
};

extern const struct column attachment_columns[];
extern const size_t attachment_column_count;
extern const char *const default_attachment_columns[];

/* Those of the rows to which there are pointers, and pointers to them; both
 * to be freed, after a failure too.  ST_OK, or told why not. */
int list_attachments(void *const *rows, size_t row_count,
    struct attachment **list, void ***pointers, size_t *count);

/* Those of one row: as the JSON member "attachments", and as a table. */
void json_attachments(struct json *json, const void *row);
int print_attachments(void *const *row, bool bytes);

/*
 * detail.c: everything about one segment, for people
 */
int print_detail(void *const *row, bool bytes, bool with_space);

/* What it tells beyond the columns, as further members of the row. */
void json_detail(struct json *json, const void *row);

/*
 * summary.c: all segments of a namespace in sum
 */

struct sum {
	uint64_t segments, unattached, dest;
	uint64_t size, pages, largest;	/* pages as shmall counts them */
	bool has_rss;
	uint64_t rss, swap;
	const struct space *space;
};

extern const struct column summary_columns[];
extern const size_t summary_column_count;
extern const char *const default_summary_columns[];

/* One for each namespace, and pointers to them; both to be freed, after a
 * failure too.  ST_OK, or told why not. */
int list_sums(const struct snapshot *snapshot, struct sum **list,
    void ***pointers);

/*
 * events.c: stat -w, a line for each change
 */

struct lookout {
	uint64_t interval;	/* seconds between looks */
	const struct shmt_filter *filter;
	const struct target *targets;	/* those only, if any */
	size_t target_count;
	enum table_format format;
	bool heading, bytes;
};

/* Until a signal, or the end of who reads stdout. */
int print_events(const struct lookout *how);

/*
 * removal.c: one segment looked at, looked at again, removed, and told
 */

enum removal_result {
	WOULD_REMOVE, WOULD_MARK, REMOVED, MARKED, KEPT, ABSENT, FAILED
};

/* What is asked for, the same for each segment; and who is attached. */
struct removal_run {
	bool force, verbose, dry;
	const char *save;		/* folder to save into first, or NULL */
	const struct shmt_filter *filter;	/* NULL: named by operands */
	bool has_holders;
	struct shmt_holders holders;
};

/* One segment on its way out; all zeros but for target or segment at first. */
struct removal {
	struct shmt_segment segment;	/* as it was looked at; id -1: none */
	const struct target *target;	/* NULL: selected by the filter */
	enum removal_result result;
	int status;
	char *reason;			/* or NULL */
	char *saved;			/* DIR/ID-KEY, or NULL: not saved */
	struct shmt_holder *holders;	/* where it is attached */
	size_t holder_count;
	bool complete;			/* these are all of them */
};

/* Finds what an operand names. */
void removal_find(struct removal_run *run, struct removal *removal);

/* What would be done to a segment that was found: WOULD_REMOVE, WOULD_MARK,
 * or already known to be KEPT or FAILED. */
void removal_plan(struct removal_run *run, struct removal *removal);

/* Looks again, saves where asked to, removes, and sees what became of it. */
void removal_do(struct removal_run *run, struct removal *removal);

/* Leaves it for a reason that the user knows. */
void removal_keep(struct removal *removal, int status, const char *reason);

/* Messages, and lines on stdout where the run is verbose. */
void removal_tell(const struct removal_run *run,
    const struct removal *removal);

void removal_json(struct json *json, const struct removal *removal);

/* Who is attached is looked up anew when it is next needed. */
void removal_forget_holders(struct removal_run *run);
void removal_free(struct removal *removal);

/*
 * The parts of limits: report.c
 */

enum report_unit { REPORT_KBYTES, REPORT_BYTES, REPORT_HUMAN };

#define REPORT_LIMITS	0x1u
#define REPORT_SEGMENTS	0x2u

/* What ipcs -l and ipcs -m print, or both as JSON. */
int print_report(unsigned what, enum report_unit unit, bool json);

/* Tells that shmt_limits() failed with error, bad being as it said. */
int limits_failed(const char *bad, int error);

/*
 * usage.c and metrics.c: how full it is
 */

int print_usage(enum table_format format, bool bytes);

/* The one line of a monitoring plugin and its status: 0, 1, 2, or this. */
#define CHECK_UNKNOWN 3
int check_usage(unsigned warning, unsigned critical);

int export_metrics(bool all_ns);

/*
 * advise.c and change.c: what the limits should be, and set
 */

#define SYSCTL_FILE "/etc/sysctl.d/90-shmtool.conf"

int print_advice(enum shmt_profile profile, uint64_t memory, bool json);

#define SETTINGS_MAX 4		/* of different names */

/* Takes "NAME=VALUE" as one more of *count; false after a mistake, which has
 * been told. */
bool parse_setting(const char *text,
    struct shmt_setting settings[static SETTINGS_MAX], size_t *count);

/* Sets all or none; file: NULL, or where they are kept.  dry: only shows. */
int change_limits(const struct shmt_setting *settings, size_t count,
    const char *file, bool dry);

#endif
