/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The segments among the mappings of one process, out of /proc/PID/maps: by
 * the ioctl of Linux 6.11, which skips what is not shared, or by its text.
 *
 * A segment shows as a shared mapping of "/SYSV%08x (deleted)", whose inode
 * is its id.  Anybody can give a file that name, and anonymous shared memory
 * has the same device: name and device must both be right.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "users/maps.h"

/*
 * PROCMAP_QUERY, which headers older than Linux 6.11 do not have: the names
 * are ours, the numbers and the layout the kernel's.
 */
struct map_query {
	uint64_t size;		/* of this struct */
	uint64_t ask;		/* ASK_* */
	uint64_t address;	/* where to look */
	uint64_t start, end;
	uint64_t flags;		/* MAP_IS_* */
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t major, minor;
	uint32_t name_size;	/* room; then the length with its NUL */
	uint32_t build_id_size;
	uint64_t name;		/* a pointer */
	uint64_t build_id;
};

#define MAP_QUERY		_IOWR('f', 17, struct map_query)
#define ASK_SHARED		0x08u
#define ASK_THIS_OR_NEXT	0x10u
#define ASK_FILE		0x20u
#define MAP_IS_WRITABLE		0x02u
#define MAP_IS_EXECUTABLE	0x04u

#define NAME_LENGTH (sizeof("/SYSV00000000 (deleted)") - 1)

/* Hexadecimal digits, lower case as the kernel writes them. */
static bool
hex(const char **text, const char *end, uint64_t *number)
{
	const char *p = *text;
	uint64_t n = 0;
	unsigned digit;

	for (; p < end; p++) {
		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			digit = (unsigned)(*p - 'a') + 10;
		else
			break;
		if (n >> 60 != 0)
			return false;
		n = n << 4 | digit;
	}
	if (p == *text)
		return false;
	*text = p;
	*number = n;
	return true;
}

