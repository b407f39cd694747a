/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SEGMENT operands: parse them, find the segments, and word the errors.
 */

#include <errno.h>
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
	if (shmt_parse_ref(text, &operand->ref) == 0)
		return operand->ref.kind == SHMT_SYSV ? ST_OK :
		    enter_objects(text);
	if (errno == ERANGE && strncmp(text, "ftok:", 5) == 0)
		return usage_error(text, "out of range: PROJ is one character "
		    "or 1 to 255");
	if (errno == ERANGE)
		return usage_error(text, "out of range: ids go from 0 to "
		    "2147483647, keys from 1 to 0xffffffff");
	if (errno == EINVAL)
		return usage_error(text, "not a segment: an id (123), a key "
		    "(0x4d2), /NAME, id:N, key:N or ftok:PATH[:PROJ]");
	warn_about(text, "%s", strerror(errno));
	return errno == EACCES ? ST_DENIED : ST_FAILED;
}

int
parse_operands(int argc, char **argv, struct operand **operands)
{
	struct operand *list;
	int i, status;

	if (argc == 0)
		return usage_error(NULL, "which segment?");
	list = calloc((size_t)argc, sizeof(*list));
	if (list == NULL)
		return fail(NULL, errno);
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
	if (object->kind == SHMT_POSIX)
		snprintf(text, OPERAND_TEXT, "/%s", object->name);
	else
		snprintf(text, OPERAND_TEXT, "%d", object->id);
}

void
absent_reason(const struct operand *operand, char reason[static ABSENT_REASON])
{
	int id;

	strlcpy(reason, operand->ref.kind == SHMT_SYSV ? "no such segment" :
	    "no such object", ABSENT_REASON);
	/* Digits alone are an id, even if the user meant a key. */
	if (operand->text[strspn(operand->text, "0123456789")] == '\0' &&
	    operand->ref.id > 0 &&
	    shmt_find((uint32_t)operand->ref.id, &id) == 0)
		snprintf(reason, ABSENT_REASON, "no such segment; segment %d "
		    "has this key: name it key:%d", id, operand->ref.id);
}

const char *
not_object(int error)
{
	switch (error) {
	case ELOOP:
		return "a symbolic link has this name";
	case EISDIR:
		return "a directory has this name";
	case ENXIO:
		return "a FIFO, a socket or a device has this name";
	case ENODEV:
		return "/dev/shm is not there, or is no tmpfs";
	default:
		return NULL;
	}
}

int
operand_failed(const struct operand *operand, int error)
{
	char reason[ABSENT_REASON];
	const char *what;

	if (operand->ref.kind == SHMT_POSIX) {
		what = not_object(error);
		if (what != NULL) {
			warn_about(operand->text, "no object: %s", what);
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
find_operand(const struct operand *operand, struct shmt_info *segment)
{
	struct shmt_object object;

	if (shmt_resolve(&operand->ref, &object) == -1 ||
	    shmt_info(&object, 0, segment) == -1)
		return operand_failed(operand, errno);
	/* Between the two calls the id may be reused for another segment. */
	if (operand->ref.by_key && segment->key != operand->ref.key)
		return operand_failed(operand, ENOENT);
	return ST_OK;
}
