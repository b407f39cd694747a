/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The mappings of files that one process has, out of /proc/PID/maps: by the
 * ioctl of Linux 6.11, which skips what is not asked for, or by its text.
 *
 * A segment shows as a shared mapping of "/SYSV%08x (deleted)", whose inode
 * is its id.  Anybody can give a file that name, and other memory has the
 * same device: name and device must both be right.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/file.h"
#include "sys/parse.h"
#include "users/maps.h"

/*
 * PROCMAP_QUERY, which headers older than Linux 6.11 do not have: the names
 * are ours, the numbers and the layout the kernel's.
 */
struct map_query {
	uint64_t size;		/* of this struct */
	uint64_t query_flags;	/* QUERY_* */
	uint64_t address;	/* where to look */
	uint64_t start, end;
	uint64_t flags;		/* MAP_IS_* */
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t major, minor;
	uint32_t name_size;	/* capacity; then the length with its NUL */
	uint32_t build_id_size;
	uint64_t name;		/* a pointer */
	uint64_t build_id;
};

#define MAP_QUERY		_IOWR('f', 17, struct map_query)
#define QUERY_SHARED		0x08u
#define QUERY_THIS_OR_NEXT	0x10u
#define QUERY_FILE		0x20u
#define MAP_IS_WRITABLE		0x02u
#define MAP_IS_EXECUTABLE	0x04u
#define MAP_IS_SHARED		0x08u

static bool
begins_with(const char *name, const char *word)
{
	return strncmp(name, word, strlen(word)) == 0;
}

bool
shmt__parse_segment_name(const char *name, uint32_t *key)
{
	char again[sizeof("/SYSV00000000 (deleted)")];
	uint32_t n;

	if (!begins_with(name, "/SYSV"))
		return false;
	n = (uint32_t)strtoul(name + 5, NULL, 16);
	snprintf(again, sizeof(again), "/SYSV%08" PRIx32 " (deleted)", n);
	if (strcmp(name, again) != 0)
		return false;
	*key = n;
	return true;
}

enum shmt_kind
shmt__kind_by_name(const char *name, uint32_t *key)
{
	if (shmt__parse_segment_name(name, key))
		return SHMT_SYSV;
	if (begins_with(name, "/memfd:"))
		return SHMT_MEMFD;
	if (begins_with(name, "/dev/zero") ||
	    begins_with(name, "/anon_hugepage"))
		return SHMT_ANON;
	return SHMT_KINDS;
}

/* Parses a number and the separator after it. */
static bool
parse_number(const char **text, unsigned base, uint64_t max, char separator,
    uint64_t *value)
{
	return shmt__digits(text, base, max, value) == 0 &&
	    *(*text)++ == separator;
}

bool
shmt__parse_maps_line(const char *line, struct shmt__mapping *mapping,
    const char **name)
{
	struct shmt__mapping m = { 0 };
	const char *p = line;
	uint64_t major, minor;

	if (!parse_number(&p, 16, UINT64_MAX, '-', &m.start) ||
	    !parse_number(&p, 16, UINT64_MAX, ' ', &m.end) ||
	    strspn(p, "rwxsp-") != 4 || p[4] != ' ')
		return false;
	/* "rw-s" is shared, "rw-p" private. */
	m.access = (p[1] == 'w' ? SHMT_ACCESS_W : 0) |
	    (p[2] == 'x' ? SHMT_ACCESS_X : 0);
	m.shared = p[3] == 's';
	p += 5;
	if (!parse_number(&p, 16, UINT64_MAX, ' ', &m.offset) ||
	    !parse_number(&p, 16, UINT32_MAX, ':', &major) ||
	    !parse_number(&p, 16, UINT32_MAX, ' ', &minor) ||
	    !parse_number(&p, 10, UINT64_MAX, ' ', &m.inode) ||
	    m.start >= m.end)
		return false;
	m.device = makedev((unsigned)major, (unsigned)minor);
	*mapping = m;
	*name = p + strspn(p, " ");
	return true;
}