static bool
decimal(const char **text, const char *end, uint64_t *number)
{
	const char *p = *text;
	uint64_t n = 0, digit;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		digit = (uint64_t)(*p - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (p == *text)
		return false;
	*text = p;
	*number = n;
	return true;
}

static bool
skip(const char **text, const char *end, char c)
{
	if (*text == end || **text != c)
		return false;
	++*text;
	return true;
}

/* The name of a mapping: exactly a segment's, and its key. */
static bool
parse_name(const char *name, size_t length, uint32_t *key)
{
	const char *p = name + 5;
	uint64_t n;

	if (length != NAME_LENGTH || memcmp(name, "/SYSV", 5) != 0 ||
	    memcmp(name + 13, " (deleted)", 10) != 0 ||
	    !hex(&p, name + 13, &n) || p != name + 13)
		return false;
	*key = (uint32_t)n;
	return true;
}

/* "rw-s": shared, or not a segment's. */
static bool
parse_access(const char **text, const char *end, unsigned *access)
{
	const char *p = *text;

	if (end - p < 4 || (p[0] != 'r' && p[0] != '-') ||
	    (p[1] != 'w' && p[1] != '-') || (p[2] != 'x' && p[2] != '-') ||
	    p[3] != 's')
		return false;
	*access = (p[1] == 'w' ? SHMT_ACCESS_W : 0) |
	    (p[2] == 'x' ? SHMT_ACCESS_X : 0);
	*text = p + 4;
	return true;
}

bool
shmt__parse_maps_line(const char *line, size_t length,
    struct shmt__mapping *mapping)
{
	struct shmt__mapping m = { 0 };
	const char *p = line, *end = line + length;
	uint64_t major, minor;

	/* Nearly all lines are others': tell them by their end. */
	if (length < NAME_LENGTH || !parse_name(end - NAME_LENGTH, NAME_LENGTH,
	    &m.key))
		return false;
	end -= NAME_LENGTH;
	if (!hex(&p, end, &m.start) || !skip(&p, end, '-') ||
	    !hex(&p, end, &m.end) || !skip(&p, end, ' ') ||
	    !parse_access(&p, end, &m.access) || !skip(&p, end, ' ') ||
	    !hex(&p, end, &m.offset) || !skip(&p, end, ' ') ||
	    !hex(&p, end, &major) || !skip(&p, end, ':') ||
	    !hex(&p, end, &minor) || !skip(&p, end, ' ') ||
	    !decimal(&p, end, &m.inode) || !skip(&p, end, ' '))
		return false;
	while (skip(&p, end, ' '))
		;
	if (p != end || m.start >= m.end || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return false;
	m.device = makedev((unsigned)major, (unsigned)minor);
	*mapping = m;
	return true;
}

/* The device of a file that the kernel makes where it makes segments. */
static dev_t
device_of_memfd(unsigned flags)
{
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
	struct stat st;
	int fd;

	/* Linux 6.3 wants to hear that it is not for running; those before
	 * do not know the word. */
	fd = memfd_create("", flags | MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("", flags | MFD_CLOEXEC);
	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == -1)
		st.st_dev = 0;
	close(fd);
	return st.st_dev;
}

static void
ask_huge_devices(struct shmt__devices *devices)
{
	const size_t room = sizeof(devices->huge) / sizeof(devices->huge[0]);
	unsigned shift;
	dev_t device;

	/* Sizes of huge pages go from 64 KiB to 16 GiB. */
	for (shift = 16; shift <= 34; shift++) {
		device = device_of_memfd(MFD_HUGETLB |
		    shift << MAP_HUGE_SHIFT);
		if (device != 0 && devices->huge_count < room)
			devices->huge[devices->huge_count++] = device;
	}
	devices->asked_huge = true;
}

bool
shmt__is_segment(struct shmt__devices *devices,
    const struct shmt__mapping *mapping, bool *huge)
{
	size_t i;

	*huge = false;
	if (mapping->inode > INT32_MAX)
		return false;
	if (!devices->asked) {
		devices->small = device_of_memfd(0);
		devices->asked = true;
	}
	if (mapping->device == devices->small)
		return true;
	/* Only what has no disk below it can be the kernel's own. */
	if (major(mapping->device) != 0)
		return false;
	if (devices->small == 0)
		return true;
	if (!devices->asked_huge)
		ask_huge_devices(devices);
	for (i = 0; i < devices->huge_count; i++)
		if (mapping->device == devices->huge[i])
			*huge = true;
	return *huge;
}

/* Lines of a text that comes in pieces, cut where the kernel's buffer ends. */
static int
by_text(int maps, int (*found)(void *, const struct shmt__mapping *),
    void *arg)
{
	struct shmt__mapping mapping;
	char text[8192], *line, *end;
	size_t used = 0;
	ssize_t n;
	bool any = false, cut = false;

	for (;;) {
		do
			n = read(maps, text + used, sizeof(text) - used);
		while (n == -1 && errno == EINTR);
		if (n <= 0)
			break;
		any = true;
		used += (size_t)n;
		line = text;
		while ((end = memchr(line, '\n',
		    (size_t)(text + used - line))) != NULL) {
			if (!cut && shmt__parse_maps_line(line,
			    (size_t)(end - line), &mapping) &&
			    found(arg, &mapping) != 0)
				return -1;
			cut = false;
			line = end + 1;
		}
		used = (size_t)(text + used - line);
		/* A line that fills the buffer has too long a name. */
		if (used == sizeof(text)) {
			used = 0;
			cut = true;
		}
		memmove(text, line, used);
	}
	if (n == 0 && !any) {
		errno = ESRCH;
		return -1;
	}
	return n == 0 ? 0 : -1;
}

/* The next shared mapping of a file from an address on; a name that is
 * longer than the room for it is left out. */
static int
query(int maps, uint64_t address, char *name, size_t room,
    struct map_query *q)
{
	int result;

	*q = (struct map_query){ .size = sizeof(*q), .address = address,
	    .ask = ASK_SHARED | ASK_FILE | ASK_THIS_OR_NEXT,
	    .name = (uintptr_t)name, .name_size = (uint32_t)room };
	result = ioctl(maps, MAP_QUERY, q);
	if (result == -1 && errno == ENAMETOOLONG) {
		q->name = q->name_size = 0;
		result = ioctl(maps, MAP_QUERY, q);
	}
	return result;
}

static int
by_query(int maps, int (*found)(void *, const struct shmt__mapping *),
    void *arg)
{
	struct shmt__mapping mapping;
	/* Room for names that are longer, too: asking again costs more.
	 * valgrind does not know that the kernel fills it. */
	char name[256] = "";
	struct map_query q;
	uint64_t address;

	for (address = 0; query(maps, address, name, sizeof(name), &q) == 0;
	    address = q.end) {
		if (q.name_size != NAME_LENGTH + 1 ||
		    !parse_name(name, NAME_LENGTH, &mapping.key)) {
			if (q.end <= address)
				return 0;
			continue;
		}
		mapping.start = q.start;
		mapping.end = q.end;
		mapping.offset = q.offset;
		mapping.inode = q.inode;
		mapping.device = makedev(q.major, q.minor);
		mapping.access =
		    (q.flags & MAP_IS_WRITABLE ? SHMT_ACCESS_W : 0) |
		    (q.flags & MAP_IS_EXECUTABLE ? SHMT_ACCESS_X : 0);
		if (found(arg, &mapping) != 0)
			return -1;
	}
	return errno == ENOENT ? 0 : -1;
}

bool
shmt__maps_live(int maps)
{
	/* Whatever is mapped first: that is found at once. */
	struct map_query q = { .size = sizeof(q), .ask = ASK_THIS_OR_NEXT };
	char c;

	if (ioctl(maps, MAP_QUERY, &q) == 0 || errno == ENOENT)
		return true;
	return errno != ESRCH && pread(maps, &c, 1, 0) == 1;
}

int
shmt__read_maps(int maps, enum shmt__way way,
    int (*found)(void *arg, const struct shmt__mapping *mapping), void *arg)
{
	int result;

	if (way == SHMT__BY_TEXT)
		return by_text(maps, found, arg);
	result = by_query(maps, found, arg);
	/* Kernels without this ioctl refuse it, each in its way; it is the
	 * first thing asked, so nothing has been found yet. */
	if (result == -1 && way == SHMT__ANY_WAY &&
	    (errno == ENOTTY || errno == EINVAL || errno == ENOSYS ||
	    errno == EPERM))
		return by_text(maps, found, arg);
	return result;
}
