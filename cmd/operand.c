/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT operands: parse them, find the segments, and word the errors.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespace.h"
#include "operand.h"
#include "shmtool.h"
#include "ui/message.h"

int
parse_operand(const char *text, struct operand *operand)
{
	operand->text = text;
	if (shmt_parse_ref(text, &operand->ref) == 0) {
		if (operand->ref.path == NULL)
			return operand->ref.kind == SHMT_SYSV ? ST_OK :
			    enter_dev_shm(text);
		if (entered_namespace() != NULL)
			return usage_error(text, "memory without a name is "
			    "found through its processes, in any namespace: "
			    "omit --ns");
		/* A path to an object that has a name is that object. */
		shmt_path_name(text, &operand->ref, operand->name);
		return ST_OK;
	}
	if (errno == ERANGE && strncmp(text, "ftok:", 5) == 0)
		return usage_error(text, "out of range: PROJ is one character "
		    "or 1 to 255");
	if (errno == ERANGE)
		return usage_error(text, "out of range: ids go from 0 to "
		    "2147483647, keys from 1 to 0xffffffff");
	if (strcmp(text, "/dev/shm") == 0 || strcmp(text, "/dev/shm/") == 0)
		return usage_error(text, "a directory: shmtool stat --kind "
		    "posix lists the objects in it");
	if (errno == EINVAL || (errno == ENAMETOOLONG && *text == '/'))
		return usage_error(text, "not a segment: an id (123), a key "
		    "(0x4d2), /NAME, id:N, key:N, ftok:PATH[:PROJ], "
		    "/proc/PID/fd/N or /proc/PID/map_files/RANGE");
	return file_failed(text, errno);
}

int
parse_operands(int argc, char **argv, struct operand **operands)
{
	struct operand *list;
	int i, status;

	if (argc == 0)
		return usage_error(NULL, "which segment?");
	list = check_memory(calloc((size_t)argc, sizeof(*list)));
	for (i = 0; i < argc; i++) {
		status = parse_operand(argv[i], &list[i]);
		if (status != ST_OK) {
			free(list);
			return status;
		}
	}
	*operands = list;
	return ST_OK;
}

int
parse_single_operand(int argc, char **argv, struct operand *operand)
{
	if (argc == 0)
		return usage_error(NULL, "which segment?");
	if (argc > 1)
		return usage_error(argv[1], "one segment at a time");
	return parse_operand(argv[0], operand);
}

void
operand_text(const struct shmt_object *object,
    char text[static OPERAND_TEXT])
{
	if (object->path != NULL)
		strlcpy(text, object->path, OPERAND_TEXT);
	else if (object->kind == SHMT_POSIX)
		snprintf(text, OPERAND_TEXT, "/%s", object->name);
	else
		snprintf(text, OPERAND_TEXT, "%d", object->id);
}

void
absent_reason(const struct operand *operand, char reason[static ABSENT_REASON])
{
	int id;

	strlcpy(reason, operand->ref.kind == SHMT_SYSV ? "no such segment" :
	    operand->ref.path != NULL ? "no such process, descriptor or "
	    "mapping" : "no such object", ABSENT_REASON);
	/* Digits alone are an id, even if the user meant a key. */
	if (operand->text[strspn(operand->text, "0123456789")] == '\0' &&
	    operand->ref.id > 0 &&
	    shmt_find((uint32_t)operand->ref.id, &id) == 0)
		snprintf(reason, ABSENT_REASON, "no such segment; segment %d "
		    "has this key: name it key:%d", id, operand->ref.id);
}

const char *
why_no_object(int error)
{
	switch (error) {
	case ELOOP:
		return "a symbolic link has this name";
	case EISDIR:
		return "a directory has this name";
	case ENXIO:
		return "a FIFO, a socket or a device has this name";
	case ENODEV:
		return "/dev/shm does not exist, or is not a tmpfs";
	default:
		return NULL;
	}
}

/* Describes what a path in /proc leads to, if not to memory without a name. */
static const char *
why_not_memory(int error)
{
	switch (error) {
	case EEXIST:
		return "a file that has a name, though none in /dev/shm";
	case ENODEV:
		return "not of a tmpfs, a memfd or of huge pages";
	case ENOTSUP:
		return "a System V segment, which is named by its id";
	case EISDIR:
		return "a directory";
	case ELOOP:
		return "a symbolic link";
	case ENXIO:
		return "a pipe, a socket or a device";
	default:
		return NULL;
	}
}

int
report_replaced(const char *text, int id)
{
	warn_about(text, "segment %d was removed, and another one has its id",
	    id);
	return ST_ABSENT;
}

int
operand_failed(const struct operand *operand, int error)
{
	char reason[ABSENT_REASON];
	const char *what;

	if (operand->ref.kind != SHMT_SYSV) {
		what = operand->ref.path != NULL ? why_not_memory(error) :
		    why_no_object(error);
		if (what != NULL) {
			warn_about(operand->text, "not an object: %s", what);
			return ST_ABSENT;
		}
	}
	if (error != ENOENT)
		return fail(operand->text, error);
	absent_reason(operand, reason);
	warn_about(operand->text, "%s", reason);
	return ST_ABSENT;
}

int
check_sealed(const struct operand *operand, const struct shmt_info *segment)
{
	const unsigned seals = segment->seals & (F_SEAL_WRITE |
	    F_SEAL_FUTURE_WRITE);

	if (seals == 0)
		return ST_OK;
	warn_about(operand->text, "the seal %s forbids writing to it",
	    (seals & F_SEAL_WRITE) != 0 ? "F_SEAL_WRITE" :
	    "F_SEAL_FUTURE_WRITE");
	return ST_DENIED;
}

int
look_up_operand(const struct operand *operand, struct shmt_info *segment)
{
	struct shmt_object object;
	struct shmt_info info;

	if (shmt_resolve(&operand->ref, &object) == -1 ||
	    shmt_info(&object, 0, &info) == -1)
		return -1;
	/* Between the two calls the id may be reused for another segment. */
	if (operand->ref.by_key && info.key != operand->ref.key) {
		errno = ENOENT;
		return -1;
	}
	*segment = info;
	return 0;
}

int
find_operand(const struct operand *operand, struct shmt_info *segment)
{
	return look_up_operand(operand, segment) == 0 ? ST_OK :
	    operand_failed(operand, errno);
}