/* The device of a new memfd, which is on the file system of the segments, and
 * the attributes that statx(2) knows of that; 0: the kernel refuses a memfd. */
static dev_t
device_of_memfd(unsigned flags, uint64_t *attributes)
{
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
	struct statx st = { 0 };
	int fd;

	/* Linux 6.3 wants MFD_EXEC or MFD_NOEXEC_SEAL; older ones refuse the
	 * flag. */
	fd = memfd_create("", flags | MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd == -1 && errno == EINVAL)
		fd = memfd_create("", flags | MFD_CLOEXEC);
	if (fd == -1)
		return 0;
	shmt__statx(fd, "", AT_EMPTY_PATH, &st);
	close(fd);
	*attributes = st.stx_attributes_mask;
	return shmt__device_of(&st);
}

static void
find_huge_devices(struct shmt__devices *devices)
{
	const size_t capacity =
	    sizeof(devices->huge) / sizeof(devices->huge[0]);
	uint64_t ignored;
	unsigned shift;
	dev_t device;

	/* Sizes of huge pages go from 64 KiB to 16 GiB. */
	for (shift = 16; shift <= 34; shift++) {
		device = device_of_memfd(MFD_HUGETLB |
		    shift << MAP_HUGE_SHIFT, &ignored);
		if (device != 0 && devices->huge_count < capacity)
			devices->huge[devices->huge_count++] = device;
	}
	devices->has_huge = true;
}

bool
shmt__is_internal(struct shmt__devices *devices, dev_t device, bool *huge)
{
	size_t i;

	*huge = false;
	if (!devices->has_small) {
		devices->small = device_of_memfd(0, &devices->attributes);
		devices->has_small = true;
	}
	if (device == devices->small)
		return device != 0;
	/* The kernel's own file systems have no disk: major number 0. */
	if (major(device) != 0 || device == 0)
		return false;
	if (devices->small == 0)
		return true;
	if (!devices->has_huge)
		find_huge_devices(devices);
	for (i = 0; i < devices->huge_count; i++)
		if (device == devices->huge[i])
			*huge = true;
	return *huge;
}

static int
read_line(const struct shmt__maps_reader *reader, const char *line)
{
	struct shmt__mapping mapping;
	const char *name;

	if (!shmt__parse_maps_line(line, &mapping, &name) ||
	    (reader->shared_only && !mapping.shared) ||
	    reader->choose(reader->arg, &mapping) == SHMT__SKIP)
		return 0;
	return reader->found(reader->arg, &mapping, name);
}

static int
by_text(int maps, const struct shmt__maps_reader *reader)
{
	char *text = shmt__read_fd(maps, NULL), *rest = text, *line;
	int result = 0;

	if (text == NULL)
		return -1;
	if (*text == '\0')
		result = shmt__fail(ESRCH);
	while (result == 0 && (line = strsep(&rest, "\n")) != NULL)
		result = read_line(reader, line);
	free(text);
	return result == 0 ? 0 : -1;
}

/* The next mapping of a file from an address on, with its name if there is
 * room for it. */
static int
query(int maps, const struct shmt__maps_reader *reader, uint64_t address,
    char *name, size_t size, struct map_query *q)
{
	*q = (struct map_query){ .size = sizeof(*q), .address = address,
	    .query_flags = QUERY_FILE | QUERY_THIS_OR_NEXT |
	    (reader->shared_only ? QUERY_SHARED : 0),
	    .name = (uintptr_t)name, .name_size = (uint32_t)size };
	return ioctl(maps, MAP_QUERY, q);
}

