/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which PostgreSQL server a segment belongs to: by the header that the server
 * writes at its start.  Any process can write such a header, so each fact in
 * it is compared with what the kernel says.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "users/process.h"

#define MAGIC 679834894

/* As PostgreSQL 9.4 to 18 have it, in a program of the same word size. */
struct header {
	int32_t magic;
	pid_t creator;		/* the server, in its own PID namespace */
	size_t size, free;
	uint32_t control;
	void *index;
	dev_t device;		/* of the data directory */
	ino_t inode;
};

static int
read_header(const struct shmt_info *segment, struct header *header)
{
	struct shmt_view *view;
	int result;

	if (shmt_view_open(&segment->object, SHMT_NO_TRACE, &view) == -1)
		return -1;
	/* The id may have been reused, or is of another namespace. */
	result = !shmt_same(shmt_view_info(view), segment) ? -1 :
	    shmt_view_get(view, 0, header, sizeof(*header));
	shmt_view_close(view);
	return result;
}

/* process: its directory in /proc.  A server works in its data directory. */
static bool
agrees(const struct header *header, int process)
{
	struct stat st;
	size_t levels;
	pid_t pid;

	return header->magic == MAGIC &&
	    shmt__read_nspid(process, "status", &pid, &levels) == 0 &&
	    header->creator == pid && fstatat(process, "cwd", &st, 0) == 0 &&
	    S_ISDIR(st.st_mode) && header->device == st.st_dev &&
	    header->inode == st.st_ino;
}

static int
open_creator(const struct shmt_info *segment)
{
	struct shmt_process creator;

	if (segment->object.kind != SHMT_SYSV ||
	    segment->size < sizeof(struct header))
		return -1;
	shmt_creator(segment, &creator);
	return creator.state != SHMT_ALIVE ? -1 :
	    shmt__open_process(segment->cpid);
}

int
shmt_postgresql(const struct shmt_info *segment,
    struct shmt_postgresql *server)
{
	struct shmt_postgresql found = { .pid = segment->cpid };
	struct header header;
	ssize_t length = -1;
	int process;

	process = open_creator(segment);
	/* First what is refused where it is another user's process. */
	if (process != -1)
		length = readlinkat(process, "cwd", found.directory,
		    sizeof(found.directory) - 1);
	if (length > 0 && (read_header(segment, &header) == -1 ||
	    !agrees(&header, process)))
		length = -1;
	if (process != -1)
		close(process);
	if (length > 0) {
		*server = found;
		return 0;
	}
	return shmt__fail(ESRCH);
}