static enum shmt__choice
choose(const struct shmt__maps_reader *reader, const struct map_query *q,
    struct shmt__mapping *mapping)
{
	*mapping = (struct shmt__mapping){
		.start = q->start, .end = q->end, .offset = q->offset,
		.inode = q->inode, .device = makedev(q->major, q->minor),
		.access = (q->flags & MAP_IS_WRITABLE ? SHMT_ACCESS_W : 0) |
		    (q->flags & MAP_IS_EXECUTABLE ? SHMT_ACCESS_X : 0),
		.shared = (q->flags & MAP_IS_SHARED) != 0
	};
	return reader->choose(reader->arg, mapping);
}

/* Queries the mapping again with its name, which costs more than the rest of
 * the query.  The mapping may have been replaced in between. */
static int
found_with_name(int maps, const struct shmt__maps_reader *reader,
    struct map_query *q)
{
	struct shmt__mapping mapping;
	/* valgrind does not know that the kernel fills it. */
	char name[PATH_MAX] = "";
	uint64_t start = q->start;
	int result;

	result = query(maps, reader, start, name, sizeof(name), q);
	/* This path is longer than any name that is looked for. */
	if (result == -1 && errno == ENAMETOOLONG)
		result = query(maps, reader, start, NULL, 0, q);
	if (result == -1)
		return errno == ENOENT ? 0 : -1;
	if (choose(reader, q, &mapping) == SHMT__SKIP)
		return 0;
	return reader->found(reader->arg, &mapping, name);
}

static int
by_query(int maps, const struct shmt__maps_reader *reader)
{
	struct shmt__mapping mapping;
	enum shmt__choice choice;
	struct map_query q;
	uint64_t address;
	int result;

	for (address = 0; query(maps, reader, address, NULL, 0, &q) == 0;
	    address = q.end) {
		choice = choose(reader, &q, &mapping);
		result = 0;
		if (choice == SHMT__TAKE)
			result = reader->found(reader->arg, &mapping, "");
		else if (choice == SHMT__TAKE_WITH_NAME)
			result = found_with_name(maps, reader, &q);
		if (result != 0)
			return -1;
		if (q.end <= address)
			return 0;
	}
	return errno == ENOENT ? 0 : -1;
}

bool
shmt__memory_exists(int maps)
{
	/* The first mapping of any kind is found at once. */
	struct map_query q = { .size = sizeof(q),
	    .query_flags = QUERY_THIS_OR_NEXT };
	char c;

	if (ioctl(maps, MAP_QUERY, &q) == 0 || errno == ENOENT)
		return true;
	return errno != ESRCH && pread(maps, &c, 1, 0) == 1;
}

int
shmt__read_maps(int maps, const struct shmt__maps_reader *reader)
{
	int result = by_query(maps, reader);

	/* Kernels without this ioctl refuse it, each in its way; it is the
	 * first thing asked, so nothing has been found yet. */
	if (result == -1 && (errno == ENOTTY || errno == EINVAL ||
	    errno == ENOSYS || errno == EPERM))
		return by_text(maps, reader);
	return result;
}

struct segment_reader {
	struct shmt__devices devices;
	uint64_t id;
	int (*found)(void *arg, const struct shmt__mapping *mapping);
	void *arg;
};

static enum shmt__choice
choose_segment(void *arg, const struct shmt__mapping *mapping)
{
	struct segment_reader *reader = arg;
	bool huge;

	return mapping->inode == reader->id && shmt__is_internal(
	    &reader->devices, mapping->device, &huge) ?
	    SHMT__TAKE_WITH_NAME : SHMT__SKIP;
}

static int
found_segment(void *arg, const struct shmt__mapping *mapping,
    const char *name)
{
	struct segment_reader *reader = arg;
	uint32_t key;

	return shmt__parse_segment_name(name, &key) ?
	    reader->found(reader->arg, mapping) : 0;
}

int
shmt__read_segment_maps(int maps, uint64_t id,
    int (*found)(void *arg, const struct shmt__mapping *mapping), void *arg)
{
	struct segment_reader segment = { .id = id, .found = found,
	    .arg = arg };
	const struct shmt__maps_reader reader = { true, choose_segment,
	    found_segment, &segment };

	return shmt__read_maps(maps, &reader);
}
